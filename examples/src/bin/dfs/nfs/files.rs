//! Files as they are: their attributes, what may be done with them, and what is in them.

use super::convert::{NOTHING, before, changes, status, time};
use super::{Fault, Nfs};
use crate::contract::nfs3::*;
use crate::disk::{Caller, Node};
use rustix::fs::{Access, FileType, OFlags, ftruncate};
use rustix::io::{Errno, pread};
use std::os::fd::OwnedFd;

/// The most bytes that one call reads or writes, but for those that come as a datagram.
pub(super) const LARGEST_PIECE: u32 = 1 << 20;

impl Nfs {
    pub(super) fn getattr(&self, args: &Getattr3args) -> Getattr3res {
        match self.find(&args.object) {
            Ok(node) => Getattr3res::Nfs3Ok(Getattr3resok {
                obj_attributes: self.fattr(&node.attributes),
            }),
            Err(fault) => Getattr3res::Default(status(fault)),
        }
    }

    pub(super) fn setattr(&self, caller: &Caller, args: &Setattr3args) -> Setattr3res {
        let node = match self.find(&args.object) {
            Ok(node) => node,
            Err(fault) => {
                let obj_wcc = NOTHING;
                return Setattr3res::Default(status(fault), Setattr3resfail { obj_wcc });
            }
        };
        let _turn = self.export.turn(node.attributes.identity);
        let before = before(&node);
        let done = self.set(caller, &node, args);
        let obj_wcc = WccData {
            before,
            after: self.after(&node),
        };
        match done {
            Ok(()) => Setattr3res::Nfs3Ok(Setattr3resok { obj_wcc }),
            Err(fault) => Setattr3res::Default(status(fault), Setattr3resfail { obj_wcc }),
        }
    }

    fn set(&self, caller: &Caller, node: &Node, args: &Setattr3args) -> Result<(), Fault> {
        if let Some(believed) = &args.guard
            && *believed != time(node.now()?.changed)
        {
            return Err(Fault::Changed);
        }
        let changes = changes(&args.new_attributes)?;
        if let Some(size) = args.new_attributes.size {
            self.truncate(caller, node, size)?;
        }
        caller.act(|| changes.apply(node))?;
        self.keep(node)
    }

    pub(super) fn truncate(&self, caller: &Caller, node: &Node, size: u64) -> Result<(), Fault> {
        self.check_size(size)?;
        let file = open_for(caller, node, OFlags::WRONLY)?;
        // As the caller, for the same reason as a write.
        Ok(caller.act(|| ftruncate(&file, size))?)
    }

    /// Fails if no file can have this size.
    pub(super) fn check_size(&self, size: u64) -> Result<(), Fault> {
        match size <= self.longest_file {
            true => Ok(()),
            false => Err(Errno::FBIG.into()),
        }
    }

    pub(super) fn access(&self, caller: &Caller, args: &Access3args) -> Access3res {
        let found = self.find(&args.object);
        let obj_attributes = self.after_if_found(&found);
        let permitted = found.and_then(|node| caller.act(|| Ok(permitted(&node))));
        match permitted {
            Ok(permitted) => Access3res::Nfs3Ok(Access3resok {
                obj_attributes,
                access: args.access & permitted,
            }),
            Err(fault) => Access3res::Default(status(fault), Access3resfail { obj_attributes }),
        }
    }

    pub(super) fn readlink(&self, args: &Readlink3args) -> Readlink3res {
        let found = self.find(&args.symlink);
        let symlink_attributes = self.after_if_found(&found);
        let target = found.and_then(|node| match node.attributes.kind {
            FileType::Symlink => Ok(node.target()?),
            _ => Err(Errno::INVAL.into()),
        });
        match target {
            Ok(data) => Readlink3res::Nfs3Ok(Readlink3resok {
                symlink_attributes,
                data,
            }),
            Err(fault) => {
                Readlink3res::Default(status(fault), Readlink3resfail { symlink_attributes })
            }
        }
    }

    /// Reads not more than `most` bytes, whatever is asked for.
    pub(super) fn read(&self, caller: &Caller, args: &Read3args, most: u32) -> Read3res {
        let found = self.find(&args.file);
        let piece = match &found {
            Ok(node) => read_piece(caller, node, args.offset, args.count.min(most)),
            Err(fault) => Err(*fault),
        };
        let file_attributes = self.after_if_found(&found);
        match piece {
            Ok((data, eof)) => Read3res::Nfs3Ok(Read3resok {
                file_attributes,
                // No piece is longer than LARGEST_PIECE.
                count: data.len() as u32,
                eof,
                data,
            }),
            Err(fault) => Read3res::Default(status(fault), Read3resfail { file_attributes }),
        }
    }
}

/// Opens a regular file for a caller.
///
/// A client asks for permission when a program opens the file, and reads and writes later, when the file may have another
/// mode. So its owner may always read and write it, and who may run it may read it (RFC 1813, section 4.4).
pub(super) fn open_for(caller: &Caller, node: &Node, flags: OFlags) -> Result<OwnedFd, Fault> {
    if node.attributes.kind != FileType::RegularFile {
        return Err(Errno::INVAL.into());
    }
    let refused = match caller.act(|| node.open(flags)) {
        Ok(file) => return Ok(file),
        Err(errno) => errno,
    };
    let may_run = || caller.act(|| Ok::<_, Errno>(node.permits(Access::EXEC_OK)));
    let trusted =
        caller.owns(&node.attributes) || (flags == OFlags::RDONLY && may_run().unwrap_or(false));
    if refused == Errno::ACCESS && trusted {
        Ok(node.open(flags)?)
    } else {
        Err(refused.into())
    }
}

/// The bytes from `offset` on, and whether the file ends behind them.
fn read_piece(
    caller: &Caller,
    node: &Node,
    offset: u64,
    count: u32,
) -> Result<(Vec<u8>, bool), Fault> {
    let file = open_for(caller, node, OFlags::RDONLY)?;
    let size = node.now()?.size;
    let wanted = u64::from(count).min(size.saturating_sub(offset));
    let mut data = vec![0; wanted as usize];
    // Nothing is left from there on, and the system may not even take such an offset.
    let read = if wanted == 0 {
        0
    } else {
        pread(file, &mut data[..], offset)?
    };
    data.truncate(read);
    let end = offset.saturating_add(read as u64);
    Ok((data, end >= size))
}

/// The bits of ACCESS that this thread's permissions allow.
fn permitted(node: &Node) -> u32 {
    let directory = node.attributes.is_directory();
    let reads = node.permits(Access::READ_OK);
    let runs = node.permits(Access::EXEC_OK);
    // To change a directory takes the permission to go through it as well.
    let writes = node.permits(Access::WRITE_OK) && (runs || !directory);
    let bits = [
        (reads, ACCESS3_READ),
        (runs && directory, ACCESS3_LOOKUP),
        (writes, ACCESS3_MODIFY | ACCESS3_EXTEND),
        (writes && directory, ACCESS3_DELETE),
        (runs && !directory, ACCESS3_EXECUTE),
    ];
    let granted = bits.iter().filter(|(granted, _)| *granted);
    granted.fold(0, |all, (_, bit)| all | bit)
}
