//! All mistakes of a run, for whoever asked for it.

use super::{Diagnostic, json, text};
use crate::source::Sources;
use std::fmt;
use std::path::Path;

/// How mistakes are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Format {
    /// Text for people, each mistake with its place.
    #[default]
    Plain,
    /// The same with colours, for a terminal.
    Colour,
    /// A JSON object per line and mistake, for editors; `docs/idl.md` says what is in it.
    Json,
}

/// The mistakes in the files of a run. Its text is that of [`Format::Plain`].
pub struct Mistakes(Box<Found>);

struct Found {
    list: Vec<Diagnostic>,
    beyond: usize,
    sources: Sources,
}

impl Mistakes {
    pub(super) fn new(list: Vec<Diagnostic>, beyond: usize, sources: Sources) -> Self {
        Mistakes(Box::new(Found {
            list,
            beyond,
            sources,
        }))
    }

    /// How many there are. Not more than 50 are shown.
    pub fn count(&self) -> usize {
        self.0.list.len() + self.0.beyond
    }

    /// All of them, ready to be printed.
    pub fn render(&self, format: Format) -> String {
        let Found {
            list,
            beyond,
            sources,
        } = &*self.0;
        match format {
            Format::Plain => text::render(list, *beyond, sources, false),
            Format::Colour => text::render(list, *beyond, sources, true),
            Format::Json => json::render(list, *beyond, sources),
        }
    }
}

/// Shows what is wrong with the world, and not with a place in a file; `path` is what it is about.
pub(crate) fn without_place(message: &str, path: Option<&Path>, format: Format) -> String {
    match format {
        Format::Plain => format!("error: {}\n", text::visible(message)),
        Format::Colour => text::coloured(message),
        Format::Json => json::without_place(message, path),
    }
}

impl fmt::Display for Mistakes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render(Format::Plain))
    }
}

impl fmt::Debug for Mistakes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
