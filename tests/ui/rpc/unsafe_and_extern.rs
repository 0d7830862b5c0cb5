#[rpc_core::rpc(program = 1, version = 1)]
trait Raw {
    unsafe fn peek(&self, address: u64) -> u32;
    extern "C" fn poke(&self, address: u64);
}

#[rpc_core::rpc(program = 2, version = 1)]
unsafe trait Rawer {
    fn peek(&self, address: u64) -> u32;
}

fn main() {}
