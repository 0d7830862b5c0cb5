//! Exactly once on the embedded store: what is answered is there in the next life, and what is there was answered or will be.
#![cfg(feature = "durable")]

use rpc_core::redb::{ReadTransaction, ReadableTable, TableDefinition, WriteTransaction};
use rpc_core::store::StoreError;
use rpc_core::{Context, DurableStore, Executed, Server, Xdr, rpc};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread::scope;
use std::time::Duration;

const AMPLE: Duration = Duration::from_secs(20);

const BALANCES: TableDefinition<u64, u64> = TableDefinition::new("balances");

#[derive(Debug, Clone, PartialEq, Eq, Xdr)]
enum BankError {
    Poor { has: u64 },
}

/// A bank that keeps its accounts in the store.
#[rpc(program = 0x2000_0bae, version = 1)]
trait Bank {
    /// Gives the new balance of `from`. Nobody's balance goes below zero.
    #[rpc(exactly_once)]
    fn transfer(&self, cx: &Context, from: u64, to: u64, cents: u64) -> Result<u64, BankError>;
    /// As `transfer`, but the attempt costs a cent although it fails.
    #[rpc(exactly_once)]
    fn try_dearly(&self, cx: &Context, from: u64, cents: u64) -> Result<u64, BankError>;
    #[rpc(exactly_once)]
    fn panic_inside(&self, cx: &Context, account: u64) -> u64;
    #[rpc(exactly_once)]
    fn transfer_twice(&self, cx: &Context, account: u64) -> u64;
    /// Makes no transaction.
    #[rpc(exactly_once)]
    fn idle(&self) -> u64;
    #[rpc(readonly)]
    fn balance(&self, cx: &Context, account: u64) -> u64;
}

struct Ledger;

fn balance(t: &WriteTransaction, account: u64) -> Result<u64, StoreError> {
    let table = t.open_table(BALANCES)?;
    Ok(table.get(account)?.map_or(1000, |cents| cents.value()))
}

fn set(t: &WriteTransaction, account: u64, cents: u64) -> Result<(), StoreError> {
    t.open_table(BALANCES)?.insert(account, cents)?;
    Ok(())
}

impl Bank for Ledger {
    fn transfer(&self, cx: &Context, from: u64, to: u64, cents: u64) -> Result<u64, BankError> {
        cx.transaction(|t| {
            let (has, had) = (balance(t, from)?, balance(t, to)?);
            // Written first, so that a declared error has something to take back.
            set(t, to, had + cents)?;
            if has < cents {
                return Ok(Err(BankError::Poor { has }));
            }
            set(t, from, has - cents)?;
            Ok(Ok(has - cents))
        })
    }

    fn try_dearly(&self, cx: &Context, from: u64, cents: u64) -> Result<u64, BankError> {
        cx.transaction_keeping(|t| {
            let has = balance(t, from)? - 1;
            set(t, from, has)?;
            Ok(if has < cents {
                Err(BankError::Poor { has })
            } else {
                Ok(has)
            })
        })
    }

    fn panic_inside(&self, cx: &Context, account: u64) -> u64 {
        cx.transaction(|t| {
            set(t, account, 0)?;
            panic!("as the test wants")
        })
    }

    fn transfer_twice(&self, cx: &Context, account: u64) -> u64 {
        let once = |t: &WriteTransaction| {
            let has = balance(t, account)?;
            set(t, account, has - 1)?;
            Ok(has - 1)
        };
        cx.transaction(once);
        cx.transaction(once)
    }

    fn idle(&self) -> u64 {
        7
    }

    fn balance(&self, cx: &Context, account: u64) -> u64 {
        cx.read(|t: &ReadTransaction| {
            let Ok(table) = t.open_table(BALANCES) else {
                return Ok(1000);
            };
            Ok(table.get(account)?.map_or(1000, |cents| cents.value()))
        })
    }
}

/// A directory that goes with the test.
struct Directory(PathBuf);

impl Directory {
    fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("rpc-durable-test-{}-{number}", std::process::id());
        Self(std::env::temp_dir().join(name))
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn serve(directory: &Path, endpoint: &str) -> Server {
    Server::builder()
        .serve(BankService::new(Ledger).transactional())
        .listen(endpoint)
        .threads(4)
        .completions(DurableStore::open(directory).expect("the store opens"))
        .start()
        .expect("the server starts")
}

fn client(server: &Server) -> BankClient {
    BankClient::connect(&server.endpoints()[0].to_string()).expect("the server is there")
}

#[test]
fn transfers_of_many_threads_keep_the_sum_and_outlive_the_server() {
    let directory = Directory::new();
    let mut expected = 0;
    for endpoint in [
        "tcp://127.0.0.1:0",
        "udp://127.0.0.1:0",
        &format!("unix:{}/bank.sock", directory.0.display()),
        "mem://durable-bank",
    ] {
        let server = serve(&directory.0, endpoint);
        let bank = client(&server);
        scope(|threads| {
            for from in 0..8 {
                let bank = bank.clone();
                threads.spawn(move || {
                    for _ in 0..25 {
                        let left = bank.transfer(from, 100, 1).wait().expect("an answer");
                        left.expect("rich enough");
                    }
                });
            }
        });
        expected += 8 * 25;
        assert_eq!(
            bank.balance(100).wait().expect("an answer"),
            1000 + expected,
            "{endpoint}"
        );
        drop(bank);
        server.shutdown(AMPLE).expect("the server ends");
    }
}

#[test]
fn what_a_call_does_not_finish_is_taken_back() {
    let directory = Directory::new();
    let server = serve(&directory.0, "tcp://127.0.0.1:0");
    let bank = client(&server);
    let poor = bank.transfer(1, 2, 1001).wait().expect("an answer");
    assert_eq!(poor, Err(BankError::Poor { has: 1000 }));
    assert_eq!(
        bank.balance(2).wait().expect("an answer"),
        1000,
        "taken back"
    );
    let poor = bank.try_dearly(1, 1000).wait().expect("an answer");
    assert_eq!(poor, Err(BankError::Poor { has: 999 }));
    assert_eq!(
        bank.balance(1).wait().expect("an answer"),
        999,
        "kept, as the service wants"
    );
    let panicked = bank.panic_inside(3).wait().expect_err("it panics");
    assert_eq!(panicked.executed(), Executed::No);
    assert_eq!(bank.balance(3).wait().expect("an answer"), 1000);
    assert_eq!(
        bank.transfer_twice(4).wait().expect("an answer"),
        999,
        "what the first recorded"
    );
    assert_eq!(
        bank.balance(4).wait().expect("an answer"),
        999,
        "and the first only"
    );
    assert_eq!(bank.idle().wait().expect("an answer"), 7);
    server.shutdown(AMPLE).expect("the server ends");
}
