//! Compares what the clients were told with what the bank did. Knows nothing of the framework.

mod silence;
mod story;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use crate::contract::Filed;
use crate::deed::{ACCOUNTS, Deed, OPENING_BALANCE, Request};
use crate::ledger::Line;
use crate::reply::Reply;
use silence::Answers;
use story::{End, Story, stories};

/// Everything that was written down.
#[derive(Debug, Default)]
pub struct Evidence {
    /// What all clients wrote.
    pub ledgers: Vec<Line>,
    /// What each account holds.
    pub accounts: BTreeMap<u64, u64>,
    /// How often each transfer ran.
    pub executions: BTreeMap<Request, u64>,
    pub letters: Vec<(Request, Filed)>,
    pub parcels: Vec<(Request, Filed)>,
    /// When each life of the bank was killed, if it was, in the order of the lives, from 1.
    pub deaths: Vec<Option<u64>>,
}

/// What is promised of a method.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// All its effects are in the transaction.
    Transactional,
    /// Its effects are elsewhere, and can be found there.
    Recovered,
    /// Its effects are elsewhere, and nobody looks.
    Unrecovered,
}

impl Kind {
    pub const ALL: [Self; 3] = [Self::Transactional, Self::Recovered, Self::Unrecovered];

    fn of(request: Request) -> Self {
        match request.deed() {
            Deed::Transfer(_) => Self::Transactional,
            Deed::Letter => Self::Recovered,
            Deed::Parcel => Self::Unrecovered,
        }
    }
}

/// What became of the requests of one kind.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Tally {
    pub asked: u64,
    /// Runs that left their effects.
    pub executed: u64,
    pub answered: u64,
    /// Answers to requests that had been answered before.
    pub repeated: u64,
    /// Runs beyond those that a request should have had.
    pub doubled: u64,
    /// Requests that were answered and left no effect.
    pub lost: u64,
    /// Answers that differ from an earlier one, or from what was done.
    pub differing: u64,
    pub unknown: u64,
}

/// How much of what this is about has happened at all.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Interest {
    /// Requests that were under way when the bank was killed, once for each time.
    pub interrupted: u64,
    /// First answers that came from a later life of the bank than the one that had done the work.
    pub inherited: u64,
    /// The same of later answers.
    pub repeated_later: u64,
    /// Attempts that ended without an answer and were made again.
    pub late: u64,
    /// Requests that a later process of an even client finished, and of an odd one.
    pub resumed: [u64; 2],
}

/// The verdict.
#[derive(Debug, Default)]
pub struct Verdict {
    pub tallies: [Tally; 3],
    pub interest: Interest,
    /// Calls without a name whose session ended in a long silence, as it must.
    pub silenced: u64,
    /// What is not as promised.
    pub violations: Vec<String>,
}

impl Verdict {
    pub fn over(evidence: &Evidence) -> Self {
        let mut verdict = Self::default();
        let stories = stories(&evidence.ledgers);
        let (runs, answers) = (Runs::of(evidence), Answers::of(&evidence.ledgers));
        for (&request, story) in &stories {
            verdict.judge(request, story, &runs, &answers);
            verdict.interest.add(request, story, &evidence.deaths);
        }
        for request in runs.0.keys() {
            if !stories.contains_key(request) {
                verdict.complain(*request, "ran although nobody asked for it");
            }
        }
        verdict.check_receipts(&stories, &runs);
        verdict.check_balances(evidence);
        verdict
    }

    fn judge(&mut self, request: Request, story: &Story, runs: &Runs, answers: &Answers) {
        let (ran, filed) = runs.of_request(request);
        let tally = self.tally(request);
        tally.asked += 1;
        tally.executed += ran;
        tally.repeated += story.repeated.len() as u64;
        let Some(first) = story.ends.first() else {
            return self.complain(request, "was never answered");
        };
        let due = match &first.1 {
            End::Answered(reply) => {
                self.tally(request).answered += 1;
                self.check_reply(request, *reply, filed);
                if ran < due(request) {
                    self.tally(request).lost += 1;
                    self.complain(request, "was answered, and nothing is left of it");
                }
                due(request)
            }
            End::Silenced => {
                self.silenced += 1;
                if !answers.were_missing(request, first.0) {
                    self.complain(request, "lost its session, and there was no silence");
                }
                due(request)
            }
            End::Unknown(error) => {
                self.tally(request).unknown += 1;
                if Kind::of(request) != Kind::Unrecovered {
                    self.complain(request, &format!("has an unknown outcome: {error}"));
                }
                1
            }
            End::Failed(error) => {
                self.complain(request, &format!("failed: {error}"));
                due(request)
            }
        };
        if ran > due {
            self.tally(request).doubled += ran - due;
            self.complain(request, &format!("ran {ran} times, not {due}"));
        }
        let later = story.ends[1..].iter().map(|(_, end)| end.clone());
        let repeated = story
            .repeated
            .iter()
            .map(|(_, reply)| End::Answered(*reply));
        for other in later
            .chain(repeated)
            .filter(|other| !other.agrees(&first.1))
        {
            self.tally(request).differing += 1;
            self.complain(request, &format!("ended as {:?} and as {other:?}", first.1));
        }
    }

    /// The reply is one to this request, and says what was done.
    fn check_reply(&mut self, request: Request, reply: Reply, filed: Option<Filed>) {
        let fits = match (request.deed(), reply) {
            (Deed::Transfer(asked), Reply::Moved(receipt)) => {
                asked.moves()
                    && (receipt.from, receipt.to, receipt.cents)
                        == (asked.from, asked.to, asked.cents)
            }
            (Deed::Transfer(asked), Reply::Refused(_)) => asked.to == crate::deed::NOWHERE,
            (Deed::Transfer(asked), Reply::Panicked) => asked.cents == crate::deed::PANICS,
            // If it is in no file, that is told as a loss.
            (Deed::Letter | Deed::Parcel, Reply::Filed(told)) => {
                filed.is_none_or(|filed| filed == told)
            }
            _ => false,
        };
        if !fits {
            self.tally(request).differing += 1;
            self.complain(request, &format!("was answered with {reply:?}"));
        }
    }

    /// Each number is on one receipt, and none is missing: the transfers form one history.
    fn check_receipts(&mut self, stories: &BTreeMap<Request, Story>, runs: &Runs) {
        let mut numbers = BTreeSet::new();
        let mut unseen = 0;
        for (request, story) in stories {
            let receipt = match story.ends.first() {
                Some((_, End::Answered(Reply::Moved(receipt)))) => receipt,
                Some((_, End::Silenced)) if Kind::of(*request) == Kind::Transactional => {
                    unseen += runs.of_request(*request).0;
                    continue;
                }
                _ => continue,
            };
            if !numbers.insert(receipt.number) {
                self.complain(*request, "has the number of another receipt");
            }
        }
        let last = numbers.last().copied().unwrap_or(0);
        if last > numbers.len() as u64 + unseen {
            self.violations
                .push("the numbers of the receipts have gaps".to_owned());
        }
    }

    fn check_balances(&mut self, evidence: &Evidence) {
        let mut expected: BTreeMap<u64, u64> = (1..=ACCOUNTS)
            .map(|account| (account, OPENING_BALANCE))
            .collect();
        for (request, runs) in &evidence.executions {
            if let Deed::Transfer(transfer) = request.deed() {
                let moved = transfer.cents.wrapping_mul(*runs);
                for (account, held) in &mut expected {
                    if *account == transfer.from {
                        *held = held.wrapping_sub(moved);
                    } else if *account == transfer.to {
                        *held = held.wrapping_add(moved);
                    }
                }
            }
        }
        if expected != evidence.accounts {
            self.violations
                .push("the accounts do not hold what the transfers leave them".to_owned());
        }
    }

    fn tally(&mut self, request: Request) -> &mut Tally {
        &mut self.tallies[Kind::of(request) as usize]
    }

    fn complain(&mut self, request: Request, what: &str) {
        self.violations.push(format!("request {request} {what}"));
    }
}

impl Interest {
    fn add(&mut self, request: Request, story: &Story, deaths: &[Option<u64>]) {
        self.late += story.late;
        if story.resumed > 0 && !story.ends.is_empty() {
            self.resumed[(request.client % 2) as usize] += 1;
        }
        let died = |reply: &Reply| {
            let life = reply.life()?.checked_sub(1)?;
            *deaths.get(life as usize)?
        };
        let after_death = |at: u64, reply: &Reply| died(reply).is_some_and(|death| death < at);
        if let Some((at, end)) = story.ends.first() {
            let out = story.asked_at..*at;
            self.interrupted += deaths
                .iter()
                .flatten()
                .filter(|death| out.contains(death))
                .count() as u64;
            if let End::Answered(reply) = end {
                self.inherited += u64::from(after_death(*at, reply));
            }
        }
        let repeated = story.repeated.iter();
        self.repeated_later += repeated
            .filter(|(at, reply)| after_death(*at, reply))
            .count() as u64;
    }

    /// What did not happen, so that a run in which nothing went wrong proves little.
    pub fn missing(&self) -> Vec<&'static str> {
        let told = [
            (self.interrupted, "no kill met a running call"),
            (self.inherited, "no reply outlived the life that made it"),
            (
                self.repeated_later,
                "no call was asked again in a later life",
            ),
            (self.resumed[0], "no client came back by key"),
            (self.resumed[1], "no client came back by session file"),
        ];
        told.into_iter()
            .filter(|(count, _)| *count == 0)
            .map(|(_, what)| what)
            .collect()
    }
}

/// How often an answered request must have left its effects.
fn due(request: Request) -> u64 {
    match request.deed() {
        Deed::Transfer(transfer) => u64::from(transfer.moves()),
        Deed::Letter | Deed::Parcel => 1,
    }
}

/// How often each request ran, and where its first paper is.
struct Runs(BTreeMap<Request, (u64, Option<Filed>)>);

impl Runs {
    fn of(evidence: &Evidence) -> Self {
        let executions = evidence.executions.iter();
        let mut runs: BTreeMap<_, _> = executions
            .map(|(request, runs)| (*request, (*runs, None)))
            .collect();
        for (request, filed) in evidence.letters.iter().chain(&evidence.parcels) {
            let (count, first) = runs.entry(*request).or_default();
            *count += 1;
            first.get_or_insert(*filed);
        }
        Self(runs)
    }

    fn of_request(&self, request: Request) -> (u64, Option<Filed>) {
        self.0.get(&request).copied().unwrap_or_default()
    }
}
