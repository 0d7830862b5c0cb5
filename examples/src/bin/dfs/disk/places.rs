//! Where files are, as far as it has been seen.

use super::attributes::Identity;
use super::recent::Recent;
use std::collections::HashMap;
use std::ffi::{OsStr, OsString};

/// More files than this are not remembered at a time: some 80 MB if their names are short, 200 MB if they are the longest.
const MOST_KNOWN: usize = 1 << 19;
/// Nor more than this of those that a search has met: 120 MB, or 360.
const MOST_MET: usize = 1 << 20;
/// Of not more files it is remembered that they are nowhere.
const MOST_GONE: usize = 1 << 16;
/// No path has more names. One that seems to is a circle, made of places that were true at different times.
pub const DEEPEST: usize = 4096;

/// In which directory each file was last seen, and under which name.
///
/// It is a memory and no truth: whoever goes to a place must look whether the file is there. What has been forgotten can
/// be found again by a search: what has not been used for long. A directory is used with each file in it.
pub struct Places {
    root: Identity,
    known: Recent<Identity, Place>,
    /// What the last search met that is no directory, by inode: a directory tells no more.
    met: HashMap<u64, Place>,
    gone: Recent<Identity, ()>,
}

struct Place {
    directory: Identity,
    name: Box<OsStr>,
}

impl Places {
    pub fn new(root: Identity) -> Self {
        Self {
            root,
            known: Recent::new(MOST_KNOWN),
            met: HashMap::new(),
            gone: Recent::new(MOST_GONE),
        }
    }

    /// The names that lead from the root to where the file was last seen.
    pub fn path(&mut self, file: Identity) -> Option<Vec<OsString>> {
        let mut names = Vec::new();
        let mut at = file;
        while at != self.root {
            let met = self.met.get(&at.inode).filter(|_| names.is_empty());
            let place = self.known.get(at).or(met);
            let place = place.filter(|_| names.len() < DEEPEST)?;
            names.push(place.name.to_os_string());
            at = place.directory;
        }
        names.reverse();
        Some(names)
    }

    /// Whether what is so many levels below a directory can still be found by its path; so it is if the directory's is unknown.
    pub fn has_room(&mut self, directory: Identity, levels: usize) -> bool {
        let (mut at, mut names) = (directory, levels);
        while at != self.root && names <= DEEPEST {
            let Some(place) = self.known.get(at) else {
                return true;
            };
            names += 1;
            at = place.directory;
        }
        names <= DEEPEST
    }

    /// The directory in which the file was last seen.
    pub fn directory_of(&mut self, file: Identity) -> Option<Identity> {
        self.known.get(file).map(|place| place.directory)
    }

    /// The file was seen in this directory under this name.
    pub fn seen(&mut self, file: Identity, directory: Identity, name: &OsStr) {
        self.gone.remove(file);
        self.known.insert(file, Place::new(directory, name));
    }

    /// A search begins, which meets all that there is now.
    pub fn forget_met(&mut self) {
        self.met.clear();
    }

    /// A search has met a file of this inode, if there is room for it.
    pub fn met(&mut self, inode: u64, directory: Identity, name: &OsStr) {
        if !self.is_full() {
            self.met.insert(inode, Place::new(directory, name));
        }
    }

    /// The file is where it was met, and is used: the next search, which begins with nothing met, does not make it wait.
    pub fn confirmed(&mut self, file: Identity) {
        if self.known.get(file).is_none()
            && let Some(place) = self.met.remove(&file.inode)
        {
            self.known.insert(file, place);
        }
    }

    /// Whether nothing more is remembered of what a search meets.
    pub fn is_full(&self) -> bool {
        self.met.len() >= MOST_MET
    }

    /// The file has no longer this name; it may have others.
    pub fn unnamed(&mut self, file: Identity, directory: Identity, name: &OsStr) {
        let same = |place: &Place| place.directory == directory && *place.name == *name;
        if self.known.get(file).is_some_and(same) {
            self.known.remove(file);
        }
        if self.met.get(&file.inode).is_some_and(same) {
            self.met.remove(&file.inode);
        }
    }

    /// The file is nowhere.
    pub fn lost(&mut self, file: Identity) {
        self.gone.insert(file, ());
    }

    /// Whether the file was nowhere when it was last looked for.
    pub fn is_lost(&mut self, file: Identity) -> bool {
        self.gone.get(file).is_some()
    }
}

impl Place {
    fn new(directory: Identity, name: &OsStr) -> Self {
        let name = name.into();
        Self { directory, name }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(inode: u64) -> Identity {
        Identity { inode, born: 0 }
    }

    fn path(places: &mut Places, inode: u64) -> Option<String> {
        let path = places.path(file(inode))?;
        path.join(OsStr::new("/")).into_string().ok()
    }

    #[test]
    fn a_file_goes_where_its_directory_goes() {
        let mut places = Places::new(file(2));
        places.seen(file(3), file(2), OsStr::new("a"));
        places.seen(file(4), file(3), OsStr::new("b"));
        assert_eq!(path(&mut places, 4).as_deref(), Some("a/b"));
        places.seen(file(3), file(2), OsStr::new("c"));
        assert_eq!(path(&mut places, 4).as_deref(), Some("c/b"));
        assert_eq!(path(&mut places, 2).as_deref(), Some(""));
        assert_eq!(path(&mut places, 5), None);
    }

    #[test]
    fn a_circle_of_outdated_places_is_no_path() {
        let mut places = Places::new(file(2));
        places.seen(file(3), file(4), OsStr::new("a"));
        places.seen(file(4), file(3), OsStr::new("b"));
        assert_eq!(path(&mut places, 4), None);
    }

    #[test]
    fn nothing_is_so_deep_that_it_is_not_found() {
        let mut places = Places::new(file(0));
        let deepest = DEEPEST as u64;
        for inode in 1..=deepest + 1 {
            places.seen(file(inode), file(inode - 1), OsStr::new("d"));
        }
        assert!(path(&mut places, deepest).is_some());
        assert!(path(&mut places, deepest + 1).is_none());
        for (inode, levels, room) in [
            (0, 2, true),
            (deepest - 2, 2, true),
            (deepest - 1, 2, false),
            (deepest - 1, 1, true),
            (deepest, 1, false),
            (deepest + 1, 1, false),
            (deepest + 7, 2, true),
        ] {
            assert_eq!(places.has_room(file(inode), levels), room, "{inode}");
        }
    }

    #[test]
    fn only_the_name_that_is_remembered_is_forgotten() {
        let mut places = Places::new(file(2));
        places.seen(file(3), file(2), OsStr::new("a"));
        places.unnamed(file(3), file(2), OsStr::new("b"));
        assert_eq!(path(&mut places, 3).as_deref(), Some("a"));
        places.unnamed(file(3), file(2), OsStr::new("a"));
        assert_eq!(path(&mut places, 3), None);
    }

    #[test]
    fn what_is_used_is_not_forgotten_with_its_directories() {
        let mut places = Places {
            known: Recent::new(8),
            ..Places::new(file(2))
        };
        places.seen(file(3), file(2), OsStr::new("a"));
        places.seen(file(4), file(3), OsStr::new("b"));
        for inode in 100..200 {
            assert_eq!(path(&mut places, 4).as_deref(), Some("a/b"), "{inode}");
            places.seen(file(inode), file(3), OsStr::new("d"));
        }
        assert_eq!(path(&mut places, 199).as_deref(), Some("a/d"));
        assert_eq!(path(&mut places, 100), None);
    }

    #[test]
    fn what_a_search_meets_is_taken_for_no_directory() {
        let mut places = Places::new(file(2));
        places.seen(file(3), file(2), OsStr::new("a"));
        // On another layer of the same file system.
        places.met(3, file(3), OsStr::new("b"));
        places.met(4, file(3), OsStr::new("c"));
        let other = Identity { inode: 3, born: 1 };
        assert_eq!(path(&mut places, 3).as_deref(), Some("a"));
        assert_eq!(path(&mut places, 4).as_deref(), Some("a/c"));
        let names = places.path(other).expect("it was met");
        assert_eq!(names, ["a", "b"]);
        places.confirmed(file(3));
        assert!(places.path(other).is_some());
        places.unnamed(file(4), file(3), OsStr::new("c"));
        assert_eq!(path(&mut places, 4), None);
        places.met(5, file(3), OsStr::new("d"));
        places.confirmed(file(5));
        places.forget_met();
        assert_eq!(path(&mut places, 5).as_deref(), Some("a/d"));
        assert_eq!(places.path(other), None);
    }

    #[test]
    fn what_is_seen_again_is_not_lost() {
        let mut places = Places::new(file(2));
        places.lost(file(3));
        assert!(places.is_lost(file(3)));
        places.seen(file(3), file(2), OsStr::new("a"));
        assert!(!places.is_lost(file(3)));
    }
}
