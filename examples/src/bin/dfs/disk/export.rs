//! The exported directory, and how a handle leads to its file.

use super::attributes::{Attributes, Identity};
use super::beneath;
use super::caller::Caller;
use super::fault::Fault;
use super::key::Key;
use super::listing::{Listing, Listings};
use super::name::Name;
use super::node::Node;
use super::places::Places;
use super::seal::{HANDLE, Seal};
use super::search::search;
use rustix::fs::{Access, Mode, OFlags, open};
use rustix::io::Errno;
use std::collections::HashSet;
use std::ffi::{OsStr, OsString};
use std::mem;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

/// So many files can be changed at the same time.
const TURNS: usize = 64;

/// The exported directory.
///
/// A handle names an inode. The system opens inodes by path only (but for those who may read everything), so the place
/// where each file was last seen is remembered, and a file that is not there is searched for: after a restart, and when
/// somebody on this host has moved it.
pub struct Export {
    path: PathBuf,
    root: OwnedFd,
    attributes: Attributes,
    seal: Seal,
    places: Mutex<Places>,
    /// Files that the next search is to find.
    missing: Mutex<HashSet<Identity>>,
    /// Held for writing by a search, and for reading by who gives a file another name: a search sees all files or it would call some lost.
    shape: RwLock<()>,
    listings: Listings,
    turns: [Mutex<()>; TURNS],
}

impl Export {
    /// Exports the directory of this path, which stays the one exported also if it gets another name.
    pub fn new(path: &Path, key: Key) -> Result<Self, Errno> {
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let root = open(path, flags, Mode::empty())?;
        let attributes = Attributes::of(&root)?;
        Ok(Self {
            path: path.to_owned(),
            root,
            attributes,
            seal: Seal::new(key, attributes.identity),
            places: Mutex::new(Places::new(attributes.identity)),
            missing: Mutex::default(),
            shape: RwLock::new(()),
            listings: Listings::default(),
            turns: [const { Mutex::new(()) }; TURNS],
        })
    }

    /// Its path.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The directory itself.
    pub fn root(&self) -> Result<Node, Fault> {
        Ok(Node::new(beneath::step(&self.root, OsStr::new("."))?)?)
    }

    /// What this file system is known by: one number for all files, since only one is exported.
    pub fn file_system(&self) -> u64 {
        self.seal.file_system()
    }

    /// The handle of a file, which stays valid as long as the file and the key exist.
    pub fn handle(&self, file: Identity) -> [u8; HANDLE] {
        self.seal.handle(file)
    }

    /// The file of a handle.
    pub fn find(&self, handle: &[u8]) -> Result<Node, Fault> {
        self.find_file(self.seal.file(handle).ok_or(Fault::BadHandle)?)
    }

    /// The entry of a directory, with the caller's permissions. Above the exported directory is that directory itself.
    pub fn look_up(&self, caller: &Caller, from: &Node, name: Name<'_>) -> Result<Node, Fault> {
        let directory = from.attributes.identity;
        if !from.attributes.is_directory() {
            return Err(Errno::NOTDIR.into());
        }
        if name.is_this() || name.is_above() {
            // Who may not go through a directory finds nothing by way of it, neither these two.
            return match caller.act(|| Ok::<_, Fault>(from.permits(Access::EXEC_OK)))? {
                true if name.is_this() => self.find_file(directory),
                true => self.find_file(self.above(directory)),
                false => Err(Errno::ACCESS.into()),
            };
        }
        self.room(directory, 1)?;
        let found = caller.act(|| from.entry(name)).map_err(unenterable)?;
        self.note(&found, directory, name);
        Ok(found)
    }

    /// The directory above one, as far as it is known; of the exported one, itself.
    pub fn above(&self, directory: Identity) -> Identity {
        self.places()
            .directory_of(directory)
            .unwrap_or(self.attributes.identity)
    }

    /// Fails if what is so many levels below a directory were too deep to be found again by its handle.
    pub fn room(&self, directory: Identity, levels: usize) -> Result<(), Fault> {
        match self.places().has_room(directory, levels) {
            true => Ok(()),
            false => Err(Errno::NAMETOOLONG.into()),
        }
    }

    /// Remembers where a file is.
    pub fn note(&self, file: &Node, directory: Identity, name: Name<'_>) {
        self.note_identity(file.attributes.identity, directory, name.bytes());
    }

    /// The same, of a file that was not reached.
    pub fn note_identity(&self, file: Identity, directory: Identity, name: &[u8]) {
        self.places().seen(file, directory, OsStr::from_bytes(name));
    }

    /// A name is gone. If it was the last one, the file is gone too.
    pub fn unnamed(&self, file: &Node, directory: Identity, name: Name<'_>) {
        // Of now: somebody else may have given it another name in the last moment.
        let none_left = file.now().is_ok_and(|now| now.links == 0);
        let identity = file.attributes.identity;
        let mut places = self.places();
        places.unnamed(identity, directory, OsStr::from_bytes(name.bytes()));
        if file.attributes.is_directory() || none_left {
            places.lost(identity);
        }
    }

    /// Gives files other names: no search goes on meanwhile.
    pub fn reshape<T>(&self, moving: impl FnOnce() -> T) -> T {
        let _shape = self.shape.read().unwrap_or_else(PoisonError::into_inner);
        moving()
    }

    /// Waits until nobody else changes the file, so that what it was before and after can be told.
    pub fn turn(&self, file: Identity) -> MutexGuard<'_, ()> {
        let turn = &self.turns[Self::turn_of(file)];
        turn.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The same for two, one of which may be the other.
    pub fn turns(
        &self,
        a: Identity,
        b: Identity,
    ) -> (MutexGuard<'_, ()>, Option<MutexGuard<'_, ()>>) {
        let (first, second) = if Self::turn_of(a) < Self::turn_of(b) {
            (a, b)
        } else {
            (b, a)
        };
        let same = Self::turn_of(a) == Self::turn_of(b);
        (self.turn(first), (!same).then(|| self.turn(second)))
    }

    /// The entries of a directory, with the caller's permissions; who goes on with a list may get what others have read.
    pub fn list(
        &self,
        caller: &Caller,
        directory: &Node,
        goes_on: bool,
    ) -> Result<Arc<Listing>, Fault> {
        let open = || directory.open(OFlags::RDONLY | OFlags::DIRECTORY);
        let opened = caller.act(open)?;
        // Of before the reading: a list that was changed meanwhile does not look like a new one.
        let now = directory.now()?;
        let known = self.listings.recall(now.identity, now.changed);
        if let Some(listing) = known.filter(|_| goes_on) {
            return Ok(listing);
        }
        let listing = Arc::new(Listing::read(opened, &self.seal)?);
        self.listings
            .remember(now.identity, now.changed, Arc::clone(&listing));
        Ok(listing)
    }

    /// What the cookies of a directory are recognised by.
    pub fn cookie_verifier(&self, directory: Identity) -> [u8; 8] {
        self.seal.cookie_verifier(directory)
    }

    /// The directory is about to be changed.
    pub fn forget_list(&self, directory: Identity) {
        self.listings.forget(directory);
    }

    fn find_file(&self, file: Identity) -> Result<Node, Fault> {
        if let Some(node) = self.remembered(file)? {
            return Ok(node);
        }
        self.missing().insert(file);
        let _shape = self.shape.write().unwrap_or_else(PoisonError::into_inner);
        let mut wanted = mem::take(&mut *self.missing());
        // Perhaps somebody else has just searched, for this one too.
        if let Some(node) = self.remembered(file)? {
            return Ok(node);
        }
        wanted.insert(file);
        let start = self.attributes.identity;
        search(&self.root, start, &mut wanted, &self.places)?;
        for nowhere in wanted {
            self.places().lost(nowhere);
        }
        self.remembered(file)?.ok_or(Fault::Stale)
    }

    /// The file, if it is where it was last seen. Fails if it is known to be gone.
    fn remembered(&self, file: Identity) -> Result<Option<Node>, Fault> {
        let path = self.places().path(file);
        let node = path.map_or(Ok(None), |path| self.at(&path, file))?;
        match &node {
            Some(_) => self.places().confirmed(file),
            None if self.places().is_lost(file) => return Err(Fault::Stale),
            None => {}
        }
        Ok(node)
    }

    /// The file, if it is what is at the end of this path.
    fn at(&self, path: &[OsString], file: Identity) -> Result<Option<Node>, Fault> {
        match beneath::reach(&self.root, path).and_then(Node::new) {
            Ok(node) if node.attributes.identity == file => Ok(Some(node)),
            Ok(_) | Err(Errno::NOENT | Errno::NOTDIR | Errno::LOOP | Errno::XDEV) => Ok(None),
            Err(errno) => Err(errno.into()),
        }
    }

    fn missing(&self) -> MutexGuard<'_, HashSet<Identity>> {
        self.missing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn places(&self) -> MutexGuard<'_, Places> {
        self.places.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn turn_of(file: Identity) -> usize {
        // The remainder is less than TURNS.
        (file.inode % TURNS as u64) as usize
    }
}

/// What is mounted within the export is not exported.
fn unenterable(errno: Errno) -> Fault {
    match errno {
        Errno::XDEV => Errno::ACCESS.into(),
        errno => errno.into(),
    }
}
