//! Types of other languages.

use super::super::Parser;
use crate::diag::{Code, Diagnostic, Reported};
use crate::idl::lexer::TokenKind;

/// How deep a foreign type is looked into.
const MAX_DEPTH: u32 = 8;

impl Parser<'_> {
    /// A type that only another language has, with its mending; goes behind it.
    pub(in crate::idl::parser) fn foreign_type_here(&mut self) -> Option<Reported> {
        let parameters = self.nth(1).kind == TokenKind::Punct('<');
        let foreign = match self.word(0) {
            Some("unsigned") => true,
            Some("long") => self.word(1) == Some("long"),
            Some("Box" | "Arc" | "Rc" | "Cow") => parameters,
            Some(word) => parameters && crate::check::foreign(word).is_some(),
            None => self.at_punct('['),
        };
        let (ours, end) = self.foreign_type(0, 0).filter(|_| foreign)?;
        let whole = self.span().to(self.nth(end - 1).span);
        let title = "this is a type of another language";
        let problem = Diagnostic::new(Code::OtherLanguage, title, whole, "");
        self.at += end;
        let problem = problem.help(format!("write `{ours}`")).edit(whole, ours);
        Some(self.diags.report(problem))
    }

    /// A type as another language writes it, as it is written here; looks from the `n`th token on.
    /// Also where it ends.
    pub(super) fn foreign_type(&self, n: usize, depth: u32) -> Option<(String, usize)> {
        if depth > MAX_DEPTH {
            return None;
        }
        if self.nth(n).kind == TokenKind::Punct('[') {
            return self.bracketed(n, depth);
        }
        let token = self.nth(n);
        if token.kind == TokenKind::Bad && self.text_of(token).ends_with("str") {
            return Some(("string".to_owned(), n + 1));
        }
        let word = self.word(n)?;
        if word == "unsigned" {
            return Some(self.unsigned(n));
        }
        if (word, self.word(n + 1)) == ("long", Some("long")) {
            return Some(("i64".to_owned(), n + 2));
        }
        let ours = crate::check::foreign(word).unwrap_or(word);
        if self.nth(n + 1).kind != TokenKind::Punct('<') {
            return Some((ours.to_owned(), n + 1));
        }
        let (arguments, end) = self.arguments(n + 2, depth)?;
        Some((generic(word, ours, &arguments)?, end))
    }

    /// `A, B>`
    pub(super) fn arguments(&self, mut n: usize, depth: u32) -> Option<(Vec<String>, usize)> {
        let mut arguments = Vec::new();
        loop {
            let (argument, end) = match self.nth(n).kind {
                TokenKind::Int => (self.text_of(self.nth(n)).to_owned(), n + 1),
                _ => self.foreign_type(n, depth + 1)?,
            };
            arguments.push(argument);
            match self.nth(end).kind {
                TokenKind::Punct(',') if arguments.len() < 4 => n = end + 1,
                TokenKind::Punct('>') => return Some((arguments, end + 1)),
                _ => return None,
            }
        }
    }

    /// `[T; N]`, `[T]` and `[]T`.
    fn bracketed(&self, n: usize, depth: u32) -> Option<(String, usize)> {
        if self.nth(n + 1).kind == TokenKind::Punct(']') {
            let (element, end) = self.foreign_type(n + 2, depth + 1)?;
            return Some((list(&element), end));
        }
        let (element, end) = self.foreign_type(n + 1, depth + 1)?;
        match (self.nth(end).kind, self.nth(end + 2).kind) {
            (TokenKind::Punct(']'), _) => Some((list(&element), end + 1)),
            (TokenKind::Punct(';'), TokenKind::Punct(']')) => {
                let length = self.text_of(self.nth(end + 1));
                Some((array(&element, length), end + 3))
            }
            _ => None,
        }
    }

    fn unsigned(&self, n: usize) -> (String, usize) {
        let (ours, end) = match (self.word(n + 1), self.word(n + 2)) {
            (Some("long"), Some("long")) => ("u64", n + 3),
            (Some("char"), _) => ("u8", n + 2),
            (Some("short"), _) => ("u16", n + 2),
            (Some("int"), _) => ("u32", n + 2),
            (Some("long" | "hyper"), _) => ("u64", n + 2),
            _ => ("u32", n + 1),
        };
        (ours.to_owned(), end)
    }
}

/// Many of these.
pub(super) fn list(element: &str) -> String {
    match element {
        "u8" => "bytes".to_owned(),
        _ => format!("list<{element}>"),
    }
}

fn array(element: &str, length: &str) -> String {
    match element {
        "u8" => format!("bytes[{length}]"),
        _ => format!("{element}[{length}]"),
    }
}

/// `word<…>` of another language, or of ours.
fn generic(word: &str, ours: &str, arguments: &[String]) -> Option<String> {
    Some(match (word, ours, arguments) {
        ("Box" | "Arc" | "Rc" | "Cow", _, [inner]) => inner.clone(),
        (_, "list", [element]) => list(element),
        (_, "list" | "set" | "map" | "optional" | "string" | "bytes", _) => {
            format!("{ours}<{}>", arguments.join(", "))
        }
        _ => return None,
    })
}

/// Is this surely a type, here or in another language?
pub(in crate::idl::parser) fn is_type(word: &str) -> bool {
    crate::ast::Scalar::ALL.iter().any(|s| s.name() == word)
        || matches!(
            word,
            "string" | "bytes" | "list" | "set" | "map" | "optional" | "unsigned"
        )
        || crate::check::foreign(word).is_some()
}
