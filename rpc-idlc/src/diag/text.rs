//! Messages as text, for people.

use super::json::position;
use super::mistakes::Found;
use super::{Diagnostic, Label, is_order};
use crate::source::{BOM, Sources};
use annotate_snippets::{Annotation, AnnotationKind, Group, Level, Renderer, Snippet};

/// All messages, and how many there are.
pub(super) fn render(found: &Found, colour: bool) -> String {
    let renderer = match colour {
        true => Renderer::styled(),
        false => Renderer::plain(),
    };
    let mut text = String::new();
    for diagnostic in &found.list {
        text.push_str(&one(diagnostic, &found.sources, &renderer));
        text.push_str("\n\n");
    }
    if found.beyond > 0 {
        text.push_str(&format!("and {} more\n\n", found.beyond));
    }
    let counts = [(found.errors, "error"), (found.warnings, "warning")];
    let counts = counts.iter().filter(|(count, _)| *count > 0);
    let counts: Vec<String> = counts.map(|(count, word)| counted(*count, word)).collect();
    text.push_str(&counts.join(", "));
    text.push('\n');
    text
}

fn counted(count: usize, word: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {word}{plural}")
}

/// A message in one line, without the text that it is about.
pub(super) fn line(diagnostic: &Diagnostic, sources: &Sources) -> String {
    let span = diagnostic.labels[0].span;
    let (line, column) = position(span, span.start, sources);
    let path = visible(&sources.get(span.file).path.to_string_lossy());
    let word = match diagnostic.code.is_warning() {
        true => "warning",
        false => "error",
    };
    let (code, title) = (diagnostic.code.as_str(), &diagnostic.title);
    format!("{path}:{line}:{column}: {word}[{code}]: {title}")
}

fn one(diagnostic: &Diagnostic, sources: &Sources, renderer: &Renderer) -> String {
    let level = match diagnostic.code.is_warning() {
        true => Level::WARNING,
        false => Level::ERROR,
    };
    let title = level
        .primary_title(diagnostic.title.as_str())
        .id(diagnostic.code.as_str());
    let mut group = Group::with_title(title);
    // One snippet per run of labels in one file: the primary place comes first.
    for labels in diagnostic
        .labels
        .chunk_by(|a, b| a.span.file == b.span.file)
    {
        group = group.element(snippet(labels, sources));
    }
    for text in &diagnostic.help {
        group = group.element(Level::HELP.message(text.as_str()));
    }
    let text = renderer.render(&[group]);
    // The renderer knows the orders of ASCII, and writes some itself; some terminals know more of them.
    let shown = text.chars().map(|c| match !c.is_ascii() && is_order(c) {
        true => char::REPLACEMENT_CHARACTER,
        false => c,
    });
    shown.collect()
}

/// The lines that `labels` (all of one file) point at, and nothing of the file beyond them.
fn snippet<'a>(labels: &'a [Label], sources: &'a Sources) -> Snippet<'a, Annotation<'a>> {
    let source = sources.get(labels[0].span.file);
    let text = source.text.as_str();
    let starts = labels.iter().map(|l| l.span.start as usize);
    let ends = labels.iter().map(|l| l.span.end as usize);
    let (start, end) = (starts.min().unwrap_or(0), ends.max().unwrap_or(0));
    let mut from = text[..start].rfind('\n').map_or(0, |at| at + 1);
    if from == 0 && text.starts_with(BOM) && start >= BOM.len_utf8() {
        from = BOM.len_utf8();
    }
    let mut to = text[end..].find('\n').map_or(text.len(), |at| end + at);
    if to > end && text[..to].ends_with('\r') {
        to -= 1;
    }
    let line = text[..from].bytes().filter(|&b| b == b'\n').count() + 1;
    let annotations = labels.iter().map(|label| {
        let kind = match label.primary {
            true => AnnotationKind::Primary,
            false => AnnotationKind::Context,
        };
        let range = label.span.range();
        let text = (!label.text.is_empty()).then_some(label.text.as_str());
        kind.span(range.start - from..range.end - from).label(text)
    });
    Snippet::source(&text[from..to])
        .path(visible(&source.path.to_string_lossy()))
        .line_start(line)
        .annotations(annotations)
}

/// A message without a place, as it looks beside the others.
pub(super) fn coloured(message: &str) -> String {
    let title = Level::ERROR.primary_title(visible(message));
    Renderer::styled().render(&[Group::with_title(title)]) + "\n"
}

/// The text without what would be an order to a terminal. A file may be called anything.
pub(super) fn visible(text: &str) -> String {
    let shown = text.chars().map(|c| match is_order(c) {
        true => c.escape_unicode().to_string(),
        false => c.to_string(),
    });
    shown.collect()
}
