//! What a driver gives to the client machine and gets from it.

use super::Failure;
use crate::describe::{Interface, Method};
use crate::message::SysCredential;
use crate::record::MARK;
use crate::session::wire::{Credential, KeyId};
use crate::time::Time;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

/// Times and bounds of a client.
#[derive(Debug, Clone)]
pub struct Config {
    /// How long to wait for a datagram's answer before anything was measured.
    pub first_timeout: Duration,
    /// The shortest such wait.
    pub min_timeout: Duration,
    /// The longest such wait.
    pub max_timeout: Duration,
    /// How long a call that the server has, or that went over a stream, is left alone before it is asked about.
    pub probe_interval: Duration,
    /// How long the peer may say nothing at all before the driver is asked to look for it elsewhere.
    pub silence: Duration,
    /// How long finished calls may wait for a message that tells the server of them, while nothing else is sent.
    pub ack_delay: Duration,
    /// How many calls may be in flight or waiting.
    pub max_calls: usize,
    /// The largest message that goes into a datagram.
    pub max_datagram: usize,
    /// The largest message that goes over a stream.
    pub max_message: usize,
    /// Who the client says it is, if it says so: in `HELLO` and `OPEN`, and in each call of a server without sessions.
    pub claim: Option<Arc<SysCredential>>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            first_timeout: Duration::from_millis(200),
            min_timeout: Duration::from_millis(10),
            max_timeout: Duration::from_secs(2),
            probe_interval: Duration::from_secs(1),
            silence: Duration::from_secs(3),
            ack_delay: Duration::from_millis(100),
            max_calls: 4_095,
            max_datagram: 65_507,
            max_message: 16 << 20,
            claim: None,
        }
    }
}

/// What kind of way leads to the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LinkKind {
    /// Messages arrive whole and in order, or the link breaks.
    Stream,
    /// Messages may be lost, doubled, late and out of order.
    Datagram,
}

/// A call to be made.
#[derive(Debug)]
pub struct Request {
    /// The interface that the method belongs to.
    pub interface: &'static Interface,
    /// The method.
    pub method: &'static Method,
    /// [`HEADROOM`] bytes of any content, then the encoded arguments.
    pub message: Vec<u8>,
    /// The caller's name for the call, if it has one. Only exactly-once calls may.
    pub key: Option<Key>,
    /// When the caller gives up.
    pub deadline: Time,
    /// At the deadline, should the method have to run once and may have run, the call is shelved: it ends, and keeps its
    /// number until [`ask_again`](super::Client::ask_again) or [`give_up`](super::Client::give_up).
    pub shelve: bool,
}

/// A caller's name for a call: copies under one key on different sessions of one store are one call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Key {
    /// What the server is told.
    pub id: KeyId,
    /// The only store that may be asked, if there is one: to any other the call would be a new one.
    pub store: Option<[u8; 16]>,
    /// Somebody may have sent this call before, so as long as nothing is known of it, it may have run.
    pub asked_before: bool,
}

impl From<KeyId> for Key {
    /// A key under which nothing was sent yet.
    fn from(id: KeyId) -> Self {
        Self {
            id,
            store: None,
            asked_before: false,
        }
    }
}

/// Bytes to leave free before encoded arguments: the record mark, the call header and the session credential.
pub const HEADROOM: usize = MARK + 24 + 8 + Credential::LEN + 8;

/// Names a call to the driver. No two calls of one client have the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CallId {
    pub(super) slot: u32,
    pub(super) serial: u32,
}

impl CallId {
    /// A small number that no other call has that is in flight at the same time.
    pub fn slot(self) -> usize {
        self.slot as usize
    }
}

/// A call that has ended.
#[derive(Debug)]
pub struct Finished {
    /// Which.
    pub call: CallId,
    /// The request's buffer, for the next one; empty if the call is shelved.
    pub buffer: Vec<u8>,
    /// Where the encoded result stands in the message that was just handled, or what went wrong.
    pub result: Result<Range<usize>, Failure>,
    /// The call keeps its number: ask again, or give it up.
    pub shelved: bool,
}

/// A message to be sent.
#[derive(Debug)]
pub struct Transmit<'a> {
    /// The call that it carries, if it carries one; to be named in `handle_unsent`.
    pub call: Option<CallId>,
    /// A record mark and the message.
    pub framed: &'a [u8],
}

impl Transmit<'_> {
    /// The message without the record mark, as it goes into a datagram.
    pub fn message(&self) -> &[u8] {
        &self.framed[MARK..]
    }
}

/// What a client has done so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Calls begun.
    pub calls: u64,
    /// Copies of calls sent beyond the first of each attempt.
    pub retransmissions: u64,
    /// Attempts beyond the first of each call.
    pub retries: u64,
    /// Questions what became of a call.
    pub probes: u64,
    /// Sessions granted.
    pub sessions: u64,
}

/// Whether calls of one interface can be made at once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Readiness {
    /// Not yet: first contact is under way.
    Pending,
    /// Yes.
    Ready,
    /// The server answered, and calls of this interface would fail.
    Refused(Failure),
}
