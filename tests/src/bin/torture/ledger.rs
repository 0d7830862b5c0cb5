//! What a client writes down outside the framework: what it asks before it asks, what it is answered before it goes on.
//!
//! A line is handed to the system whole. A killed process loses nothing that it has handed over, so nothing is synced:
//! the machine itself does not die here.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use crate::deed::Request;
use crate::reply::Reply;
use crate::whole_lines::whole_lines;

/// One line: when, about which request, what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// In microseconds since 1970.
    pub at: u64,
    pub request: Request,
    pub entry: Entry,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entry {
    /// It is about to be asked for the first time, under a key issued at this second.
    Asked { issued: u64 },
    /// A later process of the client is about to ask for it again.
    Resumed,
    /// Its answer came.
    Answered(Reply),
    /// It was asked again after it had been answered, and answered again.
    Repeated(Reply),
    /// It was not answered in time, and will be asked for again.
    Late(String),
    /// It had no name, and its session ended, since the bank was not heard of for too long.
    Silenced(String),
    /// The final answer is that nobody knows.
    Unknown(String),
    /// The final answer is one that should not be.
    Failed(String),
}

/// The file of one client, open for appending.
pub struct Ledger(Mutex<File>);

impl Ledger {
    /// The ledger of a client, `folder/client-N.ledger`, and all that is in it so far.
    pub fn open(folder: &Path, client: u32) -> io::Result<(Self, Vec<Line>)> {
        let path = path(folder, client);
        let mut file = OpenOptions::new()
            .read(true)
            .append(true)
            .create(true)
            .open(&path)?;
        let past = parse(&whole_lines(&mut file)?)?;
        Ok((Self(Mutex::new(file)), past))
    }

    /// Adds a line. When this returns, killing the process does not take it back.
    pub fn write(&self, request: Request, entry: Entry) -> io::Result<()> {
        let line = Line {
            at: now(),
            request,
            entry,
        };
        let mut file = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        file.write_all(line.to_text().as_bytes())
    }
}

/// What a client's ledger says.
pub fn read_of(folder: &Path, client: u32) -> io::Result<Vec<Line>> {
    parse(&whole_lines(&mut File::open(path(folder, client))?)?)
}

pub fn path(folder: &Path, client: u32) -> PathBuf {
    folder.join(format!("client-{client}.ledger"))
}

/// The wall clock, which all processes share.
pub fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |elapsed| elapsed.as_micros() as u64)
}

fn parse(text: &str) -> io::Result<Vec<Line>> {
    let wrong = |line: &str| io::Error::other(format!("a ledger holds the line {line:?}"));
    text.lines()
        .map(|line| Line::parse(line).ok_or_else(|| wrong(line)))
        .collect()
}

impl Line {
    fn to_text(&self) -> String {
        let (word, rest) = match &self.entry {
            Entry::Asked { issued } => ("asked", issued.to_string()),
            Entry::Resumed => ("resumed", String::new()),
            Entry::Answered(reply) => ("answered", reply.to_hex()),
            Entry::Repeated(reply) => ("repeated", reply.to_hex()),
            Entry::Late(error) => ("late", one_line(error)),
            Entry::Silenced(error) => ("silenced", one_line(error)),
            Entry::Unknown(error) => ("unknown", one_line(error)),
            Entry::Failed(error) => ("failed", one_line(error)),
        };
        format!("{} {} {word} {rest}\n", self.at, self.request)
    }

    fn parse(line: &str) -> Option<Self> {
        let mut words = line.splitn(4, ' ');
        let at = words.next()?.parse().ok()?;
        let request = words.next()?.parse().ok()?;
        let (word, rest) = (words.next()?, words.next()?);
        let entry = match word {
            "asked" => Entry::Asked {
                issued: rest.parse().ok()?,
            },
            "resumed" => Entry::Resumed,
            "answered" => Entry::Answered(Reply::from_hex(rest).ok()?),
            "repeated" => Entry::Repeated(Reply::from_hex(rest).ok()?),
            "late" => Entry::Late(rest.to_owned()),
            "silenced" => Entry::Silenced(rest.to_owned()),
            "unknown" => Entry::Unknown(rest.to_owned()),
            "failed" => Entry::Failed(rest.to_owned()),
            _ => return None,
        };
        Some(Self { at, request, entry })
    }
}

fn one_line(text: &str) -> String {
    text.replace('\n', " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_read_back_as_it_was_written() {
        for entry in [
            Entry::Asked { issued: 12 },
            Entry::Resumed,
            Entry::Answered(Reply::Panicked),
            Entry::Repeated(Reply::Panicked),
            Entry::Late("the deadline passed".to_owned()),
            Entry::Silenced("nobody heard".to_owned()),
            Entry::Unknown("nobody knows".to_owned()),
            Entry::Failed(String::new()),
        ] {
            let line = Line {
                at: 7,
                request: Request {
                    client: 1,
                    number: 2,
                },
                entry,
            };
            assert_eq!(
                Line::parse(line.to_text().trim_end_matches('\n')),
                Some(line)
            );
        }
        assert_eq!(Line::parse("7 1-2 asked"), None);
    }
}
