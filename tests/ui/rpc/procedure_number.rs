const FIRST: u32 = 1;

#[rpc_core::rpc(program = 1, version = 1)]
trait Clock {
    #[rpc(procedure = FIRST)]
    fn now(&self) -> u64;
    #[rpc(procedure = "2")]
    fn zone(&self) -> String;
    #[rpc(procedure = -3)]
    fn set(&self);
    #[rpc(procedure = 4u64)]
    fn suffixed(&self);
}

fn main() {}
