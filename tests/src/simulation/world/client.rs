//! Clients: the production machine, its driver, and the oracle that watches both.

use super::network::Owner;
use super::{Event, World};
use crate::simulation::clock::{Clock, MS, SECOND};
use crate::simulation::map::FastMap;
use crate::simulation::oracle::{LinkId, Oracle, Outgoing};
use crate::simulation::visits::Visit;
use rpc_core::describe::Semantics;
use rpc_proto::session::client::{CallId, Client, Finished, LinkKind};

/// A client's host.
pub(super) struct ClientNode {
    pub(super) machine: Client,
    pub(super) oracle: Oracle,
    pub(super) clock: Clock,
    pub(super) stream: bool,
    pub(super) life: u32,
    pub(super) link: Option<u32>,
    /// Counts the searches for the server; the answer to an old one is ignored.
    search: u32,
    pub(super) ids: FastMap<CallId, u64>,
    timer: u64,
    /// It has asked again for a call whose deadline had passed.
    pub(super) asked_again: bool,
    pub(super) calls_left: usize,
    /// Until then nothing that it sends arrives, and nothing arrives here.
    pub(super) deaf_up: u64,
    pub(super) deaf_down: u64,
    /// The next message breaks the stream in its middle.
    pub(super) cut_next: bool,
}

impl World {
    pub(super) fn add_client(&mut self, stream: bool) {
        let calls_left = self.plan.calls / self.plan.streams.len() + 1 + self.plan.calls_after;
        let node = self.new_client(stream, 1, calls_left);
        let client = self.clients.len();
        self.clients.push(node);
        let first = self.rng.below(50 * MS);
        self.queue.push(first, Event::Load { client });
        self.search(client, 0);
    }

    fn new_client(&mut self, stream: bool, life: u32, calls_left: usize) -> ClientNode {
        let gain = self.rng.below(self.plan.drift + 1);
        ClientNode {
            machine: Client::new(self.plan.client.clone(), self.rng.seed()),
            oracle: Oracle::default(),
            clock: Clock::new(self.rng.below(100 * SECOND), gain),
            stream,
            life,
            link: None,
            search: 0,
            ids: FastMap::default(),
            timer: u64::MAX,
            asked_again: false,
            calls_left,
            deaf_up: 0,
            deaf_down: 0,
            cut_next: false,
        }
    }

    /// A client dies. Nobody waits for its calls any more; they may still run.
    pub(super) fn client_dies(&mut self, client: usize) -> Result<(), String> {
        self.visit(Visit::ClientDeath);
        self.note(|| format!("client {client} dies"));
        if self.rng.chance(500) {
            let node = &mut self.clients[client];
            let ledger = &self.ledger;
            let shelved = |id: &u64| ledger.get(*id).is_ok_and(|entry| entry.shelved);
            let kept: Vec<u64> = node.ids.values().copied().filter(shelved).collect();
            node.ids.retain(|_, id| !kept.contains(id));
            for id in kept {
                self.clients[client].oracle.given_up(id);
                self.ledger.abandon(id)?;
                self.member_left(id);
            }
            let node = &mut self.clients[client];
            node.machine.handle_close(node.clock.read(self.now));
            self.pump(client)?;
            if !self.clients[client].ids.is_empty() {
                return Err("calls go on after their client was closed".to_owned());
            }
        }
        self.unlink(client);
        let node = &self.clients[client];
        let mut open: Vec<u64> = node.ids.values().copied().collect();
        open.sort_unstable();
        for id in &open {
            self.ledger.abandon(*id)?;
        }
        let (stream, life, calls_left) = (node.stream, node.life + 1, node.calls_left);
        // Whoever asked first may be gone; others ask on under its keys.

        let search = node.search;
        self.clients[client] = self.new_client(stream, life, calls_left);
        self.clients[client].search = search;
        open.into_iter().for_each(|id| self.member_left(id));
        self.search(client, 0);
        Ok(())
    }

    /// Looks for the server, after a pause.
    pub(super) fn search(&mut self, client: usize, pause: u64) {
        self.clients[client].search += 1;
        let (life, search) = (self.clients[client].life, self.clients[client].search);
        let at = self.now + pause + 2 * self.delay();
        self.queue.push(
            at,
            Event::Resolved {
                client,
                life,
                search,
            },
        );
    }

    pub(super) fn resolved(&mut self, client: usize, life: u32, search: u32) -> Result<(), String> {
        let node = &self.clients[client];
        if (node.life, node.search) != (life, search) {
            return Ok(());
        }
        let stream = node.stream;
        let Some(server) = self.look_up()? else {
            let pause = self.rng.range(20 * MS, 200 * MS);
            self.search(client, pause);
            return Ok(());
        };
        if !stream {
            return self.link_up(client, server);
        }
        let at = self.now + 2 * self.delay();
        self.queue.push(
            at,
            Event::Connected {
                client,
                life,
                search,
                server,
            },
        );
        Ok(())
    }

    pub(super) fn connected(
        &mut self,
        client: usize,
        life: u32,
        search: u32,
        server: usize,
    ) -> Result<(), String> {
        let node = &self.clients[client];
        if (node.life, node.search) != (life, search) {
            return Ok(());
        }
        let unheard = node.deaf_up.max(node.deaf_down) > self.now;
        if unheard || !self.listens(server) {
            let pause = self.rng.range(20 * MS, 300 * MS);
            self.search(client, pause);
            return Ok(());
        }
        self.link_up(client, server)
    }

    fn link_up(&mut self, client: usize, server: usize) -> Result<(), String> {
        self.unlink(client);
        let (life, stream) = (self.clients[client].life, self.clients[client].stream);
        let number = self.add_link(client, life, server);
        self.note(|| format!("client {client} has link {number} to server {server}"));
        let node = &mut self.clients[client];
        node.link = Some(number);
        node.cut_next = false;
        node.oracle.link(Some(LinkId { number, stream }));
        let kind = if stream {
            LinkKind::Stream
        } else {
            LinkKind::Datagram
        };
        node.machine.handle_link_up(node.clock.read(self.now), kind);
        self.pump(client)
    }

    /// The client lets go of its link.
    fn unlink(&mut self, client: usize) {
        if let Some(link) = self.clients[client].link.take() {
            let rest = self.rng.pick(&[0, 5 * MS, 400 * MS]);
            let at = &mut self.links[link as usize];
            at.open = false;
            if at.stream && !at.broken {
                at.broken = true;
                at.cut = self.now + rest;
            }
            self.clients[client].oracle.link(None);
        }
    }

    pub(super) fn link_down(&mut self, client: usize) -> Result<(), String> {
        self.unlink(client);
        self.note(|| format!("client {client} has no link"));
        let node = &mut self.clients[client];
        node.machine.handle_link_down(node.clock.read(self.now));
        self.pump(client)
    }

    /// The client's end of a stream is found to be broken.
    pub(super) fn broken(&mut self, link: u32) -> Result<(), String> {
        let at = &self.links[link as usize];
        let client = at.client;
        if !at.open || self.clients[client].link != Some(link) {
            return Ok(());
        }
        self.link_down(client)?;
        let pause = self.rng.below(20 * MS);
        self.search(client, pause);
        Ok(())
    }

    pub(super) fn client_timer(&mut self, client: usize, life: u32) -> Result<(), String> {
        let node = &mut self.clients[client];
        if node.life != life || node.timer != self.now {
            return Ok(());
        }
        node.timer = u64::MAX;
        let now = node.clock.read(self.now);
        node.machine.handle_timeout(now);
        self.pump(client)?;
        // What was sent just now may have left a timer behind that a second look takes away.
        let node = &mut self.clients[client];
        if node.machine.poll_timeout().is_some_and(|next| next <= now) {
            node.machine.handle_timeout(now);
            self.pump(client)?;
        }
        match self.clients[client].machine.poll_timeout() {
            Some(next) if next <= now => Err(format!("client {client} sets a timer in the past")),
            _ => Ok(()),
        }
    }

    pub(super) fn reaches_client(&mut self, route: u32, message: &[u8]) -> Result<(), String> {
        let Owner::Link(link) = self.routes[route as usize].owner else {
            return Ok(());
        };
        let at = &self.links[link as usize];
        let (client, lost) = (at.client, !at.open || (!at.stream && at.route != route));
        let node = &mut self.clients[client];
        if lost || node.life != at.life || node.link != Some(link) {
            return Ok(());
        }
        if let Some(tampered) = self.tamper(message) {
            self.hear(client, &tampered)?;
        }
        self.hear(client, message)
    }

    fn hear(&mut self, client: usize, message: &[u8]) -> Result<(), String> {
        let node = &mut self.clients[client];
        self.digest.add_bytes(message);
        let now = node.clock.read(self.now);
        crate::simulation::trace::note(self.now, || {
            format!(
                "client {client} hears {}",
                super::super::show::message(message)
            )
        });
        let owed = node.oracle.heard(now, message, &mut self.visits)?;
        if let Some(finished) = node.machine.handle_message(now, message) {
            self.finished(client, finished, message)?;
        }
        if let Some(id) = owed
            && self.ledger.get(id)?.end.is_none()
        {
            return Err(format!("call {id} has its result and does not end"));
        }
        self.pump(client)
    }

    /// Carries out all that the machine wants, until it wants nothing more.
    pub(super) fn pump(&mut self, client: usize) -> Result<(), String> {
        let now = self.clients[client].clock.read(self.now);
        for _ in 0..4000 {
            let mut quiet = true;
            while let Some(finished) = self.clients[client].machine.poll_finished() {
                self.finished(client, finished, &[])?;
            }
            if self.transmit(client)? {
                quiet = false;
            }
            if self.clients[client].machine.poll_reconnect() {
                quiet = false;
                self.visit(Visit::ClientReconnect);
                self.unlink(client);
                let node = &mut self.clients[client];
                node.machine.handle_link_down(now);
                self.search(client, 0);
            }
            if quiet {
                let node = &mut self.clients[client];
                node.machine.check_invariants();
                node.oracle.check_probes(now)?;
                self.plan_client_timer(client);
                return Ok(());
            }
        }
        Err(format!("client {client} finds no rest"))
    }

    fn plan_client_timer(&mut self, client: usize) {
        let node = &mut self.clients[client];
        let next = node.machine.poll_timeout();
        let at = next.map_or(u64::MAX, |time| node.clock.moment(time).max(self.now));
        if at != node.timer {
            node.timer = at;
            if at < u64::MAX {
                let life = node.life;
                self.queue.push(at, Event::ClientTimer { client, life });
            }
        }
    }

    /// Hands over the next message. False if there is none.
    fn transmit(&mut self, client: usize) -> Result<bool, String> {
        let node = &mut self.clients[client];
        let now = node.clock.read(self.now);
        let Some(transmit) = node.machine.poll_transmit(now) else {
            return Ok(false);
        };
        self.handed.clear();
        self.handed.extend_from_slice(transmit.message());
        let named = transmit.call;
        let link = node.link.ok_or("a message is to be sent without a link")?;
        let call = match named {
            Some(call) => Some(*node.ids.get(&call).ok_or("a call is sent that has ended")?),
            None => None,
        };
        let cut = std::mem::take(&mut node.cut_next);
        if !node.stream && self.handed.len() > self.plan.client.max_datagram {
            return Err(format!(
                "{} bytes are sent as one datagram",
                self.handed.len()
            ));
        }
        let unsent = !node.stream && !self.healed && self.rng.chance(self.plan.weather.unsent);
        let out = Outgoing {
            message: &self.handed,
            call,
            taken: !(cut || unsent),
        };
        crate::simulation::trace::note(self.now, || {
            let lost = if out.taken { "" } else { " (not taken)" };
            format!(
                "client {client} sends {}{lost}",
                super::super::show::message(out.message)
            )
        });
        node.oracle
            .sent(now, &out, &self.ledger.entries, &mut self.visits)?;
        self.digest.add_bytes(&self.handed);
        if out.taken {
            let message = std::mem::take(&mut self.handed);
            self.send_up(link, &message);
            self.handed = message;
            return Ok(true);
        }
        if let Some(call) = named {
            self.unsent(client, call)?;
        }
        if cut {
            self.visit(Visit::StreamCut);
            self.break_stream(link);
            self.broken(link)?;
            return Ok(false);
        }
        self.visit(Visit::Unsent);
        Ok(true)
    }

    fn unsent(&mut self, client: usize, call: CallId) -> Result<(), String> {
        let node = &mut self.clients[client];
        let id = node
            .ids
            .get(&call)
            .copied()
            .ok_or("a call is sent that has ended")?;
        node.machine.handle_unsent(call);
        if self.ledger.get(id)?.semantics() == Semantics::Oneway {
            self.visit(Visit::ClientOnewayUnsent);
        }
        Ok(())
    }

    fn finished(
        &mut self,
        client: usize,
        finished: Finished,
        message: &[u8],
    ) -> Result<(), String> {
        let node = &mut self.clients[client];
        let now = node.clock.read(self.now);
        let id = node
            .ids
            .remove(&finished.call)
            .ok_or("a call ends that is not open")?;
        let entry = self.ledger.get(id)?;
        crate::simulation::trace::note(self.now, || {
            format!("call {id} ends: {:?}", finished.result)
        });
        self.digest.add(id);
        match finished.result {
            Err(failure) if finished.shelved => self.shelved(client, finished.call, id, &failure),
            Ok(range) => {
                let result = message
                    .get(range)
                    .ok_or("a result outside of its message")?;
                let execution = node
                    .oracle
                    .ended(now, id, entry, Ok(result), &mut self.visits)?;
                let (promise, row) = (
                    entry.promise(!self.disks.is_empty()),
                    self.row_of(entry.subject),
                );
                self.ledger.succeed(id, execution, promise, row)?;
                self.member_ended(client, id)
            }
            Err(failure) => {
                node.oracle
                    .ended(now, id, entry, Err(&failure), &mut self.visits)?;
                let (promise, row) = (
                    entry.promise(!self.disks.is_empty()),
                    self.row_of(entry.subject),
                );
                self.ledger.fail(id, failure, promise, row)?;
                self.member_ended(client, id)
            }
        }
    }
}
