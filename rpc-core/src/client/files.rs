//! The small files in which a client keeps a secret.
//!
//! A file is there whole or not at all: it is written under another name, synced, and then given its own. It begins with 8
//! bytes that say what it is and in which version, a secret of 16 bytes, and 8 bytes of a digest over both.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::system;

/// The length of the beginning that all such files have.
pub(super) const HEADER: usize = 32;

/// A file of the client's that cannot be used. It was not changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ClientFileError {
    /// The system does not let us.
    #[error("{}: {source}", .path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// Another process, or another part of this one, has it open.
    #[error("{} is in use: only one process at a time may have it open", .path.display())]
    InUse {
        /// The file.
        path: PathBuf,
    },
    /// It is something else, or of a version that this program does not know.
    #[error("{} is not a file of this kind, or of a version that this program does not know", .path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// It is not as it was written.
    #[error("{} is damaged at byte {offset}: {what}", .path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// Where.
        offset: usize,
        /// What is wrong there.
        what: &'static str,
    },
}

pub(super) fn io_error(path: &Path) -> impl Fn(io::Error) -> ClientFileError + '_ {
    |source| ClientFileError::Io {
        path: path.to_owned(),
        source,
    }
}

pub(super) fn damaged(path: &Path, offset: usize, what: &'static str) -> ClientFileError {
    ClientFileError::Damaged {
        path: path.to_owned(),
        offset,
        what,
    }
}

/// What is in the file, which is made with a new secret if there is none.
pub(super) fn read_or_create(path: &Path, magic: [u8; 8]) -> Result<Vec<u8>, ClientFileError> {
    loop {
        match fs::read(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                create(path, magic).map_err(io_error(path))?;
            }
            read => return read.map_err(io_error(path)),
        }
    }
}

/// Makes a file with a new secret, unless somebody else does at the same time.
pub(super) fn create(path: &Path, magic: [u8; 8]) -> io::Result<()> {
    let random = system::entropy()?;
    let mut secret = [0; 16];
    secret.copy_from_slice(&random[..16]);
    let suffix: String = random[16..24].iter().map(|b| format!("{b:02x}")).collect();
    let draft = beside(path, &suffix);
    let mut file = private(&draft)?;
    let written = file
        .write_all(&header(magic, secret))
        .and_then(|()| file.sync_all())
        // Unlike a renaming, this replaces nothing.
        .and_then(|()| fs::hard_link(&draft, path));
    fs::remove_file(&draft)?;
    match written {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        written => written.and_then(|()| sync_folder(path)),
    }
}

/// A new file that only its owner can read.
pub(super) fn private(path: &Path) -> io::Result<File> {
    OpenOptions::new()
        .read(true)
        .append(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
}

/// The name of a file that is to become the one at `path`.
pub(super) fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".");
    name.push(suffix);
    path.with_file_name(name)
}

/// Makes names in the file's folder last.
pub(super) fn sync_folder(path: &Path) -> io::Result<()> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    File::open(folder)?.sync_all()
}

pub(super) fn header(magic: [u8; 8], secret: [u8; 16]) -> [u8; HEADER] {
    let mut header = [0; HEADER];
    header[..8].copy_from_slice(&magic);
    header[8..24].copy_from_slice(&secret);
    let digest = digest(&header[..24]);
    header[24..].copy_from_slice(&digest);
    header
}

/// The secret of a file, and what follows.
pub(super) fn read_header<'a>(
    path: &Path,
    contents: &'a [u8],
    magic: [u8; 8],
) -> Result<([u8; 16], &'a [u8]), ClientFileError> {
    if !contents.starts_with(&magic) {
        return Err(ClientFileError::Foreign {
            path: path.to_owned(),
        });
    }
    let Some((header, rest)) = contents.split_first_chunk::<HEADER>() else {
        return Err(damaged(path, contents.len(), "it ends in its header"));
    };
    if digest(&header[..24]) != header[24..] {
        return Err(damaged(path, 0, "its header does not have its digest"));
    }
    let mut secret = [0; 16];
    secret.copy_from_slice(&header[8..24]);
    Ok((secret, rest))
}

/// Tells what was written from what was not.
pub(super) fn digest(bytes: &[u8]) -> [u8; 8] {
    let whole = Sha256::digest(bytes);
    let mut digest = [0; 8];
    digest.copy_from_slice(&whole[..8]);
    digest
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A folder that is gone with the test.
    pub(in super::super) struct Folder(PathBuf);

    impl Folder {
        pub(in super::super) fn new() -> Self {
            let random = system::entropy().expect("random bytes");
            let name: String = random[..8].iter().map(|b| format!("{b:02x}")).collect();
            let path = std::env::temp_dir().join(format!("rpc-core-{name}"));
            fs::create_dir(&path).expect("a new folder");
            Self(path)
        }

        pub(in super::super) fn path(&self) -> &Path {
            &self.0
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }
}
