use rpc_core::{Server, rpc};

#[rpc(program = 0x2000_0001, version = 1)]
trait Bank {
    fn total(&self) -> u64;
}

struct Vault;

impl Bank for Vault {
    fn total(&self) -> u64 {
        0
    }
}

fn main() {
    let _ = Server::builder().serve(Vault);
}
