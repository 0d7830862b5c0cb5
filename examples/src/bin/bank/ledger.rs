//! The bank's books: what each account holds, and the rules by which money moves.

use std::sync::{Mutex, MutexGuard, PoisonError};

use rpc_core::{Bounded, Context};

use crate::contract::{AccountId, Bank, BankError, MAX_OWNER, Receipt};

/// A bank in memory.
#[derive(Default)]
pub struct Ledger {
    books: Mutex<Books>,
}

#[derive(Default)]
struct Books {
    /// What account 1, 2, ... holds.
    balances: Vec<u64>,
    transfers: u64,
}

impl Bank for Ledger {
    fn open(&self, _: &Context, _owner: Bounded<String, MAX_OWNER>, cents: u64) -> AccountId {
        self.add_account(cents)
    }

    fn deposit(&self, _: &Context, account: AccountId, cents: u64) -> Result<u64, BankError> {
        let mut books = self.books();
        let balance = books.account(account)?;
        *balance = balance.checked_add(cents).ok_or(BankError::TooMuch)?;
        Ok(*balance)
    }

    fn transfer(
        &self,
        _: &Context,
        from: AccountId,
        to: AccountId,
        cents: u64,
    ) -> Result<Receipt, BankError> {
        self.books().transfer(from, to, cents)
    }

    fn balance(&self, _: &Context, account: AccountId) -> Result<u64, BankError> {
        self.books().account(account).copied()
    }

    fn total(&self, _: &Context) -> u64 {
        self.books().balances.iter().sum()
    }

    fn note(&self, _: &Context, line: &str) {
        println!("note: {line}");
    }
}

impl Ledger {
    /// Opens an account as the bank itself does, without a customer who asks.
    #[allow(
        dead_code,
        reason = "the tour's bank opens its accounts this way, the bank example does not"
    )]
    pub fn add_account(&self, cents: u64) -> AccountId {
        let mut books = self.books();
        books.balances.push(cents);
        books.balances.len() as AccountId
    }

    /// What account 1, 2, ... holds.
    #[allow(
        dead_code,
        reason = "the tour audits the books themselves, the bank example asks the bank"
    )]
    pub fn balances(&self) -> Vec<u64> {
        self.books().balances.clone()
    }

    /// A handler that panicked did so before it changed anything, so its books are as good as ever.
    fn books(&self) -> MutexGuard<'_, Books> {
        self.books.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Books {
    fn account(&mut self, account: AccountId) -> Result<&mut u64, BankError> {
        let index = account
            .checked_sub(1)
            .and_then(|index| usize::try_from(index).ok());
        let balance = index.and_then(|index| self.balances.get_mut(index));
        balance.ok_or(BankError::NoSuchAccount { account })
    }

    /// Changes nothing unless all is well.
    fn transfer(
        &mut self,
        from: AccountId,
        to: AccountId,
        cents: u64,
    ) -> Result<Receipt, BankError> {
        if from == to {
            return Err(BankError::SameAccount);
        }
        let (payer, paid) = (*self.account(from)?, *self.account(to)?);
        let missing = cents.saturating_sub(payer);
        let balance = payer
            .checked_sub(cents)
            .ok_or(BankError::InsufficientFunds { missing })?;
        let paid = paid.checked_add(cents).ok_or(BankError::TooMuch)?;
        *self.account(from)? = balance;
        *self.account(to)? = paid;
        self.transfers += 1;
        Ok(Receipt {
            number: self.transfers,
            from,
            to,
            cents,
            balance,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::BankClient;

    /// A bank with the accounts 1 and 2, called as its users call it.
    fn bank() -> BankClient {
        let bank = BankClient::local(Ledger::default());
        for cents in [100, u64::MAX - 5] {
            let owner = Bounded::new("somebody".to_owned()).unwrap();
            bank.open(owner, cents).wait().unwrap();
        }
        bank
    }

    #[test]
    fn a_transfer_moves_money_and_leaves_a_receipt() {
        let bank = bank();
        let receipt = bank.transfer(2, 1, 40).wait().unwrap().unwrap();
        assert_eq!((receipt.number, receipt.balance), (1, u64::MAX - 45));
        assert_eq!(bank.balance(1).wait().unwrap(), Ok(140));
    }

    #[test]
    fn a_refused_transfer_moves_nothing() {
        for (from, to, cents, error) in [
            (1, 1, 1, BankError::SameAccount),
            (1, 3, 1, BankError::NoSuchAccount { account: 3 }),
            (0, 1, 1, BankError::NoSuchAccount { account: 0 }),
            (1, 2, 101, BankError::InsufficientFunds { missing: 1 }),
            (1, 2, 6, BankError::TooMuch),
        ] {
            let bank = bank();
            assert_eq!(bank.transfer(from, to, cents).wait().unwrap(), Err(error));
            assert_eq!(bank.balance(1).wait().unwrap(), Ok(100));
            assert_eq!(bank.balance(2).wait().unwrap(), Ok(u64::MAX - 5));
        }
    }
}
