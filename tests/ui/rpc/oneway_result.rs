#[rpc_core::rpc(program = 1, version = 1)]
trait Log {
    #[rpc(oneway)]
    fn line(&self, text: &str) -> u64;
}

fn main() {}
