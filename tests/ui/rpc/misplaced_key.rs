#[rpc_core::rpc(program = 1, version = 1, readonly)]
trait Clock {
    #[rpc(version = 2)]
    fn now(&self) -> u64;
}

#[rpc_core::rpc(program = 1, version = 1, deadline = "5s")]
trait Watch {
    fn now(&self) -> u64;
}

fn main() {}
