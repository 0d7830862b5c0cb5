//! A file of papers: effects that are not in the store. Each paper is one line, synced before its caller is answered.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{self, Seek, SeekFrom, Write};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use crate::contract::Filed;
use crate::deed::Request;
use crate::whole_lines::whole_lines;

/// A file of papers, as the bank has it open.
pub struct Papers(Mutex<Cabinet>);

struct Cabinet {
    file: File,
    /// What is in the file.
    filed: BTreeMap<Request, Filed>,
    lines: u64,
}

impl Papers {
    /// Opens the file, and throws away a line that a killed predecessor has not finished: it was not synced, so nobody was
    /// told of it.
    pub fn open(path: &Path) -> io::Result<Self> {
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(path)?;
        let text = whole_lines(&mut file)?;
        file.seek(SeekFrom::End(0))?;
        let papers = parse(&text)?;
        let lines = papers.len() as u64;
        let filed = papers.into_iter().collect();
        Ok(Self(Mutex::new(Cabinet { file, filed, lines })))
    }

    /// Appends a paper.
    pub fn file(&self, request: Request, life: u32) -> io::Result<Filed> {
        let mut cabinet = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        cabinet
            .file
            .write_all(format!("{request} {life}\n").as_bytes())?;
        cabinet.file.sync_data()?;
        let place = cabinet.lines;
        cabinet.lines += 1;
        let filed = Filed { life, place };
        cabinet.filed.insert(request, filed);
        Ok(filed)
    }

    /// The paper of this request, if it is on file.
    pub fn find(&self, request: Request) -> Option<Filed> {
        let cabinet = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        cabinet.filed.get(&request).copied()
    }
}

/// All papers of a file, in their order; one that was filed twice is there twice.
pub fn read(path: &Path) -> io::Result<Vec<(Request, Filed)>> {
    match std::fs::read_to_string(path) {
        Ok(text) => parse(&text),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}

fn parse(text: &str) -> io::Result<Vec<(Request, Filed)>> {
    let mut papers = Vec::new();
    for (place, line) in (0..).zip(text.lines()) {
        let paper = line.split_once(' ').and_then(|(request, life)| {
            let life = life.parse().ok()?;
            Some((request.parse().ok()?, Filed { life, place }))
        });
        papers.push(paper.ok_or_else(|| io::Error::other(format!("a paper says {line:?}")))?);
    }
    Ok(papers)
}
