#[rpc_core::rpc(program = 1, version = 1)]
trait Store {
    const SIZE: usize;
    type Key;
    fn size(&self) -> u64;
}

fn main() {}
