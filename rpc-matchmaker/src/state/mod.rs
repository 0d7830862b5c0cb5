//! The file by which registrations outlive the matchmaker.
//!
//! It is a log: each registration that is granted and each entry that ends is a row, appended before the answer leaves. A
//! process that is killed loses nothing that it wrote, so no registration that was answered. Rows are not forced to the
//! disk: a machine that fails loses its own servers with it, and those of others register again within a third of their
//! lease. Renewals are not written; what comes out of the file stays for one lease.
//!
//! When the log has grown to twice what it began with, it is written anew beside itself, forced to the disk, and takes the old
//! one's place in one step. While the new one is written, rows go to the old one and are remembered for the new one.

mod format;
#[cfg(test)]
mod tests;

use crate::registry::Saved;
use format::{Problem, Row};
use rustix::fs::{FlockOperation, flock};
use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufReader, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// A state file that this process alone writes.
#[derive(Debug)]
pub struct StateFile {
    path: PathBuf,
    /// Held as long as we live; its file stays behind.
    _lock: File,
    /// None: it could not be written, and is not whole.
    log: Option<Log>,
    /// What was appended since a new log was begun.
    since: Option<Vec<u8>>,
}

#[derive(Debug)]
struct Log {
    file: File,
    length: u64,
    /// How long it was when it was new.
    first: u64,
}

/// How much a log may grow in any case.
const LEAST_GROWTH: u64 = 1 << 20;

impl StateFile {
    /// Takes the file, and returns it with what it held. There need not be one. On an error it is left as it is.
    pub fn open(path: &Path) -> Result<(Self, BTreeMap<u64, Saved>), StateError> {
        let error = |source| StateError::Io {
            path: path.to_owned(),
            source,
        };
        let lock = private(&beside(path, "lock")).map_err(error)?;
        match flock(&lock, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => {}
            Err(rustix::io::Errno::AGAIN) => return Err(StateError::InUse(path.to_owned())),
            Err(errno) => return Err(error(errno.into())),
        }
        let entries = match File::open(path) {
            Ok(file) => read(file).map_err(|problem| StateError::NotUnderstood {
                path: path.to_owned(),
                problem: problem.to_string(),
            })?,
            Err(missing) if missing.kind() == io::ErrorKind::NotFound => BTreeMap::new(),
            Err(other) => return Err(error(other)),
        };
        let state = Self {
            path: path.to_owned(),
            _lock: lock,
            log: None,
            since: None,
        };
        Ok((state, entries))
    }

    /// Appends what became of some leases: entries, or none where they ended. If that fails, the log says so once, and the
    /// file is written anew as soon as that is possible.
    pub fn append(&mut self, changes: impl Iterator<Item = (u64, Option<Saved>)>) {
        let mut rows = Vec::new();
        for (lease, saved) in changes {
            let row = saved.map_or(Row::Ended(lease), Row::from);
            if let Err(error) = format::write(&row, &mut rows) {
                eprintln!("matchmaker: a registration cannot be written down: {error}");
            }
        }
        if rows.is_empty() {
            return;
        }
        if let Some(since) = &mut self.since {
            since.extend_from_slice(&rows);
        }
        if let Some(log) = &mut self.log {
            match log.file.write_all(&rows) {
                Ok(()) => log.length += rows.len() as u64,
                // The last row is cut short, maybe: nothing can follow it.
                Err(error) => self.fail(&error),
            }
        }
    }

    /// Whether the file should be written anew.
    pub fn is_due(&self) -> bool {
        let log = self.log.as_ref();
        self.since.is_none() && log.is_none_or(|log| log.length > 2 * log.first + LEAST_GROWTH)
    }

    /// Begins a new log with all entries there are. What is returned is to be written with nothing locked.
    pub fn begin(&mut self, entries: impl Iterator<Item = Saved>) -> NewLog {
        let mut bytes = format::header();
        for saved in entries {
            if let Err(error) = format::write(&saved.into(), &mut bytes) {
                eprintln!("matchmaker: a registration cannot be written down: {error}");
            }
        }
        self.since = Some(Vec::new());
        NewLog {
            path: self.path.clone(),
            bytes,
        }
    }

    /// Puts the new log in the place of the old one.
    pub fn finish(&mut self, written: io::Result<File>) -> io::Result<()> {
        let since = self.since.take().unwrap_or_default();
        let finished = written.and_then(|mut file| {
            let first = file.metadata()?.len();
            file.write_all(&since)?;
            fs::rename(beside(&self.path, "new"), &self.path)?;
            Ok(Log {
                file,
                length: first + since.len() as u64,
                first,
            })
        });
        match finished {
            Ok(log) => {
                self.log = Some(log);
                Ok(())
            }
            Err(error) => {
                self.fail(&error);
                Err(error)
            }
        }
    }

    fn fail(&mut self, error: &io::Error) {
        if self.log.take().is_some() {
            let path = self.path.display();
            eprintln!(
                "matchmaker: {path} cannot be written ({error}); trying on, and answering meanwhile"
            );
        }
    }
}

/// A new log that is not on the disk yet.
pub struct NewLog {
    path: PathBuf,
    bytes: Vec<u8>,
}

impl NewLog {
    /// Writes it beside the old one, and waits for the disk.
    pub fn write(self) -> io::Result<File> {
        let mut file = private(&beside(&self.path, "new"))?;
        file.set_len(0)?;
        file.write_all(&self.bytes)?;
        file.sync_data()?;
        Ok(file)
    }
}

/// A state file that cannot be used. It is left as it was.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StateError {
    /// The system does not let us.
    #[error("the state file {} cannot be used: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// Another matchmaker has it.
    #[error("the state file {} is in use by another matchmaker", .0.display())]
    InUse(PathBuf),
    /// It is not what a matchmaker left behind.
    #[error(
        "the state file {} is not understood, and left as it is: {problem}; name another file, or remove this one: servers \
         register again within a third of their lease", path.display()
    )]
    NotUnderstood {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
}

fn read(file: File) -> Result<BTreeMap<u64, Saved>, Problem> {
    if !file.metadata()?.is_file() {
        return Err(Problem::Foreign);
    }
    format::read(&mut BufReader::new(file))
}

/// A file for its user's eyes: leases are secrets.
fn private(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    options.mode(0o600).open(path)
}

fn beside(path: &Path, what: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(what);
    name.into()
}
