//! Names: finding, adding, removing and changing them.

use super::convert::{NOTHING, before, status};
use super::{Fault, Nfs};
use crate::contract::nfs3::*;
use crate::disk::{Caller, Name, Node};
use rustix::fs::{AtFlags, CWD, linkat, renameat, unlinkat};
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
        let gone = within.entry(name);
        caller.act(|| unlinkat(within, name.bytes(), flags))?;
        if let Ok(gone) = gone {
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
        let file = caller.act(|| from.peek(old.bytes()))?;
        let is_directory = file.is_some_and(|file| file.is_directory());
        let levels = if is_directory { 2 } else { 1 };
        self.export.room(to.attributes.identity, levels)?;
        let replaced = to.entry(new).ok();
        self.export.reshape(|| {
            caller.act(|| renameat(from, old.bytes(), to, new.bytes()))?;
            let (from, to) = (from.attributes.identity, to.attributes.identity);
            let file = file.map(|file| file.identity);
            match replaced {
                // Two names of one file both stay, as the system has it.
                Some(there) if Some(there.attributes.identity) == file => return Ok(()),
                Some(there) => self.export.unnamed(&there, to, new),
                None => {}
            }
            if let Some(file) = file {
                self.export.note_identity(file, to, new.bytes());
            }
            self.export.forget_list(from);
            self.export.forget_list(to);
            Ok::<_, Fault>(())
        })?;
        self.keep(from)?;
        self.keep(to)
    }

    pub(super) fn link(&self, caller: &Caller, args: &Link3args) -> Link3res {
        let file = self.find(&args.file);
        let (linked, linkdir_wcc) = self.change(&args.link.dir, |within| {
            let file = file.as_ref().map_err(|fault| *fault)?;
            let name = Name::entry(&args.link.name, Errno::EXIST)?;
            let link = || {
                linkat(
                    CWD,
                    file.path(),
                    within,
                    name.bytes(),
                    AtFlags::SYMLINK_FOLLOW,
                )
            };
            self.export.reshape(|| {
                // The new name is the only one that may be missing: so the file, or the directory, has just gone.
                caller.act(link).map_err(|errno| match errno {
                    Errno::NOENT => Fault::Stale,
                    errno => errno.into(),
                })?;
                // The old name may go next: many programs move a file in this way.
                self.export.note(file, within.attributes.identity, name);
                Ok(())
            })
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

    /// Changes a directory, with what it was before and after, on the disk before it is answered.
    pub(super) fn change<T>(
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
