//! The bank's process: serves the contract of `idl/bank.idl`, and writes down what its handlers do.

use std::error::Error;
use std::io::{self, BufRead, Write};
use std::path::PathBuf;

use rpc_core::redb::{ReadTransaction, ReadableTable, TableDefinition, WriteTransaction};
use rpc_core::store::StoreError;
use rpc_core::{Bounded, Context, DurableStore, Server};

use super::argument;
use crate::audit::{ACCOUNTS, OPENING_BALANCE};
use crate::contract::{AccountId, Bank, BankError, BankService, MAX_OWNER, Receipt};
use crate::ledger::{self, Ledger};

/// How often a transfer of so many cents ran.
const RUNS: TableDefinition<u64, u64> = TableDefinition::new("runs");

/// Arguments: the directory of the store, the name to register, then where clients shall come instead of coming here.
pub fn play(arguments: &[String]) -> Result<(), Box<dyn Error>> {
    let directory: PathBuf = argument(arguments, 0)?;
    let store = DurableStore::open(&directory)?;
    store.write(found)?;
    let mut server = Server::builder()
        .serve(BankService::new(Branch).transactional())
        .listen("tcp://127.0.0.1:0")
        .listen("udp://127.0.0.1:0")
        .register(&argument::<String>(arguments, 1)?)
        .completions(store.clone());
    for relay in &arguments[2..] {
        server = server.advertise(relay);
    }
    let server = server.start()?;
    for endpoint in server.endpoints() {
        println!("ready {endpoint}");
    }
    for order in io::stdin().lock().lines() {
        let report = order? == "report";
        if report {
            store.read(|books| Ok(tell(books)))??;
        }
        println!("replayed {}", server.stats().replayed);
        if report {
            println!("end");
        }
    }
    // The tour is over, or was killed: nobody else is left to tidy up.
    std::fs::remove_dir_all(directory)?;
    Ok(())
}

/// Makes the tables and the accounts, unless an earlier life of the bank has.
fn found(books: &WriteTransaction) -> Result<(), StoreError> {
    ledger::lay_out(books)?;
    books.open_table(RUNS)?;
    for _ in ledger::accounts(books)?..ACCOUNTS {
        ledger::open(books, OPENING_BALANCE)?;
    }
    Ok(())
}

/// One line for each fact, read by `office.rs`.
fn tell(books: &ReadTransaction) -> Result<(), Box<dyn Error>> {
    let mut out = io::stdout().lock();
    for row in books.open_table(RUNS)?.iter()? {
        let (cents, times) = row?;
        writeln!(out, "run {} {}", cents.value(), times.value())?;
    }
    for (account, cents) in (1..).zip(ledger::balances(books)?) {
        writeln!(out, "account {account} {cents}")?;
    }
    Ok(())
}

/// A ledger behind a counter of its own, in the same transaction: what is not counted has not run.
struct Branch;

impl Bank for Branch {
    fn transfer(
        &self,
        cx: &Context,
        from: AccountId,
        to: AccountId,
        cents: u64,
    ) -> Result<Receipt, BankError> {
        cx.transaction(|books: &WriteTransaction| {
            let mut runs = books.open_table(RUNS)?;
            let before = runs.get(cents)?.map_or(0, |times| times.value());
            runs.insert(cents, before + 1)?;
            ledger::transfer(books, from, to, cents)
        })
    }

    fn open(&self, cx: &Context, owner: Bounded<String, MAX_OWNER>, cents: u64) -> AccountId {
        Ledger.open(cx, owner, cents)
    }

    fn deposit(&self, cx: &Context, account: AccountId, cents: u64) -> Result<u64, BankError> {
        Ledger.deposit(cx, account, cents)
    }

    fn balance(&self, cx: &Context, account: AccountId) -> Result<u64, BankError> {
        Ledger.balance(cx, account)
    }

    fn total(&self, cx: &Context) -> u64 {
        Ledger.total(cx)
    }

    fn note(&self, cx: &Context, line: &str) {
        Ledger.note(cx, line);
    }
}
