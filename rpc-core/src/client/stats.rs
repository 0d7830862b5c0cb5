//! What a client has done so far.

/// What a client has done so far, on all its clones together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// Calls made.
    pub calls: u64,
    /// Copies of messages sent again because no answer came in time. They are no retries: the server knows them as copies.
    pub retransmissions: u64,
    /// Calls made again, as new ones, because the server refused them for the moment or their method may run twice.
    pub retries: u64,
    /// Connections made beyond the first.
    pub reconnects: u64,
}
