//! Whether the disk has room for new calls.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

/// Below this there is no room for new calls. The rest is for the ends of those that run, for refusals, and for
/// forgetting, which needs new pages before it frees old ones.
const RESERVE: u64 = 64 << 20;

/// The free space of a directory, as of the last look.
#[derive(Debug)]
pub(super) struct Room {
    /// `None` for a storage that is not in a file: nobody knows how much it can take.
    directory: Option<PathBuf>,
    enough: AtomicBool,
}

impl Room {
    pub(super) fn of(directory: Option<&Path>) -> Self {
        let room = Self {
            directory: directory.map(Path::to_owned),
            enough: AtomicBool::new(true),
        };
        room.measure();
        room
    }

    /// Looks again. Where the system does not say, nothing changes.
    pub(super) fn measure(&self) {
        let Some(directory) = &self.directory else {
            return;
        };
        if let Ok(found) = rustix::fs::statvfs(directory) {
            let free = found.f_bavail.saturating_mul(found.f_frsize);
            self.enough.store(free >= RESERVE, Ordering::Relaxed);
        }
    }

    pub(super) fn is_enough(&self) -> bool {
        self.enough.load(Ordering::Relaxed)
    }
}
