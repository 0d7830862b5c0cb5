//! `%` lines: they are for the C compiler, but two of them say what a file is made of.

use super::Preprocessor;
use super::directives::quoted;
use super::macros::Constant;
use crate::rpcl::lexer::{Kind, Token, lex_from};
use crate::source::Span;

impl Preprocessor<'_, '_> {
    /// `%#include "X.h"` means `X.x`, if that is there, and `%#define X 3` a constant, if it is used.
    pub(super) fn passed(&mut self, line: Span) {
        let text = self.files.text(line);
        let Some(directive) = text[1..].trim_start().strip_prefix('#') else {
            return;
        };
        let words = directive.trim_start();
        if let Some(rest) = words.strip_prefix("include") {
            let Some((name, in_quotes)) = quoted(rest.trim_start()) else {
                return;
            };
            if let Some(path) = self.files.origin(line.file, name, in_quotes) {
                self.named.push((path, line));
            }
        } else if let Some(rest) = words.strip_prefix("define") {
            let start = line.end as usize - rest.len();
            self.passed_define(line, start);
        }
    }

    fn passed_define(&mut self, line: Span, start: usize) {
        let text = &self.files.sources.get(line.file).text[..line.end as usize];
        let tokens = lex_from(line.file, text, start);
        let (comments, tokens): (Vec<Token>, Vec<Token>) = tokens
            .into_iter()
            // A `%` that goes on with what the line before began.
            .filter(|token| token.kind != Kind::Punct('%') || !begins_line(text, token.at))
            .partition(|token| token.kind == Kind::Comment);
        let Some((name, body)) = tokens.split_first() else {
            return;
        };
        let parameters = body
            .first()
            .is_some_and(|open| open.kind == Kind::Punct('(') && open.text.start == name.text.end);
        if name.kind != Kind::Word || parameters || body.is_empty() {
            return;
        }
        let constant = Constant {
            at: name.at,
            body: body.into(),
            comments: comments.iter().map(|comment| comment.at).collect(),
        };
        let name = self.files.text(name.text).to_owned();
        self.constants.entry(name).or_insert(constant);
    }
}

fn begins_line(text: &str, at: Span) -> bool {
    let before = text[..at.start as usize].trim_end_matches([' ', '\t']);
    before.ends_with('\n')
}
