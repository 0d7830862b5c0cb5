//! The calls that clients make.

use super::{Event, World};
use crate::simulation::clock::{MS, SECOND};
use crate::simulation::ledger::Entry;
use crate::simulation::service::{
    self, Behaviour, NEWER, OTHER_PROGRAM, OTHER_VERSION, OUTSIDE, SERVED,
};
use crate::simulation::visits::Visit;
use rpc_core::describe::{Interface, Method};
use rpc_proto::session::client::{HEADROOM, Request};
use std::time::Duration;

/// How long a call waits that has to succeed.
const PATIENCE: u64 = 60 * SECOND;

impl World {
    /// A client makes some calls, and will make more later.
    pub(super) fn load(&mut self, client: usize) -> Result<(), String> {
        let kept = if self.healed {
            0
        } else {
            self.plan.calls_after
        };
        let left = self.clients[client].calls_left.saturating_sub(kept);
        let burst = self.rng.range(1, self.plan.load.burst).min(left as u64);
        for _ in 0..burst {
            self.clients[client].calls_left -= 1;
            self.call(client)?;
        }
        self.pump(client)?;
        if left as u64 > burst {
            let pause = self.pause();
            self.queue.push(self.now + pause, Event::Load { client });
        }
        Ok(())
    }

    /// So long that all calls are made before the faults end; sometimes longer than a lease.
    fn pause(&mut self) -> u64 {
        let plan = &self.plan;
        let moments = (plan.calls / plan.streams.len()) as u64 / plan.load.burst.div_ceil(2) + 1;
        let mean = plan.horizon * 7 / 10 / moments;
        let lease = plan.server.lease.as_nanos() as u64;
        if lease < 4 * SECOND && !self.healed && self.rng.chance(20) {
            return lease + self.rng.below(lease / 4);
        }
        self.rng.spread(mean)
    }

    fn call(&mut self, client: usize) -> Result<(), String> {
        let (interface, method) = self.draw_method();
        let load = self.plan.load;
        let named = self.draw_key(client, interface, method);
        let (interface, method) = named
            .as_ref()
            .map_or((interface, method), |named| (named.interface, named.method));
        let mut behaviour = Behaviour::draw(&mut self.rng, &self.plan);
        let mut patience = if self.healed || self.plan.calm {
            PATIENCE
        } else if self.rng.chance(load.hurried) {
            self.visit(Visit::Hurried);
            self.rng.range(MS / 2, 400 * MS)
        } else {
            self.rng.range(2 * SECOND, 20 * SECOND)
        };
        if self.plan.stuck && !self.healed && (!self.stuck_given || self.rng.chance(4)) {
            self.stuck_given = true;
            self.visit(Visit::Stuck);
            behaviour = Behaviour::stuck(&mut self.rng);
            patience = PATIENCE;
        }
        let payload = if self.rng.chance(load.bulky) {
            self.rng.range(1000, 9000)
        } else {
            self.rng.below(48)
        } as usize;
        let own = self.ledger.entries.len() as u64;
        let mut subject = own;
        let mut payload = payload;
        if let Some(first) = named.as_ref().and_then(|named| named.subject) {
            let entry = self.ledger.get(first)?;
            (subject, payload, behaviour) = (first, entry.payload, entry.behaviour);
        }
        let key = named.map(|named| named.key);
        let now = self.clients[client].clock.read(self.now);
        let deadline = now + Duration::from_nanos(patience);
        let id = self.ledger.enter(Entry {
            client,
            interface,
            method,
            behaviour,
            subject,
            key,
            denied: false,
            made: now,
            deadline,
            payload,
            after: self.healed,
            begun: 0,
            begun_in: 0,
            undone: 0,
            acted: None,
            shelved: false,
            completed: Vec::new(),
            end: None,
        });
        self.note(|| {
            format!(
                "client {client} calls {} as call {id}, {} ms, {key:?}: {behaviour:?}",
                method.name,
                patience / MS
            )
        });
        let shelve = self.rng.chance(load.shelved);
        let mut message = vec![0; HEADROOM];
        service::put_args(&mut message, subject, payload);
        let node = &mut self.clients[client];
        let request = Request {
            interface,
            method,
            message,
            key,
            deadline,
            shelve,
        };
        let call = node.machine.handle_call(now, request);
        let known = node.ids.insert(call, id);
        self.plan_giving_up(client, call);
        match known {
            None => Ok(()),
            Some(other) => Err(format!("calls {other} and {id} have one name")),
        }
    }

    fn draw_method(&mut self) -> (&'static Interface, &'static Method) {
        if self.plan.disk().is_some() && self.rng.chance(450) {
            return match self.rng.below(3) {
                0 => (&SERVED, &SERVED.methods[4]),
                _ => {
                    let method = self.rng.below(2);
                    (&OUTSIDE, &OUTSIDE.methods[method as usize])
                }
            };
        }
        let interface: &'static Interface = if self.rng.chance(self.plan.load.foreign) {
            self.rng.pick(&[&NEWER, &OTHER_VERSION, &OTHER_PROGRAM])
        } else {
            &SERVED
        };
        let method = self.rng.below(interface.methods.len() as u64);
        (interface, &interface.methods[method as usize])
    }
}
