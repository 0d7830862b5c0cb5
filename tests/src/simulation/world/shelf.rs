//! Callers that ask again after the deadline of their call, or give it up.

use super::{Event, World};
use crate::simulation::clock::{MS, SECOND};
use crate::simulation::rng::Rng;
use crate::simulation::visits::Visit;
use rpc_proto::session::client::{CallId, Failure, FailureKind};
use std::time::Duration;

/// Callers that leave before the deadline: who drops a future, say. In some worlds only, and drawn apart from all else.
pub(super) struct Impatience {
    rng: Rng,
    /// Of so many calls in a thousand.
    often: u32,
}

impl Impatience {
    pub(super) fn draw(seed: u64) -> Self {
        let mut rng = Rng::new(!seed);
        let often = if rng.chance(250) {
            rng.pick(&[10, 100, 400])
        } else {
            0
        };
        Self { rng, often }
    }
}

impl World {
    /// A call was made; perhaps its caller leaves before its end.
    pub(super) fn plan_giving_up(&mut self, client: usize, call: CallId) {
        let impatience = &mut self.impatience;
        if self.healed || !impatience.rng.chance(impatience.often) {
            return;
        }
        let span = impatience.rng.pick(&[1, MS, 50 * MS, 3 * SECOND]);
        let at = self.now + impatience.rng.below(span);
        let life = self.clients[client].life;
        self.queue.push(at, Event::GiveUp { client, life, call });
    }

    /// A caller leaves, if its call has not ended.
    pub(super) fn give_up(&mut self, client: usize, life: u32, call: CallId) -> Result<(), String> {
        let node = &self.clients[client];
        let Some(&id) = node.ids.get(&call).filter(|_| node.life == life) else {
            return Ok(());
        };
        // Of one that is shelved the caller has heard the end.
        if self.ledger.get(id)?.shelved {
            return Ok(());
        }
        self.visit(Visit::GivenUpEarly);
        self.note(|| format!("client {client} gives up call {id}"));
        self.leave(client, call, id)
    }

    fn leave(&mut self, client: usize, call: CallId, id: u64) -> Result<(), String> {
        let node = &mut self.clients[client];
        let now = node.clock.read(self.now);
        node.ids.remove(&call);
        node.oracle.given_up(id);
        node.machine.give_up(now, call);
        self.ledger.abandon(id)?;
        self.member_left(id);
        self.pump(client)
    }

    /// The deadline of a call has passed, and its caller keeps it.
    pub(super) fn shelved(
        &mut self,
        client: usize,
        call: CallId,
        id: u64,
        failure: &Failure,
    ) -> Result<(), String> {
        self.visit(Visit::Shelved);
        let node = &mut self.clients[client];
        let (now, life) = (node.clock.read(self.now), node.life);
        let entry = self.ledger.get(id)?;
        let late = matches!(
            failure.kind,
            FailureKind::DeadlineExceeded | FailureKind::NoRoomForSession
        );
        if !late || now < entry.deadline {
            return Err(format!("call {id} is shelved without need: {failure:?}"));
        }
        node.oracle.shelved(id, entry, failure)?;
        node.ids.insert(call, id);
        self.ledger.shelve(id)?;
        let lease = self.plan.server.lease.as_nanos() as u64;
        let pause = self.rng.pick(&[MS, 300 * MS, SECOND, lease / 2, lease]);
        let at = self.now + self.rng.below(pause);
        self.queue.push(at, Event::AskAgain { client, life, call });
        Ok(())
    }

    pub(super) fn ask_again(
        &mut self,
        client: usize,
        life: u32,
        call: CallId,
    ) -> Result<(), String> {
        let node = &mut self.clients[client];
        let Some(&id) = node.ids.get(&call).filter(|_| node.life == life) else {
            return Ok(());
        };
        let now = node.clock.read(self.now);
        // For some there is nothing to wait for any more, which nobody but they can know.
        let long_after = self.now > self.plan.horizon + 20 * SECOND;
        if long_after || self.rng.chance(200) {
            self.visit(Visit::GivenUp);
            return self.leave(client, call, id);
        }
        self.visit(Visit::AskedAgain);
        self.note(|| format!("client {client} asks again for call {id}"));
        let patience = self.rng.range(MS, 8 * SECOND);
        let deadline = now + Duration::from_nanos(patience);
        let node = &mut self.clients[client];
        node.oracle.taken_up(now, id);
        node.asked_again = true;
        self.ledger.take_up(id, deadline)?;
        if !node.machine.ask_again(now, call, deadline) {
            return Err(format!("call {id} was shelved, and is not known any more"));
        }
        self.pump(client)
    }
}
