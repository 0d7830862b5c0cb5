//! The matchmaker as rpcbind: program 100000, versions 2, 3 and 4 (RFC 1833), for the programs of the ONC RPC world.
//!
//! - [`table`] holds the registrations, [`statistics`] counts; both are without I/O.
//! - [`Portmapper`] serves the contract, `idl/rpcbind.x`, from them; [`metered`] keeps the rules about datagrams.
//! - [`Rpcbind`] is a running one.

mod caller;
mod daemon;
mod desk;
mod indirect;
pub mod metered;
mod multicast;
mod native;
mod nearest;
mod netid;
pub mod statistics;
pub mod table;
mod universal;

pub use caller::Owner;
pub use daemon::{Rpcbind, RpcbindError, default_endpoints};
pub use desk::Portmapper;
pub use netid::Netid;
