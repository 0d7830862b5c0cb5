//! Which comment is about what, and what it says.

use crate::ast::Docs;
use crate::source::{Sources, Span};

/// A comment, and the token that follows it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Comment {
    pub(super) before: usize,
    pub(super) span: Span,
}

/// What the comments just above `next` say: no empty line is between them and it. Those at the end of
/// the line of `previous` are about that.
pub(super) fn above(
    comments: &[Comment],
    previous: Option<Span>,
    next: Span,
    sources: &Sources,
) -> Docs {
    let mut first = comments.len();
    let mut below = next;
    while first > 0 {
        let span = comments[first - 1].span;
        let behind = |previous| lines(previous, span, sources) == Some(0);
        let other_line = lines(span, next, sources) != Some(0);
        let near = lines(span, below, sources).is_some_and(|lines| lines <= 1);
        if !near || (other_line && previous.is_some_and(behind)) {
            break;
        }
        below = span;
        first -= 1;
    }
    said(&comments[first..], sources)
}

/// What the comments at the end of the line of `last` say, if nothing else is behind them.
pub(super) fn behind(comments: &[Comment], last: Span, next: Span, sources: &Sources) -> Docs {
    let mut count = 0;
    let mut end = last;
    while let Some(comment) = comments.get(count) {
        if lines(end, comment.span, sources) != Some(0) {
            break;
        }
        end = comment.span;
        count += 1;
    }
    match count > 0 && lines(end, next, sources) != Some(0) {
        true => said(&comments[..count], sources),
        false => Docs::new(),
    }
}

/// How many line ends are between two places, if there is nothing else.
fn lines(from: Span, to: Span, sources: &Sources) -> Option<usize> {
    if from.file != to.file || from.end > to.start {
        return None;
    }
    let between = &sources.get(from.file).text[from.end as usize..to.start as usize];
    let blank = between.chars().all(|c| c.is_whitespace());
    blank.then(|| between.bytes().filter(|&b| b == b'\n').count())
}

pub(super) fn said(comments: &[Comment], sources: &Sources) -> Docs {
    let mut docs = Docs::new();
    for comment in comments {
        docs.extend(text(
            &sources.get(comment.span.file).text[comment.span.range()],
        ));
    }
    docs
}

/// The lines of a comment without its marks, its frame, and the empty ones around.
fn text(comment: &str) -> Docs {
    let inner = match comment.strip_prefix("/*") {
        Some(inner) => inner.strip_suffix("*/").unwrap_or(inner),
        None => comment.trim_start_matches('/'),
    };
    let lines = inner.lines().map(|line| {
        let line = line.trim().trim_start_matches(['*', '!', '<']);
        let line = line.trim_end_matches('*').trim();
        let ruler = line
            .chars()
            .all(|c| matches!(c, '-' | '=' | '*' | '_' | '#' | '+' | '~'));
        if ruler { "" } else { line }
    });
    let mut lines: Docs = lines.map(str::to_owned).collect();
    let full = |line: &String| !line.is_empty();
    lines.truncate(lines.iter().rposition(full).map_or(0, |last| last + 1));
    lines.drain(..lines.iter().position(full).unwrap_or(0));
    // As the lines of a doc comment of `.idl` are: with the space behind the mark.
    for line in &mut lines {
        if !line.is_empty() {
            line.insert(0, ' ');
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::text;

    #[test]
    fn a_comment_loses_its_marks() {
        for (comment, lines) in [
            ("/* a b */", &[" a b"][..]),
            ("// a", &[" a"]),
            ("/*\n * a\n *\n *   b\n */", &[" a", "", " b"]),
            ("/**** a ****/", &[" a"]),
            ("/*!< a */", &[" a"]),
            ("/*-----\n== a ==\n------*/", &[" == a =="]),
            ("/**/", &[]),
        ] {
            assert_eq!(text(comment), lines, "{comment:?}");
        }
    }
}
