//! The file of a Unix socket: taking its place when it was left behind, and removing it at the end.
//!
//! A server that is killed leaves its file behind, and the next one has to remove that before it can bind. Two things must
//! never happen: that a file is removed that is no socket, or one at which somebody listens.
//!
//! If connecting to a socket is refused, its file alone is left, and it is stale. But a server that is about to start looks
//! the same between binding and listening; and of two servers that find one stale file, the slower one could remove what the
//! faster one has just bound. So a server looks, connects, removes, binds and listens under a lock, and whoever has it sees
//! either no file, a stale one, or one at which somebody listens. The lock is `flock` on the directory: it leaves no file of
//! its own behind, it ends with its process, and all spellings of a path lead to the same one.
//!
//! A server that ends removes its file before it closes the socket. Until then others can connect and do not take it for
//! stale, so the file is still its own, and no lock is needed. If somebody removed it by hand and started another server,
//! the file is not the one that was bound, and stays: the system gives that one's number to no other while the socket is open.

use std::io::{self, ErrorKind};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use rustix::fs::{FileType, FlockOperation, Mode, OFlags, Stat, flock, lstat, open, unlink};
use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType};

use crate::transport::retry;

/// A socket file that is ours; dropping this removes it.
#[derive(Debug)]
pub(super) struct Place {
    path: PathBuf,
    /// Device and number.
    file: (u64, u64),
}

impl Place {
    /// Binds `socket` to `path`, of which `address` is the system's form, and listens.
    pub(super) fn take(
        socket: &OwnedFd,
        path: &Path,
        address: &SocketAddrUnix,
    ) -> io::Result<Self> {
        let directory = path.parent().unwrap_or_else(|| Path::new("/"));
        let lock = lock(directory, PATIENCE)?;
        clear(path, address)?;
        rustix::net::bind(socket, address).map_err(|error| cannot_bind(error, directory))?;
        let place = Self {
            file: identity(&lstat(path)?),
            path: path.to_owned(),
        };
        rustix::net::listen(socket, super::BACKLOG)?;
        drop(lock);
        Ok(place)
    }

    /// Whether the file is still the one that was bound.
    pub(super) fn is_ours(&self) -> bool {
        lstat(&self.path).is_ok_and(|found| identity(&found) == self.file)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if self.is_ours()
            && let Err(error) = unlink(&self.path)
        {
            // The next server takes its place.
            tracing::warn!(path = %self.path.display(), %error, "a socket file stays behind");
        }
    }
}

/// Removes what a dead server left at `path`. An error says what else is there.
fn clear(path: &Path, address: &SocketAddrUnix) -> io::Result<()> {
    let found = match lstat(path) {
        Ok(found) => found,
        Err(Errno::NOENT) => return Ok(()),
        Err(error) => return Err(error.into()),
    };
    if FileType::from_raw_mode(found.st_mode) != FileType::Socket {
        return Err(told(
            ErrorKind::AlreadyExists,
            "something is there that is no socket, and is left as it is; remove it, or listen at another path",
        ));
    }
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let probe = rustix::net::socket_with(AddressFamily::UNIX, SocketType::STREAM, flags, None)?;
    match rustix::net::connect(&probe, address) {
        Err(Errno::CONNREFUSED) => match unlink(path) {
            Ok(()) | Err(Errno::NOENT) => Ok(()),
            Err(error) => Err(told(
                ErrorKind::PermissionDenied,
                &format!(
                    "a dead server's socket is there and cannot be removed ({error}); remove it"
                ),
            )),
        },
        Err(Errno::NOENT) => Ok(()),
        Err(Errno::ACCESS) => Err(told(
            ErrorKind::PermissionDenied,
            "another user's socket is there, and this user may not find out whether it is in use; \
             listen at another path, or remove it if its server is gone",
        )),
        // Somebody is there: who let us in, who has no room for us now, or who speaks datagrams.
        Ok(()) | Err(Errno::AGAIN | Errno::PROTOTYPE) => Err(in_use()),
        Err(error) => Err(error.into()),
    }
}

/// Takes the lock of all who begin to listen in `directory`. Dropping the descriptor gives it back.
pub(super) fn lock(directory: &Path, patience: Duration) -> io::Result<OwnedFd> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let lock =
        open(directory, flags, Mode::empty()).map_err(|error| no_directory(error, directory))?;
    match flock(&lock, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => return Ok(lock),
        Err(Errno::AGAIN) => {}
        Err(error) => return Err(cannot_lock(error, directory)),
    }
    // Who has it may be a program that keeps it for long, and the system's call has no bound: a thread waits in it. If it
    // gets the lock too late, nobody takes the descriptor from the channel, and both are dropped.
    let (give, locked) = mpsc::channel();
    let wait = move || {
        let outcome = retry(|| flock(&lock, FlockOperation::LockExclusive));
        let _ = give.send(outcome.map(|()| lock));
    };
    thread::Builder::new()
        .name("rpc-unix-lock".to_owned())
        .spawn(wait)?;
    match locked.recv_timeout(patience) {
        Ok(outcome) => outcome.map_err(|error| cannot_lock(error, directory)),
        Err(_) => Err(told(
            ErrorKind::ResourceBusy,
            &format!(
                "another program keeps {} locked; give the socket a directory of its own",
                directory.display()
            ),
        )),
    }
}

/// How long another server may take to begin. It takes microseconds.
const PATIENCE: Duration = Duration::from_secs(5);

fn cannot_lock(error: Errno, directory: &Path) -> io::Error {
    let why = format!("the directory {} cannot be locked", directory.display());
    told(error.kind(), &format!("{why}: {error}"))
}

pub(super) fn in_use() -> io::Error {
    told(
        ErrorKind::AddrInUse,
        "a server listens there already; end that one first, or listen somewhere else",
    )
}

fn no_directory(error: Errno, directory: &Path) -> io::Error {
    let directory = directory.display();
    match error {
        Errno::NOENT => told(
            ErrorKind::NotFound,
            &format!("there is no directory {directory}; make it"),
        ),
        Errno::NOTDIR => told(
            ErrorKind::NotADirectory,
            &format!("{directory} is no directory"),
        ),
        Errno::ACCESS => told(
            ErrorKind::PermissionDenied,
            &format!(
                "this user may not read the directory {directory}, which has to be locked; choose one of its own"
            ),
        ),
        error => error.into(),
    }
}

fn cannot_bind(error: Errno, directory: &Path) -> io::Error {
    match error {
        Errno::ACCESS => told(
            ErrorKind::PermissionDenied,
            &format!(
                "this user may not make files in {}; choose a directory of its own",
                directory.display()
            ),
        ),
        // By a program that does not take the lock, since we looked.
        Errno::ADDRINUSE => in_use(),
        error => error.into(),
    }
}

fn told(kind: ErrorKind, text: &str) -> io::Error {
    io::Error::new(kind, text.to_owned())
}

fn identity(file: &Stat) -> (u64, u64) {
    (file.st_dev, file.st_ino)
}
