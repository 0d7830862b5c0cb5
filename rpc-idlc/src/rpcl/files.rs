//! Where the files of a unit are, each read once.

use super::Options;
use super::tree::Missing;
use crate::compiler::Error;
use crate::diag::{Code, Diagnostic, Diagnostics};
use crate::files;
use crate::load::{canonical, tidy};
use crate::source::{FileId, MAX_BYTES, Sources, Span};
use std::collections::HashMap;
use std::path::{Path, PathBuf};

/// A file that was named by the user: its path, and its text if that is no file on the disk.
pub(crate) type Input<'a> = (&'a Path, Option<&'a str>);

pub(super) struct Files<'a> {
    options: &'a Options,
    inputs: &'a [Input<'a>],
    pub(super) sources: &'a mut Sources,
    /// By canonical path.
    known: HashMap<PathBuf, FileId>,
    /// Those on the disk that were read.
    pub(super) on_disk: Vec<PathBuf>,
    /// Those that may be meant and are not there.
    pub(super) missing: Vec<Missing>,
}

/// Where an `#include` leads.
pub(super) enum Found {
    /// To a file that can be read.
    At(PathBuf),
    /// Nowhere: these were tried.
    Nowhere(Vec<PathBuf>),
}

impl<'a> Files<'a> {
    pub(super) fn new(
        inputs: &'a [Input<'a>],
        options: &'a Options,
        sources: &'a mut Sources,
    ) -> Self {
        Files {
            options,
            inputs,
            sources,
            known: HashMap::new(),
            on_disk: Vec::new(),
            missing: Vec::new(),
        }
    }

    pub(super) fn text(&self, span: Span) -> &str {
        &self.sources.get(span.file).text[span.range()]
    }

    /// Reads a file, unless it was read before.
    pub(super) fn open(&mut self, path: &Path) -> Result<FileId, Error> {
        let text = self.given(path);
        let key = match text {
            Some(_) => tidy(path),
            None => canonical(path),
        };
        if let Some(&known) = self.known.get(&key) {
            return Ok(known);
        }
        let bytes = match text {
            Some(text) if text.len() > MAX_BYTES => {
                let path = path.to_owned();
                return Err(Error::TooLarge { path });
            }
            Some(text) => text.as_bytes().to_vec(),
            None => files::input(path)?,
        };
        if text.is_none() {
            self.on_disk.push(path.to_owned());
        }
        let id = self.sources.add_old(path, bytes);
        self.known.insert(key, id);
        Ok(id)
    }

    /// The text that stands for a file.
    fn given(&self, path: &Path) -> Option<&'a str> {
        let path = tidy(path);
        let same = self.inputs.iter().filter(|(input, _)| tidy(input) == path);
        same.filter_map(|(_, text)| *text).next()
    }

    /// Keeps in mind that there is no `.x` file for the header that a line names.
    pub(super) fn miss(&mut self, line: Span, header: &str) {
        let Some(name) = header.strip_suffix(".h") else {
            return;
        };
        let name = format!("{name}.x");
        let missing = Missing { line, name };
        if !self.missing.contains(&missing) {
            self.missing.push(missing);
        }
    }

    fn is_there(&self, path: &Path) -> bool {
        self.given(path).is_some() || path.is_file()
    }

    /// The folder of a file, then those of the options.
    fn folders(&self, from: FileId) -> Vec<PathBuf> {
        let path = &self.sources.get(from).path;
        let beside = path.parent().unwrap_or(Path::new("")).to_owned();
        let more = self.options.includes.iter().cloned();
        std::iter::once(beside).chain(more).collect()
    }

    /// What `#include "name"` in a file means.
    pub(super) fn find(&self, from: FileId, name: &str) -> Found {
        let mut tried = Vec::new();
        for folder in self.folders(from) {
            let path = tidy(&folder.join(name));
            if self.is_there(&path) {
                return Found::At(path);
            }
            if !tried.contains(&path) {
                tried.push(path);
            }
        }
        Found::Nowhere(tried)
    }

    /// The `.x` file that `%#include "name.h"` in a file stands for, if there is one: what `rpcgen` made
    /// that header of. A name in quotes is also looked for without its folders, since headers move.
    pub(super) fn origin(&self, from: FileId, name: &str, quoted: bool) -> Option<PathBuf> {
        let name = Path::new(name.strip_suffix(".h")?).with_extension("x");
        let last = Path::new(name.file_name()?);
        let named = |(input, _): &&Input<'_>| input.ends_with(&name) || input.ends_with(last);
        if let Some((input, _)) = self.inputs.iter().find(named) {
            return Some((*input).to_owned());
        }
        let names = [&*name, last].into_iter().take(if quoted { 2 } else { 1 });
        let folders = self.folders(from);
        let paths =
            names.flat_map(|name| folders.iter().map(move |folder| tidy(&folder.join(name))));
        paths.into_iter().find(|path| self.is_there(path))
    }
}

/// Says why a file that another one names cannot be read.
pub(super) fn unreadable(error: &Error, at: Span, diags: &mut Diagnostics) {
    let why = std::error::Error::source(error).map(|why| format!(": {why}"));
    let title = format!("{error}{}", why.unwrap_or_default());
    diags.report(Diagnostic::new(Code::ImportMissing, title, at, ""));
}
