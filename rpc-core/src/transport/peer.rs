//! The other end of a call.

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;

/// Who is at the other end of a call. Its text is never empty.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Peer {
    /// A TCP connection from or to this address.
    Tcp(SocketAddr),
    /// A UDP socket at this address.
    Udp(SocketAddr),
    /// A connection inside this process.
    Mem {
        /// The endpoint's name.
        name: Arc<str>,
        /// Counts the connections of this process.
        number: u64,
    },
    /// No transport at all: the service is called in the caller's own thread.
    Local,
}

impl fmt::Display for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Peer::Tcp(address) => write!(f, "tcp://{address}"),
            Peer::Udp(address) => write!(f, "udp://{address}"),
            Peer::Mem { name, number } => write!(f, "mem://{name}#{number}"),
            Peer::Local => f.write_str("local"),
        }
    }
}
