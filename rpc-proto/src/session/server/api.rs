//! What a driver gives to the server machine and gets from it.

use super::plain::Remembered;
use super::session::Asker;
use crate::describe::{Interface, Method};
use crate::message::SysCredential;
use crate::session::Security;
use crate::session::store::{CallKey, RETENTION};
use crate::session::wire::RequestId;
use crate::time::Time;
use crate::xdr::Limits;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

/// Bounds and times of a server.
#[derive(Debug, Clone)]
pub struct Config {
    /// How long a session is kept after the server last heard of its client.
    pub lease: Duration,
    /// How many unfinished calls a session may have.
    pub window: u32,
    /// How many sessions there may be.
    pub max_sessions: usize,
    /// How many bytes of replies are kept before new calls are refused. As many again may be kept under keys.
    pub max_reply_bytes: usize,
    /// How long a call that came in a datagram may run before its client is told to stop sending it.
    pub early_ack: Duration,
    /// How long after `HELLO` its cookie is good for `OPEN`.
    pub cookie_life: Duration,
    /// The largest message that goes into a datagram.
    pub max_datagram: usize,
    /// How long a record under a key is kept after the key was issued.
    pub retention: Duration,
    /// How many keys there may be before new ones are refused.
    pub max_keys: usize,
    /// For how long after its end a call of a peer without sessions is remembered, so that copies of it do not run.
    pub plain_age: Duration,
    /// How many bytes are kept of such calls, replies included: at least 64 KiB.
    pub max_plain_bytes: usize,
    /// How many such calls may be under way before no more are taken; of one peer, no more than are left.
    pub max_plain_calls: usize,
    /// Limits for decoding the arguments of the session program.
    pub limits: Limits,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            lease: Duration::from_secs(30),
            window: 256,
            max_sessions: 16_384,
            max_reply_bytes: 256 << 20,
            early_ack: Duration::from_millis(20),
            cookie_life: Duration::from_secs(30),
            max_datagram: 65_507,
            retention: RETENTION,
            max_keys: 1 << 20,
            plain_age: Duration::from_secs(120),
            max_plain_bytes: 64 << 20,
            max_plain_calls: 1024,
            limits: Limits {
                message: 65_536,
                depth: 8,
                allocation: 65_536,
            },
        }
    }
}

/// An interface that a server offers.
#[derive(Clone, Copy, Debug)]
pub struct Offer {
    /// What it looks like.
    pub interface: &'static Interface,
    /// Where the effects of its exactly-once methods are.
    pub effects: Effects,
}

impl From<&'static Interface> for Offer {
    /// Effects that are elsewhere: the kind that assumes nothing.
    fn from(interface: &'static Interface) -> Self {
        Self {
            interface,
            effects: Effects::Elsewhere,
        }
    }
}

/// Where the effects of exactly-once methods are, and so what a crash leaves of one that ran.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effects {
    /// Anywhere. That a call starts is kept before it begins, since afterwards nobody knows how far it came.
    Elsewhere,
    /// All of them are in the transaction that commits its record: a call without a record did not run.
    InTransaction,
}

/// A way back to a peer, as the driver numbers them: a connection, or an address of a datagram socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Route(pub u64);

/// Where a message came from.
#[derive(Clone, Copy, Debug)]
pub struct Origin<'a> {
    /// The way back.
    pub route: Route,
    /// Bytes that are the same for every message of this peer: cookies are bound to them.
    pub address: &'a [u8],
    /// Bytes that are the same when the peer comes back over another connection: its host, whatever its port. Of an address of
    /// 16 bytes, the first 8 are taken for its network.
    pub host: &'a [u8],
    /// By which of the server's endpoints the message came in, and so over which transport.
    pub listener: u64,
    /// Whether the way loses messages, doubles them and limits their size.
    pub datagram: bool,
    /// What the transport guarantees.
    pub security: Security,
}

/// What a message asks of the driver.
#[derive(Debug)]
pub enum Handled {
    /// Nothing.
    Nothing,
    /// To read no more from the stream, and to give this message once more when there may be
    /// [room](super::Server::plain_calls_under_way) for another call of this peer, which has no session.
    NoRoom,
    /// To send back what was appended to the reply buffer.
    Reply,
    /// To run a method, then to call [`Server::handle_done`](super::Server::handle_done).
    Run(Run),
}

/// What the driver has to do now that a change is kept.
#[derive(Debug)]
pub enum Resumed {
    /// Nothing.
    Nothing,
    /// To send what was appended to the buffer.
    Reply(Route),
    /// To run a method with these arguments, then to call [`Server::handle_done`](super::Server::handle_done).
    Run(Run, Vec<u8>),
}

/// A method to be run.
#[derive(Debug)]
pub struct Run {
    /// To be given back with the result.
    pub token: Token,
    /// Which of the interfaces that the server was made with.
    pub interface: usize,
    /// The method; `None` for procedure 0, which does nothing and returns nothing.
    pub method: Option<&'static Method>,
    /// Where the arguments stand in the message.
    pub args: Range<usize>,
    /// When the caller gives up; plain callers do not say.
    pub deadline: Option<Time>,
    /// Who the caller says it is, if it does: with this call, or when it asked for its session.
    pub claimed: Option<Arc<SysCredential>>,
}

/// Stands for a call that was begun. It is given back exactly once.
#[derive(Debug)]
pub struct Token {
    pub(super) id: Option<RequestId>,
    pub(super) asker: Asker,
    pub(super) oneway: bool,
    /// By what copies of it are known, if its caller has no session and it must not run twice.
    pub(super) remembered: Option<Remembered>,
    /// What its record holds beside the reply, if a durable store is to keep it.
    pub(super) record: Option<Box<TokenRecord>>,
}

#[derive(Clone, Debug)]
pub(super) struct TokenRecord {
    pub(super) digest: u128,
    pub(super) key: Option<CallKey>,
    /// That it starts is kept, since its effects are elsewhere.
    pub(super) started: bool,
    pub(super) incarnation: u64,
    pub(super) window: u32,
}

impl Token {
    /// The name of the call; plain callers give none.
    pub fn id(&self) -> Option<RequestId> {
        self.id
    }

    /// Whether the reply leaves only when a durable store has kept it.
    pub fn awaits_record(&self) -> bool {
        self.record.is_some()
    }

    /// Whether nobody waits for a reply.
    pub fn is_oneway(&self) -> bool {
        self.oneway
    }

    /// Gives its caller no reply, however it ends. For plain callers: those with a session wait for one.
    pub fn leave_unanswered(&mut self) {
        self.oneway = true;
    }
}

/// How a begun call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Done {
    /// The method returned; its encoded result stands in the buffer.
    Returned,
    /// It panicked.
    Panicked,
    /// It panicked, and all that it did was rolled back with its transaction.
    RolledBack,
    /// The store could not carry out its transaction: nothing is recorded.
    StoreFailed,
    /// It returned a value that cannot be encoded.
    Unencodable,
    /// The arguments could not be decoded; it did not run.
    BadArguments,
    /// It has no such procedure; it did not run.
    NoProcedure,
    /// The server has more calls than it can take; it did not run.
    Overloaded,
    /// The caller's time had run out before the method could begin; it did not run.
    DeadlinePassed,
    /// The server is shutting down; it did not run.
    ShuttingDown,
}

impl Done {
    /// Whether the method was not run.
    pub(super) fn is_refusal(self) -> bool {
        use Done::*;
        matches!(
            self,
            BadArguments | NoProcedure | Overloaded | DeadlinePassed | ShuttingDown
        )
    }
}

/// What a server has done so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Methods begun.
    pub begun: u64,
    /// Copies of running or finished calls, which were not run again.
    pub duplicates: u64,
    /// Of those, the ones answered with a recorded reply.
    pub replayed: u64,
    /// Copies of forgotten calls.
    pub expired: u64,
    /// Calls refused without running.
    pub refused: u64,
}
