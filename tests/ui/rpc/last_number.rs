#[rpc_core::rpc(program = 1, version = 1)]
trait Clock {
    #[rpc(procedure = 0xffff_ffff)]
    fn now(&self) -> u64;
    fn zone(&self) -> String;
}

fn main() {}
