//! The bank's books, and the rules by which money moves.
//!
//! The books are tables in the store that keeps the completion records too. Each method that changes them does so in
//! `cx.transaction`, together with the record of its call: after a crash, either the money has moved and the receipt is on
//! record for whoever asks again, or nothing has happened.

use rpc_core::redb::{
    ReadTransaction, ReadableTable, ReadableTableMetadata, TableDefinition, WriteTransaction,
};
use rpc_core::store::StoreError;
use rpc_core::{Bounded, Context};

use crate::contract::{AccountId, Bank, BankError, MAX_OWNER, Receipt};

/// What each account holds. The first account is number 1.
const BALANCES: TableDefinition<AccountId, u64> = TableDefinition::new("balances");
/// Who paid whom how much, by the number on the receipt.
const TRANSFERS: TableDefinition<u64, (AccountId, AccountId, u64)> =
    TableDefinition::new("transfers");

/// What a method of the bank returns, if the store does its work.
type Outcome<T> = Result<Result<T, BankError>, StoreError>;

/// The bank: all that it knows is in the store.
pub struct Ledger;

impl Bank for Ledger {
    fn open(&self, cx: &Context, _owner: Bounded<String, MAX_OWNER>, cents: u64) -> AccountId {
        cx.transaction(|books: &WriteTransaction| open(books, cents))
    }

    fn deposit(&self, cx: &Context, account: AccountId, cents: u64) -> Result<u64, BankError> {
        cx.transaction(|books: &WriteTransaction| deposit(books, account, cents))
    }

    fn transfer(
        &self,
        cx: &Context,
        from: AccountId,
        to: AccountId,
        cents: u64,
    ) -> Result<Receipt, BankError> {
        cx.transaction(|books: &WriteTransaction| transfer(books, from, to, cents))
    }

    fn balance(&self, cx: &Context, account: AccountId) -> Result<u64, BankError> {
        cx.read(|books: &ReadTransaction| held(&books.open_table(BALANCES)?, account))
    }

    fn total(&self, cx: &Context) -> u64 {
        cx.read(|books| Ok(balances(books)?.iter().sum()))
    }

    fn note(&self, _: &Context, line: &str) {
        println!("note: {line}");
    }
}

/// Makes the tables of a new bank, and changes nothing in those of an old one.
pub fn lay_out(books: &WriteTransaction) -> Result<(), StoreError> {
    books.open_table(BALANCES)?;
    books.open_table(TRANSFERS)?;
    Ok(())
}

/// How many accounts there are.
#[allow(
    dead_code,
    reason = "the tour's bank opens accounts of its own, the bank example does not"
)]
pub fn accounts(books: &WriteTransaction) -> Result<u64, StoreError> {
    Ok(books.open_table(BALANCES)?.len()?)
}

/// Opens an account.
pub fn open(books: &WriteTransaction, cents: u64) -> Result<AccountId, StoreError> {
    let mut balances = books.open_table(BALANCES)?;
    let account = 1 + balances.last()?.map_or(0, |(last, _)| last.value());
    balances.insert(account, cents)?;
    Ok(account)
}

fn deposit(books: &WriteTransaction, account: AccountId, cents: u64) -> Outcome<u64> {
    let mut balances = books.open_table(BALANCES)?;
    let balance = match held(&balances, account)? {
        Ok(before) => before.checked_add(cents),
        Err(error) => return Ok(Err(error)),
    };
    let Some(balance) = balance else {
        return Ok(Err(BankError::TooMuch));
    };
    balances.insert(account, balance)?;
    Ok(Ok(balance))
}

/// Moves money. What has been written when it returns an error is taken back, so nothing has to be checked beforehand.
pub fn transfer(
    books: &WriteTransaction,
    from: AccountId,
    to: AccountId,
    cents: u64,
) -> Outcome<Receipt> {
    if from == to {
        return Ok(Err(BankError::SameAccount));
    }
    let balance = match withdraw(books, from, cents)? {
        Ok(balance) => balance,
        Err(error) => return Ok(Err(error)),
    };
    if let Err(error) = deposit(books, to, cents)? {
        return Ok(Err(error));
    }
    let mut transfers = books.open_table(TRANSFERS)?;
    let number = 1 + transfers.last()?.map_or(0, |(last, _)| last.value());
    transfers.insert(number, (from, to, cents))?;
    Ok(Ok(Receipt {
        number,
        from,
        to,
        cents,
        balance,
    }))
}

fn withdraw(books: &WriteTransaction, account: AccountId, cents: u64) -> Outcome<u64> {
    let mut balances = books.open_table(BALANCES)?;
    let before = match held(&balances, account)? {
        Ok(before) => before,
        Err(error) => return Ok(Err(error)),
    };
    let Some(balance) = before.checked_sub(cents) else {
        let missing = cents - before;
        return Ok(Err(BankError::InsufficientFunds { missing }));
    };
    balances.insert(account, balance)?;
    Ok(Ok(balance))
}

/// What account 1, 2, ... holds.
pub fn balances(books: &ReadTransaction) -> Result<Vec<u64>, StoreError> {
    let mut balances = Vec::new();
    for row in books.open_table(BALANCES)?.iter()? {
        balances.push(row?.1.value());
    }
    Ok(balances)
}

fn held(balances: &impl ReadableTable<AccountId, u64>, account: AccountId) -> Outcome<u64> {
    let held = balances.get(account)?.map(|cents| cents.value());
    Ok(held.ok_or(BankError::NoSuchAccount { account }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::{BankClient, BankService};
    use rpc_core::redb::backends::InMemoryBackend;
    use rpc_core::{DurableStore, Server};

    /// A bank with the accounts 1 and 2, called as its users call it. Transactions need a server; this one and its store
    /// are in memory.
    fn bank(name: &str) -> (Server, BankClient) {
        let store = DurableStore::on_storage(InMemoryBackend::new()).unwrap();
        store.write(lay_out).unwrap();
        let endpoint = format!("mem://bank-of-{name}");
        let server = Server::builder()
            .serve(BankService::new(Ledger).transactional())
            .listen(&endpoint)
            .completions(store)
            .start()
            .unwrap();
        let bank = BankClient::connect(&endpoint).unwrap();
        for cents in [100, u64::MAX - 5] {
            let owner = Bounded::new("somebody".to_owned()).unwrap();
            bank.open(owner, cents).wait().unwrap();
        }
        (server, bank)
    }

    #[test]
    fn a_transfer_moves_money_and_leaves_a_receipt() {
        let (_server, bank) = bank("transfers");
        let receipt = bank.transfer(2, 1, 40).wait().unwrap().unwrap();
        assert_eq!((receipt.number, receipt.balance), (1, u64::MAX - 45));
        assert_eq!(bank.balance(1).wait().unwrap(), Ok(140));
    }

    #[test]
    fn a_refused_transfer_moves_nothing() {
        let (_server, bank) = bank("refusals");
        for (from, to, cents, error) in [
            (1, 1, 1, BankError::SameAccount),
            (1, 3, 1, BankError::NoSuchAccount { account: 3 }),
            (0, 1, 1, BankError::NoSuchAccount { account: 0 }),
            (1, 2, 101, BankError::InsufficientFunds { missing: 1 }),
            (1, 2, 6, BankError::TooMuch),
        ] {
            assert_eq!(bank.transfer(from, to, cents).wait().unwrap(), Err(error));
            assert_eq!(bank.balance(1).wait().unwrap(), Ok(100));
            assert_eq!(bank.balance(2).wait().unwrap(), Ok(u64::MAX - 5));
        }
    }
}
