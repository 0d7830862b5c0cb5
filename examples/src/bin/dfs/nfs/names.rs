//! Names: finding, making, removing and changing them.

use super::convert::{NOTHING, before, changes, status};
use super::{Fault, Nfs};
use crate::contract::nfs3::*;
use crate::disk::{Attributes, Caller, Changes, Name, Node, Unmade, make_file, make_file_once};
use rustix::fs::{AtFlags, CWD, FileType, linkat, renameat, unlinkat};
use rustix::io::Errno;

impl Nfs {
    pub(super) fn lookup(&self, caller: &Caller, args: &Lookup3args) -> Lookup3res {
        let directory = self.find(&args.what.dir);
        let found = match &directory {
            Ok(directory) => Name::new(&args.what.name)
                .and_then(|name| self.export.look_up(caller, directory, name)),
            Err(fault) => Err(*fault),
        };
        let dir_attributes = self.after_if_found(&directory);
        match found.and_then(|found| Ok((self.sure_handle(&found)?, found))) {
            Ok((object, found)) => Lookup3res::Nfs3Ok(Lookup3resok {
                object,
                obj_attributes: Some(self.fattr(&found.attributes)),
                dir_attributes,
            }),
            Err(fault) => Lookup3res::Default(status(fault), Lookup3resfail { dir_attributes }),
        }
    }

    pub(super) fn create(&self, caller: &Caller, args: &Create3args) -> Create3res {
        let make = |within: &Node, name: Name<'_>| match &args.how {
            Createhow3::Unchecked(Createmode3::Unchecked, wanted) => {
                self.create_or_take(caller, within, name, wanted)
            }
            Createhow3::Unchecked(_, wanted) => {
                caller.act(|| make_file(within, name, changes(wanted)?, wanted.size))
            }
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

    /// Of a file that is there already, only the size is set: this is how it is emptied.
    fn create_or_take(
        &self,
        caller: &Caller,
        within: &Node,
        name: Name<'_>,
        wanted: &Sattr3,
    ) -> Result<Node, Fault> {
        match caller.act(|| make_file(within, name, changes(wanted)?, wanted.size)) {
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

    pub(super) fn remove(&self, caller: &Caller, args: &Remove3args) -> Remove3res {
        let (removed, dir_wcc) = self.change(&args.object.dir, |within| {
            let name = Name::entry(&args.object.name, Errno::ISDIR)?;
            self.unlink(caller, within, name, AtFlags::empty())
        });
        match removed {
            Ok(()) => Remove3res::Nfs3Ok(Remove3resok { dir_wcc }),
            Err(fault) => Remove3res::Default(status(fault), Remove3resfail { dir_wcc }),
        }
    }

    pub(super) fn rmdir(&self, caller: &Caller, args: &Rmdir3args) -> Rmdir3res {
        let (removed, dir_wcc) = self.change(&args.object.dir, |within| {
            let name = Name::new(&args.object.name)?;
            match name {
                name if name.is_this() => Err(Errno::INVAL.into()),
                name if name.is_above() => Err(Errno::EXIST.into()),
                name => self.unlink(caller, within, name, AtFlags::REMOVEDIR),
            }
        });
        match removed {
            Ok(()) => Rmdir3res::Nfs3Ok(Rmdir3resok { dir_wcc }),
            Err(fault) => Rmdir3res::Default(status(fault), Rmdir3resfail { dir_wcc }),
        }
    }

    fn unlink(
        &self,
        caller: &Caller,
        within: &Node,
        name: Name<'_>,
        flags: AtFlags,
    ) -> Result<(), Fault> {
        let gone = Attributes::of_entry(within, name.bytes());
        caller.act(|| unlinkat(within, name.bytes(), flags))?;
        if let Ok(Some(gone)) = gone {
            let directory = within.attributes.identity;
            self.export.unnamed(&gone, directory, name);
        }
        Ok(())
    }

    pub(super) fn rename(&self, caller: &Caller, args: &Rename3args) -> Rename3res {
        let fail = |fault, fromdir_wcc, todir_wcc| {
            let resfail = Rename3resfail {
                fromdir_wcc,
                todir_wcc,
            };
            Rename3res::Default(status(fault), resfail)
        };
        let (from, to) = match (self.find(&args.from.dir), self.find(&args.to.dir)) {
            (Ok(from), Ok(to)) => (from, to),
            (Err(fault), _) | (_, Err(fault)) => return fail(fault, NOTHING, NOTHING),
        };
        let directories = (from.attributes.identity, to.attributes.identity);
        let _turns = self.export.turns(directories.0, directories.1);
        let (from_before, to_before) = (before(&from), before(&to));
        let moved = self.move_entry(caller, (&from, &args.from.name), (&to, &args.to.name));
        let [fromdir_wcc, todir_wcc] =
            [(from_before, &from), (to_before, &to)].map(|(before, directory)| WccData {
                before,
                after: self.after(directory),
            });
        match moved {
            Ok(()) => Rename3res::Nfs3Ok(Rename3resok {
                fromdir_wcc,
                todir_wcc,
            }),
            Err(fault) => fail(fault, fromdir_wcc, todir_wcc),
        }
    }

    fn move_entry(
        &self,
        caller: &Caller,
        (from, old): (&Node, &[u8]),
        (to, new): (&Node, &[u8]),
    ) -> Result<(), Fault> {
        let (old, new) = (
            Name::entry(old, Errno::INVAL)?,
            Name::entry(new, Errno::INVAL)?,
        );
        // As the caller, who is not told what is in a closed directory.
        let file = caller.act(|| Attributes::of_entry(from, old.bytes()))?;
        let is_directory = file.is_some_and(|file| file.is_directory());
        let levels = if is_directory { 2 } else { 1 };
        self.export.room(to.attributes.identity, levels)?;
        let replaced = Attributes::of_entry(to, new.bytes());
        self.export.reshape(|| {
            caller.act(|| renameat(from, old.bytes(), to, new.bytes()))?;
            // Two names of one file both stay, as the system has it.
            let Some(file) = file.filter(
                |file| !matches!(replaced, Ok(Some(there)) if there.identity == file.identity),
            ) else {
                return Ok::<_, Fault>(());
            };
            let (from, to) = (from.attributes.identity, to.attributes.identity);
            if let Ok(Some(replaced)) = replaced {
                self.export.unnamed(&replaced, to, new);
            }
            self.export.note_identity(file.identity, to, new.bytes());
            self.export.forget_list(from);
            self.export.forget_list(to);
            Ok(())
        })?;
        self.keep(from)?;
        self.keep(to)
    }

    pub(super) fn link(&self, caller: &Caller, args: &Link3args) -> Link3res {
        let file = self.find(&args.file);
        let (linked, linkdir_wcc) = self.change(&args.link.dir, |within| {
            let file = file.as_ref().map_err(|fault| *fault)?;
            let name = Name::entry(&args.link.name, Errno::EXIST)?;
            let flags = AtFlags::SYMLINK_FOLLOW;
            Ok(caller.act(|| linkat(CWD, file.path(), within, name.bytes(), flags))?)
        });
        let file_attributes = self.after_if_found(&file);
        match linked {
            Ok(()) => Link3res::Nfs3Ok(Link3resok {
                file_attributes,
                linkdir_wcc,
            }),
            Err(fault) => {
                let resfail = Link3resfail {
                    file_attributes,
                    linkdir_wcc,
                };
                Link3res::Default(status(fault), resfail)
            }
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

    /// Changes a directory, with what it was before and after, on the disk before it is answered.
    fn change<T>(
        &self,
        directory: &NfsFh3,
        change: impl FnOnce(&Node) -> Result<T, Fault>,
    ) -> (Result<T, Fault>, WccData) {
        let directory = match self.find(directory) {
            Ok(directory) => directory,
            Err(fault) => return (Err(fault), NOTHING),
        };
        let identity = directory.attributes.identity;
        let _turn = self.export.turn(identity);
        let before = before(&directory);
        let changed = change(&directory).and_then(|value| {
            self.export.forget_list(identity);
            self.keep(&directory)?;
            Ok(value)
        });
        let after = self.after(&directory);
        (changed, WccData { before, after })
    }

    fn sure_handle(&self, node: &Node) -> Result<NfsFh3, Fault> {
        let handle = self.handle(node.attributes.identity);
        handle.ok_or(Fault::BadHandle)
    }
}
