//! Between what files have and what is on the wire.

use super::{Fault, Nfs};
use crate::contract::nfs3::*;
use crate::disk::{Attributes, Changes, Identity, Moment, Node, Time};
use rpc_core::Bounded;
use rustix::fs::FileType;
use rustix::io::Errno;

impl Nfs {
    pub(super) fn fattr(&self, of: &Attributes) -> Fattr3 {
        Fattr3 {
            r#type: kind(of.kind),
            mode: of.mode,
            nlink: of.links,
            uid: of.uid,
            gid: of.gid,
            size: of.size,
            used: of.used,
            rdev: Specdata3 {
                specdata1: of.device.0,
                specdata2: of.device.1,
            },
            fsid: self.export.file_system(),
            fileid: of.identity.inode,
            atime: time(of.accessed),
            mtime: time(of.modified),
            ctime: time(of.changed),
        }
    }

    /// What is known of a file after a call: nothing, if it cannot be asked.
    pub(super) fn after(&self, node: &Node) -> PostOpAttr {
        node.now().ok().map(|attributes| self.fattr(&attributes))
    }

    /// The same, of a file that was perhaps not even found.
    pub(super) fn after_if_found(&self, node: &Result<Node, Fault>) -> PostOpAttr {
        node.as_ref().ok().and_then(|node| self.after(node))
    }

    pub(super) fn handle(&self, file: Identity) -> PostOpFh3 {
        let data = Bounded::new(self.export.handle(file).to_vec()).ok()?;
        Some(NfsFh3 { data })
    }
}

/// What a cache needs of a file before it is changed.
pub(super) fn before(node: &Node) -> PreOpAttr {
    let attributes = node.now().ok()?;
    Some(WccAttr {
        size: attributes.size,
        mtime: time(attributes.modified),
        ctime: time(attributes.changed),
    })
}

/// Of a file that was not found.
pub(super) const NOTHING: WccData = WccData {
    before: None,
    after: None,
};

/// Times before 1970 and after 2106 become the nearest that the protocol has.
pub(super) fn time(moment: Moment) -> Nfstime3 {
    match u32::try_from(moment.seconds) {
        Ok(seconds) => Nfstime3 {
            seconds,
            nseconds: moment.nanoseconds,
        },
        Err(_) => Nfstime3 {
            seconds: if moment.seconds < 0 { 0 } else { u32::MAX },
            nseconds: 0,
        },
    }
}

fn moment(time: &Nfstime3) -> Result<Time, Fault> {
    // Some greater numbers have a meaning of their own to the system.
    if time.nseconds >= 1_000_000_000 {
        return Err(Errno::INVAL.into());
    }
    Ok(Time::At(Moment {
        seconds: time.seconds.into(),
        nanoseconds: time.nseconds,
    }))
}

/// What is to be set, but for the size, which is not among the changes.
pub(super) fn changes(wanted: &Sattr3) -> Result<Changes, Fault> {
    Ok(Changes {
        mode: wanted.mode,
        uid: wanted.uid,
        gid: wanted.gid,
        accessed: match &wanted.atime {
            SetAtime::SetToClientTime(time) => Some(moment(time)?),
            SetAtime::Default(TimeHow::SetToServerTime) => Some(Time::Now),
            SetAtime::Default(_) => None,
        },
        modified: match &wanted.mtime {
            SetMtime::SetToClientTime(time) => Some(moment(time)?),
            SetMtime::Default(TimeHow::SetToServerTime) => Some(Time::Now),
            SetMtime::Default(_) => None,
        },
    })
}

fn kind(kind: FileType) -> Ftype3 {
    match kind {
        FileType::Directory => Ftype3::Nf3Dir,
        FileType::BlockDevice => Ftype3::Nf3Blk,
        FileType::CharacterDevice => Ftype3::Nf3Chr,
        FileType::Symlink => Ftype3::Nf3Lnk,
        FileType::Socket => Ftype3::Nf3Sock,
        FileType::Fifo => Ftype3::Nf3Fifo,
        FileType::RegularFile | FileType::Unknown => Ftype3::Nf3Reg,
    }
}

/// The status that tells a client why.
pub(super) fn status(fault: Fault) -> Nfsstat3 {
    match fault {
        Fault::System(errno) => of_errno(errno),
        Fault::BadHandle => Nfsstat3::Nfs3ErrBadhandle,
        Fault::Stale => Nfsstat3::Nfs3ErrStale,
        Fault::BadName => Nfsstat3::Nfs3ErrAcces,
        Fault::Changed => Nfsstat3::Nfs3ErrNotSync,
        Fault::BadCookie => Nfsstat3::Nfs3ErrBadCookie,
        Fault::TooSmall => Nfsstat3::Nfs3ErrToosmall,
        Fault::BadKind => Nfsstat3::Nfs3ErrBadtype,
    }
}

fn of_errno(errno: Errno) -> Nfsstat3 {
    match errno {
        Errno::PERM => Nfsstat3::Nfs3ErrPerm,
        Errno::NOENT => Nfsstat3::Nfs3ErrNoent,
        Errno::IO => Nfsstat3::Nfs3ErrIo,
        Errno::NXIO => Nfsstat3::Nfs3ErrNxio,
        // Also what others use as it is: a program that runs, or a directory where something is mounted.
        Errno::ACCESS | Errno::TXTBSY | Errno::BUSY => Nfsstat3::Nfs3ErrAcces,
        Errno::EXIST => Nfsstat3::Nfs3ErrExist,
        Errno::XDEV => Nfsstat3::Nfs3ErrXdev,
        Errno::NODEV => Nfsstat3::Nfs3ErrNodev,
        Errno::NOTDIR => Nfsstat3::Nfs3ErrNotdir,
        Errno::ISDIR => Nfsstat3::Nfs3ErrIsdir,
        // A symbolic link where no link is followed.
        Errno::INVAL | Errno::LOOP => Nfsstat3::Nfs3ErrInval,
        Errno::FBIG | Errno::OVERFLOW => Nfsstat3::Nfs3ErrFbig,
        Errno::NOSPC => Nfsstat3::Nfs3ErrNospc,
        Errno::ROFS => Nfsstat3::Nfs3ErrRofs,
        Errno::MLINK => Nfsstat3::Nfs3ErrMlink,
        Errno::NAMETOOLONG => Nfsstat3::Nfs3ErrNametoolong,
        Errno::NOTEMPTY => Nfsstat3::Nfs3ErrNotempty,
        Errno::DQUOT => Nfsstat3::Nfs3ErrDquot,
        Errno::STALE => Nfsstat3::Nfs3ErrStale,
        Errno::NOTSUP | Errno::NOSYS => Nfsstat3::Nfs3ErrNotsupp,
        // The server is short of something; it may have it later.
        Errno::MFILE | Errno::NFILE | Errno::NOMEM | Errno::AGAIN => Nfsstat3::Nfs3ErrJukebox,
        _ => Nfsstat3::Nfs3ErrServerfault,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_others_use_is_not_to_be_had() {
        for errno in [Errno::ACCESS, Errno::TXTBSY, Errno::BUSY] {
            assert_eq!(status(errno.into()), Nfsstat3::Nfs3ErrAcces, "{errno}");
        }
    }

    #[test]
    fn times_that_the_protocol_does_not_have_become_the_nearest() {
        for (seconds, expected) in [
            (-1, (0, 0)),
            (0, (0, 5)),
            (0xffff_ffff, (u32::MAX, 5)),
            (0x1_0000_0000, (u32::MAX, 0)),
        ] {
            let found = time(Moment {
                seconds,
                nanoseconds: 5,
            });
            assert_eq!((found.seconds, found.nseconds), expected, "{seconds}");
        }
    }
}
