//! Handles that cannot be forged, and cookies that depend on nothing but the name.

use super::attributes::Identity;
use super::key::Key;
use siphasher::sip::SipHasher24;
use siphasher::sip128::{self, Hasher128};
use std::hash::Hasher;

/// The bytes of a handle: the inode, its birth, and the tag that only the server can compute.
pub const HANDLE: usize = 32;
/// Cookies 1 and 2 are those of "." and "..".
pub const FIRST_OWN_COOKIE: u64 = 3;

/// What makes handles and cookies of one export under one key.
///
/// The tag covers the identity of the exported directory, so that a handle of another export is none of this one.
pub struct Seal {
    key: Key,
    export: Identity,
}

impl Seal {
    pub fn new(key: Key, export: Identity) -> Self {
        Self { key, export }
    }

    /// The handle of a file.
    pub fn handle(&self, file: Identity) -> [u8; HANDLE] {
        let mut handle = [0; HANDLE];
        handle[..8].copy_from_slice(&file.inode.to_be_bytes());
        handle[8..16].copy_from_slice(&file.born.to_be_bytes());
        handle[16..].copy_from_slice(&self.tag(file).to_be_bytes());
        handle
    }

    /// The file of a handle, if it is one of ours.
    pub fn file(&self, handle: &[u8]) -> Option<Identity> {
        let handle: &[u8; HANDLE] = handle.try_into().ok()?;
        let file = Identity {
            inode: u64::from_be_bytes(*handle.first_chunk()?),
            born: i64::from_be_bytes(*handle[8..].first_chunk()?),
        };
        (handle[16..] == self.tag(file).to_be_bytes()).then_some(file)
    }

    /// Where a list goes on after the entry of this name.
    ///
    /// It depends on the name alone, so that it stays valid whatever is added and removed; with the key, so that nobody
    /// can choose names whose cookies are the same. It is never negative where a client takes it for a signed number.
    pub fn cookie(&self, name: &[u8]) -> u64 {
        let mut hasher = SipHasher24::new_with_key(&self.key.0);
        hasher.write(name);
        (hasher.finish() >> 1).max(FIRST_OWN_COOKIE)
    }

    /// What the cookies of a directory are recognised by.
    pub fn cookie_verifier(&self, directory: Identity) -> [u8; 8] {
        let mut hasher = SipHasher24::new_with_key(&self.key.0);
        self.write(&mut hasher, b"cookies", directory);
        hasher.finish().to_be_bytes()
    }

    /// What the exported file system is known by. The number of its device may be another when the host has been restarted.
    pub fn file_system(&self) -> u64 {
        let mut hasher = SipHasher24::new_with_key(&self.key.0);
        self.write(&mut hasher, b"file system", self.export);
        hasher.finish()
    }

    fn tag(&self, file: Identity) -> u128 {
        let mut hasher = sip128::SipHasher24::new_with_key(&self.key.0);
        self.write(&mut hasher, b"handle", file);
        hasher.finish128().as_u128()
    }

    fn write(&self, hasher: &mut impl Hasher, purpose: &[u8], file: Identity) {
        hasher.write(purpose);
        for identity in [self.export, file] {
            hasher.write(&identity.inode.to_be_bytes());
            hasher.write(&identity.born.to_be_bytes());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROOT: Identity = Identity { inode: 2, born: 77 };
    const FILE: Identity = Identity {
        inode: 11,
        born: -5,
    };

    fn seal() -> Seal {
        Seal::new(Key([7; 16]), ROOT)
    }

    #[test]
    fn a_handle_leads_back_to_its_file() {
        assert_eq!(seal().file(&seal().handle(FILE)), Some(FILE));
    }

    #[test]
    fn every_bit_of_a_handle_matters() {
        let handle = seal().handle(FILE);
        for bit in 0..HANDLE * 8 {
            let mut forged = handle;
            forged[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(seal().file(&forged), None, "bit {bit}");
        }
        assert_eq!(seal().file(&handle[..31]), None);
        assert_eq!(seal().file(&[&handle[..], &[0]].concat()), None);
        assert_eq!(seal().file(&[]), None);
    }

    #[test]
    fn a_handle_is_of_one_export_and_one_key() {
        let handle = seal().handle(FILE);
        assert_eq!(Seal::new(Key([7; 16]), FILE).file(&handle), None);
        assert_eq!(Seal::new(Key([8; 16]), ROOT).file(&handle), None);
    }

    #[test]
    fn cookies_are_neither_negative_nor_those_of_the_first_two_entries() {
        for number in 0..10_000_u32 {
            let cookie = seal().cookie(&number.to_be_bytes());
            assert!((FIRST_OWN_COOKIE..1 << 63).contains(&cookie));
        }
    }
}
