use super::auth::{Auth, AuthStatus};
use super::writer::{Writer, append};
use super::{MessageError, REPLY};
use crate::xdr::{DecodeError, Decoder};

const MSG_ACCEPTED: u32 = 0;
const MSG_DENIED: u32 = 1;

const SUCCESS: u32 = 0;
const PROG_UNAVAIL: u32 = 1;
const PROG_MISMATCH: u32 = 2;
const PROC_UNAVAIL: u32 = 3;
const GARBAGE_ARGS: u32 = 4;
const SYSTEM_ERR: u32 = 5;

const RPC_MISMATCH: u32 = 0;
const AUTH_ERROR: u32 = 1;

/// A reply message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reply<'a> {
    /// What became of which call.
    pub header: ReplyHeader<'a>,
    /// The results, still encoded; empty unless the status is [`AcceptStatus::Success`].
    pub results: &'a [u8],
}

/// What stands before the results of a reply (M-4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReplyHeader<'a> {
    /// The transaction id of the call.
    pub xid: u32,
    /// What became of it.
    pub status: ReplyStatus<'a>,
}

/// Whether a call was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReplyStatus<'a> {
    /// The server knew the caller (`MSG_ACCEPTED`); it may still not have run the procedure.
    Accepted {
        /// What proves the server, if anything.
        verifier: Auth<'a>,
        /// What became of the call.
        status: AcceptStatus,
    },
    /// The server did not look at the call (`MSG_DENIED`).
    Denied(RejectStatus),
}

/// What became of an accepted call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AcceptStatus {
    /// It ran; results follow.
    Success,
    /// The program is not served here (`PROG_UNAVAIL`).
    ProgramUnavailable,
    /// This version of it is not (`PROG_MISMATCH`).
    ProgramMismatch {
        /// The lowest version that is.
        low: u32,
        /// The highest version that is.
        high: u32,
    },
    /// The program has no such procedure (`PROC_UNAVAIL`).
    ProcedureUnavailable,
    /// The arguments cannot be decoded (`GARBAGE_ARGS`).
    GarbageArgs,
    /// The server failed (`SYSTEM_ERR`).
    SystemError,
}

/// Why a call was not looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RejectStatus {
    /// The version of RPC is not 2 (`RPC_MISMATCH`).
    RpcMismatch {
        /// The lowest version spoken.
        low: u32,
        /// The highest version spoken.
        high: u32,
    },
    /// The caller was not believed (`AUTH_ERROR`).
    AuthError(AuthStatus),
}

/// For people: what the server says.
impl std::fmt::Display for RejectStatus {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::RpcMismatch { low, high } if low == high => {
                write!(f, "it speaks only version {low} of RPC")
            }
            Self::RpcMismatch { low, high } => {
                write!(f, "it speaks versions {low} to {high} of RPC")
            }
            Self::AuthError(status) => write!(f, "{status}"),
        }
    }
}

impl<'a> ReplyHeader<'a> {
    /// The header of a reply that was accepted.
    #[inline]
    pub fn accepted(xid: u32, verifier: Auth<'a>, status: AcceptStatus) -> Self {
        Self {
            xid,
            status: ReplyStatus::Accepted { verifier, status },
        }
    }

    /// How many bytes the header takes; always a multiple of 4.
    #[inline]
    pub fn encoded_len(&self) -> usize {
        match &self.status {
            ReplyStatus::Accepted {
                verifier,
                status: AcceptStatus::ProgramMismatch { .. },
            } => 16 + verifier.encoded_len() + 8,
            ReplyStatus::Accepted { verifier, .. } => 16 + verifier.encoded_len(),
            ReplyStatus::Denied(RejectStatus::RpcMismatch { .. }) => 24,
            ReplyStatus::Denied(RejectStatus::AuthError(_)) => 20,
        }
    }

    /// Writes the header into `out`, which must be exactly [`encoded_len`](Self::encoded_len) bytes long.
    #[inline]
    pub fn write_to(&self, out: &mut [u8]) {
        let mut out = Writer::new(out);
        out.u32(self.xid);
        out.u32(REPLY);
        match &self.status {
            ReplyStatus::Accepted { verifier, status } => {
                out.u32(MSG_ACCEPTED);
                out.auth(verifier);
                write_accepted(&mut out, *status);
            }
            ReplyStatus::Denied(status) => {
                out.u32(MSG_DENIED);
                write_denied(&mut out, *status);
            }
        }
        out.finish();
    }

    /// Appends the header to `out`.
    #[inline]
    pub fn encode_into(&self, out: &mut Vec<u8>) {
        append(out, self.encoded_len(), |out| self.write_to(out));
    }
}

#[inline]
fn write_accepted(out: &mut Writer<'_>, status: AcceptStatus) {
    match status {
        AcceptStatus::Success => out.u32(SUCCESS),
        AcceptStatus::ProgramUnavailable => out.u32(PROG_UNAVAIL),
        AcceptStatus::ProgramMismatch { low, high } => {
            out.u32(PROG_MISMATCH);
            out.u32(low);
            out.u32(high);
        }
        AcceptStatus::ProcedureUnavailable => out.u32(PROC_UNAVAIL),
        AcceptStatus::GarbageArgs => out.u32(GARBAGE_ARGS),
        AcceptStatus::SystemError => out.u32(SYSTEM_ERR),
    }
}

fn write_denied(out: &mut Writer<'_>, status: RejectStatus) {
    match status {
        RejectStatus::RpcMismatch { low, high } => {
            out.u32(RPC_MISMATCH);
            out.u32(low);
            out.u32(high);
        }
        RejectStatus::AuthError(status) => {
            out.u32(AUTH_ERROR);
            out.u32(status as u32);
        }
    }
}

/// Reads what follows `xid` and message type. Only a success may be followed by anything.
#[inline]
pub(super) fn decode<'a>(
    xid: u32,
    bytes: &'a [u8],
    mut input: Decoder<'a>,
) -> Result<Reply<'a>, MessageError> {
    // A denial says that much even if it gives no reason that is known.
    let mut denied = false;
    let mut read = || match input.u32()? {
        MSG_ACCEPTED => {
            let verifier = Auth::decode(&mut input)?;
            let status = decode_accepted(&mut input)?;
            Ok(ReplyStatus::Accepted { verifier, status })
        }
        MSG_DENIED => {
            denied = true;
            Ok(ReplyStatus::Denied(decode_denied(&mut input)?))
        }
        other => Err(input.bad_discriminant("reply_stat", i64::from(other))),
    };
    let read = read();
    let results = &bytes[input.position()..];
    let checked = read.and_then(|status| match status {
        ReplyStatus::Accepted {
            status: AcceptStatus::Success,
            ..
        } => Ok(status),
        _ => input.finish().map(|()| status),
    });
    match checked {
        Ok(status) => Ok(Reply {
            header: ReplyHeader { xid, status },
            results,
        }),
        Err(problem) => Err(MessageError::Reply {
            xid,
            denied,
            problem,
        }),
    }
}

#[inline]
fn decode_accepted(input: &mut Decoder<'_>) -> Result<AcceptStatus, DecodeError> {
    Ok(match input.u32()? {
        SUCCESS => AcceptStatus::Success,
        PROG_UNAVAIL => AcceptStatus::ProgramUnavailable,
        PROG_MISMATCH => AcceptStatus::ProgramMismatch {
            low: input.u32()?,
            high: input.u32()?,
        },
        PROC_UNAVAIL => AcceptStatus::ProcedureUnavailable,
        GARBAGE_ARGS => AcceptStatus::GarbageArgs,
        SYSTEM_ERR => AcceptStatus::SystemError,
        other => return Err(input.bad_discriminant("accept_stat", i64::from(other))),
    })
}

fn decode_denied(input: &mut Decoder<'_>) -> Result<RejectStatus, DecodeError> {
    Ok(match input.u32()? {
        RPC_MISMATCH => RejectStatus::RpcMismatch {
            low: input.u32()?,
            high: input.u32()?,
        },
        AUTH_ERROR => RejectStatus::AuthError(AuthStatus::decode(input)?),
        other => return Err(input.bad_discriminant("reject_stat", i64::from(other))),
    })
}
