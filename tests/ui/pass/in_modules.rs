//! Traits below modules, visible as they are, with the framework under another name.

#![deny(warnings, unreachable_pub)]

mod framework {
    pub(crate) use rpc_core as rpc;
}

mod bank {
    pub(crate) mod types {
        #[derive(Debug, PartialEq, crate::framework::rpc::Xdr)]
        #[xdr(crate = crate::framework::rpc)]
        pub(crate) struct Receipt {
            pub(crate) cents: u64,
        }
    }

    pub(crate) mod api {
        use super::types::{self, Receipt};

        #[crate::framework::rpc::rpc(crate = crate::framework::rpc, program = super::PROGRAM, version = 1)]
        pub(crate) trait Bank {
            #[rpc(exactly_once)]
            fn pay(&self, cents: u64) -> Receipt;
            fn look(&self, receipt: &types::Receipt) -> bool;
        }

        #[crate::framework::rpc::rpc(crate = crate::framework::rpc, program = 7, version = 1)]
        pub(in crate::bank) trait Hidden {
            fn hide(&self) -> u32;
        }

        impl Hidden for () {
            fn hide(&self) -> u32 {
                3
            }
        }
    }

    pub(crate) use api::{Bank, BankClient};

    pub(crate) fn hidden() -> u32 {
        api::HiddenClient::local(()).hide().wait().unwrap_or_default()
    }

    const PROGRAM: u32 = 0x2000_0013;
}

use bank::types::Receipt;
use bank::{Bank, BankClient};

struct Vault;

impl Bank for Vault {
    fn pay(&self, cents: u64) -> Receipt {
        Receipt { cents }
    }

    fn look(&self, receipt: &Receipt) -> bool {
        receipt.cents > 0
    }
}

fn main() {
    let bank = BankClient::local(Vault);
    assert_eq!(bank.pay(5).wait().unwrap(), Receipt { cents: 5 });
    assert!(bank.look(&Receipt { cents: 1 }).wait().unwrap());
    assert_eq!(bank::hidden(), 3);
}
