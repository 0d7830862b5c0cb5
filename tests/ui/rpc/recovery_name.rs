#[rpc_core::rpc(program = 1, version = 1)]
trait Bank {
    #[rpc(exactly_once)]
    fn transfer(&self, cents: u64) -> u64;
    fn recover_transfer(&self, cents: u64) -> u64;
    fn balance(&self) -> u64;
    fn recover_balance(&self) -> u64;
}

fn main() {}
