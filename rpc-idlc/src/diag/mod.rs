//! Messages to the user: what is wrong, where, and what to do. Each has a [`Code`].

mod code;
mod explain;

pub(crate) use code::Code;
pub use explain::explain;

use crate::source::{Sources, Span};
use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};

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
    labels: Vec<Label>,
    help: Vec<String>,
}

#[derive(Debug)]
struct Label {
    span: Span,
    text: String,
    primary: bool,
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
            text: label.into(),
            primary: true,
        };
        Diagnostic {
            code,
            title: title.into(),
            labels: vec![label],
            help: Vec::new(),
        }
    }

    /// Another place that has to do with the mistake.
    pub(crate) fn also(mut self, span: Span, label: impl Into<String>) -> Self {
        self.labels.push(Label {
            span,
            text: label.into(),
            primary: false,
        });
        self
    }

    /// A line that says how to mend it.
    pub(crate) fn help(mut self, text: impl Into<String>) -> Self {
        self.help.push(text.into());
        self
    }

    fn render(&self, sources: &Sources, renderer: &Renderer) -> String {
        let mut group = Group::with_title(
            Level::ERROR
                .primary_title(self.title.as_str())
                .id(self.code.as_str()),
        );
        // One snippet per run of labels in one file: the primary place comes first.
        for labels in self.labels.chunk_by(|a, b| a.span.file == b.span.file) {
            group = group.element(snippet(labels, sources));
        }
        for text in &self.help {
            group = group.element(Level::HELP.message(text.as_str()));
        }
        renderer.render(&[group])
    }
}

/// The lines that `labels` (all of one file) point at, and nothing of the file beyond them.
fn snippet<'a>(
    labels: &'a [Label],
    sources: &'a Sources,
) -> Snippet<'a, annotate_snippets::Annotation<'a>> {
    let source = sources.get(labels[0].span.file);
    let text = source.text.as_str();
    let start = labels
        .iter()
        .map(|l| l.span.start as usize)
        .min()
        .unwrap_or(0);
    let end = labels
        .iter()
        .map(|l| l.span.end as usize)
        .max()
        .unwrap_or(0);
    let from = text[..start].rfind('\n').map_or(0, |at| at + 1);
    let to = text[end..].find('\n').map_or(text.len(), |at| end + at);
    let line = text[..from].bytes().filter(|&b| b == b'\n').count() + 1;
    let annotations = labels.iter().map(|label| {
        let kind = if label.primary {
            AnnotationKind::Primary
        } else {
            AnnotationKind::Context
        };
        let range = label.span.range();
        let text = (!label.text.is_empty()).then_some(label.text.as_str());
        kind.span(range.start - from..range.end - from).label(text)
    });
    Snippet::source(&text[from..to])
        .path(source.path.to_string_lossy().into_owned())
        .line_start(line)
        .annotations(annotations)
}

/// The mistakes found so far.
#[derive(Debug, Default)]
pub(crate) struct Diagnostics {
    list: Vec<Diagnostic>,
    beyond: usize,
}

impl Diagnostics {
    pub(crate) fn report(&mut self, diagnostic: Diagnostic) -> Reported {
        if self.list.len() < MAX_SHOWN {
            self.list.push(diagnostic);
        } else {
            self.beyond += 1;
        }
        Reported(())
    }

    /// The proof that something was reported earlier, for what only follows from that.
    pub(crate) fn before(&self) -> Option<Reported> {
        (self.count() > 0).then_some(Reported(()))
    }

    /// Whether one more message would still be shown. Suggestions cost time on large files.
    pub(crate) fn has_room(&self) -> bool {
        self.list.len() < MAX_SHOWN
    }

    /// Adds what was found in another file.
    pub(crate) fn append(&mut self, other: Diagnostics) {
        let shown = MAX_SHOWN - self.list.len();
        self.beyond += other.beyond + other.list.len().saturating_sub(shown);
        self.list.extend(other.list.into_iter().take(shown));
    }

    pub(crate) fn count(&self) -> usize {
        self.list.len() + self.beyond
    }

    /// All messages as plain text, in the order of their places in the files.
    pub(crate) fn render(mut self, sources: &Sources) -> String {
        let renderer = Renderer::plain();
        self.list
            .sort_by_key(|d| (d.labels[0].span.file, d.labels[0].span.start));
        let mut text = String::new();
        for diagnostic in &self.list {
            text.push_str(&diagnostic.render(sources, &renderer));
            text.push_str("\n\n");
        }
        if self.beyond > 0 {
            text.push_str(&format!("and {} more\n\n", self.beyond));
        }
        let count = self.count();
        text.push_str(&format!(
            "{count} error{}\n",
            if count == 1 { "" } else { "s" }
        ));
        text
    }
}
