//! From the files that were named to one unit.

use super::files::{Files, Input, unreadable};
use super::preprocess::{Constants, preprocess};
use super::tree::{Item, Unit};
use super::{Options, parser, scope};
use crate::compiler::Error;
use crate::diag::Diagnostics;
use crate::source::{FileId, Sources};
use std::collections::HashSet;
use std::fmt::Write;
use std::path::{Path, PathBuf};

/// What was read.
#[derive(Debug, Default)]
pub(crate) struct Read {
    pub(crate) unit: Unit,
    /// The files on the disk that it was made of.
    pub(crate) files: Vec<PathBuf>,
}

/// Reads files, or texts that stand for files, as one unit, with those that they include and those that
/// their `%#include` lines stand for. Mistakes are in `diags`.
pub(crate) fn read(
    inputs: &[Input<'_>],
    options: &Options,
    sources: &mut Sources,
    diags: &mut Diagnostics,
) -> Result<Read, Error> {
    let mut files = Files::new(inputs, options, sources);
    let before = command_line(options, files.sources);
    let mut queue: Vec<FileId> = Vec::new();
    for (path, _) in inputs {
        let file = files.open(path)?;
        if !queue.contains(&file) {
            queue.push(file);
        }
    }
    let (mut items, mut constants) = (Vec::new(), Constants::new());
    let mut at = 0;
    while let Some(&file) = queue.get(at) {
        at += 1;
        let mut named = Vec::new();
        let tokens = preprocess(file, before, &mut files, &mut constants, &mut named, diags);
        parser::parse(&tokens, files.sources, &mut items, diags);
        for (path, line) in named {
            match files.open(&path) {
                Ok(file) if !queue.contains(&file) => queue.push(file),
                Ok(_) => {}
                Err(error) => unreadable(&error, line, diags),
            }
        }
    }
    let on_disk = std::mem::take(&mut files.on_disk);
    let missing = std::mem::take(&mut files.missing);
    once_each(&mut items);
    scope::complete(&mut items, &constants, options, sources);
    Ok(Read {
        unit: Unit { items, missing },
        files: on_disk,
    })
}

/// What the options define, as a file that is read before each of the others. `rpcgen` defines
/// `RPC_HDR` when it makes the header, which is what we are after: all that is declared. `IDLC` is
/// ours, by which a file says what `rpcgen` does not read.
fn command_line(options: &Options, sources: &mut Sources) -> FileId {
    let mut text = String::from("#define RPC_HDR 1\n#define IDLC 1\n");
    for (name, value) in &options.defines {
        let value = value.replace(['\n', '\r'], " ");
        let _ = writeln!(text, "#define {name} {value}");
    }
    sources.add_old(Path::new("<command line>"), text.into_bytes())
}

/// A file that several include is read several times, and defines everything once.
fn once_each(items: &mut Vec<Item>) {
    let mut seen = HashSet::new();
    items.retain(|item| match item.name() {
        Some(name) => seen.insert((name.span.file, name.span.start, name.text.clone())),
        None => true,
    });
}
