//! Messages to the user: what is wrong, where, and what to do. Each has a [`Code`].

mod code;
mod explain;
mod json;
mod mistakes;
mod text;

pub(crate) use code::Code;
pub use explain::explain;
pub(crate) use json::quoted;
pub(crate) use mistakes::without_place;
pub use mistakes::{Format, Mistakes};

use crate::source::{FileId, Sources, Span};
use crate::suggest::closest;

/// More messages than this about one run help nobody; the rest are counted.
const MAX_SHOWN: usize = 50;

/// Proof that something was reported. Only [`Diagnostics::report`] makes one, so a part of the
/// compiler that gives up cannot forget to say why.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reported(());

/// One mistake.
#[derive(Debug)]
pub(crate) struct Diagnostic {
    code: Code,
    title: String,
    /// The place itself comes first.
    labels: Vec<Label>,
    help: Vec<String>,
    edit: Option<Edit>,
}

#[derive(Debug)]
struct Label {
    span: Span,
    text: String,
    primary: bool,
}

/// What would mend it: this text instead of what is at `span`.
#[derive(Debug)]
struct Edit {
    span: Span,
    replacement: String,
}

impl Diagnostic {
    /// A mistake at `span`; `label` is written beside the underlined text and may be empty.
    pub(crate) fn new(
        code: Code,
        title: impl Into<String>,
        span: Span,
        label: impl Into<String>,
    ) -> Self {
        let label = Label {
            span,
            text: brief(label.into()),
            primary: true,
        };
        Diagnostic {
            code,
            title: brief(title.into()),
            labels: vec![label],
            help: Vec::new(),
            edit: None,
        }
    }

    /// Where it is, for putting several in order.
    fn place(&self) -> (FileId, u32) {
        let span = self.labels[0].span;
        (span.file, span.start)
    }

    /// Whether it says the same of the same place.
    fn is_same(&self, other: &Diagnostic) -> bool {
        self.labels[0].span == other.labels[0].span && self.title == other.title
    }

    /// Another place that has to do with the mistake.
    pub(crate) fn also(mut self, span: Span, label: impl Into<String>) -> Self {
        self.labels.push(Label {
            span,
            text: brief(label.into()),
            primary: false,
        });
        self
    }

    /// A line that says how to mend it.
    pub(crate) fn help(mut self, text: impl Into<String>) -> Self {
        self.help.push(brief(text.into()));
        self
    }

    /// What an editor can do to mend it, where there is no doubt: `replacement` for what is at `span`.
    pub(crate) fn edit(mut self, span: Span, replacement: impl ToString) -> Self {
        self.edit = Some(Edit {
            span,
            replacement: replacement.to_string(),
        });
        self
    }

    /// The name at the place itself is misspelt, and `near` was meant, if it is there.
    pub(crate) fn meant(self, near: Option<&str>) -> Self {
        let Some(near) = near else { return self };
        let span = self.labels[0].span;
        self.help(format!("did you mean `{near}`?"))
            .edit(span, near)
    }
}

/// A message that a long name would fill the screen with is cut, and names in it give no orders.
fn brief(text: String) -> String {
    const MOST: usize = 300;
    let mut text = text::visible(&text);
    if let Some((end, _)) = text.char_indices().nth(MOST) {
        text.truncate(end);
        text.push('…');
    }
    text
}

/// Whether a terminal may take this character for an order, or show the rest of the line in another
/// order than it is in the file.
fn is_order(c: char) -> bool {
    c.is_control() || matches!(c, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// What was found of one severity: so many are shown, and the rest are counted.
#[derive(Debug, Default)]
struct List {
    shown: Vec<Diagnostic>,
    beyond: usize,
}

impl List {
    fn push(&mut self, diagnostic: Diagnostic) {
        if self.shown.len() < MAX_SHOWN {
            self.shown.push(diagnostic);
        } else {
            self.beyond += 1;
        }
    }

    /// Adds what was found in other files. What several files lead to is told once.
    fn append(&mut self, other: List) {
        self.beyond += other.beyond;
        for diagnostic in other.shown {
            if !self.shown.iter().any(|known| known.is_same(&diagnostic)) {
                self.push(diagnostic);
            }
        }
    }

    fn count(&self) -> usize {
        self.shown.len() + self.beyond
    }
}

/// The mistakes found so far, and what was understood all the same.
#[derive(Debug, Default)]
pub(crate) struct Diagnostics {
    errors: List,
    warnings: List,
}

impl Diagnostics {
    pub(crate) fn report(&mut self, diagnostic: Diagnostic) -> Reported {
        self.errors.push(diagnostic);
        Reported(())
    }

    /// Tells of something that is compiled all the same.
    pub(crate) fn warn(&mut self, diagnostic: Diagnostic) {
        debug_assert!(diagnostic.code.is_warning());
        self.warnings.push(diagnostic);
    }

    /// The proof that something was reported earlier, for what only follows from that.
    pub(crate) fn before(&self) -> Option<Reported> {
        (self.count() > 0).then_some(Reported(()))
    }

    /// Whether one more message would still be shown. Suggestions cost time on large files.
    pub(crate) fn has_room(&self) -> bool {
        self.errors.shown.len() < MAX_SHOWN
    }

    /// The name that was most likely meant by `word`; nothing once it would not be shown any more, since
    /// looking takes time on large files.
    pub(crate) fn near<'a>(
        &self,
        word: &str,
        names: impl IntoIterator<Item = &'a str>,
    ) -> Option<&'a str> {
        self.has_room().then(|| closest(word, names)).flatten()
    }

    /// Adds what was found in other files. What is wrong in a file that several import is told once.
    pub(crate) fn append(&mut self, other: Diagnostics) {
        self.errors.append(other.errors);
        self.warnings.append(other.warnings);
    }

    /// How many mistakes there are, warnings aside.
    pub(crate) fn count(&self) -> usize {
        self.errors.count()
    }

    pub(crate) fn has_warnings(&self) -> bool {
        self.warnings.count() > 0
    }

    /// What the user gets of it, in the order of the places in the files.
    pub(crate) fn finish(self, sources: Sources) -> Mistakes {
        Mistakes::new(self.errors, self.warnings, sources)
    }
}
