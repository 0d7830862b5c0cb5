//! Sessions: what lets a call run once although messages are lost, doubled and late and servers die.
//!
//! [`client::Client`] and [`server::Server`] are machines without I/O. A driver feeds them messages and the time through
//! `handle_*` and carries out what `poll_*` and the return values say. `docs/protocol.md` states the rules (S-1 and
//! on) that both follow; neither machine knows the other.

pub mod client;
mod ids;
mod numbers;
pub mod program;
pub mod server;
pub mod store;
pub mod wire;

/// What a transport guarantees about who can listen and speak on it, from least to most.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Security {
    /// Anyone on the way can read, drop and forge messages.
    Network,
    /// Messages cannot leave this host.
    Local,
}

/// Writes the record mark into the first bytes of a framed message: one fragment, the last (RFC 5531, section 11).
///
/// A message too long for one fragment gets no mark; the limits of both machines lie far below that.
fn frame(framed: &mut [u8]) {
    if let Ok(mark) = crate::record::mark(framed.len() - crate::record::MARK) {
        framed[..crate::record::MARK].copy_from_slice(&mark);
    }
}
