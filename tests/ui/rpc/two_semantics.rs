#[rpc_core::rpc(program = 1, version = 1)]
trait Torn {
    #[rpc(idempotent, readonly)]
    fn read(&self) -> u32;
    #[rpc(exactly_once)]
    #[rpc(oneway)]
    fn tell(&self);
}

fn main() {}
