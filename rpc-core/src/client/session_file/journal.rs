//! The file while it is open: who writes, who syncs, and when it is written anew.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use super::super::files::{self, ClientFileError};
use super::format::{self, Begun};

/// What a session file begins with: what it is, and the version of its format.
const MAGIC: [u8; 8] = *b"rpcsess\x01";
/// So many calls may be unfinished,
pub(super) const MOST_CALLS: usize = 10_000;
/// and so many bytes may their arguments have.
const MOST_BYTES: usize = 64 << 20;
/// A file that is not longer than this is not written anew.
const SMALL: u64 = 64 << 10;

/// A call that could not be noted, and so must not be sent.
#[derive(Debug, thiserror::Error)]
pub(in super::super) enum NoteError {
    /// Too many calls are unfinished.
    #[error("the session file has too many unfinished calls")]
    Full,
    /// The file cannot be written.
    #[error(transparent)]
    File(ClientFileError),
}

/// An open session file.
///
/// One lock guards what is written; it is not held while the file is synced, so that calls that are noted meanwhile share the
/// next sync. Whoever finds nobody syncing syncs for all who have written.
pub(super) struct Journal {
    path: PathBuf,
    pub(super) secret: [u8; 16],
    state: Mutex<State>,
    synced: Condvar,
}

struct State {
    file: Arc<File>,
    length: u64,
    /// From here on the file is worth writing anew.
    long: u64,
    calls: BTreeMap<u64, Open>,
    next: u64,
    /// Bytes of arguments of the unfinished calls.
    bytes: usize,
    /// Records written since the file was opened,
    written: u64,
    /// and how many of them are on disk.
    synced: u64,
    syncing: bool,
    /// Syncing failed. What is on disk is not known any more, so nothing new may rest on it.
    failed: bool,
}

/// A call that has not ended.
struct Open {
    begun: Arc<Begun>,
    /// Somebody in this process waits for it, or may ask again.
    busy: bool,
}

impl Journal {
    pub(super) fn open(path: &Path) -> Result<Self, ClientFileError> {
        let mut file = lock(path)?;
        let io_error = files::io_error(path);
        let mut contents = Vec::new();
        file.read_to_end(&mut contents).map_err(&io_error)?;
        let (secret, records) = files::read_header(path, &contents, MAGIC)?;
        let read = format::read(records)
            .map_err(|(at, what)| files::damaged(path, files::HEADER + at, what))?;
        let length = (files::HEADER + read.end) as u64;
        if read.end < records.len() {
            file.set_len(length)
                .and_then(|()| file.sync_all())
                .map_err(&io_error)?;
        }
        let bytes = read.calls.values().map(|call| call.args.len()).sum();
        let open = |(id, begun)| (id, Open { begun, busy: false });
        Ok(Self {
            path: path.to_owned(),
            secret,
            state: Mutex::new(State {
                file: Arc::new(file),
                length,
                long: SMALL,
                calls: read.calls.into_iter().map(open).collect(),
                next: read.next,
                bytes,
                written: 0,
                synced: 0,
                syncing: false,
                failed: false,
            }),
            synced: Condvar::new(),
        })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Notes a call, which gets its number. It is on disk when this returns.
    pub(super) fn begin(&self, mut call: Begun) -> Result<u64, NoteError> {
        let mut state = self.lock();
        let bytes = state.bytes + call.args.len();
        if state.calls.len() >= MOST_CALLS || bytes > MOST_BYTES {
            return Err(NoteError::Full);
        }
        let id = state.next;
        call.id = id;
        let unwritten = |error| NoteError::File(files::io_error(&self.path)(error));
        let record = format::begun(&call).map_err(|error| unwritten(io::Error::other(error)))?;
        state.append(&record).map_err(unwritten)?;
        (state.next, state.bytes) = (id + 1, bytes);
        let begun = Arc::new(call);
        state.calls.insert(id, Open { begun, busy: true });
        let written = state.written;
        if let Err(error) = self.sync_to(state, written) {
            self.lock().remove(id);
            return Err(unwritten(error));
        }
        Ok(id)
    }

    /// Notes that nobody needs the reply of a call any more. Gives the position in the file after which that is so,
    /// or nothing if it could not be noted: then a successor will find the call unfinished.
    pub(super) fn end(&self, id: u64) -> Option<u64> {
        let mut state = self.lock();
        state.remove(id)?;
        let noted = format::ended(id)
            .map_err(io::Error::other)
            .and_then(|record| state.append(&record));
        if let Err(error) = noted {
            let path = self.path.display();
            tracing::warn!(%error, %path, "the end of a call is not in the session file");
            return None;
        }
        let written = state.written;
        if state.length > state.long && !state.syncing {
            self.write_anew(&mut state);
        }
        Some(written)
    }

    /// Up to which position everything is on disk.
    pub(super) fn synced(&self) -> u64 {
        self.lock().synced
    }

    /// Puts everything on disk.
    pub(super) fn sync(&self) -> io::Result<()> {
        let state = self.lock();
        let written = state.written;
        self.sync_to(state, written)
    }

    /// The calls that nobody in this process is at.
    pub(super) fn unfinished(&self) -> Vec<Arc<Begun>> {
        let state = self.lock();
        let idle = state.calls.values().filter(|call| !call.busy);
        idle.map(|call| call.begun.clone()).collect()
    }

    /// Takes a call that nobody is at. Says whether there was one.
    pub(super) fn take(&self, id: u64) -> bool {
        match self.lock().calls.get_mut(&id) {
            Some(call) if !call.busy => {
                call.busy = true;
                true
            }
            _ => false,
        }
    }

    /// Nobody is at this call any more.
    pub(super) fn leave(&self, id: u64) {
        if let Some(call) = self.lock().calls.get_mut(&id) {
            call.busy = false;
        }
    }

    fn sync_to<'a>(&'a self, mut state: MutexGuard<'a, State>, written: u64) -> io::Result<()> {
        while state.synced < written {
            if state.failed {
                return Err(io::Error::other(
                    "the session file could not be synced before",
                ));
            }
            if state.syncing {
                state = self
                    .synced
                    .wait(state)
                    .unwrap_or_else(PoisonError::into_inner);
                continue;
            }
            state.syncing = true;
            let (file, reach) = (state.file.clone(), state.written);
            drop(state);
            let synced = file.sync_data();
            state = self.lock();
            state.syncing = false;
            self.synced.notify_all();
            match synced {
                Ok(()) => state.synced = state.synced.max(reach),
                Err(error) => {
                    state.failed = true;
                    return Err(error);
                }
            }
        }
        Ok(())
    }

    /// Writes the file anew with nothing but what is unfinished. What cannot be done now is tried when it has grown again.
    fn write_anew(&self, state: &mut State) {
        let draft = files::beside(&self.path, "new");
        match self.draft(&draft, state) {
            Ok((file, length)) => {
                (state.file, state.length) = (Arc::new(file), length);
                state.synced = state.written;
                // Should the old name come back after a crash, what is noted from now on would be missing.
                state.failed |= files::sync_folder(&self.path).is_err();
            }
            Err(error) => {
                let path = self.path.display();
                tracing::warn!(%error, %path, "the session file cannot be written anew");
                let _ = fs::remove_file(&draft);
            }
        }
        state.long = SMALL.max(4 * state.length);
    }

    /// The new file, locked and by its name, and its length.
    fn draft(&self, draft: &Path, state: &State) -> io::Result<(File, u64)> {
        match fs::remove_file(draft) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut contents = files::header(MAGIC, self.secret).to_vec();
        for call in state.calls.values() {
            contents.extend(format::begun(&call.begun).map_err(io::Error::other)?);
        }
        let mut file = files::private(draft)?;
        file.try_lock()?;
        file.write_all(&contents)?;
        file.sync_all()?;
        fs::rename(draft, &self.path)?;
        Ok((file, contents.len() as u64))
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Every change of the state is whole before anything can panic.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn append(&mut self, record: &[u8]) -> io::Result<()> {
        if self.failed {
            return Err(io::Error::other(
                "the session file could not be synced before",
            ));
        }
        if let Err(error) = (&*self.file).write_all(record) {
            // What was written of it would stand before the next record.
            self.failed |= self.file.set_len(self.length).is_err();
            return Err(error);
        }
        self.length += record.len() as u64;
        self.written += 1;
        Ok(())
    }

    fn remove(&mut self, id: u64) -> Option<Open> {
        let call = self.calls.remove(&id)?;
        self.bytes -= call.begun.args.len();
        Some(call)
    }
}

/// Opens the file, made if there is none, and locks it.
fn lock(path: &Path) -> Result<File, ClientFileError> {
    let io_error = files::io_error(path);
    loop {
        let opened = OpenOptions::new().read(true).append(true).open(path);
        let file = match opened {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                files::create(path, MAGIC).map_err(&io_error)?;
                continue;
            }
            opened => opened.map_err(&io_error)?,
        };
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(ClientFileError::InUse {
                    path: path.to_owned(),
                });
            }
            Err(TryLockError::Error(error)) => return Err(io_error(error)),
        }
        // Whoever had it open may have written it anew in between; then this is not the file any more.
        let ours = file.metadata().map_err(&io_error)?;
        match fs::metadata(path) {
            Ok(named) if (named.dev(), named.ino()) == (ours.dev(), ours.ino()) => {
                return Ok(file);
            }
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(io_error(error)),
            _ => {}
        }
    }
}
