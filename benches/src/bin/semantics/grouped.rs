//! Durable transactions, grouped by hand, without any RPC: the floor of an exactly-once call.

use benches::Outcome;
use rpc_core::redb::{
    Database, Durability, ReadableTable, StorageError, TableDefinition, TableError,
    WriteTransaction,
};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

const ACCOUNTS: TableDefinition<u64, u64> = TableDefinition::new("accounts");
const RECORDS: TableDefinition<&[u8; 24], &[u8]> = TableDefinition::new("records");

/// How many accounts there are, and what is in each of them at first.
pub const SIZE: u64 = 1000;
const BALANCE: u64 = 1_000_000_000;

/// What our completion records hold: a digest, and a reply with its headers.
const RECORD: [u8; 128] = [7; 128];

/// What goes wrong in a transaction.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// With a table.
    #[error(transparent)]
    Table(#[from] TableError),
    /// With the file.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

/// Puts something into each account.
pub fn fill(transaction: &WriteTransaction) -> Result<(), LedgerError> {
    let mut accounts = transaction.open_table(ACCOUNTS)?;
    for account in 0..SIZE {
        accounts.insert(account, BALANCE)?;
    }
    Ok(())
}

/// Moves money, and says what is left. The exactly-once method does just this.
pub fn transfer(
    transaction: &WriteTransaction,
    from: u64,
    to: u64,
    cents: u64,
) -> Result<u64, LedgerError> {
    let mut accounts = transaction.open_table(ACCOUNTS)?;
    let left = balance(&accounts, from)?.wrapping_sub(cents);
    accounts.insert(from, left)?;
    let more = balance(&accounts, to)?.wrapping_add(cents);
    accounts.insert(to, more)?;
    Ok(left)
}

fn balance(accounts: &impl ReadableTable<u64, u64>, account: u64) -> Result<u64, StorageError> {
    Ok(accounts.get(account)?.map_or(0, |balance| balance.value()))
}

/// Where to and from what a caller's next transfer goes.
pub fn route(caller: usize, number: u64) -> (u64, u64) {
    let from = (caller as u64 * 31 + number) % SIZE;
    (from, (from + 1 + number % 7) % SIZE)
}

/// Who has it writes.
#[derive(Default)]
struct Writer {
    /// The number of the last transaction.
    last: u64,
    /// The number of the last durable one, and of the durable one before that.
    durable: (u64, u64),
}

/// A database whose transactions are made durable together.
pub struct Grouped {
    database: Database,
    writer: Mutex<Writer>,
    /// How many wait for the writer.
    waiting: AtomicUsize,
    /// The number of the last durable transaction.
    durable: Mutex<u64>,
    grown: Condvar,
}

impl Grouped {
    /// A new one.
    pub fn create(folder: &Path) -> Outcome<Self> {
        let database = Database::create(folder.join("by-hand.redb"))?;
        let transaction = database.begin_write()?;
        fill(&transaction)?;
        transaction.open_table(RECORDS)?;
        transaction.commit()?;
        Ok(Self {
            database,
            writer: Mutex::default(),
            waiting: AtomicUsize::new(0),
            durable: Mutex::new(0),
            grown: Condvar::new(),
        })
    }

    /// The `number`-th transfer of a caller, with its record, in one transaction; the record before it goes. Returns when
    /// it is durable: whoever finds nobody waiting behind it commits for all who came before.
    pub fn transfer(&self, caller: usize, number: u64) -> Outcome<()> {
        self.waiting.fetch_add(1, Ordering::SeqCst);
        let mut writer = lock(&self.writer);
        let alone = self.waiting.fetch_sub(1, Ordering::SeqCst) == 1;
        let (durable, before) = writer.durable;
        if alone && writer.last == durable && durable > before + 1 {
            // Those whom the last commit has woken have hardly begun to run. Without this, every other commit is for one.
            thread::yield_now();
        }
        let last = self.waiting.load(Ordering::SeqCst) == 0;
        self.commit(caller, number, last)?;
        writer.last += 1;
        let mine = writer.last;
        if last {
            writer.durable = (mine, durable);
            *lock(&self.durable) = mine;
            drop(writer);
            self.grown.notify_all();
        } else {
            drop(writer);
            let durable = lock(&self.durable);
            drop(self.grown.wait_while(durable, |durable| *durable < mine));
        }
        Ok(())
    }

    /// One transaction.
    fn commit(&self, caller: usize, number: u64, durably: bool) -> Outcome<()> {
        let mut transaction = self.database.begin_write()?;
        transaction.set_durability(match durably {
            true => Durability::Immediate,
            false => Durability::None,
        })?;
        let (from, to) = route(caller, number);
        transfer(&transaction, from, to, 1)?;
        let mut records = transaction.open_table(RECORDS)?;
        records.insert(&name(caller, number), &RECORD[..])?;
        records.remove(&name(caller, number.wrapping_sub(1)))?;
        drop(records);
        Ok(transaction.commit()?)
    }
}

/// As a request id: who, and which of its calls.
fn name(caller: usize, number: u64) -> [u8; 24] {
    let mut name = [0; 24];
    name[..8].copy_from_slice(&(caller as u64).to_be_bytes());
    name[16..].copy_from_slice(&number.to_be_bytes());
    name
}

/// A panic under one of these locks has ended the measurement anyway.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
