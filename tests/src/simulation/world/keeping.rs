//! Servers and their disks: what has to be kept is written, many changes at a time, and whoever waits for it is told.

use super::server::frames;
use super::{Event, World};
use crate::simulation::clock::{MS, SECOND};
use crate::simulation::disk::{Refused, Row};
use crate::simulation::map::FastMap;
use crate::simulation::model::During;
use crate::simulation::plan::CrashPoint;
use crate::simulation::service;
use crate::simulation::visits::Visit;
use rpc_proto::message::Message;
use rpc_proto::session::program::OpenReply;
use rpc_proto::session::server::Resumed;
use rpc_proto::session::store::{Change, Recovered, StartedCall, Subject};
use rpc_proto::session::wire::{RequestId, SessionId};
use rpc_proto::xdr::{self, Limits};
use std::collections::VecDeque;

/// A server's way to its disk.
#[derive(Default)]
pub(super) struct Keeping {
    /// What it took over is as it has to be: it takes messages.
    pub(super) ready: bool,
    /// It cannot write any more.
    pub(super) failed: bool,
    /// The next commit fails.
    pub(super) breaks: bool,
    /// What is to be kept and is not written.
    pending: Vec<Change>,
    /// What handlers have done whose records the server keeps by itself.
    pub(super) rows: FastMap<RequestId, (u64, Row)>,
    /// The commit that is under way.
    under_way: Option<UnderWay>,
    /// Calls whose handlers committed them, by the number of the commit.
    recorded: VecDeque<(u64, Subject)>,
}

struct UnderWay {
    /// Its number, if it has taken effect already; else it does when it is synced.
    number: Option<u64>,
    changes: Vec<Change>,
    rows: Vec<(u64, Row)>,
    subjects: Vec<Subject>,
}

impl World {
    /// A server takes over what its disk holds.
    pub(super) fn take_over(&mut self, server: usize) -> Result<(), String> {
        let wall = self.wall();
        let node = &mut self.servers[server];
        let Some(process) = &mut node.process else {
            return Ok(());
        };
        let disk = &mut self.disks[node.disk];
        let had = disk.has_unsynced();
        let (kept, lost) = disk.open(node.life, &mut self.rng);
        if lost {
            self.visits.count(Visit::LostEffect);
        }
        if had {
            self.visits.count(Visit::CrashUnsynced);
        }
        if !kept.sessions.is_empty() {
            self.visits.count(Visit::Restored);
        }
        let now = process.clock.read(self.now);
        let visits = &mut self.visits;
        process.model.restore(now, wall, &kept, disk, visits)?;
        let mut recovered = Vec::new();
        let busy: Vec<u64> = kept
            .started
            .iter()
            .filter_map(|(_, started)| service::id_of(&started.args))
            .collect();
        for call in busy {
            recovered.push((call, self.find_out(call)?));
        }
        let Some(process) = &mut self.servers[server].process else {
            return Ok(());
        };
        let mut recover = |started: &StartedCall| {
            let call = service::id_of(&started.args);
            let found = recovered.iter().find(|(other, _)| Some(*other) == call);
            found.map_or(Recovered::CannotTell, |(_, found)| found.clone())
        };
        process.machine.restore(now, wall, kept, &mut recover);
        self.gather(server, During::Restoring)?;
        if self.crashes(CrashPoint::Restoring) {
            return self.crash(server, Visit::CrashRestoring);
        }
        self.write(server)?;
        self.after_server(server)
    }

    /// What a service finds out about a call that was under way in an earlier life. It never says what may turn out wrong.
    fn find_out(&mut self, call: u64) -> Result<Recovered, String> {
        let entry = self.ledger.get(call)?;
        let behaviour = entry.behaviour;
        let at_work = |process: &super::server::Process| {
            let handlers = process.handlers.iter().flatten();
            handlers.into_iter().any(|handler| handler.call == call)
        };
        let processes = self.servers.iter().filter_map(|node| node.process.as_ref());
        let at_work = processes.into_iter().any(at_work);
        if !behaviour.tells || at_work {
            self.visit(Visit::RecoveredCannotTell);
            return Ok(Recovered::CannotTell);
        }
        match entry.acted {
            Some(execution) => {
                self.visit(Visit::RecoveredDid);
                self.ledger.complete(call, execution)?;
                let result = service::result_of(execution, behaviour.result);
                Ok(Recovered::Did(result))
            }
            None => {
                if entry.begun > entry.undone {
                    self.ledger.undo(call)?;
                }
                self.visit(Visit::RecoveredDidNot);
                Ok(Recovered::DidNot)
            }
        }
    }

    /// Takes what the machine wants to be kept.
    pub(super) fn gather(&mut self, server: usize, during: During<'_>) -> Result<(), String> {
        let node = &mut self.servers[server];
        let Some(process) = &mut node.process else {
            return Ok(());
        };
        let Some(keeping) = &mut process.keeping else {
            return match process.machine.poll_change() {
                None => Ok(()),
                Some(change) => Err(format!("{change:?} without a disk")),
            };
        };
        let now = process.clock.read(self.now);
        while let Some(change) = process.machine.poll_change() {
            crate::simulation::trace::note(self.now, || {
                format!("server {server} has kept {change:?}")
            });
            let disk = &mut self.disks[node.disk];
            process
                .model
                .changed(now, &change, during, disk, &mut self.visits)?;
            if !keeping.failed {
                keeping.pending.push(change);
            }
        }
        Ok(())
    }

    /// Begins a commit, if there is something to be committed and none is under way.
    pub(super) fn write(&mut self, server: usize) -> Result<(), String> {
        let node = &mut self.servers[server];
        let (life, disk) = (node.life, node.disk);
        let Some(keeping) = node.process.as_mut().and_then(|p| p.keeping.as_mut()) else {
            return Ok(());
        };
        let unsynced = !keeping.recorded.is_empty() || !keeping.ready;
        let nothing = keeping.pending.is_empty() && !unsynced;
        if keeping.failed || keeping.under_way.is_some() || nothing {
            return Ok(());
        }
        if !keeping.pending.is_empty() && self.crashes(CrashPoint::Unwritten) {
            return self.crash(server, Visit::CrashUnwritten);
        }
        let Some(keeping) = self.keeping(server) else {
            return Ok(());
        };
        let changes = std::mem::take(&mut keeping.pending);
        let subjects = changes.iter().filter_map(Change::subject).collect();
        let ended = changes.iter().filter_map(|change| match change {
            Change::Finish(id, _) => keeping.rows.remove(id),
            _ => None,
        });
        let rows = ended.collect();
        let mut under_way = UnderWay {
            number: None,
            changes,
            rows,
            subjects,
        };
        if self.rng.chance(500)
            && let Err(refused) = self.put_in_effect(disk, life, &mut under_way)?
        {
            return self.store_fails(server, refused);
        }
        let latency = self.latency();
        if let Some(keeping) = self.keeping(server) {
            keeping.under_way = Some(under_way);
            self.queue
                .push(self.now + latency, Event::Synced { server, life });
        }
        Ok(())
    }

    fn put_in_effect(
        &mut self,
        disk: usize,
        life: u32,
        under_way: &mut UnderWay,
    ) -> Result<Result<u64, Refused>, String> {
        let disk = &mut self.disks[disk];
        for (call, row) in &under_way.rows {
            if disk.belongs_to(life) {
                self.ledger.commit(*call, *row, disk.visible_row(*call))?;
            }
        }
        let (changes, rows) = (
            std::mem::take(&mut under_way.changes),
            std::mem::take(&mut under_way.rows),
        );
        let number = disk.commit(life, changes, rows);
        under_way.number = number.ok();
        Ok(number)
    }

    /// A commit comes back: all of it is durable, or nobody knows.
    pub(super) fn synced(&mut self, server: usize, life: u32) -> Result<(), String> {
        let disk = self.servers[server].disk;
        if self.servers[server].life != life {
            return Ok(());
        }
        let Some(keeping) = self.keeping(server) else {
            return Ok(());
        };
        let Some(mut under_way) = keeping.under_way.take() else {
            return Ok(());
        };
        let breaks = std::mem::take(&mut keeping.breaks);
        let number = match under_way.number {
            Some(number) => self.disks[disk].is_open_to(life).map(|()| number),
            None => self.put_in_effect(disk, life, &mut under_way)?,
        };
        let number = match number {
            Ok(_) if breaks => {
                self.visit(Visit::StoreBroken);
                self.disks[disk].fail();
                return self.store_fails(server, Refused::Failed);
            }
            Ok(number) => number,
            Err(refused) => return self.store_fails(server, refused),
        };
        self.disks[disk].sync(number);
        self.note(|| format!("server {server} has synced commit {number}"));
        if self.crashes(CrashPoint::Unanswered) {
            return self.crash(server, Visit::CrashUnanswered);
        }
        let Some(keeping) = self.keeping(server) else {
            return Ok(());
        };
        let first = !std::mem::replace(&mut keeping.ready, true);
        let recorded = keeping.recorded.iter().take_while(|(at, _)| *at <= number);
        let count = recorded.count();
        let recorded: Vec<_> = keeping.recorded.drain(..count).collect();
        if first {
            self.opens_its_doors(server);
        }
        let recorded = recorded.into_iter().map(|(_, subject)| subject);
        for subject in under_way.subjects.into_iter().chain(recorded) {
            self.told_kept(server, life, subject)?;
        }
        self.after_server(server)
    }

    /// A handler has committed its call, and the server knows.
    pub(super) fn recorded(
        &mut self,
        server: usize,
        number: u64,
        subject: Subject,
    ) -> Result<(), String> {
        let (life, disk) = (self.servers[server].life, self.servers[server].disk);
        let disk = &self.disks[disk];
        let durable = disk.belongs_to(life) && number <= disk.synced();
        let Some(keeping) = self.keeping(server) else {
            return Ok(());
        };
        if keeping.failed {
            return Ok(());
        }
        if durable {
            return self.told_kept(server, life, subject);
        }
        let place = keeping.recorded.partition_point(|(at, _)| *at <= number);
        keeping.recorded.insert(place, (number, subject));
        Ok(())
    }

    /// The server is told that a change is kept, and does what waited for it.
    fn told_kept(&mut self, server: usize, life: u32, subject: Subject) -> Result<(), String> {
        let node = &mut self.servers[server];
        let Some(process) = node.process.as_mut().filter(|_| node.life == life) else {
            return Ok(());
        };
        let disk = &self.disks[node.disk];
        let now = process.clock.read(self.now);
        let mut out = Vec::new();
        let resumed = process.machine.handle_kept(subject, &mut out);
        let frames = frames(&out)?;
        let sent = match (&resumed, &frames[..]) {
            (Resumed::Reply(route), [frame]) => Some((*route, *frame)),
            (Resumed::Nothing | Resumed::Run(..), []) => None,
            _ => return Err("a reply without a way, or a way without a reply".to_owned()),
        };
        match (subject, resumed) {
            (Subject::Session(id), _) => {
                if let Some((route, frame)) = sent {
                    process.model.kept_session(id, disk)?;
                    self.check_grant(id, frame)?;
                    self.visit(Visit::ServerGranted);
                    self.routes[route.0 as usize].validated = true;
                    self.send_back(server, route.0 as u32, frame)?;
                }
                Ok(())
            }
            (Subject::Call(id), Resumed::Run(run, args)) => {
                process.model.started(id, &run, disk)?;
                let args = args
                    .get(run.args.clone())
                    .ok_or("arguments outside of the message")?;
                let call = service::id_of(args).ok_or("a call with changed arguments runs")?;
                self.take(server, call, run)
            }
            (Subject::Call(id), _) => {
                let visits = &mut self.visits;
                process.model.kept_call(now, id, sent, disk, visits)?;
                if let Some((route, frame)) = sent {
                    self.send_back(server, route.0 as u32, frame)?;
                }
                Ok(())
            }
        }
    }

    fn check_grant(&self, id: SessionId, frame: &[u8]) -> Result<(), String> {
        let Ok(Message::Reply(reply)) = Message::decode(frame) else {
            return Err("a grant that is no reply".to_owned());
        };
        let Ok(OpenReply::Granted(grant)) = xdr::from_slice(reply.results, Limits::default())
        else {
            return Err("a kept grant is answered with something else".to_owned());
        };
        let lease = self.plan.server.lease.as_millis();
        let bounds = (u128::from(grant.lease_ms), grant.window);
        if grant.session != id.0 || bounds != (lease, self.plan.server.window) {
            return Err("a session is granted with other bounds than it has".to_owned());
        }
        Ok(())
    }

    /// A server's store does not work any more. If it is the one that is meant to be found, somebody starts it anew.
    pub(super) fn store_fails(&mut self, server: usize, refused: Refused) -> Result<(), String> {
        self.note(|| format!("server {server}: {refused:?}"));
        if refused == Refused::Fenced {
            self.visit(Visit::Fenced);
        }
        let life = self.servers[server].life;
        let Some(process) = &mut self.servers[server].process else {
            return Ok(());
        };
        process.machine.handle_store_failed();
        process.model.store_failed = true;
        if let Some(keeping) = &mut process.keeping {
            keeping.failed = true;
            keeping.pending.clear();
            keeping.recorded.clear();
            keeping.under_way = None;
        }
        let at = (self.now + self.rng.below(SECOND)).min(self.plan.horizon.max(self.now));
        self.queue.push(at, Event::Stop { server, life });
        let pause = self.rng.below(200 * MS);
        self.queue.push(at + pause, Event::Start { server });
        Ok(())
    }

    pub(super) fn keeping(&mut self, server: usize) -> Option<&mut Keeping> {
        self.servers[server].process.as_mut()?.keeping.as_mut()
    }
}
