//! The matchmaker: a registry that tells clients where services are.
//!
//! - [`registry`] is the state machine behind it, without I/O.
//! - [`Desk`] serves the contract, `idl/matchmaker.idl`, from it.
//! - [`Daemon`] is a running matchmaker; programs that want one inside themselves start it here.
//! - [`rpcbind`] is the other registry that a matchmaker may serve, that of the ONC RPC world.
//! - [`cli`] is the `matchmaker` program.

pub mod cli;
mod daemon;
mod desk;
pub mod registry;
pub mod rpcbind;
mod state;

pub use daemon::{Daemon, DaemonError, default_endpoints};
pub use desk::{Desk, MOST_WATCHERS};
pub use state::{StateError, StateFile};
