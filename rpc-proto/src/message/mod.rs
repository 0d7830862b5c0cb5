//! Call and reply messages of ONC RPC version 2 (RFC 5531), read without copying.
//!
//! [`Message::decode`] splits a message into its header and the encoded arguments or results. Headers are written by
//! [`CallHeader::write_to`] and [`ReplyHeader::write_to`] into room that the caller left in front of the body, or appended
//! to a buffer by `encode_into`. Neither direction allocates.
//!
//! ```
//! use rpc_proto::message::{Auth, CallHeader, Message};
//!
//! let header = CallHeader {
//!     xid: 7,
//!     program: 0x2000_0bab,
//!     version: 1,
//!     procedure: 3,
//!     credential: Auth::NONE,
//!     verifier: Auth::NONE,
//! };
//! let mut bytes = Vec::new();
//! header.encode_into(&mut bytes);
//! bytes.extend_from_slice(&[0, 0, 0, 9]);
//!
//! let Message::Call(call) = Message::decode(&bytes)? else { panic!("a call went in") };
//! assert_eq!((call.header, call.args), (header, &[0, 0, 0, 9][..]));
//! # Ok::<(), rpc_proto::message::MessageError>(())
//! ```

mod auth;
mod call;
mod reply;
mod sys;
mod writer;

#[cfg(test)]
mod tests;

pub use auth::{Auth, AuthStatus, AuthTooLong, Flavor, MAX_AUTH};
pub use call::{Call, CallHeader};
pub use reply::{AcceptStatus, RejectStatus, Reply, ReplyHeader, ReplyStatus};
pub use sys::{ClaimError, SysCredential};
pub(crate) use sys::{SYS_STAMP, claimed, credential};

use crate::xdr::{DecodeError, Decoder, Limits};

/// The only version of the RPC protocol (RFC 5531, section 9).
pub const RPC_VERSION: u32 = 2;

const CALL: u32 = 0;
const REPLY: u32 = 1;

/// A whole message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Message<'a> {
    /// A request.
    Call(Call<'a>),
    /// The answer to one.
    Reply(Reply<'a>),
}

impl<'a> Message<'a> {
    /// Reads a message. What follows the header is not looked at.
    #[inline]
    pub fn decode(bytes: &'a [u8]) -> Result<Self, MessageError> {
        let mut input = Decoder::new(bytes, Limits::default());
        let [xid, kind] = input.words()?;
        match kind {
            CALL => call::decode(xid, bytes, input).map(Self::Call),
            REPLY => reply::decode(xid, bytes, input).map(Self::Reply),
            other => Err(input.bad_discriminant("msg_type", i64::from(other)).into()),
        }
    }
}

/// Why a message was refused. [`MessageError::reply`] says what to answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MessageError {
    /// It is not an RPC message: nothing can be answered.
    #[error("not an RPC message: {0}")]
    Malformed(#[from] DecodeError),
    /// It is a reply, and what it says of the call makes no sense.
    #[error("not a reply that makes sense: {problem}")]
    Reply {
        /// The transaction id of the call.
        xid: u32,
        /// The server did not look at the call (`MSG_DENIED`), for whatever reason.
        denied: bool,
        /// What is wrong with it.
        problem: DecodeError,
    },
    /// It is a call of another version of the RPC protocol.
    #[error("RPC version {version} is not spoken here")]
    RpcVersion {
        /// The call's transaction id.
        xid: u32,
        /// The version that it asks for.
        version: u32,
    },
    /// The credential or the verifier of a call is longer than RFC 5531 allows.
    #[error("the authentication is too long ({status:?})")]
    Auth {
        /// The call's transaction id.
        xid: u32,
        /// Which of the two it is.
        status: AuthStatus,
    },
}

impl MessageError {
    /// The reply that tells the caller, if it sent something that can be answered (M-9).
    pub fn reply(&self) -> Option<ReplyHeader<'static>> {
        let (xid, status) = match *self {
            Self::Malformed(_) | Self::Reply { .. } => return None,
            Self::RpcVersion { xid, .. } => (
                xid,
                RejectStatus::RpcMismatch {
                    low: RPC_VERSION,
                    high: RPC_VERSION,
                },
            ),
            Self::Auth { xid, status } => (xid, RejectStatus::AuthError(status)),
        };
        Some(ReplyHeader {
            xid,
            status: ReplyStatus::Denied(status),
        })
    }
}
