//! Tables and rows of the durable store's file, format 1. `docs/completion-store.md` has them for readers.

use crate::store::{
    CallKey, FinishedCall, Forgotten, KeptSession, KeyId, RequestId, Security, SessionId,
    StartedCall, SysCredential,
};
use redb::TableDefinition;
use rpc_macros::Xdr;
use rpc_proto::xdr::{self, Decode, Encode, EncodeError, Limits};

/// The format that is written here. Each row begins with the format that it was written in, so that a later version can
/// read what it finds, row by row.
pub(super) const FORMAT: u32 = 1;

/// Bytes of a request id.
pub(super) const CALL: usize = 24;
/// Bytes of a call's key.
pub(super) const KEY: usize = 52;

/// What is there once, by name: [`FORMAT_ROW`], [`IDENTITY_ROW`], [`CLOCK_ROW`].
pub(super) const STORE: TableDefinition<&str, &[u8]> = TableDefinition::new("rpc.store");
/// Session id to [`SessionRow`].
pub(super) const SESSIONS: TableDefinition<&[u8; 16], &[u8]> = TableDefinition::new("rpc.sessions");
/// Request id to [`CallRow`].
pub(super) const CALLS: TableDefinition<&[u8; CALL], &[u8]> = TableDefinition::new("rpc.calls");
/// Key to [`KeyRow`].
pub(super) const KEYS: TableDefinition<&[u8; KEY], &[u8]> = TableDefinition::new("rpc.keys");

/// The format of the file: one word.
pub(super) const FORMAT_ROW: &str = "format";
/// [`IdentityRow`].
pub(super) const IDENTITY_ROW: &str = "identity";
/// [`ClockRow`].
pub(super) const CLOCK_ROW: &str = "clock";

#[derive(Xdr)]
pub(super) struct IdentityRow {
    pub(super) format: u32,
    pub(super) id: [u8; 16],
    pub(super) secret: [u8; 16],
}

#[derive(Xdr)]
pub(super) struct ClockRow {
    pub(super) format: u32,
    pub(super) wall_ms: u64,
}

/// Its discriminant is the row's format: sessions of clients that say who they are need more than those of format 1 hold.
#[derive(Xdr)]
#[xdr(switch = u32)]
pub(super) enum SessionRow {
    #[xdr(case = 1)]
    Nameless(SessionFields),
    #[xdr(case = 2)]
    Claiming(SessionFields, SysCredential),
}

#[derive(Xdr)]
pub(super) struct SessionFields {
    client: [u8; 16],
    nonce: u64,
    identity: [u8; 16],
    security: SecurityWord,
    below: u64,
    above: Vec<(u64, u64)>,
}

#[derive(Clone, Copy, Xdr)]
enum SecurityWord {
    Network = 0,
    Local = 1,
}

#[derive(Xdr)]
pub(super) struct CallRow<'a> {
    format: u32,
    digest: [u8; 16],
    key: Option<KeyFields>,
    state: State<'a>,
}

#[derive(Xdr)]
#[xdr(switch = u32)]
enum State<'a> {
    #[xdr(case = 0)]
    Started {
        program: u32,
        version: u32,
        procedure: u32,
        args: &'a [u8],
    },
    #[xdr(case = 1)]
    Finished { reply: &'a [u8] },
}

#[derive(Xdr)]
struct KeyFields {
    program: u32,
    version: u32,
    procedure: u32,
    id: KeyId,
}

#[derive(Xdr)]
pub(super) struct KeyRow<'a> {
    pub(super) format: u32,
    pub(super) digest: [u8; 16],
    pub(super) reply: &'a [u8],
}

/// What a row of the table of calls says.
pub(super) enum CallState {
    Started(StartedCall),
    Finished(FinishedCall),
}

/// A row's bytes.
pub(super) fn encode(row: &impl Encode) -> Result<Vec<u8>, EncodeError> {
    xdr::to_vec(row)
}

/// A row from its bytes, all of them; what is wrong with it otherwise.
pub(super) fn decode<'a, T: Decode<'a> + Row>(bytes: &'a [u8]) -> Result<T, String> {
    // Written by this crate and never longer than memory: the limits are those of the encoding.
    let limits = Limits {
        message: usize::MAX,
        depth: 8,
        allocation: usize::MAX,
    };
    let row: T = xdr::from_slice(bytes, limits).map_err(|error| error.to_string())?;
    match row.format() {
        FORMAT => Ok(row),
        other => Err(format!("it is of format {other}")),
    }
}

/// Whether a row of the table of calls says that a call under a key has started.
pub(super) fn is_start_under_key(row: &[u8]) -> bool {
    decode::<CallRow<'_>>(row)
        .is_ok_and(|row| row.key.is_some() && matches!(row.state, State::Started { .. }))
}

/// A row says which format it is of.
pub(super) trait Row {
    fn format(&self) -> u32;
}

macro_rules! rows {
    ($($row:ty)*) => {
        $(impl Row for $row {
            fn format(&self) -> u32 {
                self.format
            }
        })*
    };
}

rows!(IdentityRow ClockRow CallRow<'_> KeyRow<'_>);

impl Row for SessionRow {
    /// Both are read here; any other one is no case of it.
    fn format(&self) -> u32 {
        FORMAT
    }
}

impl SessionRow {
    pub(super) fn new(session: &KeptSession) -> Self {
        let fields = SessionFields {
            client: session.client,
            nonce: session.nonce,
            identity: session.identity.to_be_bytes(),
            security: match session.security {
                Security::Network => SecurityWord::Network,
                Security::Local => SecurityWord::Local,
            },
            below: session.forgotten.below,
            above: session.forgotten.above.clone(),
        };
        match &session.claimed {
            None => Self::Nameless(fields),
            Some(claim) => Self::Claiming(fields, claim.clone()),
        }
    }

    pub(super) fn session(self) -> KeptSession {
        let (fields, claimed) = match self {
            Self::Nameless(fields) => (fields, None),
            Self::Claiming(fields, claim) => (fields, Some(claim)),
        };
        KeptSession {
            client: fields.client,
            nonce: fields.nonce,
            identity: u128::from_be_bytes(fields.identity),
            claimed,
            security: match fields.security {
                SecurityWord::Network => Security::Network,
                SecurityWord::Local => Security::Local,
            },
            forgotten: Forgotten {
                below: fields.below,
                above: fields.above,
            },
        }
    }
}

impl<'a> CallRow<'a> {
    pub(super) fn started(call: &'a StartedCall) -> Self {
        Self {
            format: FORMAT,
            digest: call.digest.to_be_bytes(),
            key: call.key.map(KeyFields::new),
            state: State::Started {
                program: call.program,
                version: call.version,
                procedure: call.procedure,
                args: &call.args,
            },
        }
    }

    pub(super) fn finished(call: &'a FinishedCall) -> Self {
        Self {
            format: FORMAT,
            digest: call.digest.to_be_bytes(),
            key: call.key.map(KeyFields::new),
            state: State::Finished { reply: &call.reply },
        }
    }

    pub(super) fn call(self) -> CallState {
        let digest = u128::from_be_bytes(self.digest);
        let key = self.key.map(KeyFields::key);
        match self.state {
            State::Started {
                program,
                version,
                procedure,
                args,
            } => CallState::Started(StartedCall {
                digest,
                key,
                program,
                version,
                procedure,
                args: args.to_vec(),
            }),
            State::Finished { reply } => CallState::Finished(FinishedCall {
                digest,
                key,
                reply: reply.to_vec(),
            }),
        }
    }
}

impl KeyFields {
    fn new(key: CallKey) -> Self {
        Self {
            program: key.program,
            version: key.version,
            procedure: key.procedure,
            id: key.id,
        }
    }

    fn key(self) -> CallKey {
        CallKey {
            program: self.program,
            version: self.version,
            procedure: self.procedure,
            id: self.id,
        }
    }
}

/// Session, then number, so that a session's calls stand together in their order.
pub(super) fn call_bytes(session: SessionId, seq: u64) -> [u8; CALL] {
    let mut bytes = [0; CALL];
    bytes[..16].copy_from_slice(&session.0);
    bytes[16..].copy_from_slice(&seq.to_be_bytes());
    bytes
}

pub(super) fn call_id(bytes: &[u8; CALL]) -> RequestId {
    let (mut session, mut seq) = ([0; 16], [0; 8]);
    session.copy_from_slice(&bytes[..16]);
    seq.copy_from_slice(&bytes[16..]);
    RequestId {
        session: SessionId(session),
        seq: u64::from_be_bytes(seq),
    }
}

pub(super) fn key_bytes(key: &CallKey) -> [u8; KEY] {
    let mut bytes = [0; KEY];
    for (at, word) in [key.program, key.version, key.procedure]
        .into_iter()
        .enumerate()
    {
        bytes[4 * at..4 * at + 4].copy_from_slice(&word.to_be_bytes());
    }
    bytes[12..44].copy_from_slice(&key.id.name_digest);
    bytes[44..].copy_from_slice(&key.id.issued.to_be_bytes());
    bytes
}

pub(super) fn key_id(bytes: &[u8; KEY]) -> CallKey {
    let word = |at: usize| {
        let mut word = [0; 4];
        word.copy_from_slice(&bytes[at..at + 4]);
        u32::from_be_bytes(word)
    };
    let (mut name_digest, mut issued) = ([0; 32], [0; 8]);
    name_digest.copy_from_slice(&bytes[12..44]);
    issued.copy_from_slice(&bytes[44..]);
    CallKey {
        program: word(0),
        version: word(4),
        procedure: word(8),
        id: KeyId {
            name_digest,
            issued: u64::from_be_bytes(issued),
        },
    }
}
