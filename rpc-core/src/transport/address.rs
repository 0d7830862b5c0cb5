//! Where a peer is.

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;

use super::Credentials;
use crate::endpoint::{Endpoint, SocketName};

/// Where the other end of a connection is. Its text, a URI, is never empty.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Address {
    /// A TCP connection from or to there.
    Tcp(SocketAddr),
    /// A UDP socket there.
    Udp(SocketAddr),
    /// A connection inside this host, at the socket of this name: who made it, and a number that no other connection has.
    Unix {
        name: SocketName,
        credentials: Credentials,
        number: u64,
    },
    /// A connection inside this process: the endpoint's name, and a number that no other connection has.
    Mem(Arc<str>, u64),
}

impl Address {
    /// The endpoint that is there.
    pub(crate) fn endpoint(&self) -> Endpoint {
        match self {
            Address::Tcp(address) => Endpoint::Tcp((*address).into()),
            Address::Udp(address) => Endpoint::Udp((*address).into()),
            Address::Unix { name, .. } => Endpoint::Unix(name.clone()),
            Address::Mem(name, _) => Endpoint::Mem(name.to_string()),
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Address::Tcp(address) => write!(f, "tcp://{address}"),
            Address::Udp(address) => write!(f, "udp://{address}"),
            // A client's socket has no name: the process says who it is, and the number which of its connections.
            Address::Unix {
                name,
                credentials,
                number,
            } => {
                let pid = credentials.pid.unwrap_or(0);
                write!(f, "unix:{name}#{pid}.{number}")
            }
            Address::Mem(name, number) => write!(f, "mem://{name}#{number}"),
        }
    }
}
