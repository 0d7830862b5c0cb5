//! The key under which handles are made, which outlives the server.

use rustix::process::geteuid;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;

const LENGTH: usize = 16;

/// 16 random bytes that nobody else knows.
#[derive(Clone)]
pub struct Key(pub [u8; LENGTH]);

impl Key {
    /// Reads the key of this file, or makes one and keeps it there, readable by the owner only.
    pub fn load(path: &Path) -> Result<Self, String> {
        let complain = |error: io::Error| {
            let path = path.display();
            format!(
                "the key of the file handles cannot be kept in {path}: {error}; name another place with --key FILE"
            )
        };
        match File::open(path) {
            Ok(file) => read(file, path),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                make(path).map_err(complain)?;
                // Of two servers that start at once, both read what the first one made.
                read(File::open(path).map_err(complain)?, path)
            }
            Err(error) => Err(complain(error)),
        }
    }
}

fn read(file: File, path: &Path) -> Result<Key, String> {
    let path = path.display();
    let found = file
        .metadata()
        .map_err(|error| format!("{path} cannot be read: {error}"))?;
    if found.uid() != geteuid().as_raw() {
        return Err(format!(
            "{path} is the file of another user, who can make handles with the key in it; name another place with --key FILE"
        ));
    }
    if found.mode() & 0o077 != 0 {
        return Err(format!(
            "{path} can be read or written by others, who can make handles with the key in it; remove it, and a new one is made"
        ));
    }
    let mut bytes = Vec::new();
    file.take(LENGTH as u64 + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| format!("{path} cannot be read: {error}"))?;
    let wrong = |bytes: Vec<u8>| {
        let length = bytes.len();
        format!("{path} is no key of file handles: it has {length} bytes or more, and not {LENGTH}")
    };
    bytes.try_into().map(Key).map_err(wrong)
}

/// A file that is whole from the moment at which it can be found.
fn make(path: &Path) -> io::Result<()> {
    let mut unfinished = path.as_os_str().to_owned();
    unfinished.push(format!(".{}", std::process::id()));
    let mut bytes = [0; LENGTH];
    getrandom::fill(&mut bytes)?;
    let mut file = OpenOptions::new()
        .write(true)
        // Nothing that somebody else has put there.
        .create_new(true)
        .mode(0o600)
        .open(&unfinished)?;
    let linked = file
        .write_all(&bytes)
        .and_then(|()| file.sync_all())
        .and_then(|()| fs::hard_link(&unfinished, path));
    fs::remove_file(&unfinished)?;
    match linked {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        linked => linked,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::{PermissionsExt, chown};

    #[test]
    fn the_key_is_made_once_and_a_wrong_file_is_named() {
        let folder = std::env::temp_dir().join(format!("dfs-key-{}", std::process::id()));
        fs::create_dir(&folder).expect("the folder can be made");
        let path = folder.join("key");
        let first = Key::load(&path).expect("a key is made");
        let second = Key::load(&path).expect("the key is there");
        assert_eq!(first.0, second.0);
        let files = fs::read_dir(&folder).expect("the folder can be read");
        assert_eq!(files.count(), 1);
        for wrong in ["short", "longer than any key is"] {
            fs::write(&path, wrong).expect("the key can be spoilt");
            let error = Key::load(&path).err().expect("it is no key");
            assert!(error.contains("is no key of file handles"), "{error}");
        }
        for mode in [0o640, 0o604, 0o620] {
            let opened = fs::Permissions::from_mode(mode);
            fs::set_permissions(&path, opened).expect("it is ours");
            let error = Key::load(&path).err().expect("it is no secret");
            assert!(error.contains("by others"), "{mode:o}: {error}");
        }
        // Only root can give it away.
        if chown(&path, Some(1), None).is_ok() {
            let error = Key::load(&path).err().expect("it is not ours");
            assert!(error.contains("of another user"), "{error}");
        }
        fs::remove_dir_all(&folder).expect("the folder can be removed");
        let error = Key::load(&path).err().expect("there is no folder");
        assert!(error.contains("--key FILE"), "{error}");
    }
}
