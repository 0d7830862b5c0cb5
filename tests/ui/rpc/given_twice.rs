#[rpc_core::rpc(program = 1, program = 2, version = 1)]
trait Clock {
    #[rpc(procedure = 1, procedure = 2)]
    fn now(&self) -> u64;
    #[rpc(readonly)]
    #[rpc(readonly)]
    fn zone(&self) -> String;
    #[rpc(name = "a", name = "b")]
    fn set(&self);
}

fn main() {}
