//! Setting attributes.

use super::attributes::Moment;
use super::caller::LEAVE_IT;
use super::fault::Fault;
use super::node::Node;
use rustix::fs::{
    AtFlags, CWD, FileType, Gid, Mode, Timespec, Timestamps, UTIME_NOW, UTIME_OMIT, Uid, chmodat,
    chownat, utimensat,
};
use rustix::io::Errno;

/// The attributes that a file is to get, all but the size; `None` leaves one as it is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Changes {
    pub mode: Option<u32>,
    pub uid: Option<u32>,
    pub gid: Option<u32>,
    pub accessed: Option<Time>,
    pub modified: Option<Time>,
}

/// What a time is set to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Time {
    Now,
    At(Moment),
}

impl Changes {
    /// Makes them with the permissions of this thread.
    pub fn apply(&self, node: &Node) -> Result<(), Fault> {
        if self.uid.is_some() || self.gid.is_some() {
            let (uid, gid) = (id(self.uid)?.map(Uid::from_raw), id(self.gid)?);
            let gid = gid.map(Gid::from_raw);
            chownat(node, c"", uid, gid, AtFlags::EMPTY_PATH)?;
        }
        // After the owner, since a new owner takes set-user-id away. A symbolic link has no mode of its own.
        if let Some(mode) = self.mode
            && node.attributes.kind != FileType::Symlink
        {
            let mode = Mode::from_raw_mode(mode & 0o7777);
            chmodat(CWD, node.path(), mode, AtFlags::empty())?;
        }
        match (self.accessed, self.modified) {
            (None, None) => Ok(()),
            (accessed, modified) => Ok(set_times(node, accessed, modified)?),
        }
    }
}

/// Who may write to a file but does not own it may set both of its times at once, to this moment, and not one of them. That
/// is what clients ask for when they empty a file.
fn set_times(node: &Node, accessed: Option<Time>, modified: Option<Time>) -> Result<(), Errno> {
    let set = |accessed, modified| {
        let times = Timestamps {
            last_access: timespec(accessed),
            last_modification: timespec(modified),
        };
        utimensat(node, c"", &times, AtFlags::EMPTY_PATH)
    };
    match set(accessed, modified) {
        Err(Errno::PERM) if [accessed, modified].contains(&None) => match accessed.or(modified) {
            Some(Time::Now) => set(Some(Time::Now), Some(Time::Now)),
            _ => Err(Errno::PERM),
        },
        done => done,
    }
}

fn id(id: Option<u32>) -> Result<Option<u32>, Errno> {
    match id {
        Some(LEAVE_IT) => Err(Errno::INVAL),
        id => Ok(id),
    }
}

fn timespec(time: Option<Time>) -> Timespec {
    let (tv_sec, tv_nsec) = match time {
        None => (0, UTIME_OMIT),
        Some(Time::Now) => (0, UTIME_NOW),
        Some(Time::At(moment)) => (moment.seconds, moment.nanoseconds.into()),
    };
    Timespec { tv_sec, tv_nsec }
}
