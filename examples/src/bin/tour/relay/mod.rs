//! A bad network on one machine: it stands between the clients and the bank and harms what passes, in both directions.
//!
//! Datagrams are dropped, doubled and held back so that later ones overtake them. A stream cannot lose or double bytes,
//! so the relay cuts it, in the middle of a message where it happens to be: the client must ask again on a new
//! connection, not knowing whether the bank got the call, and that is how a stream loses and doubles.
//!
//! The bank behind it may come and go: a relay keeps its own address, and is told where the bank is now.

mod datagrams;
mod destination;
mod dice;
mod streams;
mod transport;

use std::fmt;
use std::io;
use std::net::{SocketAddr, TcpListener, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

pub use destination::Destination;
pub use dice::Dice;
pub use transport::Transport;

use crate::grouped::grouped;

/// Of a hundred datagrams, so many are lost, sent twice, held back.
const DROPPED: u64 = 20;
const DOUBLED: u64 = 20;
const HELD_BACK: u64 = 20;
/// The longest time for which a datagram is held back, in microseconds.
const HELD_BACK_FOR: u64 = 3_000;
/// A stream is cut in one of its first so many pieces, in each direction.
const CUT_WITHIN: u64 = 100;

/// A relay that has its address but not yet a destination.
pub enum Relay {
    Datagrams(UdpSocket),
    Streams(TcpListener),
}

/// What the relay has done so far.
pub struct Damage {
    transport: Transport,
    passed: AtomicU64,
    dropped: AtomicU64,
    doubled: AtomicU64,
    held_back: AtomicU64,
    cut: AtomicU64,
}

impl Relay {
    /// Takes a free port on loopback.
    pub fn bind(transport: Transport) -> io::Result<Self> {
        let any_port = "127.0.0.1:0";
        Ok(match transport {
            Transport::Udp => Self::Datagrams(UdpSocket::bind(any_port)?),
            Transport::Tcp => Self::Streams(TcpListener::bind(any_port)?),
        })
    }

    /// Where clients reach it.
    pub fn address(&self) -> io::Result<SocketAddr> {
        match self {
            Self::Datagrams(socket) => socket.local_addr(),
            Self::Streams(listener) => listener.local_addr(),
        }
    }

    /// Relays to wherever `server` is, until the process ends.
    pub fn run(self, server: &Destination, seed: u64, damage: &Arc<Damage>) -> io::Result<()> {
        let dice = Dice::new(seed);
        match self {
            Self::Datagrams(socket) => datagrams::relay(socket, server, dice, damage),
            Self::Streams(listener) => streams::relay(&listener, server, dice, damage),
        }
    }
}

impl Damage {
    pub fn none_yet(transport: Transport) -> Self {
        Self {
            transport,
            passed: AtomicU64::new(0),
            dropped: AtomicU64::new(0),
            doubled: AtomicU64::new(0),
            held_back: AtomicU64::new(0),
            cut: AtomicU64::new(0),
        }
    }
}

fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}

impl fmt::Display for Damage {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let read = |counter: &AtomicU64| grouped(counter.load(Ordering::Relaxed));
        let [passed, dropped] = [read(&self.passed), read(&self.dropped)];
        let [doubled, held, cut] = [&self.doubled, &self.held_back, &self.cut].map(read);
        match self.transport {
            Transport::Tcp => write!(out, "passed {passed} pieces and cut {cut} connections"),
            Transport::Udp => write!(
                out,
                "met {passed} datagrams, dropped {dropped}, doubled {doubled}, held back {held}"
            ),
        }
    }
}
