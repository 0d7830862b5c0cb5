//! Sessions: what lets a call run once although messages are lost, doubled and late and servers die.
//!
//! [`client::Client`] and [`server::Server`] are machines without I/O. A driver feeds them messages and the time through
//! `handle_*` and carries out what `poll_*` and the return values say. `docs/protocol.md` states the rules (S-1 and
//! on) that both follow; neither machine knows the other.

mod numbers;
pub mod program;
pub mod server;
pub mod wire;

/// What a transport guarantees about who can listen and speak on it, from least to most.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Security {
    /// Anyone on the way can read, drop and forge messages.
    Network,
    /// Messages cannot leave this host.
    Local,
}
