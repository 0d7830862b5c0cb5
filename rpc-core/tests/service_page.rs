//! The services of `docs/exactly-once.md`: the page shows parts of this file, which run here.
#![cfg(feature = "durable")]

use rpc_core::redb::{ReadableTable, TableDefinition, WriteTransaction};
use rpc_core::{Context, DurableStore, Recovery, Server, Xdr, rpc};
use std::collections::BTreeMap;
use std::error::Error;
use std::path::Path;
use std::sync::Mutex;

const ACCOUNTS: TableDefinition<u64, u64> = TableDefinition::new("accounts");

#[rpc(program = 0x2000_0bab, version = 1)]
trait Bank {
    /// Moves money between two accounts. Returns what is left on the first.
    #[rpc(exactly_once)]
    fn transfer(&self, cx: &Context, from: u64, to: u64, cents: u64) -> Result<u64, BankError>;
}

#[derive(Debug, PartialEq, Eq, Xdr)]
enum BankError {
    NotEnough = 1,
}

struct Ledger;

impl Bank for Ledger {
    fn transfer(&self, cx: &Context, from: u64, to: u64, cents: u64) -> Result<u64, BankError> {
        cx.transaction(|t: &WriteTransaction| {
            let mut accounts = t.open_table(ACCOUNTS)?;
            let has = accounts.get(from)?.map_or(0, |cents| cents.value());
            if has < cents {
                return Ok(Err(BankError::NotEnough));
            }
            accounts.insert(from, has - cents)?;
            let had = accounts.get(to)?.map_or(0, |cents| cents.value());
            accounts.insert(to, had + cents)?;
            Ok(Ok(has - cents))
        })
    }
}

fn start(directory: &Path) -> Result<Server, Box<dyn Error>> {
    let store = DurableStore::open(directory)?;
    store.write(|t| {
        t.open_table(ACCOUNTS)?.insert(7, 1000)?;
        Ok(())
    })?;
    let service = BankService::new(Ledger).transactional();
    let server = Server::builder()
        .serve(service)
        .completions(store)
        .listen("tcp://127.0.0.1:0")
        .start()?;
    Ok(server)
}

/// A bank whose books are elsewhere.
#[derive(Default)]
struct Books(Mutex<BTreeMap<(u64, u64, u64), u64>>);

impl Books {
    fn booked(&self, from: u64, to: u64, cents: u64) -> Option<u64> {
        let books = self.0.lock().expect("no panic");
        books.get(&(from, to, cents)).copied()
    }
}

impl Bank for Books {
    fn transfer(&self, _: &Context, from: u64, to: u64, cents: u64) -> Result<u64, BankError> {
        let mut books = self.0.lock().expect("no panic");
        books.insert((from, to, cents), 1000 - cents);
        Ok(1000 - cents)
    }

    fn recover_transfer(
        &self,
        _: &Context,
        from: u64,
        to: u64,
        cents: u64,
    ) -> Recovery<Result<u64, BankError>> {
        match self.booked(from, to, cents) {
            Some(left) => Recovery::Did(Ok(left)),
            None => Recovery::CannotTell,
        }
    }
}

#[test]
fn the_services_of_the_page_are_banks() -> Result<(), Box<dyn Error>> {
    let directory = std::env::temp_dir().join(format!("service-page-{}", std::process::id()));
    let server = start(&directory)?;
    let elsewhere = Server::builder()
        .serve(BankService::new(Books::default()))
        .completions(DurableStore::open(directory.join("books"))?)
        .listen("tcp://127.0.0.1:0")
        .start()?;
    for server in [&server, &elsewhere] {
        let bank = BankClient::connect(&server.endpoints()[0].to_string())?;
        assert_eq!(bank.transfer(7, 9, 250).wait()?, Ok(750));
    }
    let bank = BankClient::connect(&server.endpoints()[0].to_string())?;
    let poor = bank.transfer(7, 9, 751).wait()?;
    assert_eq!(poor, Err(BankError::NotEnough));
    drop((server, elsewhere));
    std::fs::remove_dir_all(directory)?;
    Ok(())
}
