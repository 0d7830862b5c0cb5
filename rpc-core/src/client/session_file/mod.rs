//! Session files: what a client has asked for and not been answered, kept where its successor finds it.

mod format;
mod journal;
#[cfg(test)]
mod tests;

use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use rpc_proto::describe::{Interface, Method};
use rpc_proto::session::client::Key;
use rpc_proto::session::program::ReleasedKey;
use rpc_proto::session::wire::KeyId;
use rpc_proto::xdr::{Decode, DecodeError, Limits, from_slice};

use super::files::{self, ClientFileError};
use super::keys::KeySpace;
use crate::system;
use format::Begun;
use journal::Journal;
pub(super) use journal::NoteError;

/// A file in which a client notes its exactly-once calls before it sends them, so that its successor can ask again for
/// those whose replies it did not get to take.
///
/// Given to a client ([`Client::with_session_file`](crate::Client::with_session_file)), each of its exactly-once calls is
/// noted with its arguments, and is on disk before anything is sent; calls made at the same time share the wait for the
/// disk. Once the reply is taken, that is noted, too. After a crash, [`unfinished`](Self::unfinished) lists what was not
/// answered, to be asked again ([`Client::resume`](crate::Client::resume)) or abandoned.
///
/// The file is locked while this value, a clone of it, a client made with it or an [`Unfinished`] of it lives. It holds a
/// secret and arguments of calls, so only its owner can read it.
#[derive(Clone)]
pub struct SessionFile(Arc<Journal>);

impl SessionFile {
    /// Opens the session file at `path`, which is made if there is none.
    ///
    /// # Errors
    ///
    /// The file cannot be read or written, is in use, is something else, or is damaged. A file that cannot be opened is not
    /// touched.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, ClientFileError> {
        Journal::open(path.as_ref()).map(|journal| Self(Arc::new(journal)))
    }

    /// The calls that have not ended, and that nobody in this process waits for: first of all those of the predecessor,
    /// the oldest first.
    pub fn unfinished(&self) -> Vec<Unfinished> {
        let calls = self.0.unfinished().into_iter();
        calls
            .map(|begun| Unfinished {
                file: self.clone(),
                begun,
            })
            .collect()
    }

    /// The key space that the file's secret makes.
    pub(super) fn key_space(&self) -> KeySpace {
        KeySpace::from_bytes(self.0.secret)
    }

    /// Notes a call of `method` with these arguments, for a server that has this store.
    pub(super) fn begin(
        &self,
        interface: &Interface,
        method: &Method,
        args: &[u8],
        name: Option<KeyId>,
        store: Option<[u8; 16]>,
    ) -> Result<Entry, NoteError> {
        let key = match name {
            Some(key) => key,
            None => {
                let random = system::entropy().map_err(files::io_error(self.0.path()));
                let random = random.map_err(NoteError::File)?;
                self.key_space().key(&random, milliseconds())
            }
        };
        let begun = Begun {
            id: 0,
            method: format!("{}.{}", interface.name, method.name),
            program: interface.program,
            version: interface.version,
            procedure: method.procedure,
            key,
            named: name.is_some(),
            store,
            args: args.to_vec(),
        };
        let key = Key {
            store,
            ..key.into()
        };
        let released = begun.released();
        let id = self.0.begin(begun)?;
        Ok(Entry {
            file: self.clone(),
            id,
            key,
            released,
        })
    }

    /// Up to which position in the file everything is on disk.
    pub(super) fn synced(&self) -> u64 {
        self.0.synced()
    }

    /// Puts everything on disk. Whether that could be done.
    pub(super) fn sync(&self) -> bool {
        self.0.sync().is_ok()
    }

    pub(super) fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

/// Now, as keys say it.
fn milliseconds() -> u64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    // A clock that is so wrong gives a key that no server takes.
    since.map_or(0, |since| u64::try_from(since.as_millis()).unwrap_or(0))
}

/// A call of a session file that has not ended: it may have run, and its reply was not taken.
#[derive(Clone)]
pub struct Unfinished {
    file: SessionFile,
    begun: Arc<Begun>,
}

impl Unfinished {
    /// What was called, as `Interface.method`.
    pub fn method(&self) -> &str {
        &self.begun.method
    }

    /// The program number of the interface.
    pub fn program(&self) -> u32 {
        self.begun.program
    }

    /// The version of the interface.
    pub fn version(&self) -> u32 {
        self.begun.version
    }

    /// The number of the method.
    pub fn procedure(&self) -> u32 {
        self.begun.procedure
    }

    /// When the call was made, or what its caller said so. A server remembers it for 24 hours from then, unless it is
    /// configured otherwise.
    pub fn issued(&self) -> SystemTime {
        let since = Duration::from_millis(self.begun.key.issued);
        SystemTime::UNIX_EPOCH
            .checked_add(since)
            .unwrap_or(SystemTime::UNIX_EPOCH)
    }

    /// The encoded arguments.
    pub fn args(&self) -> &[u8] {
        &self.begun.args
    }

    /// The arguments: a tuple of them all, or the argument itself if there is only one.
    ///
    /// # Errors
    ///
    /// They are of other types.
    pub fn args_as<'a, T: Decode<'a>>(&'a self) -> Result<T, DecodeError> {
        from_slice(&self.begun.args, Limits::default())
    }

    /// The call is not asked for again; whether it ran stays unknown. One that somebody waits for meanwhile stays.
    pub fn abandon(self) {
        if let Some(entry) = self.take() {
            entry.confirm();
        }
    }

    /// The call for whoever asks again; `None` if it has ended meanwhile, or somebody asks already.
    pub(super) fn take(&self) -> Option<Entry> {
        let key = Key {
            id: self.begun.key,
            store: self.begun.store,
            asked_before: true,
        };
        self.file.0.take(self.begun.id).then(|| Entry {
            file: self.file.clone(),
            id: self.begun.id,
            key,
            released: self.begun.released(),
        })
    }
}

impl Begun {
    /// What to tell the server when the reply is taken: nothing of a name that the program may use again.
    fn released(&self) -> Option<ReleasedKey> {
        let key = ReleasedKey {
            program: self.program,
            version: self.version,
            procedure: self.procedure,
            key: self.key,
        };
        (!self.named).then_some(key)
    }
}

/// A noted call, for whoever waits for it. Dropped without more, the call is left unfinished.
#[derive(Debug)]
pub(crate) struct Entry {
    file: SessionFile,
    id: u64,
    /// What the server is told.
    pub(super) key: Key,
    released: Option<ReleasedKey>,
}

impl Entry {
    /// The reply is taken, or there will be none. Gives the key that the server may forget, if there is one, and the
    /// position in the file that has to be on disk before.
    pub(super) fn confirm(self) -> Option<(u64, ReleasedKey)> {
        let position = self.file.0.end(self.id)?;
        Some((position, self.released?))
    }

    /// Whether it is noted in this file.
    pub(super) fn is_in(&self, file: &SessionFile) -> bool {
        self.file.is(file)
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        self.file.0.leave(self.id);
    }
}

/// The secret and the arguments are not shown.
impl fmt::Debug for SessionFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SessionFile").field(&self.0.path()).finish()
    }
}

impl fmt::Debug for Unfinished {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Unfinished")
            .field("method", &self.begun.method)
            .field("issued", &self.issued())
            .finish()
    }
}
