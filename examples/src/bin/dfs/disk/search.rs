//! Looking for files in the whole export.

use super::attributes::{Attributes, Identity};
use super::beneath;
use super::directory::{self, Raw};
use super::fault::Fault;
use super::node::Node;
use super::places::{DEEPEST, Places};
use rustix::fs::FileType;
use rustix::io::Errno;
use std::collections::HashSet;
use std::ffi::{OsStr, OsString};
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::slice;
use std::sync::{Mutex, PoisonError};

/// A directory, and its name in the one above.
type Step = (Identity, OsString);

/// Notes where the wanted files are. Those that are nowhere are left in `wanted`.
pub fn search(
    root: &OwnedFd,
    start: Identity,
    wanted: &mut HashSet<Identity>,
    places: &Mutex<Places>,
) -> Result<(), Fault> {
    // To look at each file takes many times as long as to read its number in its directory, which some file systems have wrong.
    for closely in [false, true] {
        if !wanted.is_empty() {
            walk(root, start, wanted, places, closely)?;
        }
    }
    Ok(())
}

/// Walks through all directories until the wanted files are found, and goes on as long as more can be remembered: after a
/// restart clients come back with handles of many files, and one walk is for all of them.
fn walk(
    root: &OwnedFd,
    start: Identity,
    wanted: &mut HashSet<Identity>,
    places: &Mutex<Places>,
    closely: bool,
) -> Result<(), Fault> {
    let lock = || places.lock().unwrap_or_else(PoisonError::into_inner);
    lock().forget_met();
    let mut pending: Vec<Vec<Step>> = vec![Vec::new()];
    while let Some(way) = pending.pop() {
        let files = look_into(root, &way, |entry| {
            let may_be_one = matches!(entry.kind, FileType::Directory | FileType::Unknown);
            closely || may_be_one || wanted.iter().any(|file| file.inode == entry.inode)
        })?;
        let before = wanted.len();
        for file in files.iter().filter_map(|(_, file)| file.as_ref()) {
            wanted.remove(&file.identity);
        }
        note(&mut lock(), start, &way, &files);
        if wanted.len() < before {
            // Whoever wants one file of a directory is likely to want the next one too.
            let all = look_into(root, &way, |_| true)?;
            note(&mut lock(), start, &way, &all);
        }
        if wanted.is_empty() && lock().is_full() {
            break;
        }
        // What is deeper has no path that is taken for one.
        if way.len() + 1 < DEEPEST {
            pending.extend(files.iter().filter_map(|(entry, file)| {
                let directory = file.filter(Attributes::is_directory)?;
                let step = (directory.identity, name(entry).to_owned());
                Some([&way[..], slice::from_ref(&step)].concat())
            }));
        }
    }
    Ok(())
}

/// What is in a directory, and what is known of the entries that are worth a look; nothing if it is gone, is not to be entered
/// or cannot be read.
fn look_into(
    root: &OwnedFd,
    way: &[Step],
    worth_a_look: impl Fn(&Raw) -> bool,
) -> Result<Vec<(Raw, Option<Attributes>)>, Fault> {
    let read = || {
        let names: Vec<_> = way.iter().map(|(_, name)| name.as_os_str()).collect();
        let opened = Node::new(beneath::reach(root, &names)?)?;
        let entries = directory::entries(directory::open(&opened)?)?;
        Ok((opened, entries))
    };
    let Some((opened, entries)) = unless_gone(read())? else {
        return Ok(Vec::new());
    };
    let look = |entry: Raw| {
        let file = match worth_a_look(&entry) {
            true => unless_gone(opened.peek(&entry.name))?.flatten(),
            false => None,
        };
        Ok((entry, file))
    };
    entries.into_iter().map(look).collect()
}

/// Notes the entries of a directory, and the way to it: a place is worth something only if those of all directories above it
/// are known.
fn note(places: &mut Places, start: Identity, way: &[Step], files: &[(Raw, Option<Attributes>)]) {
    let mut parent = start;
    for (directory, name) in way {
        places.seen(*directory, parent, name);
        parent = *directory;
    }
    for (entry, file) in files {
        match file {
            Some(file) => places.seen(file.identity, parent, name(entry)),
            None => places.met(entry.inode, parent, name(entry)),
        }
    }
}

fn name(entry: &Raw) -> &OsStr {
    OsStr::from_bytes(&entry.name)
}

/// Any other error ends the search: a file that was missed for want of descriptors must not be taken for gone.
fn unless_gone<T>(result: Result<T, Errno>) -> Result<Option<T>, Fault> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(Errno::NOENT | Errno::NOTDIR | Errno::LOOP | Errno::XDEV | Errno::ACCESS) => Ok(None),
        Err(errno) => Err(errno.into()),
    }
}
