//! What there is to know of a file.

use rustix::fs::{AtFlags, FileType, Statx, StatxAttributes, StatxFlags, StatxTimestamp, statx};
use rustix::io;
use std::os::fd::AsFd;

/// What a file is known by, whatever it is called, for as long as it exists.
///
/// The number of an inode is used again when its file is gone; the moment of birth tells the next file from the last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Identity {
    /// The number of the inode.
    pub inode: u64,
    /// Nanoseconds from 1970; 0 on file systems that do not keep it.
    pub born: i64,
}

/// A moment, as files have it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    /// Seconds from 1970, which may be negative.
    pub seconds: i64,
    /// Less than a thousand million.
    pub nanoseconds: u32,
}

/// What there is to know of a file, at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Attributes {
    pub identity: Identity,
    pub kind: FileType,
    /// The permission bits, set-user-id, set-group-id and sticky.
    pub mode: u32,
    pub links: u32,
    pub uid: u32,
    pub gid: u32,
    pub size: u64,
    /// Bytes of the disk.
    pub used: u64,
    /// The major and minor number of the device that it is.
    pub device: (u32, u32),
    /// The major and minor number of the device that it is on.
    pub on: (u32, u32),
    pub accessed: Moment,
    pub modified: Moment,
    pub changed: Moment,
}

impl Attributes {
    /// Those of an open file.
    pub fn of(file: impl AsFd) -> io::Result<Self> {
        let flags = AtFlags::EMPTY_PATH;
        Ok(Self::from(&statx(file, c"", flags, WANTED)?))
    }

    /// Those of an entry of a directory; none if something is mounted there.
    pub fn of_entry(directory: impl AsFd, name: &[u8]) -> io::Result<Option<Self>> {
        let flags = AtFlags::SYMLINK_NOFOLLOW | AtFlags::NO_AUTOMOUNT;
        let found = statx(directory, name, flags, WANTED)?;
        let covered = found.stx_attributes.contains(StatxAttributes::MOUNT_ROOT);
        Ok((!covered).then(|| Self::from(&found)))
    }

    /// Whether it is a directory.
    pub fn is_directory(&self) -> bool {
        self.kind == FileType::Directory
    }
}

const WANTED: StatxFlags = StatxFlags::BASIC_STATS.union(StatxFlags::BTIME);
/// What the system counts a file's disk space in.
const BLOCK: u64 = 512;

impl From<&Statx> for Attributes {
    fn from(found: &Statx) -> Self {
        let mode = u32::from(found.stx_mode);
        let known = StatxFlags::from_bits_retain(found.stx_mask);
        let born = if known.contains(StatxFlags::BTIME) {
            nanoseconds(&found.stx_btime)
        } else {
            0
        };
        Self {
            identity: Identity {
                inode: found.stx_ino,
                born,
            },
            kind: FileType::from_raw_mode(mode),
            mode: mode & 0o7777,
            links: found.stx_nlink,
            uid: found.stx_uid,
            gid: found.stx_gid,
            size: found.stx_size,
            used: found.stx_blocks.saturating_mul(BLOCK),
            device: (found.stx_rdev_major, found.stx_rdev_minor),
            on: (found.stx_dev_major, found.stx_dev_minor),
            accessed: Moment::from(&found.stx_atime),
            modified: Moment::from(&found.stx_mtime),
            changed: Moment::from(&found.stx_ctime),
        }
    }
}

impl From<&StatxTimestamp> for Moment {
    fn from(time: &StatxTimestamp) -> Self {
        Self {
            seconds: time.tv_sec,
            nanoseconds: time.tv_nsec,
        }
    }
}

fn nanoseconds(time: &StatxTimestamp) -> i64 {
    let seconds = time.tv_sec.wrapping_mul(1_000_000_000);
    seconds.wrapping_add(i64::from(time.tv_nsec))
}
