//! Reading a directory.

use rustix::fs::{Dir, FileType, Mode, OFlags, openat};
use rustix::io;
use std::os::fd::{AsFd, OwnedFd};

/// An entry as the directory has it.
pub struct Raw {
    pub name: Vec<u8>,
    pub inode: u64,
    /// Not all file systems tell.
    pub kind: FileType,
}

/// All entries but "." and "..", in the order of the directory.
pub fn entries(directory: OwnedFd) -> io::Result<Vec<Raw>> {
    let mut entries = Vec::new();
    for entry in Dir::new(directory)? {
        let entry = entry?;
        let name = entry.file_name().to_bytes();
        if name != b"." && name != b".." {
            entries.push(Raw {
                name: name.to_owned(),
                inode: entry.ino(),
                kind: entry.file_type(),
            });
        }
    }
    Ok(entries)
}

/// Opens a directory that was reached, to read it.
pub fn open(reached: impl AsFd) -> io::Result<OwnedFd> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    openat(reached, c".", flags, Mode::empty())
}
