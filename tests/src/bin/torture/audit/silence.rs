//! Whether a session may have ended because the bank was not heard of.
//!
//! A call without a name is promised its answer as long as its session lasts: four fifths of a lease of 30 seconds after
//! the last answer. A client that hears less than that, since the bank is hardly ever up, loses calls and is told so.

use std::collections::BTreeMap;

use crate::deed::{Deed, Request};
use crate::ledger::{Entry, Line};

/// Shorter than four fifths of a lease: the last thing that the session was told need not have been an answer to a request.
const SILENCE: u64 = 15_000_000;
/// A silence is looked for so far back.
const LOOKED_BACK: u64 = 60_000_000;

/// When each client was answered by each service, in order.
pub struct Answers(BTreeMap<(u32, bool), Vec<u64>>);

impl Answers {
    pub fn of(ledgers: &[Line]) -> Self {
        let mut answers: BTreeMap<_, Vec<u64>> = BTreeMap::new();
        for Line { at, request, entry } in ledgers {
            if matches!(entry, Entry::Answered(_) | Entry::Repeated(_)) {
                answers.entry(session(*request)).or_default().push(*at);
            }
        }
        for times in answers.values_mut() {
            times.sort_unstable();
        }
        Self(answers)
    }

    /// Whether the service that this request went to was silent for long, not long before this moment.
    pub fn were_missing(&self, request: Request, at: u64) -> bool {
        let times = self.0.get(&session(request));
        let times = times.into_iter().flatten().copied();
        let mut last = at.saturating_sub(LOOKED_BACK);
        let mut silent = false;
        for time in times.filter(|time| *time < at).chain([at]) {
            silent |= time.saturating_sub(last) >= SILENCE;
            last = last.max(time);
        }
        silent
    }
}

/// A client has one session with each service.
fn session(request: Request) -> (u32, bool) {
    (request.client, matches!(request.deed(), Deed::Transfer(_)))
}
