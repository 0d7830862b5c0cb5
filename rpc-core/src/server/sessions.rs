//! The session machine, and what its driver keeps beside it under the same lock.

use super::queues::WaitingCall;
use super::source::Stream;
use super::sources::END;
use crate::context::{Peer, Recorded};
use crate::store::{Change, CommitNumber};
use crate::system;
use rpc_proto::session::server::{self as machine, Handled, Origin, Resumed, Route};
use rpc_proto::session::store::Subject;
use rpc_proto::time::Time;
use std::collections::VecDeque;
use std::mem::{replace, take};
use std::time::Duration;

/// Locked for short sections only: never while a handler runs, a system call is made or the store works.
pub(super) struct Sessions {
    pub(super) machine: machine::Server,
    /// Calls let in whose end the machine does not know yet.
    pub(super) open: usize,
    /// What is to be kept, in order.
    changes: Vec<Change>,
    /// What goes on when it is kept.
    waiting: Vec<Waiting>,
    /// How many more are in the hands of the thread that commits.
    committing: usize,
    /// All up to this commit is durable.
    durable: CommitNumber,
    /// When the oldest of what waits began to.
    waits_since: Time,
    /// The store failed.
    pub(super) failed: bool,
    /// The store has room for new calls.
    has_room: bool,
    /// When the machine has to be told the time again.
    tell_time: Time,
    /// Connections in which a call waits that the machine has no room to remember, those that have waited longest first.
    starved: VecDeque<u64>,
}

/// Something that goes on when the store has kept it.
pub(super) struct Waiting {
    subject: Subject,
    /// Where the call came from, whose connection stays open for it.
    pub(super) route: Option<Route>,
    /// Who called, if it is a call that begins then.
    peer: Option<Peer>,
}

/// Where a message or a call came from.
#[derive(Clone, Copy)]
pub(super) struct Caller<'a> {
    pub(super) route: Route,
    /// Who it is, where calls may begin later.
    pub(super) peer: Option<&'a Peer>,
    /// The connection, if it is one.
    pub(super) stream: Option<&'a Stream>,
}

/// What a commit is made of, and then what comes of it.
#[derive(Default)]
pub(super) struct Batch {
    pub(super) changes: Vec<Change>,
    pub(super) waiting: Vec<Waiting>,
    /// Framed messages and whom they go to: each ends where it says, and begins where the one before it ends.
    pub(super) messages: Vec<u8>,
    pub(super) ends: Vec<(Route, usize)>,
    /// Calls that begin now.
    pub(super) runs: Vec<WaitingCall>,
    /// Where something came from that waits no more, one for each.
    pub(super) ended: Vec<Route>,
}

/// How old the machine's idea of the time may become while messages come in.
const TELL_TIME: Duration = Duration::from_millis(500);

/// So many changes that nobody waits for make a commit worth while.
const GATHERED: usize = 1024;

impl Sessions {
    pub(super) fn new(machine: machine::Server) -> Self {
        Self {
            machine,
            open: 0,
            changes: Vec::new(),
            waiting: Vec::new(),
            committing: 0,
            durable: CommitNumber::default(),
            waits_since: Time::ZERO,
            failed: false,
            has_room: true,
            tell_time: Time::ZERO,
            starved: VecDeque::new(),
        }
    }

    /// Whether nothing runs, and nothing waits for the store.
    pub(super) fn is_quiet(&self) -> bool {
        self.open == 0 && self.waiting.is_empty() && self.committing == 0
    }

    /// Whether something waits for the store.
    pub(super) fn waits_for_store(&self) -> bool {
        self.committing > 0 || !self.waiting.is_empty()
    }

    /// How much there is for a commit. Changes that nobody waits for may gather, but not without end.
    pub(super) fn backlog(&self) -> usize {
        self.waiting.len() + self.changes.len() / GATHERED
    }

    /// Since when something has waited for a commit, if something does.
    pub(super) fn waits_since(&self) -> Option<Time> {
        (self.backlog() > 0).then_some(self.waits_since)
    }

    /// Tells the machine the time of day, if it has not heard it for a while.
    pub(super) fn tell_time(&mut self, now: Time) {
        if now >= self.tell_time {
            self.tell_time = now + TELL_TIME;
            self.machine.handle_clock(system::wall_ms());
        }
    }

    pub(super) fn handle_message(
        &mut self,
        now: Time,
        origin: Origin<'_>,
        from: Caller<'_>,
        message: &[u8],
        out: &mut Vec<u8>,
    ) -> Handled {
        self.tell_time(now);
        let handled = self.machine.handle_message(now, origin, message, out);
        match handled {
            Handled::Run(_) => self.open += 1,
            Handled::NoRoom => self.starve(from),
            Handled::Nothing | Handled::Reply => {}
        }
        self.gather(Some(from));
        handled
    }

    /// A message has to be left unread. Noted under the lock, so that no room comes before it is.
    fn starve(&mut self, from: Caller<'_>) {
        if let Some(stream) = from.stream {
            stream.set_waits_for_room(true);
            self.starved.push_back(from.route.0);
        }
    }

    /// A connection is closed, and the call in it lost.
    pub(super) fn forget_starved(&mut self, number: u64) {
        self.starved.retain(|starved| *starved != number);
    }

    /// After the end of a call: the connections to be read on, in which others wait. One, which finds room or waits again behind
    /// the others, for the next end; all, if there will be none.
    pub(super) fn take_starved(&mut self) -> VecDeque<u64> {
        match self.machine.plain_calls_under_way() {
            0 => take(&mut self.starved),
            _ => self.starved.pop_front().into_iter().collect(),
        }
    }

    /// Takes from the machine what is to be kept, and notes what waits for it.
    pub(super) fn gather(&mut self, from: Option<Caller<'_>>) {
        while let Some(change) = self.machine.poll_change() {
            if self.failed {
                continue;
            }
            if let Some(subject) = change.subject() {
                self.wait(subject, from);
            }
            self.changes.push(change);
        }
    }

    /// Something goes on after the next commit.
    pub(super) fn wait(&mut self, subject: Subject, from: Option<Caller<'_>>) {
        // Before anybody can see that it waits, since it is given back when it does not any more.
        if let Some(stream) = from.and_then(|from| from.stream) {
            stream.detach_call();
        }
        if self.waiting.is_empty() {
            self.waits_since = system::now();
        }
        self.waiting.push(Waiting {
            subject,
            route: from.map(|from| from.route),
            peer: from.and_then(|from| from.peer).cloned(),
        });
    }

    /// Takes what the next commit is made of. False: there is nothing.
    pub(super) fn take_batch(&mut self, batch: &mut Batch) -> bool {
        batch.changes = take(&mut self.changes);
        batch.waiting = take(&mut self.waiting);
        self.committing = batch.waiting.len();
        !(batch.changes.is_empty() && batch.waiting.is_empty())
    }

    /// The batch is durable, up to this commit: has the machine go on with what waited.
    pub(super) fn kept(&mut self, durable: CommitNumber, batch: &mut Batch) {
        self.durable = self.durable.max(durable);
        self.committing = 0;
        for mut waiting in take(&mut batch.waiting) {
            match self
                .machine
                .handle_kept(waiting.subject, &mut batch.messages)
            {
                Resumed::Nothing => {}
                Resumed::Reply(route) => batch.ends.push((route, batch.messages.len())),
                Resumed::Run(run, args) => {
                    self.open += 1;
                    let (route, peer) = (waiting.route.take(), waiting.peer.take());
                    batch.runs.push(WaitingCall {
                        run,
                        peer: peer.unwrap_or_else(Peer::local),
                        // It came from somewhere, else it would not begin.
                        route: route.unwrap_or(Route(END)),
                        args,
                    });
                }
            }
            batch.ended.extend(waiting.route);
        }
        for (route, message) in self.take_messages() {
            batch.messages.extend_from_slice(&message);
            batch.ends.push((route, batch.messages.len()));
        }
        self.gather(None);
    }

    /// What the machine wants to send beside answers.
    pub(super) fn take_messages(&mut self) -> Vec<(Route, Vec<u8>)> {
        std::iter::from_fn(|| self.machine.poll_transmit()).collect()
    }

    /// The store is gone: what waited is never answered. Gives the connections that it came from.
    pub(super) fn store_failed(&mut self, batch: &mut Batch) {
        self.machine.handle_store_failed();
        self.failed = true;
        self.changes.clear();
        self.committing = 0;
        let waiting = batch.waiting.drain(..).chain(self.waiting.drain(..));
        batch
            .ended
            .extend(waiting.filter_map(|waiting| waiting.route));
    }

    /// Tells the machine whether the store has room. Says whether that is news.
    pub(super) fn tell_room(&mut self, has_room: bool) -> bool {
        self.machine.handle_store_room(has_room);
        replace(&mut self.has_room, has_room) != has_room
    }

    /// The end of a call is recorded by the commit of this number. Where its reply, now in `out`, may go at once.
    pub(super) fn recorded(
        &mut self,
        recorded: Recorded,
        from: Caller<'_>,
        out: &mut Vec<u8>,
    ) -> Option<Route> {
        let id = recorded.token.id()?;
        self.open -= 1;
        self.machine
            .handle_recorded(recorded.token, &recorded.reply);
        let mut route = None;
        if recorded.commit <= self.durable {
            if let Resumed::Reply(to) = self.machine.handle_kept(Subject::Call(id), out) {
                route = Some(to);
            }
        } else if !self.failed {
            self.wait(Subject::Call(id), Some(from));
        }
        self.gather(Some(from));
        route
    }
}
