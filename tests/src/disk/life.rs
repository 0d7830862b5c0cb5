//! One life of a store: what a server does with it, until something ends it.

use super::World;
use super::expected::Snapshot;
use super::faults::{Event, FAULTS, Fault, Phase};
use rpc_core::DurableStore;
use rpc_core::redb::{
    ReadTransaction, ReadableTable, TableDefinition, TableError, WriteTransaction,
};
use rpc_core::store::{
    Change, CommitNumber, CompletionStore, OpenStore, StoreError, Verdict, conformance::settled,
};
use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;

const CELLS: TableDefinition<u32, u32> = TableDefinition::new("cells");

/// Why a life goes on no longer: a fault that was planned, or a broken promise.
enum End {
    Fault,
    Violation(String),
}

impl From<String> for End {
    fn from(violation: String) -> Self {
        End::Violation(violation)
    }
}

/// How a transaction ends.
#[derive(Clone, Copy, PartialEq)]
enum Ending {
    Keep,
    RollBack,
    Abandon,
    Panic,
}

impl World {
    /// A server starts, does things, and comes to an end of some kind.
    pub(super) fn live(&mut self) -> Result<(), String> {
        let fuse = self.rng.chance(750).then(|| self.fuse());
        self.disk.platter().start(fuse);
        let ended = self.serve();
        if let Err(End::Violation(violation)) = ended {
            return Err(violation);
        }
        Ok(())
    }

    /// After all faults, a last server starts, and nothing goes wrong.
    pub(super) fn open_at_last(&mut self) -> Result<(), String> {
        self.disk.platter().start(None);
        match self.open() {
            Ok(_) => Ok(()),
            Err(End::Fault) => Err("a fault without a fuse".to_owned()),
            Err(End::Violation(violation)) => Err(violation),
        }
    }

    fn fuse(&mut self) -> (Fault, u64) {
        let fault = self.rng.pick(&FAULTS);
        let most = match fault {
            Fault::CrashAtLength | Fault::LengthError => 2,
            Fault::CrashBeforeSync | Fault::CrashAfterSync | Fault::SyncError => 16,
            Fault::ReadError => 30,
            Fault::CrashAtWrite | Fault::WriteError | Fault::FullDisk => 80,
        };
        (fault, self.rng.range(1, most))
    }

    fn serve(&mut self) -> Result<(), End> {
        let creating = self.disk.platter().phase == Phase::Creating;
        let (place, mut store) = match self.open() {
            Ok(opened) => opened,
            Err(end) => {
                self.end_after_fault();
                if creating {
                    self.disk.platter().discard();
                }
                return Err(end);
            }
        };
        for _ in 0..self.rng.range(1, 30) {
            if let Err(end) = self.act(&place, &mut store) {
                let end = self.after_error(end, &place, &*store);
                self.disk.platter().kill();
                drop((place, store));
                self.end_after_fault();
                return Err(end);
            }
        }
        self.end(place, store)
    }

    /// The store opens, unless a fault was planned for it, and has what must be there.
    fn open(&mut self) -> Result<(DurableStore, Arc<dyn OpenStore>), End> {
        let place = DurableStore::on_storage(self.disk.clone())
            .map_err(|error| self.only_by_fault(&error))?;
        let opened = place.open().map_err(|error| self.only_by_fault(&error))?;
        let id = *self.id.get_or_insert(opened.identity.id);
        if id != opened.identity.id {
            return Err(End::Violation("the store has another name".to_owned()));
        }
        let mut cells = None;
        let read = opened.store.read(&mut |t| cells = Some(read_cells(t)));
        read.map_err(|error| self.only_by_fault(&error))?;
        let cells = match cells {
            Some(Ok(cells)) => cells,
            Some(Err(error)) => return Err(self.only_by_fault(&error)),
            None => return Err(End::Violation("a read that reads nothing".to_owned())),
        };
        let kept = settled(opened.kept);
        if let Some(event) = self.expected.found(Snapshot { kept, cells })? {
            self.disk.platter().visits.event(event);
        }
        Ok((place, opened.store))
    }

    fn act(&mut self, place: &DurableStore, store: &mut Arc<dyn OpenStore>) -> Result<(), End> {
        match self.rng.below(20) {
            0..=6 => self.commit(&**store),
            7 => self.commit_nothing(&**store),
            8..=16 => self.transact(&**store),
            17 => self.write(place),
            18 => self.read(&**store),
            _ => self.take_over(place, store),
        }
    }

    fn commit(&mut self, store: &dyn OpenStore) -> Result<(), End> {
        let mut state = self.expected.current().clone();
        let mut changes = Vec::new();
        for _ in 0..self.rng.range(1, 6) {
            let change = self.change(&state);
            state = state.after(std::slice::from_ref(&change), None);
            changes.push(change);
        }
        self.during(Phase::Committing);
        let committed = store.commit(&changes);
        self.durable(state, committed)
    }

    fn commit_nothing(&mut self, store: &dyn OpenStore) -> Result<(), End> {
        self.during(Phase::Committing);
        let state = self.expected.current().clone();
        self.durable(state, store.commit(&[]))
    }

    /// Notes what a durable commit has come to.
    fn durable(
        &mut self,
        state: Snapshot,
        committed: Result<CommitNumber, StoreError>,
    ) -> Result<(), End> {
        self.commits += 1;
        match committed {
            Ok(number) => Ok(self.expected.committed(state, number)?),
            Err(error) => {
                self.expected.doubt(state);
                Err(self.only_by_fault(&error))
            }
        }
    }

    fn transact(&mut self, store: &dyn OpenStore) -> Result<(), End> {
        use Ending::*;
        let ending = self
            .rng
            .pick(&[Keep, Keep, Keep, Keep, RollBack, Abandon, Panic]);
        let effect = (self.rng.below(5) as u32, self.rng.next() as u32);
        let before = self.expected.current().clone();
        let change = self.finish(&before);
        let state = before.after(
            std::slice::from_ref(&change),
            (ending == Keep).then_some(effect),
        );
        let mut seen = None;
        self.during(Phase::Transacting);
        let transacted = catch_unwind(AssertUnwindSafe(|| {
            store.transact(&mut |transaction| {
                seen = Some(write_cell(transaction, effect));
                match ending {
                    Keep => Verdict::Keep(change.clone()),
                    RollBack => Verdict::RollBack(change.clone()),
                    Abandon => Verdict::Abandon,
                    // Without the message that a panic prints.
                    Panic => resume_unwind(Box::new("part of the test")),
                }
            })
        }));
        match seen {
            // It did not come to that.
            None if matches!(transacted, Ok(Err(_))) => {}
            Some(Ok(found)) if found == before.cells.get(&effect.0).copied() => {}
            Some(Err(error)) => return Err(self.only_by_fault(&error)),
            other => return Err(format!("a transaction sees {other:?} in {before:?}").into()),
        }
        self.commits += 1;
        match transacted {
            Err(_) if ending == Panic => {
                self.disk.platter().visits.event(Event::Panic);
                Ok(())
            }
            Err(_) => Err(End::Violation("a panic out of the store".to_owned())),
            Ok(Ok(_)) if ending == Abandon => Ok(()),
            Ok(Ok(number)) => Ok(self.expected.transacted(state, number)?),
            Ok(Err(error)) => {
                self.expected.doubt(state);
                Err(self.only_by_fault(&error))
            }
        }
    }

    /// What a service does outside of calls; durable at once, with all before it.
    fn write(&mut self, place: &DurableStore) -> Result<(), End> {
        let effect = (self.rng.below(5) as u32, self.rng.next() as u32);
        let state = self.expected.current().after(&[], Some(effect));
        self.during(Phase::Committing);
        let written = place.write(|transaction| {
            transaction.open_table(CELLS)?.insert(effect.0, effect.1)?;
            Ok(())
        });
        match written {
            Ok(()) => {
                self.expected.written(state);
                Ok(())
            }
            Err(error) => {
                self.expected.doubt(state);
                Err(self.only_by_fault(&error))
            }
        }
    }

    /// Readers see the last durable state, not the last one.
    fn read(&mut self, store: &dyn OpenStore) -> Result<(), End> {
        let mut cells = None;
        let read = store.read(&mut |transaction| cells = Some(read_cells(transaction)));
        read.map_err(|error| self.only_by_fault(&error))?;
        match cells {
            Some(Ok(cells)) if cells == self.expected.durable().cells => Ok(()),
            Some(Err(error)) => Err(self.only_by_fault(&error)),
            other => Err(format!(
                "a reader sees {other:?}, and durable is {:?}",
                self.expected.durable()
            )
            .into()),
        }
    }

    /// Another server in the same process, after which the first one can do nothing.
    fn take_over(
        &mut self,
        place: &DurableStore,
        store: &mut Arc<dyn OpenStore>,
    ) -> Result<(), End> {
        self.during(Phase::Committing);
        let state = self.expected.current().clone();
        let opened = match place.open() {
            Ok(opened) => opened,
            Err(error) => {
                self.expected.doubt(state);
                return Err(self.only_by_fault(&error));
            }
        };
        let kept = settled(opened.kept);
        if kept != state.kept {
            return Err(format!("taken over with {kept:?}, and there is {:?}", state.kept).into());
        }
        self.expected.written(state);
        self.disk.platter().visits.event(Event::TakenOver);
        let before = std::mem::replace(store, opened.store);
        match before.commit(&[Change::Clock(u64::MAX)]) {
            Err(StoreError::Fenced) => Ok(()),
            other => Err(format!("the server before is told {other:?}").into()),
        }
    }

    fn during(&self, phase: Phase) {
        self.disk.platter().phase = phase;
    }

    /// An error is right only if something was made to fail.
    fn only_by_fault(&self, error: &dyn std::fmt::Display) -> End {
        match self.disk.platter().blown() {
            Some(_) => End::Fault,
            None => End::Violation(format!("without any fault: {error}")),
        }
    }

    /// After its first error the store does nothing any more, whatever works again.
    fn after_error(&mut self, end: End, place: &DurableStore, store: &dyn OpenStore) -> End {
        if !matches!(end, End::Fault) {
            return end;
        }
        let outcomes = [
            store.commit(&[Change::Clock(u64::MAX)]).map(drop),
            store.commit(&[]).map(drop),
            store.transact(&mut |_| Verdict::Abandon).map(drop),
            store.read(&mut |_| ()),
            place.write(|_| Ok(())),
        ];
        match outcomes
            .iter()
            .all(|outcome| matches!(outcome, Err(StoreError::Failed(_))))
        {
            true => End::Fault,
            false => End::Violation(format!("after a failure it goes on: {outcomes:?}")),
        }
    }

    /// The power fails after a planned fault, if that was not it; or only the process ends.
    fn end_after_fault(&mut self) {
        let mut platter = self.disk.platter();
        let process_only = matches!(
            platter.blown(),
            Some(
                Fault::WriteError
                    | Fault::FullDisk
                    | Fault::SyncError
                    | Fault::LengthError
                    | Fault::ReadError
            )
        );
        platter.kill();
        if !(process_only && self.rng.chance(500)) {
            platter.crash();
        }
    }

    /// An end that no fault brought about.
    fn end(&mut self, place: DurableStore, store: Arc<dyn OpenStore>) -> Result<(), End> {
        let undurable = self.expected.has_undurable();
        match self.rng.below(3) {
            0 => {
                let mut platter = self.disk.platter();
                platter.visits.event(if undurable {
                    Event::CrashWithUndurable
                } else {
                    Event::CrashIdle
                });
                platter.crash();
            }
            1 => {
                let mut platter = self.disk.platter();
                platter.visits.event(Event::Kill);
                platter.kill();
            }
            _ => {
                self.during(Phase::Closing);
                self.disk.platter().visits.event(Event::CleanEnd);
                drop((place, store));
                if self.disk.platter().blown().is_some() {
                    self.end_after_fault();
                }
                return Ok(());
            }
        }
        drop((place, store));
        Ok(())
    }
}

/// Writes a cell, and gives what was there.
fn write_cell(transaction: &dyn Any, (key, value): (u32, u32)) -> Result<Option<u32>, TableError> {
    let Some(transaction) = transaction.downcast_ref::<WriteTransaction>() else {
        return Err(TableError::TableDoesNotExist(
            "of another database".to_owned(),
        ));
    };
    let mut cells = transaction.open_table(CELLS)?;
    let before = cells.insert(key, value)?.map(|before| before.value());
    Ok(before)
}

/// All cells.
fn read_cells(transaction: &dyn Any) -> Result<super::expected::Cells, TableError> {
    let Some(transaction) = transaction.downcast_ref::<ReadTransaction>() else {
        return Err(TableError::TableDoesNotExist(
            "of another database".to_owned(),
        ));
    };
    let cells = match transaction.open_table(CELLS) {
        Ok(cells) => cells,
        Err(TableError::TableDoesNotExist(_)) => return Ok(super::expected::Cells::new()),
        Err(error) => return Err(error),
    };
    let mut found = super::expected::Cells::new();
    for entry in cells.iter()? {
        let (key, value) = entry?;
        found.insert(key.value(), value.value());
    }
    Ok(found)
}
