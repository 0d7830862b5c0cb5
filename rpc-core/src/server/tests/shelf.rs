//! A store that a test can hold up, break and fill, and whose power it can cut.

use super::support::PATIENCE;
use crate::store::{
    Change, CommitNumber, CompletionStore, Kept, OpenError, OpenStore, Opened, StoreError,
    StoreIdentity, Verdict,
};
use std::any::Any;
use std::cell::RefCell;
use std::sync::{Arc, Condvar, Mutex, MutexGuard};

/// The store. Its transactions are lists of numbers that a handler writes down.
#[derive(Clone, Debug, Default)]
pub(super) struct Shelf(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    state: Mutex<State>,
    changed: Condvar,
    /// Transactions come one at a time, and none during another.
    writer: Mutex<()>,
}

/// What a transaction can do.
#[derive(Debug, Default)]
pub(super) struct Notes(pub(super) RefCell<Vec<u64>>);

#[derive(Debug, Default)]
struct State {
    durable: Durable,
    /// Committed, but not durable.
    loose: Vec<(Option<u64>, Change)>,
    number: u64,
    /// Commits that may come to their end; without bound if there is none.
    permits: Option<usize>,
    /// Commits that have begun, with how much each has made durable.
    groups: Vec<usize>,
    transactions: usize,
    broken: bool,
    full: bool,
}

#[derive(Clone, Debug, Default)]
struct Durable {
    kept: Kept,
    notes: Vec<u64>,
}

impl Shelf {
    /// Commits wait for [`allow`](Self::allow) from now on.
    pub(super) fn hold(&self) {
        self.state().permits = Some(0);
    }

    /// Lets so many more commits come to their end.
    pub(super) fn allow(&self, count: usize) {
        *self.state().permits.get_or_insert(0) += count;
        self.0.changed.notify_all();
    }

    /// Commits are not held any more.
    pub(super) fn free(&self) {
        self.state().permits = None;
        self.0.changed.notify_all();
    }

    /// All commits fail from now on.
    pub(super) fn break_down(&self) {
        self.state().broken = true;
    }

    pub(super) fn fill(&self, full: bool) {
        self.state().full = full;
    }

    /// Waits until so many commits have begun.
    pub(super) fn wait_for_commits(&self, count: usize) {
        self.wait_for("commits", |state| state.groups.len() >= count);
    }

    /// Waits until so many transactions are committed.
    pub(super) fn wait_for_transactions(&self, count: usize) {
        self.wait_for("transactions", |state| state.transactions >= count);
    }

    /// How much each commit has made durable.
    pub(super) fn groups(&self) -> Vec<usize> {
        self.state().groups.clone()
    }

    /// The numbers that are durable.
    pub(super) fn notes(&self) -> Vec<u64> {
        self.state().durable.notes.clone()
    }

    /// What the next server finds if this one is killed now.
    pub(super) fn after_a_crash(&self) -> Shelf {
        let shelf = Shelf::default();
        shelf.state().durable = self.state().durable.clone();
        shelf
    }

    fn wait_for(&self, what: &str, done: impl Fn(&State) -> bool) {
        let state = self.state();
        let waited = self
            .0
            .changed
            .wait_timeout_while(state, PATIENCE, |state| !done(state));
        let (_state, timeout) = waited.expect("shelf");
        assert!(!timeout.timed_out(), "the {what} did not come");
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().expect("shelf")
    }
}

impl CompletionStore for Shelf {
    fn open(&self) -> Result<Opened, OpenError> {
        let mut identity = StoreIdentity::passing([7; 32]);
        identity.durable = true;
        let kept = self.state().durable.kept.clone();
        Ok(Opened::new(identity, kept, self.clone()))
    }
}

impl OpenStore for Shelf {
    fn commit(&self, changes: &[Change]) -> Result<CommitNumber, StoreError> {
        let mut state = self.state();
        if state.broken {
            return Err(StoreError::Failed("as the test wants".to_owned()));
        }
        state.number += 1;
        let number = state.number;
        let mut group = std::mem::take(&mut state.loose);
        group.extend(changes.iter().map(|change| (None, change.clone())));
        state.groups.push(group.len());
        self.0.changed.notify_all();
        let waited = self
            .0
            .changed
            .wait_timeout_while(state, PATIENCE, |state| state.permits == Some(0));
        let (mut state, timeout) = waited.expect("shelf");
        assert!(!timeout.timed_out(), "the test forgot a commit");
        if let Some(permits) = &mut state.permits {
            *permits -= 1;
        }
        for (note, change) in group {
            state.durable.notes.extend(note);
            state.durable.kept.apply(&change);
        }
        Ok(CommitNumber(number))
    }

    fn transact(
        &self,
        work: &mut dyn FnMut(&dyn Any) -> Verdict,
    ) -> Result<CommitNumber, StoreError> {
        let _one = self
            .0
            .writer
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        if self.state().broken {
            return Err(StoreError::Failed("as the test wants".to_owned()));
        }
        let notes = Notes::default();
        let verdict = work(&notes);
        let mut state = self.state();
        state.number += 1;
        match verdict {
            Verdict::Keep(change) => {
                let notes = notes.0.into_inner();
                let change = (notes.first().copied(), change);
                state.loose.push(change);
            }
            Verdict::RollBack(change) => state.loose.push((None, change)),
            Verdict::Abandon => {}
        }
        state.transactions += 1;
        self.0.changed.notify_all();
        Ok(CommitNumber(state.number))
    }

    fn read(&self, work: &mut dyn FnMut(&dyn Any)) -> Result<(), StoreError> {
        let notes = self.notes();
        work(&notes);
        Ok(())
    }

    fn has_room(&self) -> bool {
        !self.state().full
    }
}
