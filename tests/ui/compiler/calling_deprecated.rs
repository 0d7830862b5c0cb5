#![deny(deprecated)]

#[rpc_core::rpc(program = 1, version = 1)]
trait Bank {
    #[deprecated(note = "use `transfer_v2`")]
    #[rpc(exactly_once)]
    fn transfer(&self, cents: u64);
    fn transfer_v2(&self, cents: u64);
}

struct Vault;

// Implementing it is no use of it.
impl Bank for Vault {
    fn transfer(&self, _: u64) {}

    fn transfer_v2(&self, _: u64) {}
}

fn main() {
    let bank = BankClient::local(Vault);
    let _ = bank.transfer(1).wait();
    let _ = bank.transfer_v2(1).wait();
}
