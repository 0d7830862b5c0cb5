//! The entries of a directory in an order that does not depend on what else is there.

use super::attributes::{Identity, Moment};
use super::directory::{self, Raw};
use super::seal::Seal;
use rustix::io;
use std::collections::VecDeque;
use std::os::fd::OwnedFd;
use std::sync::{Arc, Mutex, PoisonError};

/// An entry, and the cookie with which the list goes on behind it.
#[derive(Debug, PartialEq, Eq)]
pub struct Entry {
    pub cookie: u64,
    pub name: Vec<u8>,
    pub inode: u64,
}

/// All entries but "." and "..", by cookie.
///
/// A list that is asked for in parts has every entry that was there all the time exactly once, since a cookie is a hash of
/// the name: what comes and goes moves no other entry. File systems' own cookies do not all promise that.
pub struct Listing {
    entries: Vec<Entry>,
}

impl Listing {
    /// Reads the directory to its end.
    pub fn read(directory: OwnedFd, seal: &Seal) -> io::Result<Self> {
        let entry = |Raw { name, inode, .. }| Entry {
            cookie: seal.cookie(&name),
            name,
            inode,
        };
        let entries = directory::entries(directory)?;
        Ok(Self::new(entries.into_iter().map(entry).collect()))
    }

    fn new(mut entries: Vec<Entry>) -> Self {
        entries.sort_unstable_by(|a, b| (a.cookie, &a.name).cmp(&(b.cookie, &b.name)));
        Self { entries }
    }

    /// What comes behind a cookie.
    pub fn after(&self, cookie: u64) -> &[Entry] {
        let start = self.entries.partition_point(|entry| entry.cookie <= cookie);
        &self.entries[start..]
    }
}

/// So many lists are remembered.
const REMEMBERED: usize = 8;

/// Lists that somebody may be reading in parts, so that not each part reads and sorts a long directory again.
#[derive(Default)]
pub struct Listings(Mutex<VecDeque<Remembered>>);

struct Remembered {
    directory: Identity,
    changed: Moment,
    listing: Arc<Listing>,
}

impl Listings {
    /// The list of a directory that was last changed at this moment.
    pub fn recall(&self, directory: Identity, changed: Moment) -> Option<Arc<Listing>> {
        let lists = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let same = |list: &&Remembered| (list.directory, list.changed) == (directory, changed);
        lists
            .iter()
            .find(same)
            .map(|list| Arc::clone(&list.listing))
    }

    pub fn remember(&self, directory: Identity, changed: Moment, listing: Arc<Listing>) {
        self.forget(directory);
        let mut lists = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        lists.truncate(REMEMBERED - 1);
        lists.push_front(Remembered {
            directory,
            changed,
            listing,
        });
    }

    /// The directory is being changed, perhaps twice within one tick of the clock of files.
    pub fn forget(&self, directory: Identity) {
        let mut lists = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        lists.retain(|list| list.directory != directory);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(cookie: u64) -> Entry {
        Entry {
            cookie,
            name: cookie.to_string().into_bytes(),
            inode: cookie,
        }
    }

    fn cookies(listing: &Listing, after: u64) -> Vec<u64> {
        let entries = listing.after(after).iter();
        entries.map(|entry| entry.cookie).collect()
    }

    #[test]
    fn a_list_goes_on_behind_an_entry_that_is_gone() {
        let listing = Listing::new([9, 4, 7, 5].map(entry).into());
        assert_eq!(cookies(&listing, 0), [4, 5, 7, 9]);
        assert_eq!(cookies(&listing, 5), [7, 9]);
        assert_eq!(cookies(&listing, 6), [7, 9]);
        assert_eq!(cookies(&listing, 9), []);
        assert_eq!(cookies(&listing, u64::MAX), []);
    }

    #[test]
    fn a_list_is_remembered_until_its_directory_changes() {
        let lists = Listings::default();
        let moment = |seconds| Moment {
            seconds,
            nanoseconds: 0,
        };
        let directory = |inode| Identity { inode, born: 0 };
        for inode in 0..20 {
            let listing = Arc::new(Listing::new(Vec::new()));
            lists.remember(directory(inode), moment(1), listing);
        }
        assert!(lists.recall(directory(11), moment(1)).is_none());
        assert!(lists.recall(directory(12), moment(1)).is_some());
        assert!(lists.recall(directory(12), moment(2)).is_none());
        lists.forget(directory(12));
        assert!(lists.recall(directory(12), moment(1)).is_none());
    }
}
