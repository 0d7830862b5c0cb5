//! Making files.

use super::attributes::Moment;
use super::changes::{Changes, Time};
use super::fault::Fault;
use super::name::Name;
use super::node::Node;
use rustix::fs::{
    AtFlags, FileType, Mode, OFlags, ftruncate, mkdirat, mknodat, openat, symlinkat, unlinkat,
};
use rustix::io::Errno;
use std::os::fd::OwnedFd;

/// What is to be made, other than a regular file.
#[derive(Debug, Clone, Copy)]
pub enum Unmade<'a> {
    Directory,
    Pipe,
    Socket,
    Symlink(&'a [u8]),
}

/// The permissions of files whose maker does not say.
const FILE_MODE: u32 = 0o644;
const DIRECTORY_MODE: u32 = 0o755;
/// Those of files whose maker will say so afterwards.
const PRIVATE_MODE: u32 = 0o600;
/// Set-user-id and set-group-id, which only a change of mode sets.
const SET_ID: u32 = 0o6000;

impl Unmade<'_> {
    /// Makes it with the permissions of this thread. There must be nothing of this name.
    pub fn make(&self, within: &Node, name: Name<'_>, changes: Changes) -> Result<Node, Fault> {
        let mode = |usual| Mode::from_raw_mode(changes.mode.unwrap_or(usual) & 0o7777);
        let bytes = name.bytes();
        match self {
            Self::Directory => mkdirat(within, bytes, mode(DIRECTORY_MODE)),
            Self::Pipe => mknodat(within, bytes, FileType::Fifo, mode(FILE_MODE), 0),
            Self::Socket => mknodat(within, bytes, FileType::Socket, mode(FILE_MODE), 0),
            Self::Symlink(target) => symlinkat(*target, within, bytes),
        }?;
        let undo = match self {
            Self::Directory => AtFlags::REMOVEDIR,
            _ => AtFlags::empty(),
        };
        finish(within, name, changes, undo)
    }
}

/// Makes a regular file with the permissions of this thread. There must be nothing of this name.
pub fn make_file(
    within: &Node,
    name: Name<'_>,
    changes: Changes,
    size: Option<u64>,
) -> Result<Node, Fault> {
    let file = make_empty(within, name, changes.mode.unwrap_or(FILE_MODE))?;
    if let Some(size) = size {
        ftruncate(&file, size).inspect_err(|_| take_back(within, name, AtFlags::empty()))?;
    }
    finish(within, name, changes, AtFlags::empty())
}

/// Makes a regular file that is known again by `verifier`, or finds the one that was made so.
///
/// The verifier is kept in the file's times, where RFC 1813 (section 3.3.8) suggests to keep it, until its maker sets them.
pub fn make_file_once(within: &Node, name: Name<'_>, verifier: [u8; 8]) -> Result<Node, Fault> {
    let (accessed, modified) = as_times(verifier);
    match make_empty(within, name, PRIVATE_MODE) {
        Ok(_) => {
            let times = Changes {
                accessed: Some(Time::At(accessed)),
                modified: Some(Time::At(modified)),
                ..Changes::default()
            };
            finish(within, name, times, AtFlags::empty())
        }
        Err(Errno::EXIST) => {
            let there = within.entry(name)?;
            let file = &there.attributes;
            let ours = file.kind == FileType::RegularFile
                && file.size == 0
                && (file.accessed, file.modified) == (accessed, modified);
            ours.then_some(there).ok_or(Errno::EXIST.into())
        }
        Err(errno) => Err(errno.into()),
    }
}

/// Not every file system keeps times after 2038 or finer than a second: 31 bits in each of the two.
fn as_times(verifier: [u8; 8]) -> (Moment, Moment) {
    let number = u64::from_be_bytes(verifier);
    let moment = |bits: u64| Moment {
        seconds: i64::try_from(bits & 0x7fff_ffff).unwrap_or(0),
        nanoseconds: 0,
    };
    (moment(number >> 32), moment(number))
}

fn make_empty(within: &Node, name: Name<'_>, mode: u32) -> Result<OwnedFd, Errno> {
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    openat(
        within,
        name.bytes(),
        flags,
        Mode::from_raw_mode(mode & 0o7777),
    )
}

/// Sets what making it has not set. A file that cannot be made as it was asked for is not made.
fn finish(
    within: &Node,
    name: Name<'_>,
    mut changes: Changes,
    undo: AtFlags,
) -> Result<Node, Fault> {
    changes.mode = changes.mode.filter(|mode| mode & SET_ID != 0);
    let mut made = within.entry(name)?;
    if let Err(fault) = own(&made, &mut changes).and_then(|()| changes.apply(&made)) {
        take_back(within, name, undo);
        return Err(fault);
    }
    made.attributes = made.now()?;
    Ok(made)
}

/// Gives the file to whom it is to belong, if the caller may do that. Some clients always send the numbers of their user, who
/// is another one here when callers are squashed.
fn own(made: &Node, changes: &mut Changes) -> Result<(), Fault> {
    for (uid, gid) in [(changes.uid.take(), None), (None, changes.gid.take())] {
        let owner = Changes {
            uid,
            gid,
            ..Changes::default()
        };
        match owner.apply(made) {
            Err(Fault::System(Errno::PERM)) => {}
            owned => owned?,
        }
    }
    Ok(())
}

fn take_back(within: &Node, name: Name<'_>, flags: AtFlags) {
    // The caller is told why the file could not be made, which matters more than that it is still there.
    let _ = unlinkat(within, name.bytes(), flags);
}
