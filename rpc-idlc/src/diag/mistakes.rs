//! All mistakes of a run, for whoever asked for it.

use super::{Diagnostic, List, json, text};
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

/// The mistakes in the files of a run, and the warnings. Its text is that of [`Format::Plain`].
pub struct Mistakes(Box<Found>);

/// What is shown, in the order of the places, and from where.
pub(super) struct Found {
    pub(super) list: Vec<Diagnostic>,
    /// How many errors, and how many warnings, are not shown.
    pub(super) beyond: usize,
    pub(super) errors: usize,
    pub(super) warnings: usize,
    pub(super) sources: Sources,
}

impl Mistakes {
    pub(super) fn new(errors: List, warnings: List, sources: Sources) -> Self {
        let counts = (errors.count(), warnings.count());
        let beyond = errors.beyond + warnings.beyond;
        let mut list = errors.shown;
        list.extend(warnings.shown);
        list.sort_by_key(Diagnostic::place);
        Mistakes(Box::new(Found {
            list,
            beyond,
            errors: counts.0,
            warnings: counts.1,
            sources,
        }))
    }

    /// How many there are, without warnings. Not more than 50 are shown.
    pub fn count(&self) -> usize {
        self.0.errors
    }

    /// How many warnings there are. Not more than 50 are shown.
    pub fn warnings(&self) -> usize {
        self.0.warnings
    }

    /// Each in one line: `a.x:3:5: warning[W0951]: …`
    pub fn lines(&self) -> Vec<String> {
        let Found { list, sources, .. } = &*self.0;
        list.iter().map(|one| text::line(one, sources)).collect()
    }

    /// All of them, ready to be printed.
    pub fn render(&self, format: Format) -> String {
        match format {
            Format::Plain => text::render(&self.0, false),
            Format::Colour => text::render(&self.0, true),
            Format::Json => json::render(&self.0),
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
