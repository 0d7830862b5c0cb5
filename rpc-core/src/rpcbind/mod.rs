//! rpcbind, by which the programs of the ONC RPC world find each other (RFC 1833): its contract, `idl/rpcbind.x`.

#[allow(
    missing_docs,
    reason = "generated from the contract, which is where it is documented"
)]
#[rustfmt::skip]
mod generated;

pub use generated::*;

/// Where an rpcbind answers within its host.
pub const SOCKET: &str = "/run/rpcbind.sock";

/// The TCP and the UDP port at which an rpcbind answers.
pub const PORT: u16 = 111;
