//! Source files and places in them.

use crate::diag::{Code, Diagnostic, Diagnostics};
use std::path::{Path, PathBuf};

/// The largest file that is read: offsets then fit 32 bits with room to spare.
pub(crate) const MAX_BYTES: usize = 16 << 20;

/// With this, which is no part of the text, some editors begin a file.
pub(crate) const BOM: char = '\u{feff}';

/// Which file of a [`Sources`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct FileId(u32);

/// A range of bytes in one file. Both ends lie on character boundaries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Span {
    pub(crate) file: FileId,
    pub(crate) start: u32,
    pub(crate) end: u32,
}

impl Span {
    /// From the start of `self` to the end of `last`.
    pub(crate) fn to(self, last: Span) -> Span {
        Span {
            end: last.end.max(self.start),
            ..self
        }
    }

    /// The empty place just after `self`.
    pub(crate) fn after(self) -> Span {
        Span {
            start: self.end,
            ..self
        }
    }

    pub(crate) fn range(self) -> std::ops::Range<usize> {
        self.start as usize..self.end as usize
    }
}

/// One file: its name as the user gave it, and its text.
#[derive(Debug, Clone)]
pub(crate) struct Source {
    pub(crate) path: PathBuf,
    pub(crate) text: String,
    /// It was no UTF-8, and its bytes were taken for characters of ISO 8859-1.
    pub(crate) latin1: bool,
}

/// All the files of one run, so that a message can point into any of them.
#[derive(Debug, Clone, Default)]
pub(crate) struct Sources {
    files: Vec<Source>,
}

impl Sources {
    /// Takes a file in. Bytes that are no UTF-8 are reported and replaced.
    pub(crate) fn add(&mut self, path: &Path, bytes: Vec<u8>, diags: &mut Diagnostics) -> FileId {
        let file = self.next();
        let text = String::from_utf8(bytes).unwrap_or_else(|error| {
            let start = error.utf8_error().valid_up_to() as u32;
            let end = start + char::REPLACEMENT_CHARACTER.len_utf8() as u32;
            let problem = Diagnostic::new(
                Code::NotText,
                "this is not UTF-8 text",
                Span { file, start, end },
                "",
            );
            let help = "save it as UTF-8; if it is no text at all, name the file that you meant";
            diags.report(problem.help(help));
            String::from_utf8_lossy(error.as_bytes()).into_owned()
        });
        self.push(path, text, false)
    }

    /// Takes a file in that may be older than UTF-8.
    pub(crate) fn add_old(&mut self, path: &Path, bytes: Vec<u8>) -> FileId {
        match String::from_utf8(bytes) {
            Ok(text) => self.push(path, text, false),
            Err(error) => {
                let text = error.as_bytes().iter().map(|&byte| char::from(byte));
                self.push(path, text.collect(), true)
            }
        }
    }

    fn next(&self) -> FileId {
        FileId(u32::try_from(self.files.len()).unwrap_or(u32::MAX))
    }

    fn push(&mut self, path: &Path, text: String, latin1: bool) -> FileId {
        let file = self.next();
        self.files.push(Source {
            path: path.to_owned(),
            text,
            latin1,
        });
        file
    }

    pub(crate) fn get(&self, id: FileId) -> &Source {
        &self.files[id.0 as usize]
    }
}
