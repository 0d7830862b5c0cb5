//! What is in directories.

use super::convert::status;
use super::{Fault, Nfs};
use crate::contract::nfs3::*;
use crate::disk::{Attributes, Caller, Entry, Listing, Name, Node};
use rustix::io::Errno;
use std::sync::Arc;

/// The cookies of "." and "..".
const THIS: u64 = 1;
const ABOVE: u64 = 2;
/// What is in a result beside its entries: attributes, verifier, the end of the list and whether it is all.
const AROUND: usize = ATTRIBUTES + 8 + 4 + 4;
/// Attributes, behind "they follow".
const ATTRIBUTES: usize = 4 + 84;
/// A handle of 32 bytes, behind "it follows" and its length.
const HANDLE: usize = 4 + 4 + 32;

/// An entry, and the cookie with which the list goes on behind it.
struct Row<'a> {
    cookie: u64,
    name: &'a [u8],
    inode: u64,
}

impl Row<'_> {
    /// The bytes of its number, its name and its cookie.
    fn size(&self) -> usize {
        8 + 4 + self.name.len().next_multiple_of(4) + 8
    }
}

impl<'a> From<&'a Entry> for Row<'a> {
    fn from(entry: &'a Entry) -> Self {
        Self {
            cookie: entry.cookie,
            name: &entry.name,
            inode: entry.inode,
        }
    }
}

impl Nfs {
    /// Gives not more than `most` bytes, whatever is asked for.
    pub(super) fn readdir(&self, caller: &Caller, args: &Readdir3args, most: u32) -> Readdir3res {
        let found = self.find(&args.dir);
        let page = match &found {
            Ok(directory) => self.page(caller, directory, args, args.count.min(most)),
            Err(fault) => Err(*fault),
        };
        let dir_attributes = self.after_if_found(&found);
        match page {
            Ok((cookieverf, reply)) => Readdir3res::Nfs3Ok(Readdir3resok {
                dir_attributes,
                cookieverf,
                reply,
            }),
            Err(fault) => Readdir3res::Default(status(fault), Readdir3resfail { dir_attributes }),
        }
    }

    /// The same.
    pub(super) fn readdirplus(
        &self,
        caller: &Caller,
        args: &Readdirplus3args,
        most: u32,
    ) -> Readdirplus3res {
        let found = self.find(&args.dir);
        let page = match &found {
            Ok(directory) => self.full_page(caller, directory, args, args.maxcount.min(most)),
            Err(fault) => Err(*fault),
        };
        let dir_attributes = self.after_if_found(&found);
        match page {
            Ok((cookieverf, reply)) => Readdirplus3res::Nfs3Ok(Readdirplus3resok {
                dir_attributes,
                cookieverf,
                reply,
            }),
            Err(fault) => {
                Readdirplus3res::Default(status(fault), Readdirplus3resfail { dir_attributes })
            }
        }
    }

    fn page(
        &self,
        caller: &Caller,
        directory: &Node,
        args: &Readdir3args,
        room: u32,
    ) -> Result<(Cookieverf3, Dirlist3), Fault> {
        let (verifier, list) = self.open_list(caller, directory, args.cookie, args.cookieverf)?;
        let mut room = Room::new(room)?;
        let (mut entries, mut eof) = (Vec::new(), true);
        for row in self.rows(directory, &list, args.cookie) {
            if !room.take(4 + row.size()) {
                eof = false;
                break;
            }
            entries.push(Entry3 {
                fileid: row.inode,
                name: row.name.to_vec(),
                cookie: row.cookie,
            });
        }
        if entries.is_empty() && !eof {
            return Err(Fault::TooSmall);
        }
        Ok((verifier, Dirlist3 { entries, eof }))
    }

    fn full_page(
        &self,
        caller: &Caller,
        directory: &Node,
        args: &Readdirplus3args,
        room: u32,
    ) -> Result<(Cookieverf3, Dirlistplus3), Fault> {
        let (verifier, list) = self.open_list(caller, directory, args.cookie, args.cookieverf)?;
        let mut room = Room::new(room)?;
        let mut names = Room(args.dircount as usize);
        let (mut entries, mut eof) = (Vec::new(), true);
        for row in self.rows(directory, &list, args.cookie) {
            let fits = room.take(4 + row.size() + ATTRIBUTES + HANDLE);
            // A first entry is given whatever the names may take, or the list would never go on.
            if !fits || !(names.take(row.size()) || entries.is_empty()) {
                eof = false;
                break;
            }
            let file = self.row_attributes(caller, directory, &row);
            entries.push(Entryplus3 {
                // Not all file systems have the same number in the directory as in the file.
                fileid: file.as_ref().map_or(row.inode, |file| file.identity.inode),
                name: row.name.to_vec(),
                cookie: row.cookie,
                name_attributes: file.as_ref().map(|file| self.fattr(file)),
                name_handle: file.and_then(|file| self.handle(file.identity)),
            });
        }
        if entries.is_empty() && !eof {
            return Err(Fault::TooSmall);
        }
        Ok((verifier, Dirlistplus3 { entries, eof }))
    }

    /// The list of a directory, if the cookie is one of it.
    fn open_list(
        &self,
        caller: &Caller,
        directory: &Node,
        cookie: u64,
        verifier: Cookieverf3,
    ) -> Result<(Cookieverf3, Arc<Listing>), Fault> {
        if !directory.attributes.is_directory() {
            return Err(Errno::NOTDIR.into());
        }
        self.export.room(directory.attributes.identity, 1)?;
        let expected = self.export.cookie_verifier(directory.attributes.identity);
        if cookie != 0 && verifier != expected {
            return Err(Fault::BadCookie);
        }
        let list = self.export.list(caller, directory, cookie != 0)?;
        Ok((expected, list))
    }

    fn rows<'a>(
        &self,
        directory: &Node,
        list: &'a Listing,
        cookie: u64,
    ) -> impl Iterator<Item = Row<'a>> + use<'a> {
        let this = directory.attributes.identity;
        let row = |cookie, name, inode| Row {
            cookie,
            name,
            inode,
        };
        let first = [
            row(THIS, b".".as_slice(), this.inode),
            row(ABOVE, b"..", self.export.above(this).inode),
        ];
        let first = first.into_iter().filter(move |row| row.cookie > cookie);
        first.chain(list.after(cookie).iter().map(Row::from))
    }

    /// None if the caller may not know, if the entry has just gone, and if another file system is mounted there.
    fn row_attributes(
        &self,
        caller: &Caller,
        directory: &Node,
        row: &Row<'_>,
    ) -> Option<Attributes> {
        if row.cookie == THIS || row.cookie == ABOVE {
            let name = Name::new(row.name).ok()?;
            let found = self.export.look_up(caller, directory, name).ok()?;
            return Some(found.attributes);
        }
        let file = caller.act(|| directory.peek(row.name)).ok()??;
        let within = directory.attributes.identity;
        self.export.note_identity(file.identity, within, row.name);
        Some(file)
    }
}

/// How many bytes are left.
struct Room(usize);

impl Room {
    /// What is left of so many bytes for entries.
    fn new(room: u32) -> Result<Self, Fault> {
        let left = (room as usize).checked_sub(AROUND).ok_or(Fault::TooSmall)?;
        Ok(Self(left))
    }

    fn take(&mut self, bytes: usize) -> bool {
        let left = self.0.checked_sub(bytes);
        self.0 = left.unwrap_or(0);
        left.is_some()
    }
}
