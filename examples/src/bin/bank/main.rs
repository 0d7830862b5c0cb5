//! A bank after the contract in `idl/bank.idl`, and customers who use it all at once.
//!
//! Each customer knows what its own transfers must have done. The next day, when the bank has been closed and opened again,
//! it has to agree with all of them, cent for cent; the exit code says whether it does. What it keeps is in a directory,
//! which is removed at the end.

mod contract;
mod ledger;

use std::error::Error;
use std::path::Path;
use std::process::ExitCode;
use std::thread;
use std::time::Duration;

use contract::{AccountId, BankClient, BankError, BankService};
use ledger::Ledger;
use rpc_core::{Bounded, DurableStore, Server};

const CUSTOMERS: u64 = 8;
const TRANSFERS: u64 = 250;
const OPENING_BALANCE: u64 = 1_000_000;

type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bank: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Outcome<()> {
    let directory = std::env::temp_dir().join(format!("bank-{}", std::process::id()));
    let outcome = first_day(&directory).and_then(|()| next_day(&directory));
    std::fs::remove_dir_all(&directory)?;
    outcome
}

/// A bank whose money and completion records are in one store, in this directory.
fn start(directory: &Path) -> Outcome<Server> {
    let store = DurableStore::open(directory)?;
    store.write(ledger::lay_out)?;
    let server = Server::builder()
        .serve(BankService::new(Ledger).transactional())
        .listen("tcp://127.0.0.1:0")
        .completions(store)
        .start()?;
    println!("the bank is open at {}", server.endpoints()[0]);
    Ok(server)
}

fn first_day(directory: &Path) -> Outcome<()> {
    let server = start(directory)?;
    let endpoint = server.endpoints()[0].to_string();
    let bank = BankClient::connect(&endpoint)?;
    for customer in 1..=CUSTOMERS {
        let owner = Bounded::new(format!("customer {customer}"))?;
        bank.open(owner, OPENING_BALANCE).wait()?;
    }
    let customers: Vec<_> = (1..=CUSTOMERS)
        .map(|account| {
            let endpoint = endpoint.clone();
            thread::spawn(move || visit(&endpoint, account))
        })
        .collect();
    let mut refused = 0;
    for customer in customers {
        refused += customer.join().map_err(|_| "a customer panicked")??;
    }
    let asked = CUSTOMERS * TRANSFERS;
    println!(
        "{asked} transfers asked for, {refused} refused by the bank, each for the right reason"
    );
    server.shutdown(Duration::from_secs(5))?;
    Ok(())
}

fn next_day(directory: &Path) -> Outcome<()> {
    let server = start(directory)?;
    audit(&BankClient::connect(&server.endpoints()[0].to_string())?)?;
    server.shutdown(Duration::from_secs(5))?;
    Ok(())
}

/// One customer, with a connection of its own: pays every other in turn, and tries now and then what must not work.
fn visit(endpoint: &str, account: AccountId) -> Outcome<u64> {
    let bank = BankClient::connect(endpoint)?;
    let mut refused = 0;
    for turn in 0..TRANSFERS {
        let neighbour = 1 + account % CUSTOMERS;
        let (to, cents, expected) = match turn % 25 {
            7 => (account, 1, Some(BankError::SameAccount)),
            13 => (99, 1, Some(BankError::NoSuchAccount { account: 99 })),
            _ => (neighbour, 100, None),
        };
        let answer = bank.transfer(account, to, cents).wait()?;
        match expected {
            None => drop(answer?),
            Some(error) if answer == Err(error) => refused += 1,
            Some(error) => return Err(format!("{answer:?} instead of {error:?}").into()),
        }
    }
    Ok(refused)
}

/// Everybody paid one neighbour as much as the other neighbour paid them, so all is as it was.
fn audit(bank: &BankClient) -> Outcome<()> {
    for account in 1..=CUSTOMERS {
        let balance = bank.balance(account).wait()??;
        if balance != OPENING_BALANCE {
            return Err(
                format!("account {account} holds {balance} cents, not {OPENING_BALANCE}").into(),
            );
        }
    }
    let total = bank.total().wait()?;
    if total != CUSTOMERS * OPENING_BALANCE {
        return Err(format!("all accounts together hold {total} cents").into());
    }
    println!("the books balance: {total} cents in {CUSTOMERS} accounts");
    Ok(())
}
