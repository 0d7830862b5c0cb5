//! RPC whose calls mean what they say: transports, client, server and name resolution.
extern crate self as rpc_core;

mod endpoint;
mod error;
mod transport;

pub use endpoint::{Authority, Endpoint, EndpointError, EndpointProblem};
pub use error::{ConnectError, Error, ErrorKind, ResolveError};
pub use rpc_proto::time::{Executed, Retry};

pub use rpc_proto::describe::{self, Describe, Interface, Method, Semantics};
pub use rpc_proto::xdr::{self, Bounded, Decode, DecodeError, Encode, EncodeError};

/// What the code written by `#[rpc]` and `#[derive(Xdr)]` names. Not part of the public interface.
#[doc(hidden)]
pub mod __private {
    pub use rpc_proto::__private::*;
    pub use std::sync::Arc;
}
