//! A file that was found.

use super::attributes::Attributes;
use super::beneath;
use super::name::Name;
use rustix::fs::{Access, AtFlags, CWD, Mode, OFlags, accessat, open, readlinkat};
use rustix::io::{self, Errno};
use std::ffi::OsStr;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;

/// A file that was found: it stays this file, whatever happens to its names.
///
/// It is held and not open, so that nothing has been asked of its permissions yet, and no pipe or device has been touched.
pub struct Node {
    held: OwnedFd,
    /// What was known of it when it was found.
    pub attributes: Attributes,
}

impl Node {
    pub fn new(held: OwnedFd) -> io::Result<Self> {
        let attributes = Attributes::of(&held)?;
        Ok(Self { held, attributes })
    }

    /// What is known of it now.
    pub fn now(&self) -> io::Result<Attributes> {
        Attributes::of(&self.held)
    }

    /// Opens it with the permissions of this thread. Only regular files and directories may be opened.
    pub fn open(&self, flags: OFlags) -> io::Result<OwnedFd> {
        open(self.path(), flags | OFlags::CLOEXEC, Mode::empty())
    }

    /// The entry of this name; neither "." nor "..", nor another file system, which is not exported.
    pub fn entry(&self, name: Name<'_>) -> io::Result<Self> {
        let found = Self::new(beneath::step(&self.held, OsStr::from_bytes(name.bytes()))?)?;
        match self.is_one_file_system_with(&found.attributes) {
            true => Ok(found),
            false => Err(Errno::XDEV),
        }
    }

    /// What is known of the entry of this name; nothing of another file system.
    pub fn peek(&self, name: &[u8]) -> io::Result<Option<Attributes>> {
        let found = Attributes::of_entry(self, name)?;
        Ok(found.filter(|found| self.is_one_file_system_with(found)))
    }

    /// A subvolume of btrfs is another file system though nothing is mounted there: its files have the inodes of others. Only
    /// directories tell: overlayfs shows files with the devices of the layers that they are from.
    fn is_one_file_system_with(&self, entry: &Attributes) -> bool {
        !entry.is_directory() || entry.on == self.attributes.on
    }

    /// Where it points, if it is a symbolic link.
    pub fn target(&self) -> io::Result<Vec<u8>> {
        Ok(readlinkat(&self.held, c"", Vec::new())?.into_bytes())
    }

    /// Whether this thread has the permission.
    pub fn permits(&self, access: Access) -> bool {
        accessat(CWD, self.path(), access, AtFlags::EACCESS).is_ok()
    }

    /// A path that leads to this file and no other, for calls that want a path.
    pub fn path(&self) -> String {
        format!("/proc/self/fd/{}", self.held.as_raw_fd())
    }
}

impl AsFd for Node {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.held.as_fd()
    }
}
