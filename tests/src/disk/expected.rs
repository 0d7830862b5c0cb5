//! What may be on the disk: the last state that was reported durable, and those that were committed after it.

use super::faults::Event;
use rpc_core::store::conformance::settled;
use rpc_core::store::{Change, CommitNumber, Kept};
use std::collections::BTreeMap;

/// The handler's own table.
pub type Cells = BTreeMap<u32, u32>;

/// Everything that a store holds after some commit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Snapshot {
    /// The server's records.
    pub kept: Kept,
    /// The handlers' effects.
    pub cells: Cells,
}

impl Snapshot {
    /// What comes of it after these changes, and this effect.
    pub fn after(&self, changes: &[Change], effect: Option<(u32, u32)>) -> Snapshot {
        let mut next = self.clone();
        changes.iter().for_each(|change| next.kept.apply(change));
        next.kept = settled(next.kept);
        next.cells.extend(effect);
        next
    }
}

impl Snapshot {
    /// What of it is not as it was found.
    fn differs(&self, found: &Snapshot) -> String {
        let (kept, there) = (&self.kept, &found.kept);
        let parts = [
            ("sessions", kept.sessions == there.sessions),
            ("starts", kept.started == there.started),
            ("ends", kept.finished == there.finished),
            ("keys", kept.keys == there.keys),
            ("the clock", kept.clock == there.clock),
            ("effects", self.cells == found.cells),
        ];
        let other = parts.iter().filter(|(_, same)| !same);
        other.map(|(name, _)| *name).collect::<Vec<_>>().join(", ")
    }
}

/// The states among which the disk may be, in the order of their commits.
#[derive(Debug)]
pub struct Expected {
    /// The first of them is durable.
    states: Vec<Snapshot>,
    /// The number of the last commit that returned one.
    latest: CommitNumber,
    /// Whether the last state is one whose commit failed.
    in_doubt: bool,
}

impl Default for Expected {
    fn default() -> Self {
        Self {
            states: vec![Snapshot::default()],
            latest: CommitNumber::default(),
            in_doubt: false,
        }
    }
}

impl Expected {
    /// The state of the last commit.
    pub fn current(&self) -> &Snapshot {
        &self.states[self.states.len() - 1]
    }

    /// The state that was reported durable last.
    pub fn durable(&self) -> &Snapshot {
        &self.states[0]
    }

    /// Whether there are commits that are not durable.
    pub fn has_undurable(&self) -> bool {
        self.states.len() > 1
    }

    /// A transaction was committed under this number.
    pub fn transacted(&mut self, state: Snapshot, number: CommitNumber) -> Result<(), String> {
        if number <= self.latest {
            return Err(format!("number {number:?} follows {:?}", self.latest));
        }
        self.latest = number;
        self.states.push(state);
        Ok(())
    }

    /// A durable commit of this state returned: everything up to this number is durable.
    pub fn committed(&mut self, state: Snapshot, number: CommitNumber) -> Result<(), String> {
        if number < self.latest {
            let latest = self.latest;
            return Err(format!("durable is {number:?}, and {latest:?} was before"));
        }
        self.latest = number;
        self.states = vec![state];
        Ok(())
    }

    /// This state is durable, and nobody was given a number.
    pub fn written(&mut self, state: Snapshot) {
        self.states = vec![state];
    }

    /// A commit of this state failed: it may be there or not.
    pub fn doubt(&mut self, state: Snapshot) {
        self.states.push(state);
        self.in_doubt = true;
    }

    /// A server starts and finds this, which is durable now. Says what the crash did.
    pub fn found(&mut self, found: Snapshot) -> Result<Option<Event>, String> {
        // The latest first: one commit may leave the state as it was.
        let place = self.states.iter().rposition(|state| *state == found);
        let Some(place) = place else {
            let states = self.states.iter();
            let differences: Vec<String> = states.map(|state| state.differs(&found)).collect();
            return Err(format!(
                "this is no state that was committed; from the last durable one on they differ in: {}",
                differences.join("; ")
            ));
        };
        let event = match place {
            0 if self.has_undurable() => Some(Event::UndurableLost),
            0 => None,
            last if self.in_doubt && last + 1 == self.states.len() => Some(Event::MoreThanReported),
            _ => None,
        };
        *self = Expected {
            states: vec![found],
            latest: CommitNumber::default(),
            in_doubt: false,
        };
        Ok(event)
    }
}
