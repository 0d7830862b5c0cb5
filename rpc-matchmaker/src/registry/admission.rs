//! Whether there is a place for a registration, and which one.

use super::{Record, Registrant, Registry};
use rpc_core::matchmaker::{RegisterError, Registration};
use std::collections::VecDeque;

/// What a registration takes the place of.
#[derive(Default)]
pub(super) struct Place {
    pub(super) ended: Vec<u64>,
    /// The entry of the very same life, whose lease number stays.
    pub(super) repeated: Option<u64>,
    /// The instance's earlier incarnations, the last one first.
    pub(super) earlier: VecDeque<u64>,
}

/// What one registrant holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Share {
    pub(super) entries: usize,
    pub(super) bytes: usize,
}

impl Registry {
    /// Which entries a registration takes the place of, or why it comes too late. What others registered is not among them,
    /// whatever instance the registration claims to be: instances are shown to everybody.
    pub(super) fn place_of(
        &self,
        name: &str,
        by: Registrant,
        new: &Registration,
    ) -> Result<Place, RegisterError> {
        let mut place = Place::default();
        for (lease, record) in self.entries.of_name(name) {
            let old = &record.registration;
            if old.instance != new.instance || record.registrant != by {
                continue;
            }
            if record.earlier.contains(&new.incarnation) {
                return Err(RegisterError::Superseded);
            }
            place.earlier.clone_from(&record.earlier);
            if old.incarnation != new.incarnation {
                place.ended.push(lease);
                place.earlier.push_front(old.incarnation);
                place.earlier.truncate(EARLIER);
            } else if (old.program, old.version) == (new.program, new.version) {
                place.ended.push(lease);
                place.repeated = Some(lease);
            }
        }
        Ok(place)
    }

    /// Whether `record` fits in, `ended` gone.
    pub(super) fn check_room(
        &self,
        name: &str,
        record: &Record,
        ended: &[u64],
    ) -> Result<(), RegisterError> {
        let freed = Share {
            entries: ended.len(),
            bytes: ended
                .iter()
                .filter_map(|lease| self.entries.get(*lease))
                .map(Record::bytes)
                .sum(),
        };
        let of_name = self.entries.of_name(name).count() - freed.entries;
        if of_name >= self.limits.entries_per_name {
            return full(self.limits.entries_per_name);
        }
        let own = self.share(record.registrant);
        check(
            own.entries - freed.entries,
            self.len() - freed.entries,
            1,
            freed.entries,
            self.limits.entries,
        )?;
        check(
            own.bytes - freed.bytes,
            self.bytes - freed.bytes,
            record.bytes(),
            freed.bytes,
            self.limits.bytes,
        )
    }

    pub(super) fn share(&self, registrant: Registrant) -> Share {
        self.shares.get(&registrant).copied().unwrap_or_default()
    }
}

/// Whether `more` may be added to `held`, of which `own` is the registrant's. It may have as much as it leaves free for others,
/// so nobody fills the registry alone. Who takes no more than before, `freed`, always may.
fn check(
    own: usize,
    held: usize,
    more: usize,
    freed: usize,
    limit: usize,
) -> Result<(), RegisterError> {
    if more <= freed {
        return Ok(());
    }
    match limit.checked_sub(held + more) {
        None => full(limit),
        Some(free) if own + more > free + 1 => full(own),
        Some(_) => Ok(()),
    }
}

fn full(limit: usize) -> Result<(), RegisterError> {
    Err(RegisterError::Full {
        limit: u32::try_from(limit).unwrap_or(u32::MAX),
    })
}

/// How many earlier incarnations of an instance are remembered, to refuse what they send late.
pub(super) const EARLIER: usize = 8;
