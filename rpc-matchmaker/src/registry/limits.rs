//! What a registry holds at most.

use std::time::Duration;

/// What a registry will hold at most, and for how long.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Entries in all. One registrant alone gets half of them: it may have as much as it leaves free.
    pub entries: usize,
    /// Entries under one name.
    pub entries_per_name: usize,
    /// Bytes of registrations in all, likewise, as [`Record::bytes`](super::Record::bytes) counts them.
    pub bytes: usize,
    /// Entries in one page of a list, not counting those that finish the last name.
    pub page: usize,
    /// The shortest lease that is granted: who asks for less gets this.
    pub shortest_lease: Duration,
    /// The longest lease that is granted: who asks for more gets this.
    pub longest_lease: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            entries: 262_144,
            entries_per_name: 64,
            bytes: 512 << 20,
            page: 64,
            shortest_lease: Duration::from_secs(1),
            longest_lease: Duration::from_secs(60),
        }
    }
}
