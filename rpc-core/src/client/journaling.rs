//! A client with a session file: which of its keys the server may forget, and when.

use std::sync::{Arc, Mutex, PoisonError};

use rpc_proto::session::program::ReleasedKey;

use super::engine::Engine;
use super::session_file::{Entry, SessionFile};

/// A session file, and the server whose calls are noted in it.
///
/// The server is told to forget a key only once it is on disk that the reply was taken. Else, after the machine lost its power, a
/// successor could ask again under a key of which the server knows nothing any more, and the call would run once more.
pub(super) struct Journaling {
    pub(super) file: SessionFile,
    engine: Arc<Engine>,
    /// Keys that nobody will ask for again, each with the position that has to be on disk before the server hears of it.
    taken: Mutex<Vec<(u64, ReleasedKey)>>,
}

impl Journaling {
    pub(super) fn new(file: SessionFile, engine: Arc<Engine>) -> Self {
        Self {
            file,
            engine,
            taken: Mutex::default(),
        }
    }

    /// The reply of this call was taken, or there will be none.
    pub(super) fn confirm(&self, entry: Entry) {
        let here = entry.is_in(&self.file);
        if let Some(taken) = entry.confirm().filter(|_| here) {
            self.taken().push(taken);
        }
    }

    /// Tells the server of the keys of which that is on disk.
    pub(super) fn release(&self) {
        if self.taken().is_empty() {
            return;
        }
        let synced = self.file.synced();
        let (ready, taken) = std::mem::take(&mut *self.taken())
            .into_iter()
            .partition::<Vec<_>, _>(|(position, _)| *position <= synced);
        self.taken().extend(taken);
        if !ready.is_empty() {
            self.engine
                .release(ready.into_iter().map(|(_, key)| key).collect());
        }
    }

    fn taken(&self) -> std::sync::MutexGuard<'_, Vec<(u64, ReleasedKey)>> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Journaling {
    fn drop(&mut self) {
        // The last calls would otherwise be remembered until the server's retention ends.
        if !self.taken().is_empty() && self.file.sync() {
            self.release();
        }
    }
}
