//! The bank's process: serves the contract of `idl/bank.idl`, and writes down what its handlers do.

use std::collections::BTreeMap;
use std::error::Error;
use std::io::{self, BufRead, Write};
use std::sync::{Arc, Mutex, PoisonError};

use rpc_core::{Bounded, Context, Server};

use super::argument;
use crate::audit::{ACCOUNTS, OPENING_BALANCE};
use crate::contract::{AccountId, Bank, BankError, BankService, MAX_OWNER, Receipt};
use crate::ledger::Ledger;

/// Arguments: the name to register, then where clients shall come instead of coming here.
pub fn play(arguments: &[String]) -> Result<(), Box<dyn Error>> {
    let branch = Branch::default();
    branch.open_accounts();
    let mut server = Server::builder()
        .serve(BankService::new(branch.clone()))
        .listen("tcp://127.0.0.1:0")
        .listen("udp://127.0.0.1:0")
        .register(&argument::<String>(arguments, 0)?)
        // Exactly-once calls need a place for their records; what this bank has does not outlive it either.
        .memory_completions();
    for relay in &arguments[1..] {
        server = server.advertise(relay);
    }
    let server = server.start()?;
    for endpoint in server.endpoints() {
        println!("ready {endpoint}");
    }
    for order in io::stdin().lock().lines() {
        if order? == "report" {
            branch.report(server.stats().replayed)?;
        }
    }
    Ok(())
}

/// A ledger behind a counter of its own, which no part of the framework can see or help.
#[derive(Clone, Default)]
struct Branch(Arc<Counted>);

#[derive(Default)]
struct Counted {
    ledger: Ledger,
    /// How often a transfer of so many cents ran.
    runs: Mutex<BTreeMap<u64, u64>>,
}

impl Branch {
    fn open_accounts(&self) {
        for _ in 0..ACCOUNTS {
            self.0.ledger.add_account(OPENING_BALANCE);
        }
    }

    /// One line for each fact, read by `report` in `stage.rs`.
    fn report(&self, replayed: u64) -> io::Result<()> {
        let mut out = io::stdout().lock();
        for (cents, times) in self
            .0
            .runs
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .iter()
        {
            writeln!(out, "run {cents} {times}")?;
        }
        for (account, cents) in (1..).zip(self.0.ledger.balances()) {
            writeln!(out, "account {account} {cents}")?;
        }
        writeln!(out, "replayed {replayed}")?;
        writeln!(out, "end")
    }
}

impl Bank for Branch {
    fn transfer(
        &self,
        cx: &Context,
        from: AccountId,
        to: AccountId,
        cents: u64,
    ) -> Result<Receipt, BankError> {
        let mut runs = self.0.runs.lock().unwrap_or_else(PoisonError::into_inner);
        *runs.entry(cents).or_default() += 1;
        drop(runs);
        self.0.ledger.transfer(cx, from, to, cents)
    }

    fn open(&self, cx: &Context, owner: Bounded<String, MAX_OWNER>, cents: u64) -> AccountId {
        self.0.ledger.open(cx, owner, cents)
    }

    fn deposit(&self, cx: &Context, account: AccountId, cents: u64) -> Result<u64, BankError> {
        self.0.ledger.deposit(cx, account, cents)
    }

    fn balance(&self, cx: &Context, account: AccountId) -> Result<u64, BankError> {
        self.0.ledger.balance(cx, account)
    }

    fn total(&self, cx: &Context) -> u64 {
        self.0.ledger.total(cx)
    }

    fn note(&self, cx: &Context, line: &str) {
        self.0.ledger.note(cx, line);
    }
}
