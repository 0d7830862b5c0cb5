//! A client's process: some threads that share one connection to each service, and a ledger of all that they ask.
//!
//! It goes on where the process before it was killed: what that one has asked and not been answered comes first.

mod asker;
mod past;
mod way;

use std::error::Error;
use std::io::{self, BufRead};
use std::path::PathBuf;
use std::process;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use rpc_core::ConnectError;

use super::argument;
use crate::contract::{ArchiveClient, BankClient};
use crate::deed::Request;
use crate::ledger::Ledger;
use crate::relay::Dice;
use crate::stage::NAME;
use asker::Asker;
use past::Past;
use way::Way;

/// Who is not connected by then will not be.
const PATIENCE: Duration = Duration::from_secs(60);
const A_MOMENT: Duration = Duration::from_millis(5);

/// Arguments: the folder of the files, the matchmaker, the client's number, the transport, the way in which it comes back
/// to its calls, how many threads, and what its dice start from.
pub fn play(arguments: &[String]) -> Result<(), Box<dyn Error>> {
    let folder: PathBuf = argument(arguments, 0)?;
    let matchmaker: String = argument(arguments, 1)?;
    let client: u32 = argument(arguments, 2)?;
    let transport: String = argument(arguments, 3)?;
    let threads: u64 = argument(arguments, 5)?;
    let mut dice = Dice::new(argument(arguments, 6)?);

    let finish: &'static AtomicBool = Box::leak(Box::default());
    thread::spawn(move || listen(finish));
    let (ledger, past) = Ledger::open(&folder, client)?;
    let past = Past::of(&past);
    let endpoint = format!("match://{matchmaker}/{NAME}?transport={transport}");
    let bank = persistently(|| BankClient::connect(&endpoint))?;
    let archive = persistently(|| ArchiveClient::connect(&endpoint))?;
    let way = Way::open(&argument::<String>(arguments, 4)?, &folder, client)?;
    let (bank, archive) = (way.equip(&bank), way.equip(&archive));
    let asker = Asker::new(bank, archive, ledger, way, past.answered);
    println!("ready");
    asker.settle(&mut dice)?;

    let unanswered = Mutex::new(past.unanswered);
    let next = AtomicU32::new(past.last + 1);
    thread::scope(|scope| {
        for _ in 0..threads {
            let mut dice = dice.split();
            let (asker, unanswered, next) = (&asker, &unanswered, &next);
            scope.spawn(move || {
                let worked = resume(asker, unanswered, &mut dice).and_then(|()| {
                    while !finish.load(Ordering::Relaxed) {
                        let number = next.fetch_add(1, Ordering::Relaxed);
                        asker.ask_new(Request { client, number }, &mut dice)?;
                    }
                    Ok(())
                });
                if let Err(error) = worked {
                    println!("stuck {error}");
                }
            });
        }
    });
    println!("end {:?}", asker.stats());
    Ok(())
}

/// Asks again for what the process before this one was not answered.
fn resume(
    asker: &Asker,
    unanswered: &Mutex<Vec<(Request, u64)>>,
    dice: &mut Dice,
) -> io::Result<()> {
    loop {
        let next = unanswered
            .lock()
            .map_err(|_| io::Error::other("another thread panicked"))?
            .pop();
        let Some((request, issued)) = next else {
            return Ok(());
        };
        asker.resume(request, issued, dice)?;
    }
}

/// Takes the order to finish; ends this process when the play does, for then its pipe is closed.
fn listen(finish: &AtomicBool) {
    for order in io::stdin().lock().lines().map_while(Result::ok) {
        if order == "finish" {
            finish.store(true, Ordering::Relaxed);
        }
    }
    process::exit(1);
}

/// Connects, as often as it takes while the bank is dead half of the time: nobody is found by its name then.
fn persistently<C>(connect: impl Fn() -> Result<C, ConnectError>) -> Result<C, ConnectError> {
    let start = Instant::now();
    loop {
        match connect() {
            Err(_) if start.elapsed() < PATIENCE => thread::park_timeout(A_MOMENT),
            done => return done,
        }
    }
}
