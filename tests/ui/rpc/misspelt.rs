#[rpc_core::rpc(program = 1, verison = 1)]
trait Clock {
    #[rpc(idempotant)]
    fn now(&self) -> u64;
    #[rpc(read_only)]
    fn zone(&self) -> String;
    #[rpc(at_least_once)]
    fn set(&self);
    #[rpc(timeout = "5s")]
    fn stop(&self);
    #[rpc(procdure = 9)]
    fn start(&self);
}

fn main() {}
