//! rpcbind, by which the programs of the ONC RPC world find each other (RFC 1833): its contract, `idl/rpcbind.x`, and how our
//! servers and clients use it.
//!
//! A server registers at its host's rpcbind (`.register("rpcbind://")`), a client asks that of any host (`rpcbind://host`).
//! Unlike a [`matchmaker`](crate::matchmaker), an rpcbind knows programs and versions by number and nothing of names, it holds
//! one address for each transport, and it does not notice when a server dies.

mod desk;
mod failure;
#[allow(
    missing_docs,
    reason = "generated from the contract, which is where it is documented"
)]
#[rustfmt::skip]
mod generated;
mod registrar;
mod resolver;
mod universal;

use crate::endpoint::{Authority, Endpoint};
pub use failure::RpcbindError;
pub use generated::*;
pub(crate) use registrar::Registered;
pub(crate) use resolver::Resolver;
use std::net::{Ipv4Addr, SocketAddr};
pub use universal::{from_universal, netid, to_universal};

/// Where an rpcbind answers within its host.
pub const SOCKET: &str = "/run/rpcbind.sock";

/// The TCP and the UDP port at which an rpcbind answers.
pub const PORT: u16 = 111;

/// This host's rpcbind on the network.
fn loopback() -> Authority {
    SocketAddr::from((Ipv4Addr::LOCALHOST, PORT)).into()
}

/// This host's rpcbind at its socket.
fn socket() -> Option<Endpoint> {
    SOCKET.parse().ok().map(Endpoint::Unix)
}
