//! Servers: the production machine, its handlers, and the model that watches both.

use super::network::Owner;
use super::{Event, World};
use crate::simulation::clock::{Clock, SECOND};
use crate::simulation::model::Model;
use crate::simulation::service::{self, Behaviour, OLDER, SERVED};
use crate::simulation::show;
use crate::simulation::visits::Visit;
use rpc_core::Time;
use rpc_proto::message::Message;
use rpc_proto::session::Security;
use rpc_proto::session::program::{OpenArgs, OpenRefusal, OpenReply};
use rpc_proto::session::server::{
    Done, Handled, Origin, REPLY_HEADROOM, Route, Run, Server, Token,
};
use rpc_proto::session::store::StoreIdentity;
use rpc_proto::session::wire::{SESSION_PROGRAM, SessionId, procedure};
use rpc_proto::xdr::{self, Limits};

/// A server's host: an address at which servers live, one after the other.
pub(super) struct ServerNode {
    /// No two lives of any server have the same.
    pub(super) life: u32,
    pub(super) instance: [u8; 16],
    pub(super) process: Option<Process>,
}

/// One life of a server.
pub(super) struct Process {
    machine: Server,
    pub(super) model: Model,
    clock: Clock,
    pub(super) incarnation: u64,
    pub(super) store: Option<[u8; 16]>,
    handlers: Vec<Option<Handler>>,
    running: usize,
    timer: u64,
    pub(super) registered: Option<u64>,
    pub(super) machine_is_closing: bool,
    out: Vec<u8>,
}

/// A call that the server has taken.
struct Handler {
    token: Token,
    call: u64,
    behaviour: Behaviour,
    deadline: Option<Time>,
    /// `None` while it waits in the queue.
    execution: Option<u64>,
}

impl World {
    /// A new server at a new address.
    pub(super) fn start_server(&mut self) {
        let mut instance = [0; 16];
        instance.copy_from_slice(&self.rng.seed()[..16]);
        self.servers.push(ServerNode {
            life: 0,
            instance,
            process: None,
        });
        self.current = self.servers.len() - 1;
        let server = self.current;
        self.queue.push(self.now, Event::Start { server });
    }

    pub(super) fn start_at(&mut self, server: usize) -> Result<(), String> {
        if self.servers[server].process.is_some() {
            return Ok(());
        }
        let incarnation = self.rng.next();
        let store = StoreIdentity::passing(self.rng.seed());
        let store = self.plan.store.then_some(store);
        let config = self.plan.server.clone();
        let gain = self.rng.below(self.plan.drift + 1);
        let machine = Server::new(
            config.clone(),
            vec![(&SERVED).into(), (&OLDER).into()],
            incarnation,
            store,
            self.rng.seed(),
        );
        self.lives += 1;
        let life = self.lives;
        let node = &mut self.servers[server];
        node.life = life;
        node.process = Some(Process {
            machine,
            model: Model::new(config, incarnation),
            clock: Clock::new(self.rng.below(1000 * SECOND), gain),
            incarnation,
            store: store.map(|store| store.id),
            handlers: Vec::new(),
            running: 0,
            timer: u64::MAX,
            registered: None,
            machine_is_closing: false,
            out: Vec::new(),
        });
        self.note(|| format!("server {server} starts its life {life}"));
        let at = self.now + self.delay();
        self.queue.push(at, Event::Renew { server, life });
        Ok(())
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
        let way = Route(route.into());
        let expected = process
            .model
            .arrives(now, way, datagram, message, &mut self.visits);
        let origin = Origin {
            route: way,
            address: &route.to_be_bytes(),
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
                self.overhear(server, message);
                self.take(server, call, run)?;
            }
            Handled::Nothing if !frames.is_empty() => {
                return Err("an answer that is not to be sent".to_owned());
            }
            Handled::Nothing | Handled::Reply => {
                process
                    .model
                    .replied(&expected, &frames, &mut self.visits)?;
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
        let (Ok(Message::Call(call)), [frame]) = (Message::decode(message), frames) else {
            return Ok(());
        };
        let open = [SESSION_PROGRAM, procedure::OPEN];
        if [call.header.program, call.header.procedure] != open {
            return Ok(());
        }
        let Ok(Message::Reply(reply)) = Message::decode(frame) else {
            return Ok(());
        };
        let Some(process) = &mut self.servers[server].process else {
            return Ok(());
        };
        let limits = Limits::default();
        let args: Result<OpenArgs, _> = xdr::from_slice(call.args, limits);
        match (args, xdr::from_slice(reply.results, limits)) {
            (Ok(args), Ok(OpenReply::Granted(grant))) => {
                self.routes[route as usize].validated = true;
                let lease = self.plan.server.lease.as_millis();
                if (u128::from(grant.lease_ms), grant.window) != (lease, self.plan.server.window) {
                    return Err("a session is granted with other bounds than it has".to_owned());
                }
                let (now, id) = (process.clock.read(self.now), SessionId(grant.session));
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

    fn send_back(&mut self, server: usize, route: u32, message: &[u8]) -> Result<(), String> {
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

    /// A call is to be run.
    fn take(&mut self, server: usize, call: u64, run: Run) -> Result<(), String> {
        let behaviour = self.ledger.get(call)?.behaviour;
        let life = self.servers[server].life;
        let max_running = self.plan.max_running;
        let Some(process) = &mut self.servers[server].process else {
            return Ok(());
        };
        let free = process.handlers.iter().position(Option::is_none);
        let slot = free.unwrap_or_else(|| {
            process.handlers.push(None);
            process.handlers.len() - 1
        });
        process.handlers[slot] = Some(Handler {
            token: run.token,
            call,
            behaviour,
            deadline: run.deadline,
            execution: None,
        });
        process.running += 1;
        if process.running > max_running {
            return self.end_call(server, slot, Done::Overloaded);
        }
        if behaviour.queued > 0 {
            self.visit(Visit::Queued);
            let at = self.now + behaviour.queued;
            self.queue.push(at, Event::Handler { server, life, slot });
            return Ok(());
        }
        self.begin_call(server, slot)
    }

    /// A call leaves the queue, or its handler comes back.
    pub(super) fn handler(&mut self, server: usize, life: u32, slot: usize) -> Result<(), String> {
        let node = &self.servers[server];
        let Some(process) = node.process.as_ref().filter(|_| node.life == life) else {
            return Ok(());
        };
        let now = process.clock.read(self.now);
        let Some(handler) = process.handlers.get(slot).and_then(Option::as_ref) else {
            return Err("a handler comes back twice".to_owned());
        };
        if handler.execution.is_some() {
            let done = handler.behaviour.done;
            self.end_call(server, slot, done)?;
        } else if process.machine_is_closing {
            self.end_call(server, slot, Done::ShuttingDown)?;
        } else if handler.deadline.is_some_and(|deadline| deadline <= now) {
            self.end_call(server, slot, Done::DeadlinePassed)?;
        } else {
            self.begin_call(server, slot)?;
        }
        self.after_server(server)
    }

    fn begin_call(&mut self, server: usize, slot: usize) -> Result<(), String> {
        let life = self.servers[server].life;
        let process = self.servers[server].process.as_mut();
        let Some(handler) = process.and_then(|process| process.handlers[slot].as_mut()) else {
            return Ok(());
        };
        let behaviour = handler.behaviour;
        match behaviour.done {
            Done::BadArguments | Done::NoProcedure => {
                return self.end_call(server, slot, behaviour.done);
            }
            _ => {}
        }
        let call = handler.call;
        handler.execution = Some(self.ledger.begin(call)?);
        self.note(|| format!("server {server} runs call {call}"));
        if behaviour.runs == 0 {
            return self.end_call(server, slot, behaviour.done);
        }
        let at = self.now + behaviour.runs;
        self.queue.push(at, Event::Handler { server, life, slot });
        Ok(())
    }

    fn end_call(&mut self, server: usize, slot: usize, done: Done) -> Result<(), String> {
        let Some(process) = &mut self.servers[server].process else {
            return Ok(());
        };
        let Some(handler) = process.handlers[slot].take() else {
            return Err("a handler comes back twice".to_owned());
        };
        process.running -= 1;
        let mut out = vec![0; REPLY_HEADROOM];
        if let Some(execution) = handler.execution {
            match done {
                Done::Returned => {
                    self.ledger.complete(handler.call, execution)?;
                    out.extend(service::result_of(execution, handler.behaviour.result));
                }
                Done::Unencodable => self.ledger.complete(handler.call, execution)?,
                _ => {}
            }
        }
        count_end(done, &mut self.visits);
        let now = process.clock.read(self.now);
        let id = handler.token.id().ok_or("a call without a number")?;
        let route = process
            .machine
            .handle_done(handler.token, done, &mut out, 0);
        let frames = frames(&out)?;
        let sent = match (route, &frames[..]) {
            (None, []) => None,
            (Some(route), [frame]) => Some((route, *frame)),
            _ => return Err("a reply without a way, or a way without a reply".to_owned()),
        };
        process.model.done(now, id, done, sent, &mut self.visits)?;
        if let Some((route, frame)) = sent {
            self.send_back(server, route.0 as u32, frame)?;
        }
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
    fn after_server(&mut self, server: usize) -> Result<(), String> {
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

fn count_end(done: Done, visits: &mut crate::simulation::visits::Visits) {
    match done {
        Done::Panicked => visits.count(Visit::Panicked),
        Done::BadArguments => visits.count(Visit::BadArguments),
        Done::NoProcedure => visits.count(Visit::NoProcedure),
        Done::Unencodable => visits.count(Visit::Unencodable),
        _ => {}
    }
}

/// The messages of a buffer of framed ones.
fn frames(mut out: &[u8]) -> Result<Vec<&[u8]>, String> {
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
