//! Looking for a file in the whole export.

use super::attributes::{Attributes, Identity};
use super::beneath;
use super::directory;
use super::fault::Fault;
use super::places::{DEEPEST, Places};
use rustix::io::Errno;
use std::ffi::{OsStr, OsString};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::slice;
use std::sync::{Mutex, PoisonError};

/// Walks through all directories and notes every file that it meets. The path of the wanted one, if it is anywhere.
///
/// The walk goes on when the file has been found: after a restart clients come back with handles of many files, and one
/// walk is for all of them.
pub fn search(
    root: &OwnedFd,
    start: Identity,
    wanted: Identity,
    places: &Mutex<Places>,
) -> Result<Option<Vec<OsString>>, Fault> {
    let mut found = None;
    let mut pending = vec![(start, Vec::new())];
    while let Some((parent, path)) = pending.pop() {
        let Some((opened, names)) = look_into(root, &path)? else {
            continue;
        };
        for name in names {
            let Some(file) = look_at(&opened, &name)? else {
                continue;
            };
            let mut places = places.lock().unwrap_or_else(PoisonError::into_inner);
            places.seen(file.identity, parent, &name);
            drop(places);
            let extended = || [&path[..], slice::from_ref(&name)].concat();
            if file.identity == wanted {
                found = Some(extended());
            }
            // What is deeper has no path that is taken for one.
            if file.is_directory() && path.len() + 1 < DEEPEST {
                pending.push((file.identity, extended()));
            }
        }
    }
    Ok(found)
}

/// The entries of a directory; none if it is gone, is not to be entered or cannot be read.
fn look_into(root: &OwnedFd, path: &[OsString]) -> Result<Option<(OwnedFd, Vec<OsString>)>, Fault> {
    let read = |opened: OwnedFd| {
        let entries = directory::entries(directory::open(&opened)?)?;
        let names = entries.iter();
        let names = names.map(|entry| OsStr::from_bytes(&entry.name).to_owned());
        Ok((opened, names.collect()))
    };
    unless_gone(beneath::reach(root, path).and_then(read))
}

fn look_at(opened: impl AsFd, name: &OsStr) -> Result<Option<Attributes>, Fault> {
    unless_gone(Attributes::of_entry(opened, name.as_bytes())).map(Option::flatten)
}

/// Any other error ends the search: a file that was missed for want of descriptors must not be taken for gone.
fn unless_gone<T>(result: Result<T, Errno>) -> Result<Option<T>, Fault> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(Errno::NOENT | Errno::NOTDIR | Errno::LOOP | Errno::XDEV | Errno::ACCESS) => Ok(None),
        Err(errno) => Err(errno.into()),
    }
}
