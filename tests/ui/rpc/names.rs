#[rpc_core::rpc(program = 1, version = 1, name = "")]
trait Empty {}

#[rpc_core::rpc(program = 1, version = 1, name = clock)]
trait Bare {
    #[rpc(name = 7)]
    fn now(&self) -> u64;
}

fn main() {}
