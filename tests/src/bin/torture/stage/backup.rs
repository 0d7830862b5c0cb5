//! A copy of the store that is put back later: the one thing that exactly-once calls cannot survive.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::STORE;
use crate::options::Options;

pub struct Backup {
    wanted: bool,
    store: PathBuf,
    copy: PathBuf,
    kills: u32,
}

impl Backup {
    pub fn new(options: &Options, folder: &Path) -> Self {
        Self {
            wanted: options.restore_backup,
            store: folder.join(STORE),
            copy: folder.join("backup"),
            kills: options.kills,
        }
    }

    /// After this kill, while nobody has the store open: at a third of them the copy is made, at two thirds put back.
    pub fn at(&self, kill: u32) -> io::Result<()> {
        if !self.wanted {
            return Ok(());
        }
        if kill == self.kills / 3 {
            copy(&self.store, &self.copy)?;
        } else if kill == self.kills * 2 / 3 {
            copy(&self.copy, &self.store)?;
        }
        Ok(())
    }
}

fn copy(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for file in fs::read_dir(from)? {
        let file = file?;
        fs::copy(file.path(), to.join(file.file_name()))?;
    }
    Ok(())
}
