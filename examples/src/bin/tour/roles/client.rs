//! A client's process: some threads that share one connection and ask for transfers.

use std::error::Error;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use rpc_core::{Client, ConnectError};

use super::{argument, leave_with_the_tour};
use crate::audit::Transfer;
use crate::contract::BankClient;

/// Long enough for a message that is lost over and over.
const DEADLINE: Duration = Duration::from_secs(60);
/// The relay cuts one connection in so many at its very start, not this many in a row.
const ATTEMPTS: u32 = 10;
/// A thread that has failed so often leaves the rest undone: what is wrong is not the network.
const FAILURES_BORNE: u32 = 2;

/// Arguments: where the bank is, the first and the last transfer's number, how many threads.
pub fn play(arguments: &[String]) -> Result<(), Box<dyn Error>> {
    leave_with_the_tour();
    let endpoint: String = argument(arguments, 0)?;
    let next = AtomicU64::new(argument(arguments, 1)?);
    let last: u64 = argument(arguments, 2)?;
    let threads: u64 = argument(arguments, 3)?;
    let bank = connect(&endpoint)?;
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| work(&bank, &next, last));
        }
    });
    println!("retransmitted {}", bank.stats().retransmissions);
    println!("end");
    Ok(())
}

/// Connects, again if the relay cuts the connection before the two have met. Nothing was asked yet, so nothing can double.
fn connect(endpoint: &str) -> Result<BankClient, ConnectError> {
    for _ in 1..ATTEMPTS {
        if let Ok(bank) = BankClient::connect(endpoint) {
            return Ok(bank);
        }
    }
    BankClient::connect(endpoint)
}

/// Takes the next transfer until there is none, and tells the tour about each.
fn work(bank: &BankClient, next: &AtomicU64, last: u64) {
    let mut failures = 0;
    while failures < FAILURES_BORNE {
        let number = next.fetch_add(1, Ordering::Relaxed);
        if number > last {
            return;
        }
        let transfer = Transfer::number(number);
        match ask(bank, transfer) {
            Ok(()) => println!("done {number}"),
            Err(error) => {
                failures += 1;
                println!("failed transfer {number}: {error}");
            }
        }
    }
}

fn ask(bank: &BankClient, transfer: Transfer) -> Result<(), Box<dyn Error>> {
    let Transfer { from, to, cents } = transfer;
    let receipt = bank.transfer(from, to, cents).deadline(DEADLINE).wait()??;
    if (receipt.from, receipt.to, receipt.cents) != (from, to, cents) {
        return Err(format!("the receipt is for another transfer: {receipt:?}").into());
    }
    Ok(())
}
