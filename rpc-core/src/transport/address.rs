//! Where a peer is.

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;

use crate::endpoint::Endpoint;

/// Where the other end of a connection is. Its text, a URI, is never empty.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Address {
    /// A TCP connection from or to there.
    Tcp(SocketAddr),
    /// A UDP socket there.
    Udp(SocketAddr),
    /// A connection inside this process: the endpoint's name, and a number that no other connection has.
    Mem(Arc<str>, u64),
}

impl Address {
    /// The endpoint that is there.
    pub(crate) fn endpoint(&self) -> Endpoint {
        match self {
            Address::Tcp(address) => Endpoint::Tcp((*address).into()),
            Address::Udp(address) => Endpoint::Udp((*address).into()),
            Address::Mem(name, _) => Endpoint::Mem(name.to_string()),
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Address::Tcp(address) => write!(f, "tcp://{address}"),
            Address::Udp(address) => write!(f, "udp://{address}"),
            Address::Mem(name, number) => write!(f, "mem://{name}#{number}"),
        }
    }
}
