//! The suite, over the embedded store and over one that shows how little a store needs.

use super::*;
use crate::store::{CommitNumber, Opened, StoreIdentity};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::{Mutex, MutexGuard, PoisonError};

#[test]
fn a_store_over_a_database_server_keeps_its_promises() {
    run(Cluster::default);
}

/// What stands for a database server: its state, of which a crash leaves the durable one, and conditional commits.
#[derive(Clone, Default)]
struct Cluster(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    durable: Tables,
    latest: Tables,
    number: u64,
    epoch: u64,
}

#[derive(Clone, Default)]
struct Tables {
    records: Kept,
    cells: BTreeMap<u32, u32>,
}

/// The native transaction, for writing and for reading.
type Cells = RefCell<BTreeMap<u32, u32>>;

impl Fixture for Cluster {
    fn connect(&self) -> Result<Box<dyn CompletionStore>, OpenError> {
        Ok(Box::new(self.clone()))
    }

    fn kill(&self) {
        let mut state = self.state();
        state.latest = state.durable.clone();
    }

    fn put(&self, transaction: &dyn Any, key: u32, value: u32) {
        let cells = transaction.downcast_ref::<Cells>().expect("its own kind");
        cells.borrow_mut().insert(key, value);
    }

    fn get(&self, transaction: &dyn Any, key: u32) -> Option<u32> {
        let cells = transaction.downcast_ref::<Cells>().expect("its own kind");
        cells.borrow().get(&key).copied()
    }
}

impl CompletionStore for Cluster {
    fn open(&self) -> Result<Opened, OpenError> {
        let mut state = self.state();
        state.epoch += 1;
        state.durable = state.latest.clone();
        let identity = StoreIdentity {
            id: [1; 16],
            secret: [2; 16],
            durable: true,
        };
        let (cluster, epoch) = (self.clone(), state.epoch);
        let kept = settled(state.durable.records.clone());
        Ok(Opened::new(identity, kept, Connection { cluster, epoch }))
    }
}

#[derive(Debug)]
struct Connection {
    cluster: Cluster,
    epoch: u64,
}

impl OpenStore for Connection {
    fn commit(&self, changes: &[Change]) -> Result<CommitNumber, StoreError> {
        let mut state = self.cluster.of_epoch(self.epoch)?;
        let records = &mut state.latest.records;
        changes.iter().for_each(|change| records.apply(change));
        state.number += 1;
        state.durable = state.latest.clone();
        Ok(CommitNumber(state.number))
    }

    fn transact(
        &self,
        work: &mut dyn FnMut(&dyn Any) -> Verdict,
    ) -> Result<CommitNumber, StoreError> {
        let mut state = self.cluster.of_epoch(self.epoch)?;
        let cells = RefCell::new(state.latest.cells.clone());
        let verdict = match catch_unwind(AssertUnwindSafe(|| work(&cells))) {
            Ok(verdict) => verdict,
            Err(panic) => {
                drop(state);
                resume_unwind(panic)
            }
        };
        match verdict {
            Verdict::Keep(change) => {
                state.latest.cells = cells.into_inner();
                state.latest.records.apply(&change);
            }
            Verdict::RollBack(change) => state.latest.records.apply(&change),
            Verdict::Abandon => return Ok(CommitNumber(state.number)),
        }
        state.number += 1;
        Ok(CommitNumber(state.number))
    }

    fn read(&self, work: &mut dyn FnMut(&dyn Any)) -> Result<(), StoreError> {
        let cells = self.cluster.of_epoch(self.epoch)?.durable.cells.clone();
        work(&RefCell::new(cells));
        Ok(())
    }

    fn has_room(&self) -> bool {
        true
    }
}

impl Cluster {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The state, if nobody else has opened it since.
    fn of_epoch(&self, epoch: u64) -> Result<MutexGuard<'_, State>, StoreError> {
        let state = self.state();
        if state.epoch == epoch {
            Ok(state)
        } else {
            Err(StoreError::Fenced)
        }
    }
}

impl fmt::Debug for Cluster {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Cluster")
    }
}
