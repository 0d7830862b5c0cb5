//! Disks: when they fail, when servers die over them, and who opens them then.

use super::{Event, World};
use crate::simulation::clock::MS;
use crate::simulation::disk::{Disk, Row};
use crate::simulation::plan::CrashPoint;
use crate::simulation::visits::Visit;

impl World {
    /// A new disk, if this seed has disks. Its number.
    pub(super) fn new_disk(&mut self) -> usize {
        if self.plan.disk().is_some() {
            self.disks.push(Disk::new(&mut self.rng));
        }
        self.disks.len().saturating_sub(1)
    }

    /// What would be found of a call after a crash.
    pub(super) fn row_of(&self, call: u64) -> Option<Row> {
        self.disks
            .iter()
            .find_map(|disk| disk.durable.rows.get(&call).copied())
    }

    /// How long a sync takes.
    pub(super) fn latency(&mut self) -> u64 {
        let Some(disk) = self.plan.disk() else {
            return 0;
        };
        let (shortest, longest) = disk.latency;
        let usual = self.rng.range(shortest, longest);
        if self.rng.chance(20) {
            20 * usual
        } else {
            usual
        }
    }

    /// Whether a server dies here and now.
    pub(super) fn crashes(&mut self, point: CrashPoint) -> bool {
        let often = self
            .plan
            .disk()
            .map_or(0, |disk| disk.crashes[point as usize]);
        !self.healed && often > 0 && self.rng.chance(often)
    }

    /// A server dies. It comes back, or another one takes its disk over.
    pub(super) fn crash(&mut self, server: usize, visit: Visit) -> Result<(), String> {
        self.visit(visit);
        self.note(|| format!("crash: {visit:?}"));
        let life = self.servers[server].life;
        let silent = self.rng.chance(250);
        self.stop(server, life, silent)?;
        if server != self.current {
            return Ok(());
        }
        if self.rng.chance(600) {
            let at = self.now + self.rng.range(MS, 900 * MS);
            self.queue.push(at, Event::Start { server });
        } else {
            self.start_server(self.servers[server].disk);
        }
        Ok(())
    }

    /// The disk of a server that comes after the present one: the same, unless this seed has it otherwise.
    pub(super) fn disk_of_successor(&mut self) -> usize {
        let new_stores = self.plan.disk().is_some_and(|disk| disk.new_stores);
        if new_stores && self.rng.chance(400) {
            return self.new_disk();
        }
        self.servers[self.current].disk
    }

    /// Another server opens the store, and the old one does not know of it.
    pub(super) fn usurp(&mut self) {
        let server = self.current;
        if self.disks.is_empty() || self.servers[server].process.is_none() {
            return;
        }
        self.visit(Visit::Usurped);
        let life = self.servers[server].life;
        self.start_server(self.servers[server].disk);
        let at = self.now + self.rng.range(50 * MS, 4000 * MS);
        let at = at.min(self.plan.horizon);
        self.queue.push(at, Event::Stop { server, life });
    }

    /// The store has no room for a while.
    pub(super) fn fill_store(&mut self) {
        let server = self.current;
        let life = self.servers[server].life;
        if self.disks.is_empty() {
            return;
        }
        if let Some(process) = &mut self.servers[server].process {
            process.machine.handle_store_room(false);
            process.model.store_has_room = false;
            self.visits.count(Visit::StoreFull);
            let at = self.now + self.rng.range(MS, 1500 * MS);
            let at = at.min(self.plan.horizon);
            self.queue.push(at, Event::Room { server, life });
        }
    }

    pub(super) fn room(&mut self, server: usize, life: u32) -> Result<(), String> {
        let node = &mut self.servers[server];
        if let Some(process) = node.process.as_mut().filter(|_| node.life == life) {
            process.machine.handle_store_room(true);
            process.model.store_has_room = true;
        }
        Ok(())
    }

    /// The next commit fails.
    pub(super) fn break_store(&mut self) {
        let server = self.current;
        if let Some(keeping) = self.keeping(server) {
            keeping.breaks = true;
        }
    }

    /// When all is over, what callers were told is on the disks.
    pub(super) fn check_disks(&self) -> Result<(), String> {
        let disks = !self.disks.is_empty();
        for (id, entry) in self.ledger.entries.iter().enumerate() {
            entry.check_row(id, entry.promise(disks), self.row_of(entry.subject))?;
        }
        for (number, disk) in self.disks.iter().enumerate() {
            // Twice the window, once more what a restart has found, and what servers gather before they tell the store to forget.
            let of_session = 4 * self.plan.server.window as usize + 40;
            let tables = &disk.durable;
            let bound = of_session * tables.sessions.len();
            let records = tables
                .calls
                .iter()
                .filter(|(_, record)| !record.is_needed());
            if records.clone().count() > bound {
                return Err(format!("more than {bound} records of calls are on a disk"));
            }
            // The handler whose transaction took its record with it may have died with its server before that said that the
            // session is over: then the next start says it.
            let is_kept = self.servers.iter().any(|node| {
                let alive = node.process.is_some() && node.disk == number;
                alive && disk.is_open_to(node.life).is_ok()
            });
            if !is_kept {
                continue;
            }
            for ((session, seq), _) in records {
                if !tables.sessions.contains_key(session) {
                    return Err(format!("number {seq} of no session stays on a disk"));
                }
            }
        }
        Ok(())
    }
}
