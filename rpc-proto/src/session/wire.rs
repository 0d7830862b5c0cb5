//! The fixed parts of session messages: the credential of a call, the verifier of a reply, and what the codes mean.
//!
//! Both structures have one length and are read and written on every call, so they are laid out by hand. The rules are
//! S-1 to S-4 of `docs/protocol.md`.

use crate::time::Executed;
use crate::xdr::{self, Bounded, Limits};
use rpc_macros::Xdr;
use std::fmt;

/// The authentication flavour of the session credential and of session verifiers.
///
/// RFC 5531 has no private range of flavours; one constant above 2^30 keeps clear of the assigned ones.
pub const SESSION_FLAVOR: u32 = 0x5250_4301;

/// The program that carries what is not a call of the user's; from the range that RFC 5531 leaves to users.
pub const SESSION_PROGRAM: u32 = 0x2052_5043;

/// The version of the session program: one that programs of others hardly have.
///
/// There are servers (Remote Tea's, in Java) that look at a call's version and procedure only. They would run their own
/// procedure 1 for the `HELLO` of a version 1. Above 10, Wireshark takes a call of a program that it does not know for none.
pub const PROGRAM_VERSION: u32 = 10;

/// The version of the credential, of the verifiers and of what a client says in `HELLO`.
pub const SESSION_VERSION: u32 = 1;

/// Procedures of the session program.
pub mod procedure {
    /// Does nothing, as RFC 5531 asks of procedure 0.
    pub const NULL: u32 = 0;
    /// First contact: which incarnation is this, and a cookie for `OPEN`.
    pub const HELLO: u32 = 1;
    /// Asks for a session.
    pub const OPEN: u32 = 2;
    /// Adds another credential to a session.
    pub const BIND: u32 = 3;
    /// The fingerprints of a program's methods.
    pub const DESCRIBE: u32 = 4;
    /// What became of a call?
    pub const PROBE: u32 = 5;
    /// From the server, without a reply: the call has arrived, stop sending it.
    pub const RECEIVED: u32 = 6;
    /// Ranges of finished calls.
    pub const ACK: u32 = 7;
    /// Keys of calls that nobody will ask for again.
    pub const RELEASE: u32 = 12;
    /// Ends a session.
    pub const GOODBYE: u32 = 13;
}

/// The random name of a session. Whoever knows it can use the session on a plain network, so it is never printed.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct SessionId(pub [u8; 16]);

impl fmt::Debug for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SessionId(..)")
    }
}

/// The name of one call: its session and its number in it. The same in every copy of the call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RequestId {
    /// The session.
    pub session: SessionId,
    /// The sequence number, from 1.
    pub seq: u64,
}

/// The session credential: 64 bytes that ride in every call made on a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Credential {
    /// The session that the server granted.
    pub session: SessionId,
    /// The incarnation that the call was first sent to. Copies never change it.
    pub incarnation: u64,
    /// The number of the call; 0 for calls of the session program, which are about other calls.
    pub seq: u64,
    /// Every number below this one is finished.
    pub first_incomplete: u64,
    /// Bit `i` says that number `first_incomplete + 1 + i` is finished.
    pub done_mask: u64,
    /// Milliseconds until the caller gives up; 0 says that it has.
    pub time_left_ms: u32,
    /// Which credential bound to the session speaks; 0 is the one that opened it.
    pub principal: u32,
}

impl Credential {
    /// Bytes of the credential's body.
    pub const LEN: usize = 64;

    /// The body of the credential.
    pub fn to_bytes(&self) -> [u8; Self::LEN] {
        let mut body = [0; Self::LEN];
        body[..4].copy_from_slice(&SESSION_VERSION.to_be_bytes());
        body[8..24].copy_from_slice(&self.session.0);
        for (at, field) in [
            self.incarnation,
            self.seq,
            self.first_incomplete,
            self.done_mask,
        ]
        .into_iter()
        .enumerate()
        {
            body[24 + 8 * at..32 + 8 * at].copy_from_slice(&field.to_be_bytes());
        }
        body[56..60].copy_from_slice(&self.time_left_ms.to_be_bytes());
        body[60..].copy_from_slice(&self.principal.to_be_bytes());
        body
    }

    /// Reads a credential; `None` if it is not one of this version.
    pub fn from_bytes(body: &[u8]) -> Option<Credential> {
        let body: &[u8; Self::LEN] = body.try_into().ok()?;
        if u32_at(body, 0) != SESSION_VERSION || u32_at(body, 4) != 0 {
            return None;
        }
        let mut session = [0; 16];
        session.copy_from_slice(&body[8..24]);
        Some(Credential {
            session: SessionId(session),
            incarnation: u64_at(body, 24),
            seq: u64_at(body, 32),
            first_incomplete: u64_at(body, 40),
            done_mask: u64_at(body, 48),
            time_left_ms: u32_at(body, 56),
            principal: u32_at(body, 60),
        })
    }
}

/// The name that a caller gave to a call, so that it outlives session and process.
///
/// The digest is one over the secret of the caller's key space and the name, so that whoever does not know the secret can
/// neither use another's name nor read it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Xdr)]
pub struct KeyId {
    /// Keyed digest of the name.
    pub name_digest: [u8; 32],
    /// When the name was given, in milliseconds since 1970: chosen once by the caller and repeated since.
    pub issued: u64,
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyId(.., issued {})", self.issued)
    }
}

/// What a call made on a session may say beside its credential. A call that says nothing has an AUTH_NONE verifier.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CallVerifier {
    /// The caller's name for the call.
    pub key: Option<KeyId>,
}

/// The first word of a call's session verifier.
const CALL_KIND: u32 = 1;

/// The verifier as it is on the wire. Cause and trace have their places; nothing uses them yet.
#[derive(Clone, Debug, PartialEq, Eq, Xdr)]
struct CallVerifierBody {
    kind: u32,
    key: Option<KeyId>,
    cause: Option<Cause>,
    trace: Option<Trace>,
}

#[derive(Clone, Debug, PartialEq, Eq, Xdr)]
struct Cause {
    session: [u8; 16],
    seq: u64,
}

#[derive(Clone, Debug, PartialEq, Eq, Xdr)]
struct Trace {
    parent: [u8; 26],
    state: Bounded<Vec<u8>, 256>,
}

impl CallVerifier {
    /// The longest body of the verifier.
    pub const MAX: usize = 368;

    /// The length of a body that says a key and nothing else.
    pub const WITH_KEY: usize = 56;

    /// The body of the verifier; `None` if it says nothing.
    pub fn to_bytes(&self) -> Option<Vec<u8>> {
        self.key?;
        let body = CallVerifierBody {
            kind: CALL_KIND,
            key: self.key,
            cause: None,
            trace: None,
        };
        // All its parts are of fixed length.
        xdr::to_vec(&body).ok()
    }

    /// Reads a verifier; `None` if it is not one of ours.
    pub fn from_bytes(body: &[u8]) -> Option<CallVerifier> {
        let limits = Limits {
            message: Self::MAX,
            depth: 4,
            allocation: Self::MAX,
        };
        let body: CallVerifierBody = xdr::from_slice(body, limits).ok()?;
        (body.kind == CALL_KIND).then_some(CallVerifier { key: body.key })
    }
}

/// The session verifier: 40 bytes in every reply made on a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verifier {
    /// The incarnation that answers.
    pub incarnation: u64,
    /// The number of the call that is answered.
    pub seq: u64,
    /// What became of it.
    pub outcome: Outcome,
    /// Whether the method ran, as far as this server knows.
    pub executed: Executed,
    /// How long to wait before trying again, where that makes sense.
    pub retry_after_ms: u32,
    /// How many unfinished calls the server takes on this session.
    pub window: u32,
}

/// The first word of a reply's session verifier; a plain server that echoes a verifier never sends it with our `seq`.
const REPLY_KIND: u32 = 2;

impl Verifier {
    /// Bytes of the verifier's body.
    pub const LEN: usize = 40;

    /// The body of the verifier.
    pub fn to_bytes(&self) -> [u8; Self::LEN] {
        let mut body = [0; Self::LEN];
        body[..4].copy_from_slice(&REPLY_KIND.to_be_bytes());
        body[8..16].copy_from_slice(&self.incarnation.to_be_bytes());
        body[16..24].copy_from_slice(&self.seq.to_be_bytes());
        let executed = match self.executed {
            Executed::No => 0u32,
            Executed::Maybe => 1,
            Executed::Yes => 2,
        };
        let words = [
            self.outcome as u32,
            executed,
            self.retry_after_ms,
            self.window,
        ];
        for (at, word) in words.into_iter().enumerate() {
            body[24 + 4 * at..28 + 4 * at].copy_from_slice(&word.to_be_bytes());
        }
        body
    }

    /// Reads a verifier; `None` if it is not one of ours.
    pub fn from_bytes(body: &[u8]) -> Option<Verifier> {
        let body: &[u8; Self::LEN] = body.try_into().ok()?;
        if u32_at(body, 0) != REPLY_KIND || u32_at(body, 4) != 0 {
            return None;
        }
        Some(Verifier {
            incarnation: u64_at(body, 8),
            seq: u64_at(body, 16),
            outcome: Outcome::from_code(u32_at(body, 24))?,
            executed: match u32_at(body, 28) {
                0 => Executed::No,
                1 => Executed::Maybe,
                2 => Executed::Yes,
                _ => return None,
            },
            retry_after_ms: u32_at(body, 32),
            window: u32_at(body, 36),
        })
    }
}

/// What a server says became of a call (rule S-4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u32)]
pub enum Outcome {
    /// The method returned; its result follows.
    Returned = 0,
    /// The method panicked. The call is finished and is never run again.
    Panicked = 1,
    /// The method returned a value that cannot be encoded within the limits.
    Unencodable = 2,
    /// The reply is larger than a datagram. It stays recorded.
    ReplyTooLarge = 3,
    /// The arguments could not be decoded.
    BadArguments = 4,
    /// The server does not serve this program, this version or this procedure; the accept status says which.
    Unavailable = 5,
    /// The server has more to do than it can take.
    Overloaded = 6,
    /// The time left had run out before the method began.
    DeadlinePassed = 7,
    /// The server is shutting down.
    ShuttingDown = 8,
    /// The number is acknowledged and forgotten. This copy does not run.
    Expired = 9,
    /// The number belongs to a call with other arguments.
    Conflict = 10,
    /// The session belongs to another incarnation than this one.
    StaleIncarnation = 11,
    /// This server did not grant the session, or no longer keeps it.
    UnknownSession = 12,
    /// The session's keeper cannot keep what the method promises.
    WrongKeeper = 13,
    /// The call was started before the server died, and nobody can tell how far it came. It is never run again.
    Interrupted = 14,
    /// The store of completion records failed. The number is as it was: a copy may still run in another life of the server.
    StoreFailed = 15,
    /// The store of completion records has no room for new calls.
    StoreFull = 16,
    /// The key was issued in the future, as the server's clock has it.
    KeyAhead = 17,
}

impl Outcome {
    fn from_code(code: u32) -> Option<Outcome> {
        use Outcome::*;
        const ALL: [Outcome; 18] = [
            Returned,
            Panicked,
            Unencodable,
            ReplyTooLarge,
            BadArguments,
            Unavailable,
            Overloaded,
            DeadlinePassed,
            ShuttingDown,
            Expired,
            Conflict,
            StaleIncarnation,
            UnknownSession,
            WrongKeeper,
            Interrupted,
            StoreFailed,
            StoreFull,
            KeyAhead,
        ];
        ALL.get(usize::try_from(code).ok()?).copied()
    }
}

fn u32_at(body: &[u8], at: usize) -> u32 {
    let mut word = [0; 4];
    word.copy_from_slice(&body[at..at + 4]);
    u32::from_be_bytes(word)
}

fn u64_at(body: &[u8], at: usize) -> u64 {
    let mut word = [0; 8];
    word.copy_from_slice(&body[at..at + 8]);
    u64::from_be_bytes(word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credential_and_verifier_survive_the_wire() {
        let credential = Credential {
            session: SessionId([7; 16]),
            incarnation: 1,
            seq: 2,
            first_incomplete: 3,
            done_mask: 4,
            time_left_ms: 5,
            principal: 6,
        };
        assert_eq!(
            Credential::from_bytes(&credential.to_bytes()),
            Some(credential)
        );
        for code in 0..18 {
            let verifier = Verifier {
                incarnation: 1,
                seq: 2,
                outcome: Outcome::from_code(code).expect("declared"),
                executed: Executed::Maybe,
                retry_after_ms: 3,
                window: 4,
            };
            assert_eq!(verifier.outcome as u32, code);
            assert_eq!(Verifier::from_bytes(&verifier.to_bytes()), Some(verifier));
        }
    }

    #[test]
    fn call_verifiers_survive_the_wire() {
        let key = KeyId {
            name_digest: [9; 32],
            issued: 1_700_000_000_000,
        };
        let verifier = CallVerifier { key: Some(key) };
        let body = verifier.to_bytes().expect("it says something");
        assert_eq!(body.len(), CallVerifier::WITH_KEY);
        assert_eq!(CallVerifier::from_bytes(&body), Some(verifier));
        assert_eq!(CallVerifier::default().to_bytes(), None);

        let full = CallVerifierBody {
            kind: CALL_KIND,
            key: Some(key),
            cause: Some(Cause {
                session: [1; 16],
                seq: 2,
            }),
            trace: Some(Trace {
                parent: [3; 26],
                state: Bounded::new(vec![4; 256]).expect("within its bound"),
            }),
        };
        let body = xdr::to_vec(&full).expect("all is of bounded length");
        assert_eq!(body.len(), CallVerifier::MAX);
        assert_eq!(
            CallVerifier::from_bytes(&body).and_then(|v| v.key),
            Some(key)
        );
        let mut other = body;
        other[3] = 2;
        assert_eq!(CallVerifier::from_bytes(&other), None, "kind");
    }

    #[test]
    fn foreign_bodies_are_refused() {
        let mut body = [0; Verifier::LEN];
        assert_eq!(Verifier::from_bytes(&body), None, "kind");
        body[3] = 2;
        assert!(Verifier::from_bytes(&body).is_some());
        body[27] = 18;
        assert_eq!(Verifier::from_bytes(&body), None, "outcome");
        assert_eq!(
            Credential::from_bytes(&[0; Credential::LEN]),
            None,
            "version"
        );
        assert_eq!(Credential::from_bytes(&[0; 63]), None, "length");
    }
}
