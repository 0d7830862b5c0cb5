//! Servers: the production machine, its handlers, and the model that watches both.

use super::handlers::Handler;
use super::keeping::Keeping;
use super::network::Owner;
use super::{Event, World};
use crate::simulation::clock::{Clock, SECOND};
use crate::simulation::model::{During, Model};
use crate::simulation::plan::Store;
use crate::simulation::service::{self, OLDER, OUTSIDE, SERVED};
use crate::simulation::show;
use crate::simulation::visits::Visit;
use rpc_proto::message::Message;
use rpc_proto::session::Security;
use rpc_proto::session::program::{Keeper, OpenArgs, OpenRefusal, OpenReply};
use rpc_proto::session::server::{Effects, Handled, Offer, Origin, Route, Server};
use rpc_proto::session::store::StoreIdentity;
use rpc_proto::session::wire::{SESSION_PROGRAM, SessionId, procedure};
use rpc_proto::xdr::{self, Limits};

/// A server's host: an address at which servers live, one after the other.
pub(super) struct ServerNode {
    /// No two lives of any server have the same.
    pub(super) life: u32,
    pub(super) instance: [u8; 16],
    /// The disk that its servers open.
    pub(super) disk: usize,
    pub(super) process: Option<Process>,
}

/// One life of a server.
pub(super) struct Process {
    pub(super) machine: Server,
    pub(super) model: Model,
    pub(super) clock: Clock,
    pub(super) incarnation: u64,
    pub(super) store: Option<[u8; 16]>,
    /// The way to its disk, if it has one.
    pub(super) keeping: Option<Keeping>,
    pub(super) handlers: Vec<Option<Handler>>,
    pub(super) running: usize,
    timer: u64,
    pub(super) registered: Option<u64>,
    pub(super) machine_is_closing: bool,
    out: Vec<u8>,
}

impl World {
    /// A new server at a new address, on this disk.
    pub(super) fn start_server(&mut self, disk: usize) {
        let mut instance = [0; 16];
        instance.copy_from_slice(&self.rng.seed()[..16]);
        self.servers.push(ServerNode {
            life: 0,
            instance,
            disk,
            process: None,
        });
        self.current = self.servers.len() - 1;
        let server = self.current;
        self.queue.push(self.now, Event::Start { server });
    }

    pub(super) fn start_at(&mut self, server: usize) -> Result<(), String> {
        if self.servers[server].process.is_some() || server != self.current {
            return Ok(());
        }
        let incarnation = self.rng.next();
        let passing = StoreIdentity::passing(self.rng.seed());
        let store = match self.plan.store {
            Store::Nothing => None,
            Store::Memory => Some(passing),
            Store::Disk(_) => Some(self.disks[self.servers[server].disk].identity),
        };
        let config = self.plan.server.clone();
        let gain = self.rng.below(self.plan.drift + 1);
        let transactional = Offer {
            interface: &SERVED,
            effects: Effects::InTransaction,
        };
        let machine = Server::new(
            config.clone(),
            vec![transactional, (&OLDER).into(), (&OUTSIDE).into()],
            incarnation,
            store,
            self.rng.seed(),
        );
        self.lives += 1;
        let life = self.lives;
        let durable = store.is_some_and(|store| store.durable);
        let node = &mut self.servers[server];
        node.life = life;
        node.process = Some(Process {
            machine,
            model: Model::new(config, incarnation, durable),
            clock: Clock::new(self.rng.below(1000 * SECOND), gain),
            incarnation,
            store: store.map(|store| store.id),
            keeping: durable.then(Keeping::default),
            handlers: Vec::new(),
            running: 0,
            timer: u64::MAX,
            registered: None,
            machine_is_closing: false,
            out: Vec::new(),
        });
        self.note(|| format!("server {server} starts its life {life}"));
        if durable {
            return self.take_over(server);
        }
        self.opens_its_doors(server);
        Ok(())
    }

    /// A server takes messages from now on, and can be found.
    pub(super) fn opens_its_doors(&mut self, server: usize) {
        let life = self.servers[server].life;
        let at = self.now + self.delay();
        self.queue.push(at, Event::Renew { server, life });
    }

    /// Whether somebody answers at a server's address.
    pub(super) fn listens(&self, server: usize) -> bool {
        let process = self.servers[server].process.as_ref();
        process.is_some_and(|process| process.keeping.as_ref().is_none_or(|keeping| keeping.ready))
    }

    /// A server dies; `silent` if its host goes with it, so that nobody is told.
    pub(super) fn stop(&mut self, server: usize, life: u32, silent: bool) -> Result<(), String> {
        let node = &mut self.servers[server];
        if node.life != life || node.process.take().is_none() {
            return Ok(());
        }
        self.note(|| format!("server {server} dies, silent: {silent}"));
        if silent {
            self.visit(Visit::SilentDeath);
            return Ok(());
        }
        self.owner_gone(life);
        for link in 0..self.links.len() as u32 {
            let at = &self.links[link as usize];
            if at.stream && at.open && (at.server, at.server_life) == (server, life) {
                let told = self.now + self.delay();
                self.queue.push(told, Event::Broken { link });
            }
        }
        Ok(())
    }

    /// A server takes no new calls from now on.
    pub(super) fn close_server(&mut self, server: usize) {
        if let Some(process) = &mut self.servers[server].process {
            process.machine.handle_shutdown();
            process.model.shutting_down = true;
            process.machine_is_closing = true;
        }
    }

    pub(super) fn reaches_server(&mut self, route: u32, message: &[u8]) -> Result<(), String> {
        let (server, datagram) = match self.routes[route as usize].owner {
            Owner::Link(link) => {
                if !self.arrives_up(link) {
                    return Ok(());
                }
                let at = &self.links[link as usize];
                (at.server, !at.stream)
            }
            Owner::Rogue { server } => (server, true),
        };
        let told = !self.groups.is_empty() && self.rng.chance(100);
        let wall = told.then(|| self.wall());
        let Some(process) = &mut self.servers[server].process else {
            return Ok(());
        };
        crate::simulation::trace::note(self.now, || {
            format!(
                "server {server} hears on route {route} {}",
                show::message(message)
            )
        });
        self.routes[route as usize].came += message.len();
        let now = process.clock.read(self.now);
        if let Some(wall) = wall {
            process.machine.handle_clock(wall);
            process.model.clock(wall);
        }
        let way = Route(route.into());
        let expected = process
            .model
            .arrives(now, way, datagram, message, &mut self.visits);
        let origin = Origin {
            route: way,
            address: &route.to_be_bytes(),
            host: &[],
            listener: 0,
            datagram,
            security: Security::Network,
        };
        let mut out = std::mem::take(&mut process.out);
        out.clear();
        let handled = process
            .machine
            .handle_message(now, origin, message, &mut out);
        let frames = frames(&out)?;
        if expected.is_on_a_session() {
            self.routes[route as usize].validated = true;
        }
        self.gather(server, During::Message(&expected))?;
        let life = self.servers[server].life;
        let disk = self.servers[server].disk;
        let Some(process) = &mut self.servers[server].process else {
            return Ok(());
        };
        match handled {
            Handled::Run(run) => {
                process.model.runs(now, &expected, &run, &mut self.visits)?;
                if !frames.is_empty() {
                    return Err("a call is run and answered at once".to_owned());
                }
                let args = message
                    .get(run.args.clone())
                    .ok_or("arguments outside of the message")?;
                let call = service::id_of(args).ok_or("a call with changed arguments runs")?;
                if let (Some(id), Some(disk)) = (run.token.id(), self.disks.get_mut(disk)) {
                    process.model.begins(id, &expected, disk)?;
                }
                self.overhear(server, message);
                self.take(server, call, run)?;
            }
            Handled::Nothing if !frames.is_empty() => {
                return Err("an answer that is not to be sent".to_owned());
            }
            Handled::NoRoom => return Err("a call on a session finds no room".to_owned()),
            Handled::Nothing | Handled::Reply => {
                process
                    .model
                    .replied(now, &expected, &frames, &mut self.visits)?;
                if let Some(disk) = self.disks.get(disk)
                    && disk.belongs_to(life)
                {
                    process.model.check_kept(&expected, &frames, disk)?;
                }
                self.first_contact(server, route, message, &frames)?;
                for frame in &frames {
                    self.send_back(server, route, frame)?;
                }
            }
        }
        drop(frames);
        if let Some(process) = &mut self.servers[server].process {
            process.out = out;
        }
        self.after_server(server)
    }

    /// Notes the sessions that a server grants.
    fn first_contact(
        &mut self,
        server: usize,
        route: u32,
        message: &[u8],
        frames: &[&[u8]],
    ) -> Result<(), String> {
        let Ok(Message::Call(call)) = Message::decode(message) else {
            return Ok(());
        };
        let open = [SESSION_PROGRAM, procedure::OPEN];
        if [call.header.program, call.header.procedure] != open {
            return Ok(());
        }
        let (life, disk) = (self.servers[server].life, self.servers[server].disk);
        let Some(process) = &mut self.servers[server].process else {
            return Ok(());
        };
        let limits = Limits::default();
        let args: Result<OpenArgs, _> = xdr::from_slice(call.args, limits);
        let [frame] = frames else {
            let args = args.map_err(|_| "an OPEN without arguments is ignored")?;
            let now = process.clock.read(self.now);
            return process.model.opening(now, args.client, args.nonce);
        };
        let Ok(Message::Reply(reply)) = Message::decode(frame) else {
            return Ok(());
        };
        match (args, xdr::from_slice(reply.results, limits)) {
            (Ok(args), Ok(OpenReply::Granted(grant))) => {
                self.routes[route as usize].validated = true;
                let lease = self.plan.server.lease.as_millis();
                if (u128::from(grant.lease_ms), grant.window) != (lease, self.plan.server.window) {
                    return Err("a session is granted with other bounds than it has".to_owned());
                }
                let (now, id) = (process.clock.read(self.now), SessionId(grant.session));
                let disk = process.keeping.as_ref().and(self.disks.get(disk));
                if let Some(disk) = disk.filter(|disk| disk.belongs_to(life))
                    && args.keeper == Keeper::Store
                {
                    process.model.kept_session(id, disk)?;
                }
                let visits = &mut self.visits;
                process
                    .model
                    .granted(now, args.client, args.nonce, args.keeper, id, visits)
            }
            (Ok(_), Ok(OpenReply::Refused(refusal))) => {
                match refusal {
                    OpenRefusal::Full => self.visit(Visit::ServerFull),
                    OpenRefusal::NoStore => self.visit(Visit::ServerNoStore),
                    OpenRefusal::BadCookie => {}
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }

    pub(super) fn send_back(
        &mut self,
        server: usize,
        route: u32,
        message: &[u8],
    ) -> Result<(), String> {
        crate::simulation::trace::note(self.now, || {
            format!(
                "server {server} sends on route {route} {}",
                show::message(message)
            )
        });
        self.digest.add_bytes(message);
        let datagram = match self.routes[route as usize].owner {
            Owner::Link(link) => !self.links[link as usize].stream,
            Owner::Rogue { .. } => true,
        };
        let at = &mut self.routes[route as usize];
        at.went += message.len();
        if datagram && !at.validated && at.went > at.came {
            return Err(format!(
                "{} bytes are sent to an address that sent {} and has not shown that it hears",
                at.went, at.came
            ));
        }
        if datagram && message.len() > self.plan.server.max_datagram {
            return Err("a datagram longer than datagrams may be".to_owned());
        }
        self.send_down(route, message);
        Ok(())
    }

    pub(super) fn server_timer(&mut self, server: usize, life: u32) -> Result<(), String> {
        let node = &mut self.servers[server];
        let Some(process) = node.process.as_mut().filter(|_| node.life == life) else {
            return Ok(());
        };
        if process.timer != self.now {
            return Ok(());
        }
        process.timer = u64::MAX;
        let now = process.clock.read(self.now);
        process.machine.handle_timeout(now);
        match process.machine.poll_timeout() {
            Some(next) if next <= now => Err(format!("server {server} sets a timer in the past")),
            _ => self.after_server(server),
        }
    }

    /// Carries out what else the machine wants.
    pub(super) fn after_server(&mut self, server: usize) -> Result<(), String> {
        self.gather(server, During::Other)?;
        self.write(server)?;
        let life = self.servers[server].life;
        while let Some(process) = &mut self.servers[server].process {
            let Some((route, framed)) = process.machine.poll_transmit() else {
                process.machine.check_invariants();
                let next = process.machine.poll_timeout();
                let at = next.map_or(u64::MAX, |time| process.clock.moment(time).max(self.now));
                if at != process.timer {
                    process.timer = at;
                    if at < u64::MAX {
                        self.queue.push(at, Event::ServerTimer { server, life });
                    }
                }
                break;
            };
            let frames = frames(&framed)?;
            let [frame] = frames[..] else {
                return Err("a server sends several messages as one".to_owned());
            };
            process.model.volunteers(route, frame, &mut self.visits)?;
            self.send_back(server, route.0 as u32, frame)?;
        }
        Ok(())
    }
}

/// The messages of a buffer of framed ones.
pub(super) fn frames(mut out: &[u8]) -> Result<Vec<&[u8]>, String> {
    let mut frames = Vec::new();
    while let Some((mark, rest)) = out.split_first_chunk::<4>() {
        let mark = u32::from_be_bytes(*mark);
        let length = (mark & 0x7FFF_FFFF) as usize;
        if mark >> 31 != 1 || length > rest.len() {
            return Err("a wrong record mark".to_owned());
        }
        let (frame, rest) = rest.split_at(length);
        frames.push(frame);
        out = rest;
    }
    if out.is_empty() {
        Ok(frames)
    } else {
        Err("bytes after the last message".to_owned())
    }
}
