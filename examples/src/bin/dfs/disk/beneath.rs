//! Ways into the exported directory, and never out of it.

use rustix::fs::{Mode, OFlags, ResolveFlags, openat2};
use rustix::io;
use std::borrow::Borrow;
use std::ffi::OsStr;
use std::os::fd::{AsFd, OwnedFd};

/// No symbolic link is followed, no other file system entered, and nothing above the start is reached.
///
/// The kernel sees to it in one step, so that nobody can put a link where a directory has just been.
const WITHIN: ResolveFlags = ResolveFlags::BENEATH
    .union(ResolveFlags::NO_SYMLINKS)
    .union(ResolveFlags::NO_MAGICLINKS)
    .union(ResolveFlags::NO_XDEV);

/// So many names of 255 bytes are less than the longest path that the system takes.
const NAMES_AT_ONCE: usize = 15;

/// Gets hold of the file at the end of a path, without opening it: neither the file's permissions nor its kind matter.
pub fn reach(start: impl AsFd, path: &[impl Borrow<OsStr>]) -> io::Result<OwnedFd> {
    let mut reached = step(start, OsStr::new("."))?;
    for names in path.chunks(NAMES_AT_ONCE) {
        reached = step(&reached, &names.join(OsStr::new("/")))?;
    }
    Ok(reached)
}

/// The same for one name.
pub fn step(start: impl AsFd, name: &OsStr) -> io::Result<OwnedFd> {
    let flags = OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    openat2(start, name, flags, Mode::empty(), WITHIN)
}
