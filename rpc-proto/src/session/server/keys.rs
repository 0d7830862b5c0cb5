//! Named calls: the same key is the same call, over whatever session it is asked for.

use super::calls::Incoming;
use super::reply::{self, Answer};
use super::{Handled, Server};
use crate::session::program::{Keeper, ReleaseArgs};
use crate::session::store::{CallKey, Change, FinishedCall};
use crate::session::wire::{Outcome, RequestId};
use crate::time::Time;
use std::collections::{BTreeSet, HashMap, VecDeque};
use std::time::Duration;

/// How far ahead of the server's clock a key may have been issued.
const AHEAD: Duration = Duration::from_secs(5 * 60);

/// What a server knows of keys.
///
/// Every key is unknown, running, finished or released. A running one has an owner, the call that runs for it; other calls
/// under the same key follow the owner and get its reply.
#[derive(Debug, Default)]
pub(super) struct Keys {
    known: HashMap<CallKey, Key>,
    /// The keys of calls that run.
    owners: HashMap<RequestId, CallKey>,
    /// By the time at which they were issued, so that those past the retention are found at once.
    by_age: BTreeSet<(u64, CallKey)>,
    /// Tombstones, and until when they stand.
    released: VecDeque<(Time, CallKey)>,
    /// Bytes of replies.
    bytes: usize,
}

#[derive(Debug)]
enum Key {
    Running {
        digest: u128,
        followers: Vec<RequestId>,
        /// The owner has ended with this; its record is not kept yet.
        end: Option<End>,
    },
    Finished {
        digest: u128,
        reply: Vec<u8>,
    },
    Released,
}

#[derive(Debug)]
struct End {
    reply: Vec<u8>,
    /// Whether the key keeps this end. One that says that nothing ran leaves the key free.
    binding: bool,
}

/// What ended: its reply, and who else waits for it.
struct Resolved {
    digest: u128,
    reply: Vec<u8>,
    binding: bool,
    followers: Vec<RequestId>,
}

impl Keys {
    pub(super) fn len(&self) -> usize {
        self.known.len()
    }

    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// A call runs for this key from now on.
    pub(super) fn begin(&mut self, key: CallKey, digest: u128, owner: RequestId) {
        let running = Key::Running {
            digest,
            followers: Vec::new(),
            end: None,
        };
        self.insert(key, running);
        self.owners.insert(owner, key);
    }

    /// Whether this call runs for a key.
    pub(super) fn is_owner(&self, id: RequestId) -> bool {
        !self.owners.is_empty() && self.owners.contains_key(&id)
    }

    /// What a store has kept under a key.
    pub(super) fn restore(&mut self, key: CallKey, digest: u128, reply: Vec<u8>) {
        self.remove(&key);
        self.bytes += reply.len();
        self.insert(key, Key::Finished { digest, reply });
    }

    /// The call that runs for a key has ended.
    pub(super) fn end(&mut self, owner: RequestId, reply: &[u8], binding: bool) {
        let key = self
            .owners
            .get(&owner)
            .and_then(|key| self.known.get_mut(key));
        if let Some(Key::Running { end, .. }) = key {
            let reply = reply.to_vec();
            *end = Some(End { reply, binding });
        }
    }

    /// The end of a call that ran for a key is kept, or need not be.
    fn resolve(&mut self, owner: RequestId) -> Option<Resolved> {
        let key = *self.owners.get(&owner)?;
        let Some(Key::Running { end: Some(_), .. }) = self.known.get(&key) else {
            return None;
        };
        self.owners.remove(&owner);
        let Some(Key::Running {
            digest,
            followers,
            end: Some(end),
        }) = self.remove(&key)
        else {
            return None;
        };
        let End { reply, binding } = end;
        if binding {
            self.restore(key, digest, reply.clone());
        }
        Some(Resolved {
            digest,
            reply,
            binding,
            followers,
        })
    }

    /// Makes a finished key a tombstone. Says whether it was finished.
    fn release(&mut self, key: CallKey, until: Time) -> bool {
        let Some(known) = self.known.get_mut(&key) else {
            return false;
        };
        let Key::Finished { reply, .. } = known else {
            return false;
        };
        self.bytes -= reply.len();
        *known = Key::Released;
        self.released.push_back((until, key));
        true
    }

    fn insert(&mut self, key: CallKey, state: Key) {
        self.by_age.insert((key.id.issued, key));
        self.known.insert(key, state);
    }

    fn remove(&mut self, key: &CallKey) -> Option<Key> {
        self.by_age.remove(&(key.id.issued, *key));
        let removed = self.known.remove(key);
        if let Some(Key::Finished { reply, .. }) = &removed {
            self.bytes -= reply.len();
        }
        removed
    }

    /// A key that was issued before `horizon` and for which nothing runs.
    fn older_than(&self, horizon: u64) -> Option<CallKey> {
        let old = self
            .by_age
            .iter()
            .take_while(|(issued, _)| *issued < horizon);
        old.map(|(_, key)| *key)
            .find(|key| !matches!(self.known.get(key), Some(Key::Running { .. })))
    }
}

impl Server {
    /// What to do with a new number under a key; `None` if it is to begin.
    pub(super) fn look_up_key(
        &mut self,
        incoming: &Incoming<'_>,
        key: CallKey,
        out: &mut Vec<u8>,
    ) -> Option<Handled> {
        let session = self.sessions.get(&incoming.id.session)?;
        let has_room = session.has_room();
        let refusal = if session.keeper != Keeper::Store {
            Some(Outcome::WrongKeeper)
        } else if self.is_past_retention(key.id.issued) {
            Some(Outcome::Expired)
        } else {
            let ahead = key.id.issued > self.wall_ms.saturating_add(millis(AHEAD));
            let full = self.keys.len() >= self.config.max_keys
                || self.keys.bytes() >= self.config.max_reply_bytes;
            let crowded = self.is_crowded();
            match self.keys.known.get_mut(&key) {
                // A key that is known was not ahead by the clock of an earlier life.
                None if ahead => Some(Outcome::KeyAhead),
                None if full => Some(Outcome::Overloaded),
                None => return None,
                Some(Key::Released) => Some(Outcome::Expired),
                // It may have run, and there is no room to say more.
                Some(_) if !has_room => Some(Outcome::StoreFailed),
                Some(Key::Running { digest, .. } | Key::Finished { digest, .. })
                    if *digest != incoming.digest =>
                {
                    Some(Outcome::Conflict)
                }
                Some(_) if crowded => {
                    return Some(self.refuse_for_good(incoming, Answer::too_much_to_keep(), out));
                }
                Some(Key::Running { followers, .. }) => {
                    followers.push(incoming.id);
                    return Some(self.follow(incoming, out));
                }
                Some(Key::Finished { reply, .. }) => {
                    let reply = reply.clone();
                    return Some(self.adopt(incoming, &reply, out));
                }
            }
        };
        refusal.map(|outcome| self.refuse_for_good(incoming, Answer::refusal(outcome), out))
    }

    /// Somebody else runs for the key of this call, and it will get that one's reply.
    fn follow(&mut self, incoming: &Incoming<'_>, out: &mut Vec<u8>) -> Handled {
        self.stats.duplicates += 1;
        let Incoming {
            now,
            id,
            asker,
            digest,
            ..
        } = *incoming;
        if let Some(session) = self.sessions.get_mut(&id.session) {
            session.begin(id.seq, digest, Some(asker), true);
        }
        if asker.datagram {
            self.running.push_back((now, id));
        }
        self.attach(asker, id.seq, out)
    }

    /// This call was answered under its key before.
    fn adopt(&mut self, incoming: &Incoming<'_>, reply: &[u8], out: &mut Vec<u8>) -> Handled {
        self.stats.duplicates += 1;
        let Incoming {
            id, asker, digest, ..
        } = *incoming;
        if let Some(session) = self.sessions.get_mut(&id.session) {
            session.begin(id.seq, digest, Some(asker), true);
        }
        if self.end_as(id, digest, reply) {
            return self.replay(id, asker, out);
        }
        self.stats.replayed += 1;
        Handled::Nothing
    }

    /// Gives a number the reply of another call of its key. Says whether it may be sent at once.
    fn end_as(&mut self, id: RequestId, digest: u128, reply: &[u8]) -> bool {
        let mut reply = reply.to_vec();
        reply::set_seq(&mut reply, id.seq);
        let durable = self.is_kept_durably(id.session);
        let Some(session) = self.sessions.get_mut(&id.session) else {
            return false;
        };
        if !durable {
            session.finish(id.seq, &reply, true, &mut self.cache);
            return true;
        }
        session.settle(id.seq, &reply, &mut self.cache);
        let finished = FinishedCall {
            digest,
            key: None,
            reply,
        };
        self.changes.push_back(Change::Finish(id, finished));
        false
    }

    /// The end of a call is kept, or need not be: those that follow it get its reply.
    pub(super) fn resolve_key(&mut self, owner: RequestId) {
        let Some(mut resolved) = self.keys.resolve(owner) else {
            return;
        };
        if !resolved.binding {
            // Why the owner was refused is its own affair; the others may try again.
            resolved.reply.clear();
            let answer = Answer::refusal(Outcome::Overloaded);
            self.put_answer(0, 0, answer, &mut resolved.reply);
        }
        let mut without = Vec::new();
        self.put_answer(0, 0, Answer::too_much_to_keep(), &mut without);
        for id in resolved.followers {
            let crowded = resolved.binding && self.is_crowded();
            let reply = if crowded { &without } else { &resolved.reply };
            if !self.end_as(id, resolved.digest, reply) {
                continue;
            }
            let known = self.sessions.get(&id.session);
            if let Some(asker) = known.and_then(|session| session.asker(id.seq)) {
                let mut message = Vec::new();
                self.replay(id, asker, &mut message);
                self.outbox.push_back((asker.route, message));
            }
        }
    }

    /// Whoever held these keys will not ask again. Copies that are still on their way are told *expired* while they can live.
    pub(super) fn release_keys(&mut self, now: Time, args: &ReleaseArgs) {
        for released in &args.keys {
            let key = CallKey {
                program: released.program,
                version: released.version,
                procedure: released.procedure,
                id: released.key,
            };
            self.keys.release(key, now + 2 * self.config.lease);
        }
    }

    /// Tells the server what time it is, in milliseconds since 1970: keys are issued and expire by it. Inside it never goes
    /// back, nor does it from one life of a durable store to the next.
    pub fn handle_clock(&mut self, wall_ms: u64) {
        self.wall_ms = self.wall_ms.max(wall_ms);
    }

    /// Drops keys past the retention, and tombstones.
    pub(super) fn sweep_keys(&mut self, now: Time) {
        let horizon = self.wall_ms.saturating_sub(millis(self.config.retention));
        let mut dropped = Vec::new();
        while let Some(key) = self.keys.older_than(horizon) {
            self.keys.remove(&key);
            dropped.push(key);
        }
        while self
            .keys
            .released
            .front()
            .is_some_and(|(until, _)| *until <= now)
        {
            if let Some((_, key)) = self.keys.released.pop_front()
                && self.keys.remove(&key).is_some()
            {
                dropped.push(key);
            }
        }
        if dropped.is_empty() || !self.store_is_durable() {
            return;
        }
        // The clock first: who asks under a dropped key after a restart is told that it is too old, whatever the clock says then.
        self.changes.push_back(Change::Clock(self.wall_ms));
        self.changes
            .extend(dropped.into_iter().map(Change::ForgetKey));
    }

    pub(super) fn is_past_retention(&self, issued: u64) -> bool {
        issued < self.wall_ms.saturating_sub(millis(self.config.retention))
    }
}

fn millis(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}
