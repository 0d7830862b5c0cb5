//! The strongest answer to *did it run?*, and whether the client gave it.

use super::{Name, Oracle, Told, executed};
use crate::simulation::ledger::Entry;
use crate::simulation::service;
use crate::simulation::visits::{Visit, Visits};
use rpc_core::describe::Semantics;
use rpc_core::{Executed, Retry, Time};
use rpc_proto::session::client::{Failure, FailureKind};
use rpc_proto::session::wire::Outcome;
use std::time::Duration;

/// What a clock that runs fast may skip.
const TICK: Duration = Duration::from_nanos(10);

/// The most time that passes between two questions about a call that the server has.
const PROBE_GAP: Duration = Duration::from_secs(1);

impl Oracle {
    /// What is known of a call: several attempts together ran if one did, and did not if none did.
    pub(super) fn known(&self, id: u64, entry: &Entry) -> Executed {
        let asked_before = entry.key.is_some_and(|key| key.asked_before);
        let mut known = if asked_before {
            Executed::Maybe
        } else {
            Executed::No
        };
        let attempts = self.calls.get(&id).map_or(&[][..], |call| &call.attempts);
        let last = attempts.last().and_then(|name| self.attempts.get(name));
        if entry.key.is_some()
            && let Some(last) = last.filter(|last| last.of_the_key)
            && executed(last.told) == Executed::No
        {
            return Executed::No;
        }
        for name in self.calls.get(&id).map_or(&[][..], |call| &call.attempts) {
            match self.known_of(*name) {
                Executed::Yes => return Executed::Yes,
                Executed::Maybe => known = Executed::Maybe,
                Executed::No => {}
            }
        }
        known
    }

    fn known_of(&self, name: Name) -> Executed {
        match self.attempts.get(&name) {
            Some(attempt) if attempt.copies > 0 => executed(attempt.told),
            _ => Executed::No,
        }
    }

    /// A call ends for its caller. The execution that its result comes from.
    pub fn ended(
        &mut self,
        now: Time,
        id: u64,
        entry: &Entry,
        result: Result<&[u8], &Failure>,
        visits: &mut Visits,
    ) -> Result<Option<u64>, String> {
        if now > entry.deadline + TICK {
            return Err(format!(
                "call {id} ends {:?} after its deadline",
                now.since(entry.deadline)
            ));
        }
        let last = self.calls.get(&id).and_then(|c| c.attempts.last()).copied();
        let told = last.and_then(|name| self.attempts.get(&name));
        let execution = match result {
            Ok(_) if entry.semantics() == Semantics::Oneway => {
                if told.is_none_or(|attempt| attempt.copies == 0) {
                    return Err(format!(
                        "oneway call {id} ends well, but was never handed over"
                    ));
                }
                visits.count(Visit::EndedOneway);
                Ok(None)
            }
            Ok(bytes) => match (service::execution_of(bytes), told.map(|a| a.told)) {
                (Some(mine), Some(Told::Result(heard))) if mine == heard => {
                    visits.count(Visit::EndedWell);
                    Ok(Some(mine))
                }
                other => Err(format!(
                    "call {id} ends with a result from nowhere: {other:?}"
                )),
            },
            Err(failure) => self
                .check_failure(now, id, entry, failure, visits)
                .map(|()| None),
        };
        for name in self
            .calls
            .get(&id)
            .map_or(Vec::new(), |call| call.attempts.clone())
        {
            self.finish(name);
        }
        execution
    }

    /// The deadline of a call has passed, and its caller keeps it.
    pub fn shelved(&mut self, id: u64, entry: &Entry, failure: &Failure) -> Result<(), String> {
        let known = self.known(id, entry);
        if (failure.executed, known) != (Executed::Maybe, Executed::Maybe) && !self.is_doubtful(id)
        {
            return Err(format!(
                "call {id} is shelved with {failure:?}, but the messages say {known:?}"
            ));
        }
        self.put_on_shelf(id, true);
        Ok(())
    }

    /// Its caller asks again.
    pub fn taken_up(&mut self, now: Time, id: u64) {
        self.put_on_shelf(id, false);
        let last = self.calls.get(&id).and_then(|call| call.attempts.last());
        if let Some(attempt) = last.and_then(|name| self.attempts.get_mut(name)) {
            attempt.asked = now;
            // It may begin again as if it had just been sent.
            attempt.received = None;
            attempt.never_seen = false;
        }
    }

    /// Its caller will never ask again.
    pub fn given_up(&mut self, id: u64) {
        for name in self
            .calls
            .get(&id)
            .map_or(Vec::new(), |call| call.attempts.clone())
        {
            self.finish(name);
        }
    }

    fn put_on_shelf(&mut self, id: u64, shelved: bool) {
        for name in self.calls.get(&id).map_or(&[][..], |call| &call.attempts) {
            if let Some(attempt) = self.attempts.get_mut(name) {
                attempt.shelved = shelved;
            }
        }
    }

    /// An attempt is over: its number may be acknowledged.
    pub(super) fn finish(&mut self, name: Name) {
        if let Some(attempt) = self.attempts.get_mut(&name)
            && !std::mem::replace(&mut attempt.finished, true)
            && let Some(session) = self.sessions.get_mut(&name.0)
        {
            session.unfinished -= 1;
        }
    }

    /// Between two inputs: a call that the server has is asked about often enough.
    pub fn check_probes(&mut self, now: Time) -> Result<(), String> {
        let Some(link) = self.link.map(|link| link.number) else {
            return Ok(());
        };
        let mut late = None;
        let mut received = std::mem::take(&mut self.received);
        received.retain(|name| {
            let Some(attempt) = self.attempts.get(name) else {
                return false;
            };
            let over = attempt.finished || attempt.received != Some(link);
            if over || self.is_gone(now, name.0) {
                return false;
            }
            if now.since(attempt.asked) > PROBE_GAP + TICK && !attempt.shelved {
                late = Some((attempt.call, now.since(attempt.asked)));
            }
            true
        });
        self.received = received;
        match late {
            Some((call, gap)) => Err(format!(
                "the server has call {call}, but was not asked about it for {gap:?}"
            )),
            None => Ok(()),
        }
    }

    fn check_failure(
        &self,
        now: Time,
        id: u64,
        entry: &Entry,
        failure: &Failure,
        visits: &mut Visits,
    ) -> Result<(), String> {
        let known = self.known(id, entry);
        if failure.executed != known && !self.is_doubtful(id) {
            return Err(format!(
                "call {id} ends with {failure:?}, but the messages say {known:?}: {}",
                self.story(id)
            ));
        }
        if failure.retry != Retry::Never && known != Executed::No && !entry.may_repeat() {
            return Err(format!(
                "call {id} may have run, and its caller is told to try again"
            ));
        }
        if failure.kind == FailureKind::DeadlineExceeded && now < entry.deadline {
            return Err(format!("call {id} is given up before its deadline"));
        }
        if let Some(needed) = reason(failure.kind)
            && self.outcomes(id) & 1 << needed as u32 == 0
        {
            return Err(format!(
                "call {id} ends with {failure:?}, but no server said so"
            ));
        }
        visits.count(self.kind_of_end(id, known));
        Ok(())
    }

    fn is_doubtful(&self, id: u64) -> bool {
        let names = self.calls.get(&id).map_or(&[][..], |call| &call.attempts);
        let doubtful = |name| self.attempts.get(name).is_some_and(|a| a.doubtful);
        names.iter().any(doubtful)
    }

    fn outcomes(&self, id: u64) -> u32 {
        self.calls.get(&id).map_or(0, |call| call.outcomes)
    }

    fn kind_of_end(&self, id: u64, known: Executed) -> Visit {
        let names = self.calls.get(&id).map_or(&[][..], |call| &call.attempts);
        let mut answers = names.iter().map(|name| self.known_of(*name));
        let first = answers.next();
        let mixed = answers.any(|answer| Some(answer) != first);
        let told = |what| {
            names
                .iter()
                .any(|name| self.attempts.get(name).is_some_and(|a| a.told == what))
        };
        match known {
            Executed::Yes => Visit::EndedToldYes,
            Executed::Maybe if mixed => Visit::EndedMixed,
            Executed::Maybe => Visit::EndedMaybe,
            Executed::No if told(Told::No) || told(Told::NoInOrder) => Visit::EndedToldNo,
            Executed::No => Visit::EndedUnsentNo,
        }
    }

    fn story(&self, id: u64) -> String {
        let names = self.calls.get(&id).map_or(&[][..], |call| &call.attempts);
        names
            .iter()
            .filter_map(|name| self.attempts.get(name).map(|attempt| (name.1, attempt)))
            .map(|(seq, a)| {
                format!(
                    "number {seq}: {} copies, {} on this link, told {:?}; ",
                    a.copies, a.copies_here, a.told
                )
            })
            .collect()
    }
}

/// What a server must have said of a call before it may fail so.
fn reason(kind: FailureKind) -> Option<Outcome> {
    Some(match kind {
        FailureKind::Panicked => Outcome::Panicked,
        FailureKind::Unencodable => Outcome::Unencodable,
        FailureKind::ReplyTooLarge => Outcome::ReplyTooLarge,
        FailureKind::BadArguments => Outcome::BadArguments,
        FailureKind::Overloaded => Outcome::Overloaded,
        FailureKind::ShuttingDown => Outcome::ShuttingDown,
        FailureKind::DeadlinePassedAtServer => Outcome::DeadlinePassed,
        FailureKind::Expired => Outcome::Expired,
        FailureKind::Conflict => Outcome::Conflict,
        FailureKind::WrongKeeper => Outcome::WrongKeeper,
        FailureKind::Interrupted => Outcome::Interrupted,
        FailureKind::StoreFailed => Outcome::StoreFailed,
        FailureKind::StoreFull => Outcome::StoreFull,
        FailureKind::KeyAhead => Outcome::KeyAhead,
        _ => return None,
    })
}
