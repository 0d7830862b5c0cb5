//! RPC whose calls mean what they say: transports, client, server and name resolution.
//!
//! [`#[rpc]`](macro@rpc) on a trait writes its client and its service, [`#[derive(Xdr)]`](macro@Xdr) gives a type of yours its
//! encoding. A [`Server`] answers at its endpoints; a method of the client gives a [`Call`], which is waited for, awaited or
//! started.
//!
//! ```
//! use rpc_core::{Server, rpc};
//!
//! #[rpc(program = 0x2000_0bab, version = 1)]
//! trait Bank {
//!     #[rpc(readonly)]
//!     fn balance(&self, account: u64) -> u64;
//! }
//!
//! struct Books;
//!
//! impl Bank for Books {
//!     fn balance(&self, account: u64) -> u64 {
//!         100 * account
//!     }
//! }
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let server = Server::builder()
//!     .serve(BankService::new(Books))
//!     .listen("tcp://127.0.0.1:0")
//!     .start()?;
//! let bank = BankClient::connect(&server.endpoints()[0].to_string())?;
//! assert_eq!(bank.balance(7).wait()?, 700);
//! # Ok(())
//! # }
//! ```
//!
//! Features, none of which is on unless asked for:
//!
//! - `durable`: [`DurableStore`](store), completion records in an embedded database, by which `exactly_once` outlives the
//!   server's process;
//! - `postcard`: `Postcard<T>` and `#[rpc(codec = "postcard")]`, any serde type as an argument or a result.

extern crate self as rpc_core;

mod client;
mod context;
pub mod contract;
mod endpoint;
mod error;
pub mod matchmaker;
mod nested;
#[cfg(feature = "postcard")]
mod postcard;
pub mod rpcbind;
mod server;
mod service;
pub mod store;
mod system;
mod transport;

pub use client::{
    Call, Client, ClientFileError, KeySpace, Oneway, Pending, Resolve, SessionFile, Stats,
    Unanswered, Unfinished,
};
pub use context::{Claim, Connection, Context, Peer};
pub use endpoint::{Authority, Endpoint, EndpointError, EndpointProblem, SocketName, Transport};
pub use error::{ConnectError, Error, ErrorKind, ResolveError};
pub use rpc_macros::{Xdr, rpc};
pub use rpc_proto::message::{AuthStatus, ClaimError, RejectStatus};
pub use rpc_proto::time::{Executed, Retry, Time};

#[cfg(feature = "postcard")]
pub use postcard::Postcard;
#[cfg(feature = "durable")]
pub use redb;
pub use rpc_proto::describe::{self, Describe, Interface, Method, Semantics};
pub use rpc_proto::xdr::{
    self, Bounded, BoxedArray, Decode, DecodeError, Encode, EncodeError, Uuid,
};
pub use server::{HeldUp, Server, ServerBuilder, ServerStats, ShutdownError, StartError};
pub use service::{Effects, Recovery, ServeError, Service};
#[cfg(feature = "durable")]
pub use store::DurableStore;
pub use store::{CompletionStore, MemoryCompletions};
pub use transport::Credentials;

/// What the code written by `#[rpc]` and `#[derive(Xdr)]` names. Not part of the public interface.
#[doc(hidden)]
pub mod __private {
    pub use crate::client::{Channel, from_reply};
    #[cfg(feature = "postcard")]
    pub use crate::postcard::{Postcard, from_item};
    pub use crate::{Context, Effects, Recovery, ServeError, Service};
    pub use rpc_proto::__private::*;
    pub use std::sync::Arc;
}
