//! The handlers of servers: what they do, in a transaction or elsewhere, and how they come back.

use super::server::frames;
use super::{Event, World};
use crate::simulation::disk::Row;
use crate::simulation::ledger::Promise;
use crate::simulation::plan::CrashPoint;
use crate::simulation::service::{self, Behaviour};
use crate::simulation::visits::{Visit, Visits};
use rpc_core::Time;
use rpc_proto::session::server::{Done, REPLY_HEADROOM, Run, Token};
use rpc_proto::session::store::{Change, Subject};

/// A call that the server has taken.
pub(super) struct Handler {
    token: Token,
    pub(super) call: u64,
    behaviour: Behaviour,
    deadline: Option<Time>,
    stage: Stage,
}

/// How far a handler has come.
#[derive(Debug)]
enum Stage {
    /// It waits in the queue.
    Queued,
    /// It is at work.
    Runs(u64),
    /// It has done what nobody can take back, and goes on.
    Acted(u64),
    /// Its transaction is committed, and it goes on.
    Committed(Box<Committed>),
}

#[derive(Clone, Debug)]
struct Committed {
    number: u64,
    done: Done,
    change: Change,
    reply: Vec<u8>,
}

impl World {
    /// A call is to be run.
    pub(super) fn take(&mut self, server: usize, call: u64, run: Run) -> Result<(), String> {
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
            stage: Stage::Queued,
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
        let done = handler.behaviour.done;
        let late = handler.deadline.is_some_and(|deadline| deadline <= now);
        match &handler.stage {
            Stage::Runs(_) => self.has_run(server, slot)?,
            Stage::Acted(_) => self.end_call(server, slot, done)?,
            Stage::Committed(committed) => {
                let committed = Committed::clone(committed);
                self.end_recorded(server, slot, committed)?;
            }
            Stage::Queued if process.machine_is_closing => {
                self.end_call(server, slot, Done::ShuttingDown)?;
            }
            Stage::Queued if late => self.end_call(server, slot, Done::DeadlinePassed)?,
            Stage::Queued => self.begin_call(server, slot)?,
        }
        self.after_server(server)
    }

    fn begin_call(&mut self, server: usize, slot: usize) -> Result<(), String> {
        let (life, disk) = (self.servers[server].life, self.servers[server].disk);
        let Some(handler) = self.handler_at(server, slot) else {
            return Ok(());
        };
        let (call, behaviour) = (handler.call, handler.behaviour);
        if matches!(behaviour.done, Done::BadArguments | Done::NoProcedure) {
            return self.end_call(server, slot, behaviour.done);
        }
        let promise = self.promise(call)?;
        let disk = self.disks.get(disk);
        let owns = disk.is_some_and(|disk| disk.belongs_to(life));
        let row = disk.and_then(|disk| disk.visible_row(call));
        let execution = self.ledger.begin(call, life, promise, owns, row)?;
        if let Some(handler) = self.handler_at(server, slot) {
            handler.stage = Stage::Runs(execution);
        }
        self.note(|| format!("server {server} runs call {call}"));
        if behaviour.runs == 0 {
            return self.has_run(server, slot);
        }
        let at = self.now + behaviour.runs;
        self.queue.push(at, Event::Handler { server, life, slot });
        Ok(())
    }

    /// A handler has done its work, and has not come back yet.
    fn has_run(&mut self, server: usize, slot: usize) -> Result<(), String> {
        let Some(handler) = self.handler_at(server, slot) else {
            return Ok(());
        };
        let (call, behaviour) = (handler.call, handler.behaviour);
        let Stage::Runs(execution) = handler.stage else {
            return Err("a handler has done what it did not begin".to_owned());
        };
        match self.promise(call)? {
            Promise::Memory => self.end_call(server, slot, behaviour.done),
            Promise::Transaction => self.transact(server, slot, call, execution, behaviour),
            Promise::Outside => {
                if behaviour.done != Done::Panicked || behaviour.acts {
                    self.ledger.act(call, execution)?;
                }
                if self.crashes(CrashPoint::Unfinished) {
                    return self.crash(server, Visit::CrashUnfinished);
                }
                if let Some(handler) = self.handler_at(server, slot) {
                    handler.stage = Stage::Acted(execution);
                }
                if behaviour.after == 0 {
                    return self.end_call(server, slot, behaviour.done);
                }
                let (life, at) = (self.servers[server].life, self.now + behaviour.after);
                self.queue.push(at, Event::Handler { server, life, slot });
                Ok(())
            }
        }
    }

    /// A handler whose effects are in the store: it commits them with the record of its call, or it leaves that to the server.
    fn transact(
        &mut self,
        server: usize,
        slot: usize,
        call: u64,
        execution: u64,
        behaviour: Behaviour,
    ) -> Result<(), String> {
        let done = match behaviour.done {
            Done::Panicked => Done::RolledBack,
            done => done,
        };
        if done == Done::RolledBack {
            self.visit(Visit::RolledBack);
        }
        let row = Row {
            execution,
            returned: matches!(done, Done::Returned | Done::Unencodable),
        };
        let (life, disk) = (self.servers[server].life, self.servers[server].disk);
        let Some(process) = &mut self.servers[server].process else {
            return Ok(());
        };
        let Some(handler) = process.handlers.get_mut(slot).and_then(Option::as_mut) else {
            return Ok(());
        };
        let id = handler.token.id().ok_or("a call without a number")?;
        if done == Done::StoreFailed || !behaviour.transacts {
            if done != Done::StoreFailed
                && let Some(keeping) = &mut process.keeping
            {
                keeping.rows.insert(id, (call, row));
            }
            return self.end_call(server, slot, done);
        }
        let mut reply = vec![0; REPLY_HEADROOM];
        if done == Done::Returned {
            reply.extend(service::result_of(execution, behaviour.result));
        }
        let change = handler
            .token
            .finish(done, &mut reply, 0)
            .ok_or("an exactly-once call that awaits no record")?;
        let disk = &mut self.disks[disk];
        if disk.belongs_to(life) {
            self.ledger.commit(call, row, disk.visible_row(call))?;
        }
        let number = match disk.commit(life, vec![change.clone()], vec![(call, row)]) {
            Ok(number) => number,
            Err(refused) => {
                self.end_call(server, slot, Done::StoreFailed)?;
                return self.store_fails(server, refused);
            }
        };
        self.note(|| format!("server {server} commits call {call}, {done:?}, as {number}"));
        if self.crashes(CrashPoint::Unrecorded) {
            return self.crash(server, Visit::CrashUnrecorded);
        }
        let committed = Committed {
            number,
            done,
            change,
            reply,
        };
        if behaviour.after == 0 {
            return self.end_recorded(server, slot, committed);
        }
        if let Some(handler) = self.handler_at(server, slot) {
            handler.stage = Stage::Committed(Box::new(committed));
        }
        let at = self.now + behaviour.after;
        self.queue.push(at, Event::Handler { server, life, slot });
        Ok(())
    }

    /// A handler comes back that has committed its call.
    fn end_recorded(
        &mut self,
        server: usize,
        slot: usize,
        committed: Committed,
    ) -> Result<(), String> {
        let Some(process) = &mut self.servers[server].process else {
            return Ok(());
        };
        let Some(handler) = process.handlers[slot].take() else {
            return Err("a handler comes back twice".to_owned());
        };
        process.running -= 1;
        let now = process.clock.read(self.now);
        let id = handler.token.id().ok_or("a call without a number")?;
        process
            .machine
            .handle_recorded(handler.token, &committed.reply);
        process
            .model
            .recorded(now, id, committed.done, &committed.change, &mut self.visits)?;
        self.recorded(server, committed.number, Subject::Call(id))
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
        if let Stage::Runs(execution) | Stage::Acted(execution) = handler.stage {
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

    fn handler_at(&mut self, server: usize, slot: usize) -> Option<&mut Handler> {
        let process = self.servers[server].process.as_mut()?;
        process.handlers.get_mut(slot)?.as_mut()
    }

    /// What makes a call run once.
    fn promise(&self, call: u64) -> Result<Promise, String> {
        Ok(self.ledger.get(call)?.promise(!self.disks.is_empty()))
    }
}

fn count_end(done: Done, visits: &mut Visits) {
    match done {
        Done::Panicked => visits.count(Visit::Panicked),
        Done::BadArguments => visits.count(Visit::BadArguments),
        Done::NoProcedure => visits.count(Visit::NoProcedure),
        Done::Unencodable => visits.count(Visit::Unencodable),
        _ => {}
    }
}
