//! Where the completion records of `exactly_once` calls are kept: what a store is asked, and the stores that there are.
//!
//! The server says what changes ([`Change`]), the store keeps it. A store is narrow on purpose, so that a database server can
//! be one: it commits lists of changes, runs a handler's closure inside one of its own transactions, and gives back all
//! that it holds when a server opens it. What each operation promises is written down with the operations, and numbered
//! in `docs/completion-store.md`; [`conformance`] is the suite that every store has to pass.
//!
//! [`MemoryCompletions`] is gone with the process. `DurableStore` (feature `durable`) is the embedded database that a
//! server uses unless it is given another store.

pub mod conformance;
#[cfg(feature = "durable")]
mod durable;
mod error;
mod memory;

use std::any::Any;
use std::fmt;
use std::sync::Arc;

#[cfg(feature = "durable")]
pub use durable::DurableStore;
pub use error::{OpenError, StoreError};
pub use memory::MemoryCompletions;
pub use rpc_proto::message::SysCredential;
pub use rpc_proto::session::Security;
pub use rpc_proto::session::store::{
    CallKey, Change, FinishedCall, Forgotten, Kept, KeptSession, StartedCall, StoreIdentity,
};
pub use rpc_proto::session::wire::{KeyId, RequestId, SessionId};

/// Keeps the completion records of `exactly_once` calls.
///
/// Sessions for such calls belong to the store, not to one life of a server: whoever opens the store later goes on where
/// its predecessor stopped.
pub trait CompletionStore: fmt::Debug + Send + Sync + 'static {
    /// Opens the store for a server that starts: gives all that is held, and the handle through which this server, and no
    /// earlier one, changes it.
    ///
    /// From here on no [`OpenStore`] of an earlier `open` can commit: it fails with [`StoreError::Fenced`], however late it
    /// comes and on whatever machine it is. A store that cannot fence the predecessor refuses with [`OpenError::InUse`]
    /// while there is one.
    fn open(&self) -> Result<Opened, OpenError>;
}

/// A store that was opened for one server.
#[non_exhaustive]
pub struct Opened {
    /// What the store is known by.
    pub identity: StoreIdentity,
    /// All that it holds. All of it is durable.
    pub kept: Kept,
    /// Changes it from here on.
    pub store: Arc<dyn OpenStore>,
}

impl Opened {
    /// Puts together what [`CompletionStore::open`] gives.
    pub fn new(identity: StoreIdentity, kept: Kept, store: impl OpenStore) -> Self {
        let store = Arc::new(store);
        Self {
            identity,
            kept,
            store,
        }
    }
}

/// Without the identity, half of which is a secret, and without the records.
impl fmt::Debug for Opened {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Opened")
            .field("store", &self.store)
            .finish_non_exhaustive()
    }
}

/// The number of a commit, durable or not. Numbers of one [`OpenStore`] rise in the order in which its commits take effect.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CommitNumber(pub u64);

/// One server's hold on a store. All operations may be called from many threads at a time; they take effect one after the
/// other.
///
/// After the first [`StoreError::Failed`] or [`StoreError::Fenced`] nothing is committed through this handle any more:
/// every later operation but [`has_room`](Self::has_room) fails in the same way.
pub trait OpenStore: fmt::Debug + Send + Sync + 'static {
    /// Keeps these changes, in this order: all or none of them, whatever happens. When it returns, they and everything that
    /// was committed before are durable: they outlive the process, and the machine's loss of power.
    ///
    /// Gives the highest number that is durable. A driver that holds back what rests on [`transact`](Self::transact) may let
    /// go of everything up to it, and of what it gets a lower or equal number for later: the two calls race, so the
    /// number that `transact` returned is to be compared with the highest that any `commit` has returned, under one lock.
    ///
    /// An empty list makes durable what is not yet. It is cheap if there is nothing.
    ///
    /// On an error it is unknown whether the changes are kept; nothing may be said about them in this life of the server.
    fn commit(&self, changes: &[Change]) -> Result<CommitNumber, StoreError>;

    /// Calls `work` once, with the store's own transaction, and commits what it wrote there together with the change that it
    /// returns, as its [`Verdict`] says: both or neither, whatever happens. One at a time.
    ///
    /// `work` gets a `&redb::WriteTransaction` from the embedded store; every store says in its documentation what it gives.
    /// It must not call this store in any other way than through that transaction.
    ///
    /// The commit need not be durable when this returns: a later [`commit`](Self::commit) makes it so, and so covers many
    /// of them. Until the returned number is durable, nothing may leave the server that rests on what `work` did *or saw*.
    ///
    /// If `work` panics, everything it wrote is taken back, nothing is kept, the panic goes on to the caller, and the store
    /// can be used as before. On an error nothing of the transaction is visible in this life of the server.
    fn transact(
        &self,
        work: &mut dyn FnMut(&dyn Any) -> Verdict,
    ) -> Result<CommitNumber, StoreError>;

    /// Calls `work` once, with a reading transaction of the store's own kind (`&redb::ReadTransaction` from the embedded
    /// one), in which exactly the last durable commit and all before it is visible: never what a crash could take back.
    fn read(&self, work: &mut dyn FnMut(&dyn Any)) -> Result<(), StoreError>;

    /// Whether there is room for new calls. It becomes false while there is still enough to keep the ends of the calls that
    /// run, the refusals of new ones, and to forget. Measured anew by every [`commit`](Self::commit), also an empty one, so
    /// that asking costs nothing.
    fn has_room(&self) -> bool;
}

/// What becomes of a transaction, and what is kept of the call that it belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// What was written stays, and this change is kept with it.
    Keep(Change),
    /// What was written is taken back; this change is kept all the same.
    RollBack(Change),
    /// What was written is taken back, and nothing is kept.
    Abandon,
}
