#[rpc_core::rpc(program = 1, version = 1)]
trait Clock {
    async fn now(&self) -> u64;
}

fn main() {}
