//! The embedded store: one redb database in a directory of its own.
//!
//! - `opening`: from a directory to a database that has proven to be a store; nothing is written before (`careful`)
//! - `engine`: the one writer, durable and other commits, what everybody reads
//! - `changes`, `load`, `rows`: what is said becomes rows, and rows become what is kept
//!
//! The file's format, what errors do, and what a full disk does are in `docs/completion-store.md`.

mod careful;
mod changes;
mod engine;
mod load;
mod opening;
mod room;
mod rows;
#[cfg(test)]
mod tests;

use super::{
    Change, CommitNumber, CompletionStore, OpenError, OpenStore, Opened, StoreError, Verdict,
};
use engine::Engine;
use redb::{ReadTransaction, StorageBackend, WriteTransaction};
use room::Room;
use std::any::Any;
use std::fmt;
use std::path::Path;
use std::sync::Arc;

/// Completion records in an embedded database (redb), which a service keeps its own tables in too.
///
/// The service's handlers write theirs in the transaction that also commits the completion record. What must be there
/// before the first call is written with [`write`](Self::write):
///
/// ```
/// use rpc_core::redb::{ReadableTable, TableDefinition};
/// use rpc_core::DurableStore;
///
/// const BALANCES: TableDefinition<u64, u64> = TableDefinition::new("balances");
///
/// # let directory = std::env::temp_dir().join(format!("rpc-durable-{}", std::process::id()));
/// let store = DurableStore::open(&directory)?;
/// store.write(|t| {
///     let mut balances = t.open_table(BALANCES)?;
///     if balances.get(7)?.is_none() {
///         balances.insert(7, 1000)?;
///     }
///     Ok(())
/// })?;
/// let balance = store.read(|t| Ok(t.open_table(BALANCES)?.get(7)?.map(|cents| cents.value())))?;
/// assert_eq!(balance, Some(1000));
/// # drop(store);
/// # std::fs::remove_dir_all(directory)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// Table names that begin with `rpc.` are the store's own: whoever opens one of those for writing breaks the promises that
/// it keeps. As a [`CompletionStore`] it gives `&redb::WriteTransaction` and `&redb::ReadTransaction`.
///
/// Clones are the same store, which is in use until the last of them, and the server that was started with one, is gone.
#[derive(Clone)]
pub struct DurableStore {
    engine: Arc<Engine>,
}

impl DurableStore {
    /// Opens the store in this directory, or makes both. A directory has one server at a time:
    /// [`OpenError::InUse`] says that there is another.
    ///
    /// All of the file is read and checked. It is changed only if it is found to be a sound completion store.
    pub fn open(directory: impl AsRef<Path>) -> Result<Self, OpenError> {
        let directory = directory.as_ref();
        let lock = opening::lock(directory)?;
        let ready = opening::open_directory(directory)?;
        let room = Room::of(Some(directory));
        let engine = Engine::new(directory.to_owned(), ready, room, Some(lock))?;
        Ok(Self {
            engine: Arc::new(engine),
        })
    }

    /// Opens the store in a storage that is not a file in a directory, or makes one in an empty storage. Whoever gives the
    /// storage sees to it that nobody else uses it, that what is synced stays, and that there is room.
    pub fn on_storage(storage: impl StorageBackend) -> Result<Self, OpenError> {
        let place = Path::new("the storage");
        let ready = opening::open(place, storage)?;
        let engine = Engine::new(place.to_owned(), ready, Room::of(None), None)?;
        Ok(Self {
            engine: Arc::new(engine),
        })
    }

    /// Writes, outside of any call; durable when it returns. On an error of `work`, and if it panics, nothing is written.
    ///
    /// Calls that want to write wait meanwhile. Within a transaction of this store it is refused
    /// ([`StoreError::Nested`]).
    pub fn write<R>(
        &self,
        work: impl FnOnce(&WriteTransaction) -> Result<R, StoreError>,
    ) -> Result<R, StoreError> {
        self.engine.write(work)
    }

    /// Reads, outside of any call, the last durable state.
    pub fn read<R>(
        &self,
        work: impl FnOnce(&ReadTransaction) -> Result<R, StoreError>,
    ) -> Result<R, StoreError> {
        self.engine.read(None, work)?
    }
}

impl CompletionStore for DurableStore {
    fn open(&self) -> Result<Opened, OpenError> {
        let (epoch, identity, kept) = self.engine.take_over()?;
        let engine = self.engine.clone();
        Ok(Opened::new(identity, kept, Tenure { engine, epoch }))
    }
}

impl fmt::Debug for DurableStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.engine.fmt(f)
    }
}

/// One server's time with the store. It ends when another server opens it.
#[derive(Debug)]
struct Tenure {
    engine: Arc<Engine>,
    epoch: u64,
}

impl OpenStore for Tenure {
    fn commit(&self, changes: &[Change]) -> Result<CommitNumber, StoreError> {
        self.engine.commit(self.epoch, changes)
    }

    fn transact(
        &self,
        work: &mut dyn FnMut(&dyn Any) -> Verdict,
    ) -> Result<CommitNumber, StoreError> {
        self.engine
            .transact(self.epoch, |transaction| work(transaction))
    }

    fn read(&self, work: &mut dyn FnMut(&dyn Any)) -> Result<(), StoreError> {
        self.engine
            .read(Some(self.epoch), |transaction| work(transaction))
    }

    fn has_room(&self) -> bool {
        self.engine.has_room()
    }
}

/// So that `?` in a closure over a transaction does what is meant.
macro_rules! from_redb {
    ($($error:ty)*) => {
        $(impl From<$error> for StoreError {
            fn from(error: $error) -> Self {
                StoreError::transaction(error)
            }
        })*
    };
}

from_redb!(redb::Error redb::TableError redb::StorageError);
