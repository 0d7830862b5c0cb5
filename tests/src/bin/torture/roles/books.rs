//! The bank's own tables, in the store that also keeps the completion records.

use rpc_core::redb::{ReadTransaction, ReadableTable, TableDefinition, WriteTransaction};
use rpc_core::store::StoreError;

use crate::contract::{BankError, Id, Receipt};
use crate::deed::{ACCOUNTS, OPENING_BALANCE, PANICS, Transfer};

const ACCOUNTS_TABLE: TableDefinition<u64, u64> = TableDefinition::new("accounts");
/// How often each request ran. A run that is taken back takes its count back with it.
const EXECUTIONS: TableDefinition<&Id, u64> = TableDefinition::new("executions");
const COUNTERS: TableDefinition<&str, u64> = TableDefinition::new("counters");
const RECEIPTS: &str = "receipts";

/// Opens the accounts, unless an earlier life of the bank has.
pub fn open_accounts(books: &WriteTransaction) -> Result<(), StoreError> {
    let mut accounts = books.open_table(ACCOUNTS_TABLE)?;
    books.open_table(EXECUTIONS)?;
    for account in 1..=ACCOUNTS {
        if accounts.get(account)?.is_none() {
            accounts.insert(account, OPENING_BALANCE)?;
        }
    }
    Ok(())
}

/// Carries out a transfer. It counts first and finds out later whether it may, so that a refusal or a panic has something
/// to take back.
pub fn transfer(
    books: &WriteTransaction,
    id: &Id,
    transfer: Transfer,
    life: u32,
) -> Result<Result<Receipt, BankError>, StoreError> {
    let Transfer { from, to, cents } = transfer;
    count(books, id)?;
    let mut accounts = books.open_table(ACCOUNTS_TABLE)?;
    for (account, change) in [(from, -i128::from(cents)), (to, i128::from(cents))] {
        let Some(held) = accounts.get(account)?.map(|held| held.value()) else {
            return Ok(Err(BankError::NoSuchAccount { account, life }));
        };
        // No account comes near the ends of a u64.
        accounts.insert(account, (i128::from(held) + change) as u64)?;
    }
    let mut counters = books.open_table(COUNTERS)?;
    let number = counters.get(RECEIPTS)?.map_or(0, |last| last.value()) + 1;
    counters.insert(RECEIPTS, number)?;
    assert_ne!(cents, PANICS, "the bank was told to panic");
    Ok(Ok(Receipt {
        number,
        life,
        from,
        to,
        cents,
    }))
}

fn count(books: &WriteTransaction, id: &Id) -> Result<(), StoreError> {
    let mut executions = books.open_table(EXECUTIONS)?;
    let before = executions.get(id)?.map_or(0, |runs| runs.value());
    executions.insert(id, before + 1)?;
    Ok(())
}

/// What the tables hold.
pub struct Contents {
    pub accounts: Vec<(u64, u64)>,
    pub executions: Vec<(Id, u64)>,
}

pub fn contents(books: &ReadTransaction) -> Result<Contents, StoreError> {
    let mut contents = Contents {
        accounts: Vec::new(),
        executions: Vec::new(),
    };
    for row in books.open_table(ACCOUNTS_TABLE)?.iter()? {
        let (account, cents) = row?;
        contents.accounts.push((account.value(), cents.value()));
    }
    for row in books.open_table(EXECUTIONS)?.iter()? {
        let (id, runs) = row?;
        contents.executions.push((*id.value(), runs.value()));
    }
    Ok(contents)
}
