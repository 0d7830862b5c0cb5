//! The protocol with no I/O: bytes and time in, values out.
//!
//! - [`message`]: calls and replies of ONC RPC (RFC 5531).
//! - [`record`]: record marking, which finds messages in a stream of bytes.
//! - [`xdr`]: the canonical encoding (RFC 4506), strict and with limits.
//! - [`describe`]: what a type or an interface looks like on the wire, as static data.
//! - [`session`]: the machines of client and server, which keep the call semantics.
//! - [`time`]: points in time, which are arguments here, and what an error says of its call.
#![forbid(unsafe_code)]
extern crate self as rpc_core;

mod derived;
pub mod describe;
mod entropy;
pub mod message;
pub mod record;
pub mod session;
pub mod time;
pub mod xdr;

/// What the derives and the `#[rpc]` macro name in the code that they write. Not part of the public interface.
#[doc(hidden)]
pub mod __private {
    pub use crate::derived::{Chain, Switch, Words, is_first, is_label, misplaced, undeclared};
    pub use crate::describe::{
        Arm, Describe, Field, Interface, Method, Name, Semantics, Type, TypeFn,
    };
    pub use crate::xdr::{
        Decode, DecodeError, DecodeProblem, Decoder, Encode, EncodeError, Encoder,
    };
}
