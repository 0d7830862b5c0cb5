//! What goes wrong, and when it stops.

use super::network::Owner;
use super::{Event, World};
use crate::simulation::clock::MS;
use crate::simulation::plan::Fault;
use crate::simulation::visits::Visit;

impl World {
    /// Plans the next fault of a kind, if this seed has that kind.
    pub(super) fn plan_fault(&mut self, fault: Fault) {
        if let Some(mean) = self.plan.faults[fault as usize] {
            let at = self.now + self.rng.spread(mean);
            if at < self.plan.horizon {
                self.queue.push(at, Event::Fault(fault));
            }
        }
    }

    pub(super) fn fault(&mut self, fault: Fault) -> Result<(), String> {
        if self.healed {
            return Ok(());
        }
        let client = self.rng.below(self.clients.len() as u64) as usize;
        self.note(|| format!("fault: {fault:?}"));
        match fault {
            Fault::Partition => self.partition(client),
            Fault::Silence => {
                let lease = self.plan.server.lease.as_nanos() as u64;
                let span = lease + self.rng.below(lease);
                if self.now + span < self.plan.horizon {
                    self.visit(Visit::Silence);
                    self.deafen(client, span, span);
                }
            }
            Fault::AddressChange => self.change_address(client),
            Fault::Relink => {
                if self.clients[client].link.is_some() {
                    self.visit(Visit::Relink);
                    self.link_down(client)?;
                    self.search(client, 0);
                }
            }
            Fault::StreamBreak => self.stream_break(client),
            Fault::ClientDeath => self.client_dies(client)?,
            Fault::Restart => {
                let server = self.current;
                if self.end_current(Visit::Restart)? {
                    let at = self.now + self.rng.range(MS, 1500 * MS);
                    self.queue.push(at, Event::Start { server });
                }
            }
            Fault::Replace => {
                if self.end_current(Visit::Replace)? {
                    let disk = self.disk_of_successor();
                    self.start_server(disk);
                }
            }
            Fault::Handover => self.hand_over(),
            Fault::MatchmakerRestart => {
                self.visit(Visit::MatchmakerRestart);
                self.matchmaker.stop();
                let at = self.now + self.rng.range(MS, 1500 * MS);
                self.queue.push(at, Event::MatchmakerUp);
            }
            Fault::Usurp => self.usurp(),
            Fault::StoreFull => self.fill_store(),
            Fault::StoreFails => self.break_store(),
            Fault::ClockJump => self.jump(),
            Fault::Rogue => self.queue.push(self.now, Event::Rogue),
        }
        self.plan_fault(fault);
        Ok(())
    }

    /// The faults are over: every message arrives, and the server is up.
    pub(super) fn heal(&mut self) -> Result<(), String> {
        self.healed = true;
        self.note(|| "the faults are over".to_owned());
        for client in 0..self.clients.len() {
            let node = &mut self.clients[client];
            node.deaf_up = 0;
            node.deaf_down = 0;
            node.cut_next = false;
            self.queue.push(self.now, Event::Load { client });
        }
        Ok(())
    }

    fn partition(&mut self, client: usize) {
        let span = self.rng.pick(&[40 * MS, 300 * MS, 1500 * MS, 5000 * MS]);
        let span = self.rng.range(span / 4, span);
        let (up, down, visit) = self.rng.pick(&[
            (span, span, Visit::Partition),
            (span, 0, Visit::PartitionUp),
            (0, span, Visit::PartitionDown),
        ]);
        self.visit(visit);
        self.deafen(client, up, down);
    }

    fn deafen(&mut self, client: usize, up: u64, down: u64) {
        let node = &mut self.clients[client];
        node.deaf_up = node.deaf_up.max(self.now + up);
        node.deaf_down = node.deaf_down.max(self.now + down);
    }

    fn change_address(&mut self, client: usize) {
        if let Some(link) = self.clients[client].link
            && !self.links[link as usize].stream
        {
            self.visit(Visit::AddressChange);
            self.links[link as usize].route = self.add_route(Owner::Link(link));
        }
    }

    fn stream_break(&mut self, client: usize) {
        if let Some(link) = self.clients[client].link
            && self.links[link as usize].stream
        {
            if self.rng.chance(400) {
                self.clients[client].cut_next = true;
            } else {
                self.break_stream(link);
            }
        }
    }

    /// The server that is meant to be found dies, if there is one.
    fn end_current(&mut self, visit: Visit) -> Result<bool, String> {
        let node = &self.servers[self.current];
        if node.process.is_none() {
            return Ok(false);
        }
        let life = node.life;
        self.visit(visit);
        let silent = self.rng.chance(250);
        self.stop(self.current, life, silent)?;
        Ok(true)
    }

    /// The old server goes on answering for a while, but takes no new calls.
    fn hand_over(&mut self) {
        let server = self.current;
        if self.servers[server].process.is_none() {
            return;
        }
        self.visit(Visit::Handover);
        let life = self.servers[server].life;
        self.close_server(server);
        if self.rng.chance(500) {
            self.withdraw(server);
        }
        let disk = self.disk_of_successor();
        self.start_server(disk);
        let at = self.now + self.rng.range(50 * MS, 4000 * MS);
        let at = at.min(self.plan.horizon);
        self.queue.push(at, Event::Stop { server, life });
    }
}
