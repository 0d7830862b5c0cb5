#[rpc_core::rpc(program = 1, version = 1, prognum = 7)]
trait Clock {
    #[rpc(at_least_once)]
    fn now(&self) -> u64;
}

fn main() {}
