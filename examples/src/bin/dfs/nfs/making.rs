//! Making files.

use super::convert::{changes, status};
use super::{Fault, Nfs};
use crate::contract::nfs3::*;
use crate::disk::{Caller, Changes, Name, Node, Unmade, make_file, make_file_once};
use rustix::fs::FileType;
use rustix::io::Errno;

impl Nfs {
    pub(super) fn create(&self, caller: &Caller, args: &Create3args) -> Create3res {
        let make = |within: &Node, name: Name<'_>| match &args.how {
            Createhow3::Unchecked(Createmode3::Unchecked, wanted) => {
                self.create_or_take(caller, within, name, wanted)
            }
            Createhow3::Unchecked(_, wanted) => self.create_new(caller, within, name, wanted),
            Createhow3::Exclusive(verifier) => {
                caller.act(|| make_file_once(within, name, *verifier))
            }
        };
        let (made, dir_wcc) = self.make(&args.r#where, make);
        match made {
            Ok((obj, obj_attributes)) => Create3res::Nfs3Ok(Create3resok {
                obj,
                obj_attributes,
                dir_wcc,
            }),
            Err(fault) => Create3res::Default(status(fault), Create3resfail { dir_wcc }),
        }
    }

    fn create_new(
        &self,
        caller: &Caller,
        within: &Node,
        name: Name<'_>,
        wanted: &Sattr3,
    ) -> Result<Node, Fault> {
        self.check_size(wanted.size.unwrap_or(0))?;
        caller.act(|| make_file(within, name, changes(wanted)?, wanted.size))
    }

    /// Of a file that is there already, only the size is set: this is how it is emptied.
    fn create_or_take(
        &self,
        caller: &Caller,
        within: &Node,
        name: Name<'_>,
        wanted: &Sattr3,
    ) -> Result<Node, Fault> {
        match self.create_new(caller, within, name, wanted) {
            Err(Fault::System(Errno::EXIST)) => {}
            made => return made,
        }
        let there = caller.act(|| within.entry(name))?;
        if there.attributes.kind != FileType::RegularFile {
            return Err(Errno::EXIST.into());
        }
        if let Some(size) = wanted.size {
            self.truncate(caller, &there, size)?;
        }
        Ok(there)
    }

    pub(super) fn mkdir(&self, caller: &Caller, args: &Mkdir3args) -> Mkdir3res {
        let wanted = changes(&args.attributes);
        let (made, dir_wcc) = self.make(&args.r#where, |within, name| {
            self.export.room(within.attributes.identity, 2)?;
            caller.act(|| Unmade::Directory.make(within, name, wanted?))
        });
        match made {
            Ok((obj, obj_attributes)) => Mkdir3res::Nfs3Ok(Mkdir3resok {
                obj,
                obj_attributes,
                dir_wcc,
            }),
            Err(fault) => Mkdir3res::Default(status(fault), Mkdir3resfail { dir_wcc }),
        }
    }

    pub(super) fn symlink(&self, caller: &Caller, args: &Symlink3args) -> Symlink3res {
        let wanted = changes(&args.symlink.symlink_attributes);
        let target = Unmade::Symlink(&args.symlink.symlink_data);
        let (made, dir_wcc) = self.make(&args.r#where, |within, name| {
            caller.act(|| target.make(within, name, wanted?))
        });
        match made {
            Ok((obj, obj_attributes)) => Symlink3res::Nfs3Ok(Symlink3resok {
                obj,
                obj_attributes,
                dir_wcc,
            }),
            Err(fault) => Symlink3res::Default(status(fault), Symlink3resfail { dir_wcc }),
        }
    }

    /// Devices are refused: what they would lead to is on the server's host, and not on the caller's.
    pub(super) fn mknod(&self, caller: &Caller, args: &Mknod3args) -> Mknod3res {
        let (kind, wanted) = match &args.what {
            Mknoddata3::Nf3Sock(Ftype3::Nf3Sock, wanted) => (Ok(Unmade::Socket), changes(wanted)),
            Mknoddata3::Nf3Sock(_, wanted) => (Ok(Unmade::Pipe), changes(wanted)),
            _ => (Err(Fault::BadKind), Ok(Changes::default())),
        };
        let (made, dir_wcc) = self.make(&args.r#where, |within, name| {
            caller.act(|| kind?.make(within, name, wanted?))
        });
        match made {
            Ok((obj, obj_attributes)) => Mknod3res::Nfs3Ok(Mknod3resok {
                obj,
                obj_attributes,
                dir_wcc,
            }),
            Err(fault) => Mknod3res::Default(status(fault), Mknod3resfail { dir_wcc }),
        }
    }

    /// Makes a file, and says what it is known by.
    fn make(
        &self,
        place: &Diropargs3,
        make: impl FnOnce(&Node, Name<'_>) -> Result<Node, Fault>,
    ) -> (Result<(PostOpFh3, PostOpAttr), Fault>, WccData) {
        self.change(&place.dir, |within| {
            let name = Name::entry(&place.name, Errno::EXIST)?;
            self.export.room(within.attributes.identity, 1)?;
            let made = make(within, name)?;
            self.export.note(&made, within.attributes.identity, name);
            // What was set after it was made is not yet on the disk with its name.
            self.keep(&made)?;
            let identity = made.attributes.identity;
            Ok((self.handle(identity), self.after(&made)))
        })
    }
}
