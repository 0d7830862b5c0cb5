//! Reading and writing, whole or not at all.

use crate::compiler::Error;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use crate::source::MAX_BYTES;

/// Whether this stands for the standard input.
pub(crate) fn is_stdin(path: &Path) -> bool {
    path.as_os_str() == "-"
}

/// Reads a file, or the standard input, that is not too large.
pub(crate) fn input(path: &Path) -> Result<Vec<u8>, Error> {
    match is_stdin(path) {
        true => read_from(path, io::stdin()),
        false => read(path),
    }
}

/// Reads a file that is not too large.
pub(crate) fn read(path: &Path) -> Result<Vec<u8>, Error> {
    let failed = |source| Error::Read {
        path: path.to_owned(),
        source,
    };
    read_from(path, File::open(path).map_err(failed)?)
}

/// Reads what messages call `path`, if it is not too large.
pub(crate) fn read_from(path: &Path, from: impl Read) -> Result<Vec<u8>, Error> {
    let failed = |source| Error::Read {
        path: path.to_owned(),
        source,
    };
    let mut bytes = Vec::new();
    // One byte more than allowed tells a file that is too large from one that just fits, and a
    // device without end is not read for ever.
    from.take(MAX_BYTES as u64 + 1)
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

/// Writes a file that is there already, whole or not at all, if it changes. It keeps its permissions,
/// and a symbolic link stays one.
pub(crate) fn rewrite(path: &Path, text: &str) -> Result<(), Error> {
    let failed = |source| Error::Write {
        path: path.to_owned(),
        source,
    };
    let file = fs::canonicalize(path).map_err(failed)?;
    let permissions = fs::metadata(&file).map_err(failed)?.permissions();
    if fs::read(&file).is_ok_and(|old| old == text.as_bytes()) {
        return Ok(());
    }
    let neighbour = neighbour(&file);
    let mut pending = Pending(vec![(neighbour.clone(), file.clone())]);
    write_one(&neighbour, text).map_err(failed)?;
    fs::set_permissions(&neighbour, permissions).map_err(failed)?;
    fs::rename(&neighbour, &file).map_err(failed)?;
    pending.0.clear();
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
