//! Reading and writing, whole or not at all.

use crate::compiler::Error;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use crate::source::MAX_BYTES;

/// Reads a file that is not too large.
pub(crate) fn read(path: &Path) -> Result<Vec<u8>, Error> {
    let failed = |source| Error::Read {
        path: path.to_owned(),
        source,
    };
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(failed)?;
    // One byte more than allowed tells a file that is too large from one that just fits, and a
    // device without end is not read for ever.
    file.take(MAX_BYTES as u64 + 1)
        .read_to_end(&mut bytes)
        .map_err(failed)?;
    if bytes.len() > MAX_BYTES {
        return Err(Error::TooLarge {
            path: path.to_owned(),
        });
    }
    Ok(bytes)
}

/// Writes all files or, if one cannot be written, none: first each to a temporary neighbour, then
/// all are renamed. Files that already say the same are left alone, so that nothing is rebuilt.
pub(crate) fn write_all(files: &[(PathBuf, String)]) -> Result<(), Error> {
    let mut pending = Pending(Vec::new());
    for (path, text) in files {
        if fs::read(path).is_ok_and(|old| old == text.as_bytes()) {
            continue;
        }
        let failed = |source| Error::Write {
            path: path.clone(),
            source,
        };
        let neighbour = neighbour(path);
        pending.0.push((neighbour.clone(), path.clone()));
        write_one(&neighbour, text).map_err(failed)?;
        if path.is_dir() {
            return Err(failed(io::ErrorKind::IsADirectory.into()));
        }
    }
    while let Some((from, to)) = pending.0.last() {
        let renamed = fs::rename(from, to);
        renamed.map_err(|source| Error::Write {
            path: to.clone(),
            source,
        })?;
        pending.0.pop();
    }
    Ok(())
}

fn write_one(path: &Path, text: &str) -> io::Result<()> {
    if let Some(dir) = path.parent() {
        fs::create_dir_all(dir)?;
    }
    fs::write(path, text)
}

/// A name beside `path` that no other process uses.
fn neighbour(path: &Path) -> PathBuf {
    let mut name = std::ffi::OsString::from(".");
    name.push(path.file_name().unwrap_or_default());
    name.push(format!(".{}.tmp", std::process::id()));
    path.with_file_name(name)
}

/// Temporary files and what they shall be called; those that are still here when it goes are
/// removed.
struct Pending(Vec<(PathBuf, PathBuf)>);

impl Drop for Pending {
    fn drop(&mut self) {
        for (temporary, _) in &self.0 {
            // Nothing depends on it any more, and there is nobody to tell.
            let _ = fs::remove_file(temporary);
        }
    }
}
