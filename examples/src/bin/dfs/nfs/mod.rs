//! The 21 procedures of NFS version 3 (RFC 1813) that do something.

mod convert;
mod files;
mod lists;
mod making;
mod names;
mod system;
mod writing;

use super::contract::nfs3::*;
use super::disk::{Caller, Export, Fault, Node};
use super::squash::Squash;
use rpc_core::Context;
use std::sync::Arc;
use system::{largest_piece, longest_file};
use writing::Incarnation;

/// Serves one exported directory.
pub struct Nfs {
    export: Arc<Export>,
    squash: Squash,
    incarnation: Incarnation,
    longest_file: u64,
}

impl Nfs {
    /// Fails when the system has no random numbers to tell this life of the server from others.
    pub fn new(export: Arc<Export>, squash: Squash) -> std::io::Result<Self> {
        let incarnation = Incarnation::begin()?;
        Ok(Self {
            export,
            squash,
            incarnation,
            longest_file: longest_file(),
        })
    }

    fn caller(&self, cx: &Context) -> Caller {
        self.squash.caller(cx.peer())
    }

    fn find(&self, handle: &NfsFh3) -> Result<Node, Fault> {
        self.export.find(&handle.data)
    }
}

impl NfsV3 for Nfs {
    fn nfsproc3_getattr(&self, _: &Context, arg: Getattr3args) -> Getattr3res {
        self.getattr(&arg)
    }

    fn nfsproc3_setattr(&self, cx: &Context, arg: Setattr3args) -> Setattr3res {
        self.setattr(&self.caller(cx), &arg)
    }

    fn nfsproc3_lookup(&self, cx: &Context, arg: Lookup3args) -> Lookup3res {
        self.lookup(&self.caller(cx), &arg)
    }

    fn nfsproc3_access(&self, cx: &Context, arg: Access3args) -> Access3res {
        self.access(&self.caller(cx), &arg)
    }

    fn nfsproc3_readlink(&self, _: &Context, arg: Readlink3args) -> Readlink3res {
        self.readlink(&arg)
    }

    fn nfsproc3_read(&self, cx: &Context, arg: Read3args) -> Read3res {
        self.read(&self.caller(cx), &arg, largest_piece(cx))
    }

    fn nfsproc3_write(&self, cx: &Context, arg: Write3args) -> Write3res {
        self.write(&self.caller(cx), &arg)
    }

    fn nfsproc3_create(&self, cx: &Context, arg: Create3args) -> Create3res {
        self.create(&self.caller(cx), &arg)
    }

    fn nfsproc3_mkdir(&self, cx: &Context, arg: Mkdir3args) -> Mkdir3res {
        self.mkdir(&self.caller(cx), &arg)
    }

    fn nfsproc3_symlink(&self, cx: &Context, arg: Symlink3args) -> Symlink3res {
        self.symlink(&self.caller(cx), &arg)
    }

    fn nfsproc3_mknod(&self, cx: &Context, arg: Mknod3args) -> Mknod3res {
        self.mknod(&self.caller(cx), &arg)
    }

    fn nfsproc3_remove(&self, cx: &Context, arg: Remove3args) -> Remove3res {
        self.remove(&self.caller(cx), &arg)
    }

    fn nfsproc3_rmdir(&self, cx: &Context, arg: Rmdir3args) -> Rmdir3res {
        self.rmdir(&self.caller(cx), &arg)
    }

    fn nfsproc3_rename(&self, cx: &Context, arg: Rename3args) -> Rename3res {
        self.rename(&self.caller(cx), &arg)
    }

    fn nfsproc3_link(&self, cx: &Context, arg: Link3args) -> Link3res {
        self.link(&self.caller(cx), &arg)
    }

    fn nfsproc3_readdir(&self, cx: &Context, arg: Readdir3args) -> Readdir3res {
        self.readdir(&self.caller(cx), &arg, largest_piece(cx))
    }

    fn nfsproc3_readdirplus(&self, cx: &Context, arg: Readdirplus3args) -> Readdirplus3res {
        self.readdirplus(&self.caller(cx), &arg, largest_piece(cx))
    }

    fn nfsproc3_fsstat(&self, _: &Context, arg: Fsstat3args) -> Fsstat3res {
        self.fsstat(&arg)
    }

    fn nfsproc3_fsinfo(&self, cx: &Context, arg: Fsinfo3args) -> Fsinfo3res {
        self.fsinfo(&arg, largest_piece(cx))
    }

    fn nfsproc3_pathconf(&self, _: &Context, arg: Pathconf3args) -> Pathconf3res {
        self.pathconf(&arg)
    }

    fn nfsproc3_commit(&self, cx: &Context, arg: Commit3args) -> Commit3res {
        self.commit(&self.caller(cx), &arg)
    }
}
