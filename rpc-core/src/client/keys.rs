//! The secrets that make callers' names their own.

use std::fmt;
use std::path::Path;

use hmac::{Hmac, KeyInit, Mac};
use rpc_proto::session::wire::KeyId;
use sha2::Sha256;

use super::files::{self, ClientFileError};

/// What the file of a key space begins with: what it is, and the version of its format.
const MAGIC: [u8; 8] = *b"rpckeys\x01";

/// A secret that makes the names of calls ([`Call::key`](crate::Call::key)) its holders' own.
///
/// All who hold the same secret mean the same call by the same name. Whoever does not can neither use these names nor
/// read them, since servers see only keyed digests.
#[derive(Clone)]
pub struct KeySpace([u8; 16]);

impl KeySpace {
    /// The key space of this secret, which should be random: whoever can guess it can ask for the replies.
    pub fn from_bytes(secret: [u8; 16]) -> Self {
        Self(secret)
    }

    /// The key space whose secret is kept in the file at `path`. Where there is no file one is made, with a new secret, that
    /// only its owner can read; it is on disk when this returns.
    ///
    /// # Errors
    ///
    /// The file cannot be read or made, or is not one of a key space.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, ClientFileError> {
        let path = path.as_ref();
        let contents = files::read_or_create(path, MAGIC)?;
        let (secret, rest) = files::read_header(path, &contents, MAGIC)?;
        if !rest.is_empty() {
            return Err(files::damaged(path, files::HEADER, "bytes after the end"));
        }
        Ok(Self(secret))
    }

    /// What a server is told for a name.
    pub(super) fn key(&self, name: &[u8], issued: u64) -> KeyId {
        // HMAC takes keys of any length.
        let mut digest = Hmac::<Sha256>::new_from_slice(&self.0).expect("a key of any length");
        digest.update(name);
        KeyId {
            name_digest: digest.finalize().into_bytes().into(),
            issued,
        }
    }
}

impl fmt::Debug for KeySpace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeySpace(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_name_is_told_by_secret_and_text() {
        let (one, other) = (KeySpace::from_bytes([1; 16]), KeySpace::from_bytes([2; 16]));
        let key = one.key(b"invoice-1042", 7);
        assert_eq!(key, one.key(b"invoice-1042", 7));
        assert_ne!(key, one.key(b"invoice-1043", 7));
        assert_ne!(key, one.key(b"invoice-1042", 8));
        assert_ne!(key, other.key(b"invoice-1042", 7), "somebody else's");
        assert_eq!(format!("{one:?}"), "KeySpace(..)");
    }

    /// RFC 4231, test case 2, has a shorter key; HMAC fills it up with zeros.
    #[test]
    fn the_digest_is_hmac_with_sha_256() {
        let mut secret = [0; 16];
        secret[..4].copy_from_slice(b"Jefe");
        let key = KeySpace::from_bytes(secret).key(b"what do ya want for nothing?", 0);
        assert_eq!(key.name_digest[..4], [0x5b, 0xdc, 0xc1, 0x46]);
    }

    #[test]
    fn a_file_is_made_once_and_read_strictly() {
        let folder = files::tests::Folder::new();
        let path = folder.path().join("keys");
        let made = KeySpace::open(&path).expect("made");
        let read = KeySpace::open(&path).expect("read");
        assert_eq!(made.0, read.0);
        let mode = fs::metadata(&path).expect("there").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert_eq!(fs::read_dir(folder.path()).expect("there").count(), 1);

        let good = fs::read(&path).expect("there");
        let mut rows = vec![
            (Vec::new(), "not a file of this kind"),
            (
                b"something else entirely, of which nothing is known".to_vec(),
                "not a file of this kind",
            ),
            (good[..31].to_vec(), "damaged at byte 31"),
            ([&good[..], &[0]].concat(), "damaged at byte 32"),
        ];
        for at in 8..32 {
            let mut bad = good.clone();
            bad[at] ^= 1;
            rows.push((bad, "damaged at byte 0"));
        }
        for (contents, expected) in rows {
            fs::write(&path, &contents).expect("written");
            let error = KeySpace::open(&path).expect_err("damaged").to_string();
            assert!(error.contains(expected), "{error}");
            assert!(error.contains(&path.display().to_string()), "{error}");
            assert_eq!(
                fs::read(&path).expect("there"),
                contents,
                "it is not touched"
            );
        }
        let nowhere = folder.path().join("no/such/folder");
        let error = KeySpace::open(&nowhere).expect_err("nowhere").to_string();
        assert!(error.contains("no/such/folder"), "{error}");
    }
}
