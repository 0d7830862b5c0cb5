//! What a store holds after a list of changes, in the plainest way there is.

use crate::store::{
    CallKey, Change, FinishedCall, Kept, KeptSession, RequestId, SessionId, StartedCall,
};
use std::collections::BTreeMap;

/// What a store has to hold after the changes that it was told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Model {
    sessions: BTreeMap<[u8; 16], KeptSession>,
    calls: BTreeMap<([u8; 16], u64), Record>,
    keys: BTreeMap<CallKey, (u128, Vec<u8>)>,
    clock: u64,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Record {
    Started(StartedCall),
    Finished(FinishedCall),
}

impl Model {
    /// One change more.
    pub fn apply(&mut self, change: &Change) {
        match change {
            Change::Grant(session, kept) => {
                self.sessions.insert(session.0, kept.clone());
            }
            Change::Start(call, started) => self.record(call, Record::Started(started.clone())),
            Change::Finish(call, finished) => {
                if let Some(key) = finished.key {
                    let kept = (finished.digest, finished.reply.clone());
                    self.keys.insert(key, kept);
                }
                self.record(call, Record::Finished(finished.clone()));
            }
            Change::Drop(call) => {
                self.calls.remove(&(call.session.0, call.seq));
            }
            Change::Forget(session, forgotten) => {
                if let Some(kept) = self.sessions.get_mut(&session.0) {
                    kept.forgotten = forgotten.clone();
                }
                self.calls
                    .retain(|(of, seq), _| *of != session.0 || !forgotten.contains(*seq));
            }
            Change::End(session) => {
                self.sessions.remove(&session.0);
                self.calls.retain(|(of, _), _| *of != session.0);
            }
            Change::ForgetKey(key) => {
                self.keys.remove(key);
            }
            Change::Clock(wall_ms) => self.clock = *wall_ms,
        }
    }

    /// Nobody would ever ask for, or remove, the record of a call whose session is over or whose number is forgotten.
    fn record(&mut self, call: &RequestId, record: Record) {
        let session = self.sessions.get(&call.session.0);
        if session.is_some_and(|session| !session.forgotten.contains(call.seq)) {
            self.calls.insert((call.session.0, call.seq), record);
        }
    }

    /// All of it, in rising order.
    pub fn kept(&self) -> Kept {
        let mut kept = Kept {
            clock: self.clock,
            ..Kept::default()
        };
        for (session, record) in &self.sessions {
            kept.sessions.push((SessionId(*session), record.clone()));
        }
        for ((session, seq), record) in &self.calls {
            let id = RequestId {
                session: SessionId(*session),
                seq: *seq,
            };
            match record {
                Record::Started(call) => kept.started.push((id, call.clone())),
                Record::Finished(call) => kept.finished.push((id, call.clone())),
            }
        }
        for (key, (digest, reply)) in &self.keys {
            kept.keys.push((*key, *digest, reply.clone()));
        }
        kept
    }
}

/// The same in rising order: a store may give what it holds in any.
pub(super) fn sorted(mut kept: Kept) -> Kept {
    kept.sessions.sort_by_key(|(session, _)| session.0);
    kept.started.sort_by_key(|(id, _)| (id.session.0, id.seq));
    kept.finished.sort_by_key(|(id, _)| (id.session.0, id.seq));
    kept.keys.sort_by_key(|(key, ..)| *key);
    kept
}
