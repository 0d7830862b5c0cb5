//! Writes, and when they are on the disk.

use super::convert::{NOTHING, before, status};
use super::files::open_for;
use super::{Fault, Nfs};
use crate::contract::nfs3::*;
use crate::disk::{Caller, Node};
use rustix::fs::{FileType, OFlags, fdatasync, fsync};
use rustix::io::{Errno, pwrite};
use std::io;
use std::os::fd::OwnedFd;
use std::sync::atomic::{AtomicU64, Ordering};

/// Tells clients which writes may be lost: those answered under another verifier and not committed since.
pub(super) struct Incarnation(AtomicU64);

impl Incarnation {
    /// A verifier that no other life of a server has had.
    pub(super) fn begin() -> io::Result<Self> {
        let mut bytes = [0; 8];
        getrandom::fill(&mut bytes)?;
        Ok(Self(AtomicU64::new(u64::from_be_bytes(bytes))))
    }

    fn verifier(&self) -> [u8; 8] {
        self.0.load(Ordering::SeqCst).to_be_bytes()
    }

    /// What is not on the disk may never get there: clients that wrote it must write it again.
    fn lost_writes(&self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

impl Nfs {
    pub(super) fn write(&self, caller: &Caller, args: &Write3args) -> Write3res {
        let fail = |fault, file_wcc| Write3res::Default(status(fault), Write3resfail { file_wcc });
        let node = match self.find(&args.file) {
            Ok(node) => node,
            Err(fault) => return fail(fault, NOTHING),
        };
        let _turn = self.export.turn(node.attributes.identity);
        // Of before the write, so that a loss in between is not taken for one that the write survived.
        let verf = self.incarnation.verifier();
        let before = before(&node);
        let written = self.write_piece(caller, &node, args);
        let file_wcc = WccData {
            before,
            after: self.after(&node),
        };
        match written {
            Ok(count) => Write3res::Nfs3Ok(Write3resok {
                file_wcc,
                count,
                committed: args.stable,
                verf,
            }),
            Err(fault) => fail(fault, file_wcc),
        }
    }

    fn write_piece(&self, caller: &Caller, node: &Node, args: &Write3args) -> Result<u32, Fault> {
        if args.data.len() != args.count as usize {
            return Err(Errno::INVAL.into());
        }
        // A write of nothing is none, wherever it is.
        if args.count > 0 {
            self.check_size(args.offset.saturating_add(u64::from(args.count)))?;
        }
        let file = open_for(caller, node, OFlags::WRONLY)?;
        // As the caller: only for root a program stays set-user-id that is written to.
        let written = caller.act(|| put(&file, &args.data, args.offset))?;
        match args.stable {
            StableHow::Unstable => Ok(()),
            StableHow::DataSync => self.or_lost(fdatasync(&file)),
            StableHow::FileSync => self.or_lost(fsync(&file)),
        }?;
        // It is at most what the client sent.
        Ok(written as u32)
    }

    pub(super) fn commit(&self, caller: &Caller, args: &Commit3args) -> Commit3res {
        let fail =
            |fault, file_wcc| Commit3res::Default(status(fault), Commit3resfail { file_wcc });
        let node = match self.find(&args.file) {
            Ok(node) => node,
            Err(fault) => return fail(fault, NOTHING),
        };
        let _turn = self.export.turn(node.attributes.identity);
        let before = before(&node);
        let committed = self.commit_all(caller, &node);
        let file_wcc = WccData {
            before,
            after: self.after(&node),
        };
        match committed {
            Ok(()) => Commit3res::Nfs3Ok(Commit3resok {
                file_wcc,
                verf: self.incarnation.verifier(),
            }),
            Err(fault) => fail(fault, file_wcc),
        }
    }

    /// The whole file, which is more than was asked for and as good.
    fn commit_all(&self, caller: &Caller, node: &Node) -> Result<(), Fault> {
        let file = open_for(caller, node, OFlags::WRONLY)?;
        self.or_lost(fsync(file))
    }

    /// Puts a change of a directory's entries or of a file's attributes on the disk.
    pub(super) fn keep(&self, node: &Node) -> Result<(), Fault> {
        match node.attributes.kind {
            FileType::RegularFile | FileType::Directory => match open_to_keep(node)? {
                Some(file) => self.or_lost(fsync(file)),
                None => Ok(()),
            },
            // Others cannot be opened without doing something to them.
            _ => Ok(()),
        }
    }

    fn or_lost(&self, synced: Result<(), Errno>) -> Result<(), Fault> {
        synced.map_err(|errno| {
            self.incarnation.lost_writes();
            errno.into()
        })
    }
}

/// Writes as much as goes, and says how much that is.
fn put(file: &OwnedFd, data: &[u8], offset: u64) -> Result<usize, Errno> {
    let mut written = 0;
    while written < data.len() {
        match pwrite(file, &data[written..], offset + written as u64) {
            // The client asks again for the rest, and is told then what is wrong with it.
            Ok(0) | Err(_) if written > 0 => break,
            Ok(0) => return Err(Errno::IO),
            count => written += count?,
        }
    }
    Ok(written)
}

/// Nothing, if not even the server may open it; what was changed is kept when the system sees to it.
fn open_to_keep(node: &Node) -> Result<Option<OwnedFd>, Fault> {
    match node.open(OFlags::RDONLY) {
        Err(Errno::ACCESS) => Ok(None),
        opened => Ok(Some(opened?)),
    }
}
