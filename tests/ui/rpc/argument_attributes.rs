#[rpc_core::rpc(program = 1, version = 1)]
trait Clock {
    fn set(&self, #[allow(unused)] time: u64);
    fn zone(&self, #[rpc(name = "zone")] text: &str);
}

fn main() {}
