#[rpc_core::rpc(program, version = 1)]
trait Clock {
    #[rpc(procedure)]
    fn now(&self) -> u64;
    #[rpc(readonly = true)]
    fn zone(&self) -> String;
    #[rpc(idempotent(3))]
    fn set(&self);
    #[rpc]
    fn stop(&self);
}

fn main() {}
