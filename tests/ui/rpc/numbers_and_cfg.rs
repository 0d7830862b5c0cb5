//! What is left out of a build keeps its number.

#[rpc_core::rpc(program = 1, version = 1)]
trait Clock {
    #[cfg(unix)]
    fn now(&self) -> u64;
    #[cfg(not(unix))]
    #[rpc(procedure = 1)]
    fn now(&self) -> u32;
}

fn main() {}
