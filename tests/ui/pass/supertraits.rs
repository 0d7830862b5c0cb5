//! What an interface demands of its services beside its methods is not on the wire.

use std::fmt::Display;

use rpc_core::rpc;

pub trait Audited {
    fn entries(&self) -> u32;
}

#[rpc(program = 0x2000_0014, version = 1)]
pub trait Bank: Audited + Display {
    fn balance(&self) -> u32;
}

struct Vault;

impl Audited for Vault {
    fn entries(&self) -> u32 {
        7
    }
}

impl Display for Vault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("vault")
    }
}

impl Bank for Vault {
    fn balance(&self) -> u32 {
        self.entries()
    }
}

fn main() {
    assert_eq!(BankClient::local(Vault).balance().wait().unwrap(), 7);
    assert_eq!(BankClient::INTERFACE.methods.len(), 1);
}
