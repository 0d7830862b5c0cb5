//! What one client may know, worked out from nothing but the messages that it handed over and those that reached it.
//!
//! The oracle reads the bytes and follows the rules of the session protocol, not the client machine, whose mistakes it is
//! to find: it says of every error which answer to *did it run?* is the strongest that these messages allow.

mod heard;
mod sent;
mod verdict;

use super::map::FastMap;
use rpc_core::{Executed, Time};
use rpc_proto::session::program::Keeper;
use rpc_proto::session::wire::SessionId;
pub use sent::Outgoing;
use std::time::Duration;

/// A link as the oracle tells them apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LinkId {
    /// No two links have the same.
    pub number: u32,
    /// Whether it keeps the order and loses nothing as long as it stands.
    pub stream: bool,
}

/// The number of a call in a session.
type Name = (SessionId, u64);

/// Watches one client.
#[derive(Debug, Default)]
pub struct Oracle {
    link: Option<LinkId>,
    sessions: FastMap<SessionId, Session>,
    attempts: FastMap<Name, Attempt>,
    /// What each transaction id was used for last.
    questions: FastMap<u32, Question>,
    calls: FastMap<u64, Call>,
    /// Attempts that the server said it has; asked about at least once a second.
    received: Vec<Name>,
    /// Cookies and who gave them in answer to `HELLO` on this link.
    hellos: Vec<([u8; 24], Grantor)>,
    last_incarnation: Option<u64>,
    /// When `HELLO` was answered last.
    hello_heard: Time,
    /// The last `HELLO`, while it is not answered. Answers to earlier copies may be from another time.
    hello: Option<u32>,
    /// Copies that were sent because the server asked to try again later, and calls that succeeded.
    again_after_trouble: u32,
    succeeded: u32,
    /// Some server said that it has no room for a session.
    pub told_full: bool,
}

/// A server as its `HELLO` shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Grantor {
    incarnation: u64,
    store: Option<[u8; 16]>,
}

/// A session that a server granted to this client.
#[derive(Debug)]
struct Session {
    keeper: Keeper,
    grantor: Grantor,
    /// Later lives of a server that granted it again, since the client had not heard the first grant.
    granted_again: Vec<u64>,
    lease: Duration,
    window: u32,
    /// Sending times of messages that were answered: the lease counts from no earlier than the last of them.
    renewed: Time,
    /// The same for a client that is more careful than it need be about which of several copies was answered.
    surely: Time,
    /// A server said that it does not know it.
    unknown: bool,
    /// The client may have let go of it, since its lease was over once, another server answered `HELLO`, or it has opened
    /// another; a late answer does not bring it back.
    lapsed: bool,
    /// Numbers in use that are not finished.
    unfinished: u32,
    /// The `first_incomplete` that was sent last.
    told_first: u64,
    /// Numbers above it that were acknowledged without having been sent.
    unseen: Vec<u64>,
}

/// All copies that carry one number.
#[derive(Debug)]
struct Attempt {
    call: u64,
    incarnation: u64,
    digest: u64,
    /// A second run does no harm, or there is none, since the store knows the key.
    repeatable: bool,
    /// What it was told is true of all copies under its key.
    of_the_key: bool,
    /// Copies handed over, and those of them on the present link.
    copies: u32,
    copies_here: u32,
    /// What the answers to it say.
    told: Told,
    /// There was an answer when the client may already have given the attempt up, to make another one; or it may not.
    doubtful: bool,
    /// The link on which the server said that it has the call; copies on it end.
    received: Option<u32>,
    /// When it was said so, or asked about last.
    asked: Time,
    /// A server said on this link that it never saw it.
    never_seen: bool,
    /// Its caller was told that the deadline has passed, and has not asked again.
    shelved: bool,
    /// It is over for the client: the number may be acknowledged.
    finished: bool,
}

/// What the answers to an attempt say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Told {
    /// There was none that says anything.
    Nothing,
    /// It ended, and nobody knows how far it came.
    Over,
    /// It did not run and never will.
    No,
    /// As `No`, since a stream that carried all copies told that the server does not know the session.
    NoInOrder,
    /// It ran to its end, but has no result.
    Yes,
    /// This is its result, by the number of the execution.
    Result(u64),
}

/// What a transaction id asked for.
#[derive(Clone, Copy, Debug)]
struct Question {
    kind: Asked,
    /// When it was first asked under this id.
    first: Time,
    link: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Asked {
    Call(Name),
    Probe(Name),
    Session(SessionId),
    Description(SessionId),
    Hello,
    Open(Keeper, Grantor),
}

/// One call of this client.
#[derive(Debug, Default)]
struct Call {
    attempts: Vec<Name>,
    /// The server asked for a pause; the next attempt is the answer.
    troubled: bool,
    /// A bit for each outcome that servers told.
    outcomes: u32,
}

impl Oracle {
    /// The client has another link, or none.
    pub fn link(&mut self, link: Option<LinkId>) {
        self.link = link;
        self.hellos.clear();
        self.hello = None;
        for name in std::mem::take(&mut self.received) {
            if let Some(attempt) = self.attempts.get_mut(&name) {
                attempt.received = None;
            }
        }
        for attempt in self.attempts.values_mut() {
            attempt.copies_here = 0;
            attempt.never_seen = false;
        }
    }

    /// The sessions that the client, which has nothing open, goes on using: it leaves an idle one after three fifths of the
    /// lease.
    pub fn usable_sessions(&self, now: Time) -> impl Iterator<Item = SessionId> {
        let known = !self.hellos.is_empty();
        let left = move |session: &Session| now >= session.surely + session.lease * 3 / 5;
        self.sessions
            .iter()
            .filter(move |_| known)
            .filter(move |(id, session)| !self.is_gone(now, **id) && !left(session))
            .map(|(id, _)| *id)
    }

    /// Whether the client may have let go of a session: its lease is over, it is unknown, or another keeper is there.
    fn is_gone(&self, now: Time, id: SessionId) -> bool {
        self.sessions.get(&id).is_none_or(|session| {
            session.unknown || session.lapsed || now >= session.surely + session.lease * 4 / 5
        })
    }

    /// Whether the server that keeps the session has said on this link who it is.
    fn is_at_keeper(&self, session: &Session) -> bool {
        self.hellos.iter().any(|(_, at)| session.is_kept_by(at))
    }

    fn session(&mut self, id: SessionId) -> Result<&mut Session, String> {
        self.sessions.get_mut(&id).ok_or_else(|| {
            "a session credential is used that no OPEN has granted to this client".to_owned()
        })
    }
}

impl Session {
    /// Whether the server that shows itself so is the keeper of the session.
    fn is_kept_by(&self, at: &Grantor) -> bool {
        match self.keeper {
            Keeper::Incarnation => at.incarnation == self.grantor.incarnation,
            Keeper::Store => at.store == self.grantor.store,
        }
    }
}

/// What a client must not use a session for any more: later than four fifths of the lease after the sending of the last
/// message that was answered.
fn usable_until(session: &Session) -> Time {
    session.renewed + session.lease * 4 / 5
}

/// One more answer about an attempt; what is certain stays.
fn better(told: Told, more: Told) -> Told {
    let rank = |told| match told {
        Told::Nothing => 0,
        Told::Over => 1,
        Told::No | Told::NoInOrder => 2,
        Told::Yes => 3,
        Told::Result(_) => 4,
    };
    if rank(more) > rank(told) { more } else { told }
}

fn executed(told: Told) -> Executed {
    match told {
        Told::Nothing | Told::Over => Executed::Maybe,
        Told::No | Told::NoInOrder => Executed::No,
        Told::Yes | Told::Result(_) => Executed::Yes,
    }
}
