//! A result type is taken as it is written, so aliases work, and so does `Result` of one's own.

use rpc_core::{Context, Xdr, rpc};

#[derive(Debug, Xdr)]
pub enum Failure {
    Gone,
    Busy { retry: u32 },
}

pub type Result<T> = std::result::Result<T, Failure>;
pub type Balance = Result<u64>;

mod wire {
    pub type Number = u32;
}

#[rpc(program = PROGRAM, version = VERSIONS[0])]
pub trait Bank {
    fn balance(&self, cx: &Context, account: wire::Number) -> Balance;
    fn close(&self, _cx: &rpc_core::Context, account: wire::Number) -> Result<()>;
    fn ping(&self) -> ();
}

const PROGRAM: u32 = 0x2000_0000 + 7;
const VERSIONS: [u32; 1] = [1];

struct Fake;

impl Bank for Fake {
    fn balance(&self, cx: &Context, account: wire::Number) -> Balance {
        assert!(!cx.peer().to_string().is_empty());
        if account == 0 { Err(Failure::Gone) } else { Ok(7) }
    }

    fn close(&self, _: &Context, account: wire::Number) -> Result<()> {
        Err(Failure::Busy { retry: account })
    }

    fn ping(&self) {}
}

fn main() -> std::result::Result<(), rpc_core::Error> {
    let bank = BankClient::local(Fake);
    assert!(matches!(bank.balance(1).wait()?, Ok(7)));
    assert!(matches!(bank.balance(0).wait()?, Err(Failure::Gone)));
    assert!(matches!(bank.close(5).wait()?, Err(Failure::Busy { retry: 5 })));
    bank.ping().wait()?;
    assert_eq!(BankClient::INTERFACE.program, 0x2000_0007);
    Ok(())
}
