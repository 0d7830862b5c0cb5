//! The examples of `docs/exactly-once.md`: the page shows parts of this file, which run here.

use std::error::Error as StdError;
use std::fs;
use std::path::PathBuf;
use std::sync::Mutex;
use std::time::{Duration, SystemTime};

use rpc_core::{Client, Error, KeySpace, Server, SessionFile, Xdr, rpc};

#[rpc(program = 0x2000_0bab, version = 1)]
trait Bank {
    /// Moves money between two accounts. Returns what is left on the first.
    #[rpc(exactly_once)]
    fn transfer(&self, from: u64, to: u64, cents: u64) -> Result<u64, BankError>;
}

#[derive(Clone, Debug, PartialEq, Eq, Xdr)]
enum BankError {
    NotEnough = 1,
}

/// One account, from which everything comes.
struct Account(Mutex<u64>);

impl Bank for Account {
    fn transfer(&self, _from: u64, _to: u64, cents: u64) -> Result<u64, BankError> {
        let mut left = self.0.lock().expect("no panic");
        *left = left.checked_sub(cents).ok_or(BankError::NotEnough)?;
        Ok(*left)
    }
}

/// Where answers are written down.
#[derive(Default)]
struct Ledger(Mutex<Vec<Result<u64, BankError>>>);

impl Ledger {
    fn write(&self, answer: Result<u64, BankError>) {
        self.0.lock().expect("no panic").push(answer);
    }
}

fn bank() -> (Server, BankClient) {
    let server = Server::builder()
        .memory_completions()
        .serve(BankService::new(Account(Mutex::new(1000))))
        .listen("tcp://127.0.0.1:0")
        .start()
        .expect("started");
    let client = BankClient::connect(&server.endpoints()[0].to_string()).expect("connected");
    (server, client)
}

fn file(name: &str) -> PathBuf {
    let name = format!("exactly-once-{name}-{}", std::process::id());
    let path = std::env::temp_dir().join(name);
    let _ = fs::remove_file(&path);
    path
}

#[test]
fn asking_again() -> Result<(), Error> {
    let (_server, bank) = bank();
    let (patience, longer) = (Duration::from_secs(2), Duration::from_secs(20));
    match bank.transfer(7, 9, 250).deadline(patience).wait() {
        Ok(answer) => println!("answered: {answer:?}"),
        Err(mut error) => match error.unanswered() {
            // It may have run. This waits for the answer of that run; nothing runs twice.
            Some(call) => {
                let answer = call.ask_again::<Result<u64, BankError>>(longer).wait()?;
                println!("answered late: {answer:?}");
            }
            None => return Err(error),
        },
    }
    Ok(())
}

#[test]
fn named_calls() -> Result<(), Box<dyn StdError>> {
    let (_server, bank) = bank();
    let (path, invoice_date) = (file("keys"), SystemTime::now());
    for _life in 0..2 {
        let bank = bank.clone();
        let space = KeySpace::open(&path)?;
        let bank = bank.with_key_space(&space);
        let answer = bank
            .transfer(7, 9, 250)
            .key("invoice-1042", invoice_date)
            .wait()?;
        assert_eq!(answer, Ok(750));
    }
    fs::remove_file(&path)?;
    Ok(())
}

#[test]
fn session_files() -> Result<(), Box<dyn StdError>> {
    let (_server, bank) = bank();
    let (path, ledger) = (file("session"), Ledger::default());
    for _life in 0..2 {
        let bank = bank.clone();
        let file = SessionFile::open(&path)?;
        let bank = bank.with_session_file(&file);
        for call in file.unfinished() {
            let (from, to, cents) = call.args_as::<(u64, u64, u64)>()?;
            let answer = bank.resume::<Result<u64, BankError>>(&call).wait()?;
            println!("{cents} cents from {from} to {to}, before the crash: {answer:?}");
        }
        bank.transfer(7, 9, 250)
            .wait_then(|answer| ledger.write(answer))?;
    }
    assert_eq!(*ledger.0.lock().expect("no panic"), [Ok(750), Ok(500)]);
    fs::remove_file(&path)?;
    Ok(())
}
