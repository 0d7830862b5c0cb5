#[rpc_core::rpc(program = 1, version = 1, transport = 7)]
trait Clock {
    #[rpc(cached)]
    fn now(&self) -> u64;
}

fn main() {}
