//! Messages as lines of JSON, for editors.

use super::mistakes::Found;
use super::{Diagnostic, Edit, Label, is_order};
use crate::source::{BOM, Sources, Span};
use std::fmt::Write;
use std::path::Path;

/// An object per mistake, each on a line of its own. `docs/idl.md` describes it.
pub(super) fn render(found: &Found) -> String {
    let lines = found.list.iter();
    let mut lines: String = lines
        .map(|one| object(one, &found.sources) + "\n")
        .collect();
    if found.beyond > 0 {
        lines.push_str(&without_place(&format!("and {} more", found.beyond), None));
    }
    lines
}

/// What is not about a place in a file.
pub(super) fn without_place(message: &str, path: Option<&Path>) -> String {
    let file = path.map_or("null".to_owned(), |path| quoted(&path.to_string_lossy()));
    format!(
        "{{\"code\":null,\"severity\":\"error\",\"message\":{},\"file\":{file},\"line\":null,\"column\":null,\
         \"spans\":[],\"help\":[],\"edit\":null}}\n",
        quoted(message)
    )
}

fn object(diagnostic: &Diagnostic, sources: &Sources) -> String {
    let place = diagnostic.labels[0].span;
    let (line, column) = position(place, place.start, sources);
    let spans: Vec<_> = diagnostic.labels.iter().map(|l| span(l, sources)).collect();
    let help: Vec<_> = diagnostic.help.iter().map(|text| quoted(text)).collect();
    let edit = diagnostic.edit.as_ref().map(|edit| mending(edit, sources));
    format!(
        "{{\"code\":\"{}\",\"severity\":\"{}\",\"message\":{},\"file\":{},\"line\":{line},\"column\":{column},\
         \"spans\":[{}],\"help\":[{}],\"edit\":{}}}",
        diagnostic.code.as_str(),
        if diagnostic.code.is_warning() {
            "warning"
        } else {
            "error"
        },
        quoted(&diagnostic.title),
        file(place, sources),
        spans.join(","),
        help.join(","),
        edit.as_deref().unwrap_or("null"),
    )
}

fn span(label: &Label, sources: &Sources) -> String {
    let text = match label.text.as_str() {
        "" => "null".to_owned(),
        text => quoted(text),
    };
    let (place, primary) = (range(label.span, sources), label.primary);
    format!("{{{place},\"primary\":{primary},\"label\":{text}}}")
}

fn mending(edit: &Edit, sources: &Sources) -> String {
    let (place, replacement) = (range(edit.span, sources), quoted(&edit.replacement));
    format!("{{{place},\"replacement\":{replacement}}}")
}

fn range(span: Span, sources: &Sources) -> String {
    let (line, column) = position(span, span.start, sources);
    let (end_line, end_column) = position(span, span.end, sources);
    let (start, end) = (span.start, span.end);
    format!(
        "\"file\":{},\"line\":{line},\"column\":{column},\"end_line\":{end_line},\"end_column\":{end_column},\
         \"byte\":{start},\"end_byte\":{end}",
        file(span, sources)
    )
}

fn file(span: Span, sources: &Sources) -> String {
    quoted(&sources.get(span.file).path.to_string_lossy())
}

/// The line and the column of a byte, both counted from 1; columns are characters, without a BOM.
pub(super) fn position(span: Span, at: u32, sources: &Sources) -> (usize, usize) {
    let text = &sources.get(span.file).text;
    let before = &text[..at as usize];
    let line = before.bytes().filter(|&b| b == b'\n').count() + 1;
    let begun = before.rsplit('\n').next().unwrap_or(before);
    let column = begun.trim_start_matches(BOM).chars().count() + 1;
    (line, column)
}

pub(crate) fn quoted(text: &str) -> String {
    let mut json = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => json.push_str("\\\""),
            '\\' => json.push_str("\\\\"),
            '\n' => json.push_str("\\n"),
            // Others than JSON asks for too: a terminal or an editor may take them for orders.
            c if is_order(c) => {
                let _ = write!(json, "\\u{:04x}", u32::from(c));
            }
            c => json.push(c),
        }
    }
    json.push('"');
    json
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn strings_are_quoted_as_json_has_it() {
        for (text, json) in [
            ("a \"b\" \\", r#""a \"b\" \\""#),
            (
                "\u{1b}[31m\n\t\0\u{7f}\u{202e}",
                r#""\u001b[31m\n\u0009\u0000\u007f\u202e""#,
            ),
            ("漢 é 🦀", "\"漢 é 🦀\""),
        ] {
            assert_eq!(quoted(text), json);
        }
    }
}
