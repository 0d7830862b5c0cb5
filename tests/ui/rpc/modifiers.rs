#[rpc_core::rpc(program = 1, version = 1)]
trait Clock {
    pub fn now(&self) -> u64;
    const fn zone(&self) -> String;
    fn many(&self, rest: ...);
}

fn main() {}
