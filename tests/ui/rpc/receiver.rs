#[rpc_core::rpc(program = 1, version = 1)]
trait Counter {
    fn count(&mut self) -> u64;
    fn finish(self) -> u64;
    fn shared(self: std::sync::Arc<Self>) -> u64;
    fn nobody(step: u64) -> u64;
    fn named<'a>(&'a self) -> u64;
}

fn main() {}
