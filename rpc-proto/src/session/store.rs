//! What a store of completion records is told, and what it gives back to the server's next life.
//!
//! The server machine says what changes ([`Change`]); the driver has the store keep the changes, many of them in one
//! durable commit, and then tells the machine what is kept ([`Subject`]). The machine sends nothing that rests on a change
//! before it was told so. All of it is plain data, so a store is a few tables of bytes: `docs/completion-store.md`.

use super::Security;
use super::wire::{KeyId, RequestId, SessionId};
use crate::message::SysCredential;
use std::fmt;
use std::time::Duration;

/// What a store is known by. Both numbers are random and were drawn when the store was made.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct StoreIdentity {
    /// The public name: clients know by it that they have found the keeper of their sessions again.
    pub id: [u8; 16],
    /// Keys the digests that the store's records hold, so it must be the same in every life of the server.
    pub secret: [u8; 16],
    /// Whether what it keeps outlives the process. Of one that does not the machine asks nothing.
    pub durable: bool,
}

impl StoreIdentity {
    /// That of a store which is gone with its process, from random bytes.
    pub fn passing(random: [u8; 32]) -> Self {
        let (mut id, mut secret) = ([0; 16], [0; 16]);
        id.copy_from_slice(&random[..16]);
        secret.copy_from_slice(&random[16..]);
        Self {
            id,
            secret,
            durable: false,
        }
    }
}

/// The secret is never printed.
impl fmt::Debug for StoreIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoreIdentity")
            .field("id", &self.id)
            .field("durable", &self.durable)
            .finish_non_exhaustive()
    }
}

/// One change of what a store keeps. Changes are kept in the order in which they are said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// A session is granted. The answer to `OPEN` waits until this is kept.
    Grant(SessionId, KeptSession),
    /// A call whose effects are not in the store is about to begin. It begins when this is kept.
    Start(RequestId, StartedCall),
    /// A call has ended; a start of it is replaced. Its reply leaves when this is kept.
    Finish(RequestId, FinishedCall),
    /// The record of a call goes, its start or its end, but not what is kept under its key: it did not run after all, or its
    /// number is forgotten already.
    Drop(RequestId),
    /// These numbers of the session are acknowledged: their records go, but not [starts under a key](StartedCall::key).
    /// Nothing waits for this.
    Forget(SessionId, Forgotten),
    /// The session is over: it goes with all its records. Records under a key stay, [starts](StartedCall::key) too. Nothing
    /// waits for this.
    End(SessionId),
    /// The record under a key goes. Nothing waits for this.
    ForgetKey(CallKey),
    /// No record under a key issued before the retention counted back from here is needed again: milliseconds since 1970,
    /// never less than an earlier one. Nothing waits for this.
    Clock(u64),
}

impl Change {
    /// Whom to tell the machine about when this is kept; `None` if nothing waits for it.
    pub fn subject(&self) -> Option<Subject> {
        match self {
            Change::Grant(session, _) => Some(Subject::Session(*session)),
            Change::Start(call, _) | Change::Finish(call, _) => Some(Subject::Call(*call)),
            _ => None,
        }
    }
}

/// What waits for a change to be kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Subject {
    /// The grant of a session.
    Session(SessionId),
    /// The start or the end of a call.
    Call(RequestId),
}

/// What is kept of a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptSession {
    /// The client's random name.
    pub client: [u8; 16],
    /// Which of the client's sessions this is.
    pub nonce: u64,
    /// Digest of the credential that it was opened with.
    pub identity: u128,
    /// Who the client said that it is.
    pub claimed: Option<SysCredential>,
    /// The least that a transport must guarantee to carry it.
    pub security: Security,
    /// Which of its numbers are forgotten.
    pub forgotten: Forgotten,
}

/// Which numbers of a session are forgotten.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Forgotten {
    /// All below this one.
    pub below: u64,
    /// And these intervals `first..=last` above it, in rising order, not touching each other.
    pub above: Vec<(u64, u64)>,
}

impl Forgotten {
    /// Whether this number is forgotten.
    pub fn contains(&self, seq: u64) -> bool {
        seq < self.below
            || self
                .above
                .iter()
                .any(|&(first, last)| (first..=last).contains(&seq))
    }
}

/// What is kept of a call that begins: enough to ask the service, after a crash, whether it ran.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StartedCall {
    /// Keyed digest of program, version, procedure and arguments.
    pub digest: u128,
    /// The key that the caller gave it, if any. Then the record stays until the call has ended or is dropped, whatever
    /// becomes of its number and its session: who asks under the key after a crash must not be taken for the first.
    pub key: Option<CallKey>,
    /// The program.
    pub program: u32,
    /// Its version.
    pub version: u32,
    /// The procedure.
    pub procedure: u32,
    /// The encoded arguments.
    pub args: Vec<u8>,
}

/// What is kept of a call that has ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FinishedCall {
    /// Keyed digest of program, version, procedure and arguments.
    pub digest: u128,
    /// If there is one, digest and reply are kept under it too, until [`Change::ForgetKey`].
    pub key: Option<CallKey>,
    /// The framed reply; only its transaction id changes from copy to copy.
    pub reply: Vec<u8>,
}

/// A call's name beyond its session: the same key is the same call, whoever of its key space asks and over which session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CallKey {
    /// The program.
    pub program: u32,
    /// Its version.
    pub version: u32,
    /// The procedure.
    pub procedure: u32,
    /// What the caller said.
    pub id: KeyId,
}

/// All that a store holds, for a server that begins.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Kept {
    /// The sessions.
    pub sessions: Vec<(SessionId, KeptSession)>,
    /// Calls that were started and not finished.
    pub started: Vec<(RequestId, StartedCall)>,
    /// Calls that are finished.
    pub finished: Vec<(RequestId, FinishedCall)>,
    /// Digests and replies kept under keys.
    pub keys: Vec<(CallKey, u128, Vec<u8>)>,
    /// The latest [`Change::Clock`], or 0.
    pub clock: u64,
}

impl Kept {
    /// Carries out one change: what every store has to do, in the shortest words. It searches; real stores have tables.
    pub fn apply(&mut self, change: &Change) {
        match change {
            Change::Grant(id, session) => {
                self.sessions.retain(|(other, _)| other != id);
                self.sessions.push((*id, session.clone()));
            }
            Change::Start(call, started) => {
                self.drop_calls(|other| other == *call);
                self.started.push((*call, started.clone()));
            }
            Change::Finish(call, finished) => {
                self.drop_calls(|other| other == *call);
                if let Some(key) = finished.key {
                    self.keys.retain(|(other, ..)| *other != key);
                    let (digest, reply) = (finished.digest, finished.reply.clone());
                    self.keys.push((key, digest, reply));
                }
                self.finished.push((*call, finished.clone()));
            }
            Change::Drop(call) => self.drop_calls(|other| other == *call),
            Change::Forget(id, forgotten) => {
                self.forget_calls(|call| call.session == *id && forgotten.contains(call.seq));
                for (_, session) in self.sessions.iter_mut().filter(|(other, _)| other == id) {
                    session.forgotten = forgotten.clone();
                }
            }
            Change::End(id) => {
                self.sessions.retain(|(other, _)| other != id);
                self.forget_calls(|call| call.session == *id);
            }
            Change::ForgetKey(key) => self.keys.retain(|(other, ..)| other != key),
            Change::Clock(clock) => self.clock = self.clock.max(*clock),
        }
    }

    /// Of a call under a key, that it has started is needed until it has ended.
    fn forget_calls(&mut self, which: impl Fn(RequestId) -> bool) {
        self.started
            .retain(|(call, started)| started.key.is_some() || !which(*call));
        self.finished.retain(|(call, _)| !which(*call));
    }

    fn drop_calls(&mut self, which: impl Fn(RequestId) -> bool) {
        self.started.retain(|(call, _)| !which(*call));
        self.finished.retain(|(call, _)| !which(*call));
    }
}

/// What a service finds out about a call that was started before a crash and has no end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Recovered {
    /// It ran: the encoded result.
    Did(Vec<u8>),
    /// It did not run: the next copy of it may.
    DidNot,
    /// Nobody can tell: the caller is told so, and it is never run again.
    CannotTell,
}

/// How long a record under a key is kept after the time at which the key was issued, unless said otherwise.
pub const RETENTION: Duration = Duration::from_secs(24 * 60 * 60);
