#[rpc_core::rpc(program = 1, version = 1)]
trait Clock {
    #[cfg_attr(unix, rpc(readonly))]
    fn now(&self) -> u64;
    #[cfg_attr(unix, cfg(feature = "zones"))]
    fn zone(&self) -> String;
}

fn main() {}
