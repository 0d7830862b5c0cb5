//! The numbers of one session, in plain sets.

use super::replies::Kept;
use super::{Class, Expected};
use crate::simulation::map::FastMap;
use crate::simulation::visits::{Visit, Visits};
use rpc_core::Time;
use rpc_core::describe::Semantics;
use rpc_proto::session::server::{Done, Route};
use rpc_proto::session::store::{CallKey, Forgotten};
use std::collections::BTreeSet;

/// What the server must know of the numbers of a session.
#[derive(Debug, Default)]
pub(super) struct Numbers {
    /// Every number below this one is acknowledged.
    below: u64,
    /// Acknowledged ones above it.
    above: BTreeSet<u64>,
    /// Numbers that have arrived, except the forgotten ones. A running one stays until it ends.
    pub(super) seen: FastMap<u64, Number>,
    /// Those of them that the server keeps a record of.
    pub(super) kept: usize,
}

/// A number that has arrived.
#[derive(Debug)]
pub(super) struct Number {
    pub(super) digest: u64,
    pub(super) stage: Stage,
    pub(super) semantics: Semantics,
    pub(super) began: Time,
    /// Of its latest copy.
    pub(super) xid: u32,
    pub(super) route: Route,
    pub(super) datagram: bool,
    /// The client was told that it has arrived.
    pub(super) told_received: bool,
    /// An earlier copy ran.
    pub(super) ran: bool,
    /// Its handler has ended like this, and the store was not told yet.
    pub(super) ended_as: Option<Done>,
    /// Somebody has asked since the server started.
    pub(super) asked: bool,
    /// It was on the disk when the server started, and takes no room.
    pub(super) restored: bool,
    /// It waits for the call that runs for this key.
    pub(super) follows: Option<CallKey>,
}

/// How far a number has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    Running,
    /// It runs when the store has its start.
    Starting,
    /// It has ended, and the store does not have that yet; copies are told that it runs.
    Settling(Kept),
    /// It ran, and nothing needed to be kept.
    Unkept,
    /// It is over; this is what all copies are told.
    Finished(Kept),
    /// It is over and has no reply.
    Silent,
}

impl Stage {
    /// Whether copies are told that it runs.
    pub(super) fn is_under_way(&self) -> bool {
        matches!(self, Stage::Running | Stage::Starting | Stage::Settling(_))
    }
}

impl Numbers {
    /// The numbers of a session as a store has kept them.
    pub(super) fn restore(forgotten: &Forgotten) -> Self {
        let above = forgotten
            .above
            .iter()
            .flat_map(|&(first, last)| first..=last);
        Self {
            below: forgotten.below,
            above: above.collect(),
            ..Self::default()
        }
    }

    /// A call that was started or finished before the server did.
    pub(super) fn restore_call(&mut self, seq: u64, digest: u64, stage: Stage) {
        if self.is_forgotten(seq) {
            return;
        }
        let number = Number {
            digest,
            stage,
            semantics: Semantics::ExactlyOnce,
            began: Time::ZERO,
            xid: 0,
            route: Route(0),
            datagram: false,
            told_received: false,
            ran: false,
            ended_as: None,
            asked: false,
            restored: true,
            follows: None,
        };
        self.seen.insert(seq, number);
    }

    /// Nothing more is known of a number.
    pub(super) fn remove(&mut self, seq: u64) {
        if let Some(number) = self.seen.remove(&seq) {
            self.kept -= usize::from(!number.restored);
        }
    }

    /// Whether all these are forgotten.
    pub(super) fn has_forgotten(&self, forgotten: &Forgotten) -> bool {
        let ends = forgotten
            .above
            .iter()
            .flat_map(|&(first, last)| [first, last]);
        forgotten.below <= self.below.max(1) && ends.into_iter().all(|seq| self.is_forgotten(seq))
            || (1..forgotten.below).all(|seq| self.is_forgotten(seq))
                && forgotten
                    .above
                    .iter()
                    .all(|&(first, last)| (first..=last).all(|seq| self.is_forgotten(seq)))
    }

    pub(super) fn is_forgotten(&self, seq: u64) -> bool {
        seq < self.below.max(1) || self.above.contains(&seq)
    }

    pub(super) fn class(&self, seq: u64, digest: Option<u64>) -> Class {
        if self.is_forgotten(seq) {
            return Class::Forgotten;
        }
        match self.seen.get(&seq) {
            None => Class::New,
            Some(number) if digest.is_some_and(|digest| digest != number.digest) => Class::Conflict,
            Some(number) if number.stage == Stage::Unkept => Class::Unkept,
            Some(number) if number.stage.is_under_way() => Class::Running,
            Some(_) => Class::Finished,
        }
    }

    pub(super) fn begin(&mut self, seq: u64, number: Number) {
        if self.seen.insert(seq, number).is_none() {
            self.kept += 1;
        }
    }

    /// The server has refused a number, and keeps that.
    pub(super) fn refuse(
        &mut self,
        seq: u64,
        expected: &Expected,
        digest: u64,
        semantics: Semantics,
        stage: Stage,
    ) {
        let number = Number {
            digest,
            stage,
            semantics,
            began: Time::ZERO,
            xid: expected.xid,
            route: expected.route,
            datagram: expected.datagram,
            told_received: false,
            ran: false,
            ended_as: None,
            asked: true,
            restored: false,
            follows: None,
        };
        if self.seen.insert(seq, number).is_none() {
            self.kept += 1;
        }
    }

    /// Calls that run although they are acknowledged.
    pub(super) fn given_up(&self) -> usize {
        self.seen
            .keys()
            .filter(|seq| self.is_forgotten(**seq))
            .count()
    }

    /// The server forgets a number without having been told to.
    pub(super) fn forget(&mut self, seq: u64) {
        self.above.insert(seq);
    }

    pub(super) fn acknowledge_below(&mut self, first: u64, visits: &mut Visits) {
        if first <= self.below.max(1) {
            return;
        }
        for seq in self.below.max(1)..first {
            self.acknowledge(seq, visits);
        }
        self.below = first;
        self.above = self.above.split_off(&first);
    }

    pub(super) fn acknowledge_range(&mut self, first: u64, last: u64, visits: &mut Visits) {
        for seq in first.max(self.below)..=last {
            self.acknowledge(seq, visits);
        }
    }

    pub(super) fn acknowledge(&mut self, seq: u64, visits: &mut Visits) {
        if self.is_forgotten(seq) {
            return;
        }
        self.above.insert(seq);
        match self.seen.get(&seq).map(|number| &number.stage) {
            None => visits.count(Visit::ServerForgotUnseen),
            Some(stage) if stage.is_under_way() => visits.count(Visit::ServerForgotRunning),
            Some(_) => {
                visits.count(Visit::ServerForgot);
                self.remove(seq);
            }
        }
    }
}
