//! Arguments and results of the session program (rules S-5 to S-12 of `docs/protocol.md`).

use super::wire::KeyId;
use rpc_macros::Xdr;

/// Arguments of `HELLO`.
#[derive(Debug, Clone, PartialEq, Eq, Xdr)]
pub struct HelloArgs<'a> {
    /// The session protocol that the client speaks.
    pub version: u32,
    /// Zeros that make a datagram so large that no answer is larger than its question.
    pub padding: &'a [u8],
}

/// Results of `HELLO`.
#[derive(Debug, Clone, PartialEq, Eq, Xdr)]
pub struct HelloReply {
    /// A number that no other life of this server has.
    pub incarnation: u64,
    /// The store that keeps exactly-once calls, if there is one.
    pub store: Option<[u8; 16]>,
    /// To be returned in `OPEN`; it proves that the client receives what is sent to its address.
    pub cookie: [u8; 24],
}

/// Who keeps a session's promises, and so when they end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Xdr)]
pub enum Keeper {
    /// This life of the server: at-most-once and oneway calls, and those that need no record.
    Incarnation = 0,
    /// The store of completion records: exactly-once calls.
    Store = 1,
}

/// Arguments of `OPEN`. Repeating them returns the same session.
#[derive(Debug, Clone, PartialEq, Eq, Xdr)]
pub struct OpenArgs {
    /// From `HELLO`.
    pub cookie: [u8; 24],
    /// The client's random name.
    pub client: [u8; 16],
    /// Which of the client's sessions this is.
    pub nonce: u64,
    /// Who is to keep the session.
    pub keeper: Keeper,
}

/// Results of `OPEN`.
#[derive(Debug, Clone, PartialEq, Eq, Xdr)]
pub enum OpenReply {
    /// The session is granted.
    Granted(Grant),
    /// It is not.
    Refused(OpenRefusal),
}

/// A granted session.
#[derive(Debug, Clone, PartialEq, Eq, Xdr)]
pub struct Grant {
    /// Its name.
    pub session: [u8; 16],
    /// How long the server keeps it after it last heard of the client, in milliseconds.
    pub lease_ms: u32,
    /// How many unfinished calls it may have.
    pub window: u32,
}

/// Why a session is not granted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Xdr)]
pub enum OpenRefusal {
    /// The cookie is not this server's, not this address's, or too old: say hello again.
    BadCookie = 0,
    /// There are too many sessions; try later.
    Full = 1,
    /// The server has no store of completion records.
    NoStore = 2,
}

/// Arguments of `DESCRIBE`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Xdr)]
pub struct DescribeArgs {
    /// The program asked about.
    pub program: u32,
    /// Its version.
    pub version: u32,
}

/// Results of `DESCRIBE`.
#[derive(Debug, Clone, PartialEq, Eq, Xdr)]
pub enum DescribeReply {
    /// The version is served.
    Methods(Vec<MethodPrint>),
    /// The program is served, in versions from the first number to the second.
    OtherVersions(u32, u32),
    /// The program is not served.
    NoProgram,
}

/// The fingerprint of one method.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Xdr)]
pub struct MethodPrint {
    /// Its procedure number.
    pub procedure: u32,
    /// Its fingerprint.
    pub fingerprint: u64,
}

/// Arguments of `PROBE`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Xdr)]
pub struct ProbeArgs {
    /// The call asked about.
    pub seq: u64,
    /// Any number; the answer repeats it, so that the client knows which of its questions was answered.
    pub stamp: u64,
}

/// Results of `PROBE`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Xdr)]
pub struct ProbeReply {
    /// The call asked about.
    pub seq: u64,
    /// The number of the question.
    pub stamp: u64,
    /// What became of it.
    pub state: ProbeState,
}

/// What became of a call that was asked about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Xdr)]
pub enum ProbeState {
    /// No copy of it has arrived: send it again.
    NeverSeen = 0,
    /// It has arrived and is not finished.
    Running = 1,
    /// It is finished; its reply follows as a message of its own.
    Finished = 2,
    /// It was acknowledged and is forgotten.
    Expired = 3,
}

/// Arguments of `RECEIVED`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Xdr)]
pub struct ReceivedArgs {
    /// The transaction id that the call came with.
    pub xid: u32,
    /// The number of the call.
    pub seq: u64,
    /// The incarnation that has it.
    pub incarnation: u64,
}

/// Arguments of `ACK`: finished calls above the credential's `first_incomplete`.
#[derive(Debug, Clone, PartialEq, Eq, Xdr)]
pub struct AckArgs {
    /// In rising order.
    pub ranges: Vec<AckRange>,
}

/// Finished calls from one number to another, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Xdr)]
pub struct AckRange {
    /// The first.
    pub first: u64,
    /// The last.
    pub last: u64,
}

/// Arguments of `RELEASE`: nobody will ask again for the calls under these keys, so their replies may go.
#[derive(Debug, Clone, PartialEq, Eq, Xdr)]
pub struct ReleaseArgs {
    /// The keys. A client sends at most [`RELEASED_AT_ONCE`](Self::RELEASED_AT_ONCE) of them in one call.
    pub keys: Vec<ReleasedKey>,
}

impl ReleaseArgs {
    /// So many keys fit into any datagram that a network carries whole.
    pub const RELEASED_AT_ONCE: usize = 16;
}

/// A key as `RELEASE` names it: a key belongs to one procedure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Xdr)]
pub struct ReleasedKey {
    /// The program.
    pub program: u32,
    /// Its version.
    pub version: u32,
    /// The procedure.
    pub procedure: u32,
    /// What the caller called the call.
    pub key: KeyId,
}
