//! One entry of the registry.

use super::{Owner, Registrant};
use rpc_core::Time;
use rpc_core::matchmaker::Registration;
use std::collections::VecDeque;
use std::time::Duration;

/// An entry: a registration and its lease.
#[derive(Clone, Debug)]
pub struct Record {
    /// What the server said of itself.
    pub registration: Registration,
    /// Who registered it.
    pub registrant: Registrant,
    /// The connection whose end is the entry's end.
    pub owner: Option<Owner>,
    /// When this life of the server was first entered, or came with other contents.
    pub registered: Time,
    /// When the lease was last started.
    pub renewed: Time,
    /// The length of the lease.
    pub lease: Duration,
    /// Counts registrations: the larger, the later.
    pub(super) number: u64,
    /// The incarnations of the same instance that this one or its forerunners replaced, the last one first.
    pub(super) earlier: VecDeque<u64>,
}

impl Record {
    pub(super) fn new(
        registration: Registration,
        registrant: Registrant,
        owner: Option<Owner>,
        now: Time,
        lease: Duration,
    ) -> Self {
        Self {
            registration,
            registrant,
            owner,
            registered: now,
            renewed: now,
            lease,
            number: 0,
            earlier: VecDeque::new(),
        }
    }

    pub(super) fn renew(&mut self, now: Time, owner: Option<Owner>) {
        // A clock read by two threads may seem to step back: a renewal never makes a lease shorter.
        self.renewed = self.renewed.max(now);
        self.owner = owner;
    }

    /// When the lease ends.
    pub fn end(&self) -> Time {
        self.renewed + self.lease
    }

    /// What the entry costs in memory, roughly: its texts and numbers and their bookkeeping.
    pub fn bytes(&self) -> usize {
        let registration = &self.registration;
        let texts: usize = registration
            .endpoints
            .iter()
            .map(|endpoint| endpoint.len() + size_of::<String>())
            .sum();
        let methods =
            registration.fingerprints.len() * size_of::<rpc_core::matchmaker::MethodFingerprint>();
        // The name stands here and in the index.
        BOOKKEEPING + 2 * registration.name.len() + texts + methods
    }

    /// The name, as it is matched.
    pub(super) fn name(&self) -> String {
        self.registration.name.to_ascii_lowercase()
    }
}

/// One entry's share of the maps.
const BOOKKEEPING: usize = size_of::<Record>() + 192;
