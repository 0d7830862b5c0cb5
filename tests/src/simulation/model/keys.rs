//! Names of calls, as a server must know them.

use super::replies::{Answer, Kept};
use super::{CallFacts, Model, What};
use crate::simulation::visits::{Visit, Visits};
use rpc_core::{Executed, Time};
use rpc_proto::message::{Call, Flavor};
use rpc_proto::session::program::ReleaseArgs;
use rpc_proto::session::server::Config;
use rpc_proto::session::store::CallKey;
use rpc_proto::session::wire::{CallVerifier, Outcome, RequestId, SESSION_FLAVOR};
use std::collections::BTreeMap;
use std::time::Duration;

/// What is known of keys, and what time it is for them.
#[derive(Debug, Default)]
pub(super) struct Keys {
    known: BTreeMap<CallKey, Key>,
    wall: u64,
}

#[derive(Debug)]
struct Key {
    digest: u64,
    state: State,
}

#[derive(Clone, Copy, Debug)]
enum State {
    /// This call runs for it.
    Running(RequestId),
    Finished(Kept),
    /// Nobody asks under it any more; it is known until then at least.
    Released(Time),
}

/// What a new number under a key has to be told.
#[derive(Clone, Copy, Debug)]
pub(super) enum Verdict {
    /// Nothing is known of the key.
    Unknown,
    /// It waits for the call that runs.
    Follows,
    /// What the first call was told.
    Known(Kept),
    /// Nothing runs.
    Refused(Outcome, Executed, Visit),
}

impl Keys {
    /// A call was released by whoever held it.
    pub(super) fn release(&mut self, now: Time, span: Duration, args: &ReleaseArgs) {
        for released in &args.keys {
            let key = CallKey {
                program: released.program,
                version: released.version,
                procedure: released.procedure,
                id: released.key,
            };
            if let Some(known) = self.known.get_mut(&key)
                && matches!(known.state, State::Finished(_))
            {
                known.state = State::Released(now + span);
            }
        }
    }

    fn horizon(&self, config: &Config) -> u64 {
        self.wall
            .saturating_sub(config.retention.as_millis() as u64)
    }

    /// What a new number has to be told.
    pub(super) fn verdict(&self, key: &CallKey, digest: u64, config: &Config) -> Verdict {
        let expired = Verdict::Refused(Outcome::Expired, Executed::Maybe, Visit::KeyExpired);
        if key.id.issued < self.horizon(config) {
            return expired;
        }
        match self.known.get(key) {
            None if key.id.issued > self.wall + 300_000 => {
                Verdict::Refused(Outcome::KeyAhead, Executed::No, Visit::KeyAhead)
            }
            None => Verdict::Unknown,
            Some(Key {
                state: State::Released(_),
                ..
            }) => expired,
            Some(known) if known.digest != digest => {
                Verdict::Refused(Outcome::Conflict, Executed::No, Visit::KeyConflict)
            }
            Some(known) => match known.state {
                State::Finished(kept) => Verdict::Known(kept),
                _ => Verdict::Follows,
            },
        }
    }

    /// A call runs for a key.
    pub(super) fn begin(&mut self, key: CallKey, digest: u64, owner: RequestId) {
        let state = State::Running(owner);
        self.known.insert(key, Key { digest, state });
    }

    /// What a call that ran for a key was told is kept, or it did not run.
    pub(super) fn end(&mut self, owner: RequestId, kept: Option<Kept>) {
        let runs = |key: &Key| matches!(key.state, State::Running(id) if id == owner);
        let found = self.known.iter().find(|(_, known)| runs(known));
        let Some(key) = found.map(|(key, _)| *key) else {
            return;
        };
        match (kept, self.known.get_mut(&key)) {
            (Some(kept), Some(known)) => known.state = State::Finished(kept),
            _ => drop(self.known.remove(&key)),
        }
    }

    /// Whether the reply of a call that follows another is right.
    pub(super) fn check_follower(&self, key: &CallKey, answer: &Answer) -> Result<(), String> {
        match self.known.get(key).map(|known| known.state) {
            Some(State::Finished(kept)) if answer.outcome != Outcome::Overloaded => {
                answer.repeats(kept, false)
            }
            Some(State::Finished(_)) => answer.says(Outcome::Overloaded, Executed::Maybe),
            Some(State::Released(_)) => Ok(()),
            // Who ran for the key was refused, or another one runs by now.
            _ => answer.says(Outcome::Overloaded, Executed::No),
        }
    }

    pub(super) fn restore(&mut self, key: CallKey, digest: u64, kept: Kept) {
        let state = State::Finished(kept);
        self.known.insert(key, Key { digest, state });
    }
}

impl Model {
    /// The server is told the time of day.
    pub fn clock(&mut self, wall: u64) {
        self.keys.wall = self.keys.wall.max(wall);
    }

    /// What a new number has to be told because of its key.
    pub(super) fn key_verdict(&self, what: &What) -> Verdict {
        match what {
            What::Numbered {
                call:
                    CallFacts {
                        key: Some(key),
                        digest,
                        ..
                    },
                ..
            } => self.keys.verdict(key, *digest, &self.config),
            _ => Verdict::Unknown,
        }
    }

    /// A call under a key begins.
    pub(super) fn begin_key(&mut self, what: &What, owner: RequestId) -> Result<(), String> {
        let What::Numbered { call, .. } = what else {
            return Ok(());
        };
        let Some(key) = call.key else { return Ok(()) };
        match self.keys.verdict(&key, call.digest, &self.config) {
            Verdict::Unknown => {}
            // Of a tombstone only the shortest life is known.
            Verdict::Refused(Outcome::Expired, ..)
                if key.id.issued >= self.keys.horizon(&self.config) => {}
            other => return Err(format!("a call begins whose key says {other:?}")),
        }
        self.keys.begin(key, call.digest, owner);
        Ok(())
    }

    /// The server has its store forget a key.
    pub(super) fn forget_key(
        &mut self,
        now: Time,
        key: &CallKey,
        visits: &mut Visits,
    ) -> Result<(), String> {
        visits.count(Visit::KeyForgotten);
        let old = key.id.issued < self.keys.horizon(&self.config);
        match self.keys.known.remove(key).map(|known| known.state) {
            _ if old => Ok(()),
            Some(State::Released(until)) if until <= now => Ok(()),
            other => Err(format!("a key is forgotten that is {other:?}")),
        }
    }

    /// The server has its store keep the time of day.
    pub(super) fn keep_clock(&self, wall: u64) -> Result<(), String> {
        if wall == self.keys.wall {
            Ok(())
        } else {
            Err(format!(
                "the time of day is {}, and {wall} is kept",
                self.keys.wall
            ))
        }
    }
}

/// The key that a call names.
pub(super) fn key_of(call: &Call<'_>) -> Option<CallKey> {
    let verifier = call.header.verifier;
    if verifier.flavor() != Flavor(SESSION_FLAVOR) {
        return None;
    }
    let said = CallVerifier::from_bytes(verifier.body())?;
    Some(CallKey {
        program: call.header.program,
        version: call.header.version,
        procedure: call.header.procedure,
        id: said.key?,
    })
}
