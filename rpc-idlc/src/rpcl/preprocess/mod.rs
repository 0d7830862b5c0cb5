//! What the C preprocessor does to a `.x` file before `rpcgen` reads it, as for the header (`RPC_HDR`).
//!
//! Macros without parameters, conditions and `#include`, and nothing that a declaration has no use for.

mod condition;
mod directives;
mod macros;
mod passed;

pub(super) use macros::{Constant, Constants};

use super::comments::Comment;
use super::files::{Files, unreadable};
use super::lexer::{Flaw, Kind, Token, lex};
use crate::diag::{Code, Diagnostic, Diagnostics};
use crate::source::{FileId, Span};
use directives::Condition;
use macros::Macro;
use passed::ForC;
use std::collections::HashMap;
use std::path::PathBuf;

/// More tokens than this in a file with all that it includes are no interface.
const MAX_TOKENS: usize = 1 << 20;

/// How deep files may include each other.
const MAX_FILES: usize = 40;

/// A file with those that it includes, as the parser reads it.
#[derive(Debug, Default)]
pub(super) struct Tokens {
    /// The last one is [`Kind::End`].
    pub(super) list: Vec<Token>,
    pub(super) comments: Vec<Comment>,
}

/// Preprocesses a file. `before` is read first, for its macros. The `.x` files that `%#include` lines
/// stand for are added to `named`.
pub(super) fn preprocess(
    file: FileId,
    before: FileId,
    files: &mut Files<'_>,
    constants: &mut Constants,
    named: &mut Vec<(PathBuf, Span)>,
    diags: &mut Diagnostics,
) -> Tokens {
    let mut reader = Preprocessor {
        files,
        constants,
        named,
        diags,
        before,
        macros: HashMap::new(),
        for_c: ForC::default(),
        quiet: false,
        open: Vec::new(),
        commented: Vec::new(),
        read: 0,
        out: Tokens::default(),
        full: false,
    };
    reader.begin(file);
    reader.file(file);
    let end = reader.files.sources.get(file).text.len() as u32;
    let span = Span {
        file,
        start: end,
        end,
    };
    // Half of a file would only lead to more mistakes.
    let full = reader.is_full(span);
    if !full {
        reader.keep_constants();
        reader.as_c(Preprocessor::keep_constants);
    }
    let mut out = if full { Tokens::default() } else { reader.out };
    out.list.push(Token {
        kind: Kind::End,
        text: span,
        at: span,
    });
    out
}

struct Preprocessor<'a, 'f> {
    files: &'a mut Files<'f>,
    constants: &'a mut Constants,
    named: &'a mut Vec<(PathBuf, Span)>,
    diags: &'a mut Diagnostics,
    /// What is read before the file.
    before: FileId,
    macros: HashMap<String, Macro>,
    for_c: ForC,
    /// Only what the file says to C counts.
    quiet: bool,
    /// The files that are being read, the innermost last.
    open: Vec<FileId>,
    /// The files that have comments which begin with `#`, which was told.
    commented: Vec<FileId>,
    /// How many tokens were looked at, in those of included files too.
    read: usize,
    out: Tokens,
    /// There was more than there may be, which was reported.
    full: bool,
}

impl Preprocessor<'_, '_> {
    fn file(&mut self, file: FileId) {
        let tokens = lex(file, &self.files.sources.get(file).text);
        self.read += tokens.len();
        self.open.push(file);
        let mut conditions: Vec<Condition> = Vec::new();
        let mut at = 0;
        while let Some(token) = tokens.get(at) {
            if self.is_full(token.at) {
                break;
            }
            at += 1;
            let active = conditions.last().is_none_or(|condition| condition.active);
            match token.kind {
                Kind::Directive => {
                    let rest = &tokens[at..];
                    let end = rest.iter().position(|token| token.kind == Kind::Line);
                    let line = &rest[..end.unwrap_or(rest.len())];
                    at += line.len() + 1;
                    self.directive(token.at, line, &mut conditions);
                }
                Kind::Bad(Flaw::Comment) => self.push(*token),
                _ if !active => {}
                Kind::Passed => self.passed(token.at),
                Kind::Word => self.word(*token, tokens.get(at).copied()),
                _ => self.push(*token),
            }
        }
        for condition in &conditions {
            let title = "this condition has no end";
            let problem = Diagnostic::new(Code::Condition, title, condition.at, "it begins here");
            self.diags.report(problem.help("close it with `#endif`"));
        }
        self.open.pop();
    }

    fn is_full(&mut self, at: Span) -> bool {
        if !self.full && (self.read > MAX_TOKENS || self.out.list.len() > MAX_TOKENS) {
            self.full = true;
            let title = "the macros and included files become too large";
            self.diags.report(Diagnostic::new(
                Code::MacroTooLarge,
                title,
                at,
                "here it is too much",
            ));
        }
        self.full
    }

    fn push(&mut self, token: Token) {
        match token.kind {
            _ if self.quiet => {}
            Kind::Comment => self.out.comments.push(Comment {
                before: self.out.list.len(),
                span: token.at,
            }),
            _ => self.out.list.push(token),
        }
    }

    fn error(&mut self, code: Code, title: impl Into<String>, at: Span) {
        self.diags.report(Diagnostic::new(code, title, at, ""));
    }

    /// Reads what `#include` names, here and now.
    fn include(&mut self, path: &std::path::Path, at: Span) {
        let file = match self.files.open(path) {
            Ok(file) => file,
            Err(error) => return unreadable(&error, at, self.diags),
        };
        // A guard shows only when it is included a second time.
        let round = self.open.iter().filter(|open| **open == file).count() > 1;
        if round || self.open.len() >= MAX_FILES {
            let title = match round {
                true => "includes go in a circle".to_owned(),
                false => format!("files include each other more than {MAX_FILES} deep"),
            };
            let problem = Diagnostic::new(Code::ImportCircle, title, at, "");
            self.diags.report(
                problem.help("take one of the lines out, or guard the file with `#ifndef`"),
            );
            return;
        }
        self.file(file);
    }
}
