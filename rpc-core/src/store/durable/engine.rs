//! The one writer, and the last durable state that everybody reads.
//!
//! Commits that are not durable yet are visible to the next writer and to nobody else: readers get the state of the last
//! durable commit, which is put aside at that commit, before a later writer can begin.

use super::changes::Tables;
use super::load::Loaded;
use super::opening::{self, Ready};
use super::room::Room;
use crate::store::{
    Change, CommitNumber, Kept, OpenError, SessionId, StoreError, StoreIdentity, Verdict,
};
use redb::{
    CommitError, Database, Durability, ReadTransaction, ReadableDatabase, WriteTransaction,
};
use std::cell::Cell;
use std::collections::HashSet;
use std::fmt;
use std::fs::File;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::PathBuf;
use std::ptr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread;

pub(super) struct Engine {
    place: PathBuf,
    identity: StoreIdentity,
    writer: Mutex<Writer>,
    /// The state of the last durable commit.
    durable: Mutex<Arc<ReadTransaction>>,
    /// The server that opened the store last. Raised under the writer's lock.
    epoch: AtomicU64,
    failed: OnceLock<String>,
    room: Room,
    /// Ends last: only then another server may begin.
    _lock: Option<File>,
}

/// What belongs to whoever writes.
struct Writer {
    database: Database,
    /// The number of the last commit.
    latest: u64,
    /// The number of the last commit that is durable.
    durable: u64,
    /// The sessions that exist, as of the last commit.
    sessions: HashSet<SessionId>,
    /// What was read when the file was checked, for the first server.
    loaded: Option<Loaded>,
}

thread_local! {
    /// The engine whose transaction this thread is in.
    static INSIDE: Cell<*const Engine> = const { Cell::new(ptr::null()) };
}

impl Engine {
    pub(super) fn new(
        place: PathBuf,
        ready: Ready,
        room: Room,
        lock: Option<File>,
    ) -> Result<Self, OpenError> {
        let snapshot = ready.database.begin_read().map_err(OpenError::other)?;
        let writer = Writer {
            database: ready.database,
            latest: 0,
            durable: 0,
            sessions: HashSet::new(),
            loaded: Some(ready.loaded),
        };
        Ok(Self {
            place,
            identity: ready.identity,
            writer: Mutex::new(writer),
            durable: Mutex::new(Arc::new(snapshot)),
            epoch: AtomicU64::new(0),
            failed: OnceLock::new(),
            room,
            _lock: lock,
        })
    }

    /// Gives the store to a new server: its epoch, the identity, and what is held.
    pub(super) fn take_over(&self) -> Result<(u64, StoreIdentity, Kept), OpenError> {
        let mut writer = self.writer(None).map_err(OpenError::other)?;
        // What the predecessor had not made durable is now either kept for good or, by a crash, was never there.
        self.commit_durably(&mut writer, &[])
            .map_err(OpenError::other)?;
        let loaded = match writer.loaded.take() {
            Some(loaded) => loaded,
            None => Loaded::read(&self.last_durable())
                .map_err(|error| opening::damaged(&self.place, error.to_string()))?,
        };
        writer.sessions = loaded.kept.sessions.iter().map(|(id, _)| *id).collect();
        if !loaded.orphans.is_empty() {
            self.drop_orphans(&mut writer, &loaded)
                .map_err(OpenError::other)?;
        }
        self.room.measure();
        let epoch = self.epoch.fetch_add(1, Ordering::Relaxed) + 1;
        Ok((epoch, self.identity, loaded.kept))
    }

    pub(super) fn commit(
        &self,
        epoch: u64,
        changes: &[Change],
    ) -> Result<CommitNumber, StoreError> {
        let mut writer = self.writer(Some(epoch))?;
        let number = self.commit_durably(&mut writer, changes)?;
        self.room.measure();
        Ok(number)
    }

    pub(super) fn transact(
        &self,
        epoch: u64,
        work: impl FnOnce(&WriteTransaction) -> Verdict,
    ) -> Result<CommitNumber, StoreError> {
        let mut writer = self.writer(Some(epoch))?;
        let transaction = self.begin(&writer, Durability::None)?;
        match self.inside(|| work(&transaction)) {
            Ok(Verdict::Keep(change)) => self.keep(&mut writer, transaction, &[change]),
            Ok(Verdict::RollBack(change)) => {
                self.abort(transaction)?;
                let transaction = self.begin(&writer, Durability::None)?;
                self.keep(&mut writer, transaction, &[change])
            }
            Ok(Verdict::Abandon) => {
                self.abort(transaction)?;
                Ok(CommitNumber(writer.latest))
            }
            Err(panic) => {
                // Should this fail, the store is failed, which the next one to use it is told.
                let _ = self.abort(transaction);
                drop(writer);
                resume_unwind(panic)
            }
        }
    }

    /// A durable commit of what `work` writes, unless it fails.
    pub(super) fn write<R>(
        &self,
        work: impl FnOnce(&WriteTransaction) -> Result<R, StoreError>,
    ) -> Result<R, StoreError> {
        let mut writer = self.writer(None)?;
        let transaction = self.begin(&writer, Durability::Immediate)?;
        match self.inside(|| work(&transaction)) {
            Ok(Ok(result)) => {
                self.keep(&mut writer, transaction, &[])?;
                self.publish(&mut writer)?;
                Ok(result)
            }
            Ok(Err(error)) => {
                self.abort(transaction)?;
                Err(error)
            }
            Err(panic) => {
                let _ = self.abort(transaction);
                drop(writer);
                resume_unwind(panic)
            }
        }
    }

    pub(super) fn read<R>(
        &self,
        epoch: Option<u64>,
        work: impl FnOnce(&ReadTransaction) -> R,
    ) -> Result<R, StoreError> {
        self.check(epoch)?;
        Ok(work(&self.last_durable()))
    }

    pub(super) fn has_room(&self) -> bool {
        self.room.is_enough()
    }

    fn last_durable(&self) -> Arc<ReadTransaction> {
        let durable = self.durable.lock().unwrap_or_else(PoisonError::into_inner);
        durable.clone()
    }

    /// Waits for the writer's turn.
    fn writer(&self, epoch: Option<u64>) -> Result<MutexGuard<'_, Writer>, StoreError> {
        if ptr::eq(INSIDE.get(), self) {
            return Err(StoreError::Nested);
        }
        let writer = self.writer.lock().map_err(|_| {
            // No code of a user's runs under this lock without being caught.
            self.fail("a panic of the database")
        })?;
        self.check(epoch)?;
        Ok(writer)
    }

    fn check(&self, epoch: Option<u64>) -> Result<(), StoreError> {
        if let Some(cause) = self.failed.get() {
            return Err(StoreError::Failed(cause.clone()));
        }
        match epoch {
            Some(epoch) if epoch != self.epoch.load(Ordering::Relaxed) => Err(StoreError::Fenced),
            _ => Ok(()),
        }
    }

    /// From here on the store does nothing: what is on the disk may be anything between two commits.
    fn fail(&self, error: impl fmt::Display) -> StoreError {
        let cause = self.failed.get_or_init(|| {
            tracing::error!(store = %self.place.display(), %error, "the completion store has failed");
            error.to_string()
        });
        StoreError::Failed(cause.clone())
    }

    fn begin(
        &self,
        writer: &Writer,
        durability: Durability,
    ) -> Result<WriteTransaction, StoreError> {
        let begun = writer.database.begin_write();
        let mut transaction = begun.map_err(|error| self.fail(error))?;
        transaction
            .set_durability(durability)
            .map_err(|error| self.fail(error))?;
        Ok(transaction)
    }

    /// Runs what a user wrote. The transaction is still there after a panic, and can be taken back in order.
    fn inside<R>(&self, work: impl FnOnce() -> R) -> thread::Result<R> {
        let outer = INSIDE.replace(self);
        let result = catch_unwind(AssertUnwindSafe(work));
        INSIDE.set(outer);
        result
    }

    /// Adds these changes to the transaction, and commits it.
    fn keep(
        &self,
        writer: &mut Writer,
        transaction: WriteTransaction,
        changes: &[Change],
    ) -> Result<CommitNumber, StoreError> {
        let mut tables = Tables::new(&transaction);
        for change in changes {
            tables
                .apply(change, &mut writer.sessions)
                .map_err(|error| self.fail(error))?;
        }
        drop(tables);
        match transaction.commit() {
            Ok(()) => {}
            // Rolled back by the database, since something that the user did there broke off half-way.
            Err(error @ CommitError::TransactionPoisoned) => {
                return Err(StoreError::transaction(error));
            }
            Err(error) => return Err(self.fail(error)),
        }
        writer.latest += 1;
        Ok(CommitNumber(writer.latest))
    }

    fn abort(&self, transaction: WriteTransaction) -> Result<(), StoreError> {
        transaction.abort().map_err(|error| self.fail(error))
    }

    fn commit_durably(
        &self,
        writer: &mut Writer,
        changes: &[Change],
    ) -> Result<CommitNumber, StoreError> {
        if !changes.is_empty() || writer.latest > writer.durable {
            let transaction = self.begin(writer, Durability::Immediate)?;
            self.keep(writer, transaction, changes)?;
            self.publish(writer)?;
        }
        Ok(CommitNumber(writer.durable))
    }

    /// After a durable commit: lets everybody see it.
    fn publish(&self, writer: &mut Writer) -> Result<(), StoreError> {
        let begun = writer.database.begin_read();
        let snapshot = Arc::new(begun.map_err(|error| self.fail(error))?);
        *self.durable.lock().unwrap_or_else(PoisonError::into_inner) = snapshot;
        writer.durable = writer.latest;
        Ok(())
    }

    fn drop_orphans(&self, writer: &mut Writer, loaded: &Loaded) -> Result<(), StoreError> {
        let transaction = self.begin(writer, Durability::Immediate)?;
        let mut tables = Tables::new(&transaction);
        for call in &loaded.orphans {
            tables.drop_call(call).map_err(|error| self.fail(error))?;
        }
        drop(tables);
        self.keep(writer, transaction, &[])?;
        self.publish(writer)
    }
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("DurableStore").field(&self.place).finish()
    }
}
