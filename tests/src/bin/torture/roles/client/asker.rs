//! Asks for one request until the answer is final, and writes down what happens.

use std::io;
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use rpc_core::{Call, Client, Decode, Describe, Error, ErrorKind, Executed, Retry, Stats};

use super::way::Way;
use crate::contract::{ArchiveClient, BankClient};
use crate::deed::{Deed, Request, Transfer};
use crate::ledger::{Entry, Ledger, now};
use crate::relay::Dice;
use crate::reply::Reply;

/// Who is not answered for so long will not be.
const PATIENCE: Duration = Duration::from_secs(60);
const DEADLINE: Duration = Duration::from_secs(10);
/// Of a hundred attempts so many get so little time that they are likely to end without an answer.
const HASTY: u64 = 10;
const HASTE: u64 = 60;
/// After so many of a hundred answers an old one is asked for again.
const REPEATED: u64 = 10;

pub struct Asker {
    bank: BankClient,
    archive: ArchiveClient,
    ledger: Ledger,
    way: Way,
    /// What can be asked for again, with the second at which its key was issued.
    answered: Mutex<Vec<(Request, u64)>>,
}

/// One request, as it is asked.
struct Question<C, T> {
    request: Request,
    /// Makes the call, or finds it on file.
    call: C,
    /// What the result is in the ledger.
    reply: T,
    /// What the answer is to the client: new, or a repetition.
    entry: fn(Reply) -> Entry,
}

impl Asker {
    pub fn new(
        bank: BankClient,
        archive: ArchiveClient,
        ledger: Ledger,
        way: Way,
        answered: Vec<(Request, u64)>,
    ) -> Self {
        Self {
            bank,
            archive,
            ledger,
            way,
            answered: Mutex::new(answered),
        }
    }

    pub fn stats(&self) -> [Stats; 2] {
        [self.bank.stats(), self.archive.stats()]
    }

    /// Asks for the first time, and now and then for something old too.
    pub fn ask_new(&self, request: Request, dice: &mut Dice) -> io::Result<()> {
        let issued = now() / 1_000_000;
        self.ledger.write(request, Entry::Asked { issued })?;
        self.ask(request, issued, dice)?;
        if self.way.repeats() && dice.chance(REPEATED) {
            self.repeat(dice)?;
        }
        Ok(())
    }

    /// Asks for what an earlier process has asked for.
    pub fn resume(&self, request: Request, issued: u64, dice: &mut Dice) -> io::Result<()> {
        self.ledger.write(request, Entry::Resumed)?;
        self.ask(request, issued, dice)
    }

    /// Asks once more for what was answered, if that is still on file: an earlier process was killed right behind the answer.
    pub fn settle(&self, dice: &mut Dice) -> io::Result<()> {
        let answered = self.answered().clone();
        for (request, issued) in answered {
            if self.way.has_on_file(request) {
                self.until_final(request, issued, Entry::Repeated, dice)?;
            }
        }
        Ok(())
    }

    fn ask(&self, request: Request, issued: u64, dice: &mut Dice) -> io::Result<()> {
        self.until_final(request, issued, Entry::Answered, dice)?;
        self.answered().push((request, issued));
        Ok(())
    }

    fn repeat(&self, dice: &mut Dice) -> io::Result<()> {
        let chosen = {
            let answered = self.answered();
            let index = dice.below(answered.len().max(1) as u64);
            answered.get(index as usize).copied()
        };
        match chosen {
            Some((request, issued)) => self.until_final(request, issued, Entry::Repeated, dice),
            None => Ok(()),
        }
    }

    /// Asks until the answer is final and in the ledger, where `entry` says what it is to the client.
    fn until_final(
        &self,
        request: Request,
        issued: u64,
        entry: fn(Reply) -> Entry,
        dice: &mut Dice,
    ) -> io::Result<()> {
        let id = request.id();
        let way = &self.way;
        match request.deed() {
            Deed::Transfer(Transfer { from, to, cents }) => {
                let new = || self.bank.transfer(id, from, to, cents);
                let call = || way.resume(&self.bank, request).unwrap_or_else(new);
                let reply = |result: Result<_, _>| result.map_or_else(Reply::Refused, Reply::Moved);
                let question = Question {
                    request,
                    call,
                    reply,
                    entry,
                };
                self.insist(question, issued, dice)
            }
            Deed::Letter => {
                let new = || self.archive.letter(id);
                let call = || way.resume(&self.archive, request).unwrap_or_else(new);
                let question = Question {
                    request,
                    call,
                    reply: Reply::Filed,
                    entry,
                };
                self.insist(question, issued, dice)
            }
            Deed::Parcel => {
                let new = || self.archive.parcel(id);
                let call = || way.resume(&self.archive, request).unwrap_or_else(new);
                let question = Question {
                    request,
                    call,
                    reply: Reply::Filed,
                    entry,
                };
                self.insist(question, issued, dice)
            }
        }
    }

    fn insist<R: for<'a> Decode<'a> + Describe>(
        &self,
        question: Question<impl Fn() -> Call<R>, impl Fn(R) -> Reply>,
        issued: u64,
        dice: &mut Dice,
    ) -> io::Result<()> {
        let Question {
            request,
            call,
            reply,
            entry,
        } = question;
        let start = Instant::now();
        let call = || self.way.name(call(), request, issued);
        let mut next = call();
        loop {
            // An answer is written down before the call counts as taken.
            let keep = |result| self.ledger.write(request, entry(reply(result)));
            let mut error = match next.deadline(deadline(dice)).wait_then(keep) {
                Ok(written) => return written,
                Err(error) => error,
            };
            if let Some(end) = self.end(&error, entry) {
                self.ledger.write(request, end)?;
                drop(error);
                self.way.abandon(request);
                return Ok(());
            }
            self.ledger.write(request, Entry::Late(error.to_string()))?;
            if start.elapsed() > PATIENCE {
                return Err(io::Error::other(format!("{request}: {error}")));
            }
            if let Retry::After(wait) = error.retry() {
                thread::park_timeout(wait);
            }
            let handle = error.unanswered();
            next = match handle.filter(|_| self.way.needs_handle() || dice.chance(50)) {
                Some(unanswered) => unanswered.ask_again(DEADLINE),
                None if self.way.needs_handle() && error.executed() != Executed::No => {
                    let end = Entry::Failed(format!("no handle: {error}"));
                    return self.ledger.write(request, end);
                }
                None => {
                    // From here on the session file has the call again.
                    drop(error);
                    call()
                }
            };
        }
    }

    /// How a call with this error ended; none if it is to be asked again.
    fn end(&self, error: &Error, entry: fn(Reply) -> Entry) -> Option<Entry> {
        let text = || error.to_string();
        match error.kind() {
            ErrorKind::Panicked if error.executed() == Executed::No => Some(entry(Reply::Panicked)),
            ErrorKind::Deadline
            | ErrorKind::Unreachable
            | ErrorKind::Overloaded
            | ErrorKind::ShuttingDown
            | ErrorKind::NoRoomForSession => None,
            ErrorKind::SessionLost if self.way.needs_handle() => Some(Entry::Silenced(text())),
            _ if error.executed() == Executed::Maybe => Some(Entry::Unknown(text())),
            _ => Some(Entry::Failed(text())),
        }
    }

    fn answered(&self) -> std::sync::MutexGuard<'_, Vec<(Request, u64)>> {
        self.answered.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Most attempts have all the time they need.
fn deadline(dice: &mut Dice) -> Duration {
    if dice.chance(HASTY) {
        Duration::from_millis(1 + dice.below(HASTE))
    } else {
        DEADLINE
    }
}
