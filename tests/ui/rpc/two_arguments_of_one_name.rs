#[rpc_core::rpc(program = 1, version = 1)]
trait Clock {
    fn set(&self, time: u64, time: u64);
}

fn main() {}
