//! Names of calls: several clients ask under one key, at once, later, and after the death of who asked first.

use super::World;
use crate::simulation::clock::MS;
use crate::simulation::ledger::Promise;
use crate::simulation::service::OUTSIDE;
use crate::simulation::visits::Visit;
use rpc_core::describe::{Interface, Method, Semantics};
use rpc_proto::session::client::Key;
use rpc_proto::session::program::ReleasedKey;
use rpc_proto::session::wire::KeyId;

/// A name, and who asks under it.
pub(super) struct Group {
    key: Key,
    interface: &'static Interface,
    method: &'static Method,
    /// The first call: the others have its arguments.
    subject: u64,
    /// Calls under it that have not ended.
    open: Vec<u64>,
    /// Nobody may ask under it again.
    closed: bool,
}

/// The name of one call.
pub(super) struct Named {
    pub(super) interface: &'static Interface,
    pub(super) method: &'static Method,
    pub(super) key: Key,
    /// The call whose arguments it has; `None` for its own.
    pub(super) subject: Option<u64>,
}

/// When the world begins, in milliseconds since 1970.
const EPOCH: u64 = 1_700_000_000_000;

const MINUTE: i64 = 60_000;

impl World {
    /// The time of day that servers are told.
    pub(super) fn wall(&self) -> u64 {
        (EPOCH + self.now / MS).saturating_add_signed(self.skew)
    }

    /// Somebody sets the clock, forward or back.
    pub(super) fn jump(&mut self) {
        self.visit(Visit::ClockJump);
        let far = self
            .rng
            .pick(&[MINUTE / 10, MINUTE, 20 * MINUTE, 1800 * MINUTE]);
        self.skew = if self.rng.chance(500) { far } else { -far };
    }

    /// The name of a call that is about to be made, if it gets one.
    pub(super) fn draw_key(
        &mut self,
        client: usize,
        interface: &'static Interface,
        method: &'static Method,
    ) -> Option<Named> {
        let often = self.plan.disk().map_or(0, |disk| disk.keyed);
        if method.semantics != Semantics::ExactlyOnce || often == 0 || !self.rng.chance(often) {
            return None;
        }
        let own = self.ledger.entries.len() as u64;
        let usable: Vec<usize> = (0..self.groups.len())
            .rev()
            .filter(|place| !self.groups[*place].closed)
            .take(4)
            .collect();
        if !usable.is_empty() && self.rng.chance(600) {
            let place = self.rng.pick(&usable);
            let other = self.rng.chance(60);
            self.visit(if other {
                Visit::KeyMisused
            } else {
                Visit::KeyShared
            });
            let group = &mut self.groups[place];
            group.open.push(own);
            let mut key = group.key;
            // Of other arguments under the key, or of another method under the same name, nothing was ever sent.
            key.asked_before = !other;
            let (mut interface, mut method) = (group.interface, group.method);
            if other && self.rng.chance(500) {
                interface = &OUTSIDE;
                method = &OUTSIDE.methods[usize::from(self.rng.chance(500))];
            }
            return Some(Named {
                interface,
                method,
                key,
                subject: (!other).then_some(group.subject),
            });
        }
        let mut name_digest = self.rng.seed();
        name_digest[0] = client as u8;
        let now = EPOCH + self.now / MS;
        let issued = match self.rng.below(20) {
            0 => now - self.plan.server.retention.as_millis() as u64 - 1,
            1 => now + 10 * MINUTE as u64,
            2..8 => now - self.rng.below(MINUTE as u64),
            _ => now,
        };
        let disk = self.servers[self.current].disk;
        let key = Key {
            id: KeyId {
                name_digest,
                issued,
            },
            store: self.disks.get(disk).map(|disk| disk.identity.id),
            asked_before: false,
        };
        self.groups.push(Group {
            key,
            interface,
            method,
            subject: own,
            open: vec![own],
            closed: false,
        });
        Some(Named {
            interface,
            method,
            key,
            subject: None,
        })
    }

    /// A call with a name has ended. If it was the last one, its client may say that nobody will ask again.
    pub(super) fn member_ended(&mut self, client: usize, id: u64) -> Result<(), String> {
        let entry = self.ledger.get(id)?;
        let Some(key) = entry.key else {
            return Ok(());
        };
        debug_assert_ne!(entry.promise(true), Promise::Memory);
        self.member_left(id);
        let release = self.rng.chance(300);
        let group = self.groups.iter_mut().find(|group| group.key.id == key.id);
        let Some(group) = group.filter(|group| group.open.is_empty() && release && !group.closed)
        else {
            return Ok(());
        };
        group.closed = true;
        let released = ReleasedKey {
            program: group.interface.program,
            version: group.interface.version,
            procedure: group.method.procedure,
            key: key.id,
        };
        self.visits.count(Visit::KeyReleased);
        let node = &mut self.clients[client];
        node.machine.release(node.clock.read(self.now), released);
        Ok(())
    }

    /// Nobody waits for a call any more.
    pub(super) fn member_left(&mut self, id: u64) {
        for group in &mut self.groups {
            group.open.retain(|open| *open != id);
        }
    }
}
