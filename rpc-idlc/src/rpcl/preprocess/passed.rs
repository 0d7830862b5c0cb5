//! `%` lines: they are for the C compiler, but some of them say what a file is made of, and what its names stand
//! for in C.

use super::directives::{Condition, quoted};
use super::macros::Macro;
use super::{MAX_FILES, Preprocessor};
use crate::rpcl::lexer::{Flaw, Kind, Token, lex_from};
use crate::source::{FileId, Span};
use std::collections::HashMap;
use std::path::Path;

/// What C knows at a place of the file, from the `%` lines before it.
#[derive(Debug, Default)]
pub(super) struct ForC {
    macros: HashMap<String, Macro>,
    conditions: Vec<Condition>,
    /// The comment that is open begins in an earlier `%` line.
    comment: bool,
    /// The files whose headers were read: each has a guard.
    headers: Vec<FileId>,
}

impl Preprocessor<'_, '_> {
    /// Reads what is known before the file is.
    pub(super) fn begin(&mut self, file: FileId) {
        self.file(self.before);
        self.for_c.headers.push(file);
        // `rpcgen` defines this one for itself.
        let of_c = self.macros.iter().filter(|(name, _)| *name != "RPC_HDR");
        let of_c = of_c.map(|(name, known)| (name.clone(), known.clone()));
        self.for_c.macros = of_c.collect();
    }

    /// `%#include "X.h"` means `X.x`, if that is there, and `%#define X 3` a constant, if it is used and the conditions
    /// for C around it hold.
    pub(super) fn passed(&mut self, line: Span) {
        let tokens = self.passed_tokens(line);
        let mut words = tokens.iter().filter(|token| token.kind != Kind::Comment);
        let (Some(hash), Some(word)) = (words.next(), words.next()) else {
            return;
        };
        if hash.kind != Kind::Directive {
            return;
        }
        // rpcgen's own preprocessor was there before, and put its macros into what is behind these.
        let fresh = match self.files.text(word.text) {
            "include" => return self.passed_include(line, word.text.end),
            "define" => 2,
            "if" | "elif" => 1,
            "ifdef" | "ifndef" | "else" | "endif" | "undef" => 2,
            _ => return,
        };
        let (hash, words) = (hash.at, &tokens[1..]);
        let (names, body) = words.split_at(fresh.min(words.len()));
        let words = [names, &self.expanded(body)].concat();
        let mut conditions = std::mem::take(&mut self.for_c.conditions);
        self.as_c(|reader| reader.directive(hash, &words, &mut conditions));
        self.for_c.conditions = conditions;
    }

    /// The tokens of a line that are in no comment of C which an earlier line opened.
    fn passed_tokens(&mut self, line: Span) -> Vec<Token> {
        let text = &self.files.sources.get(line.file).text[..line.end as usize];
        let mut start = line.start as usize + 1;
        if self.for_c.comment {
            let Some(length) = text[start..].find("*/") else {
                return Vec::new();
            };
            start += length + 2;
        }
        let mut tokens = lex_from(line.file, text, start);
        // A `%` that goes on with what the line before began.
        tokens.retain(|token| token.kind != Kind::Punct('%') || !begins_line(text, token.at));
        tokens.retain(|token| token.kind != Kind::Line);
        let opens = |token: &Token| token.kind == Kind::Bad(Flaw::Comment);
        self.for_c.comment = tokens.last().is_some_and(opens);
        tokens.retain(|token| !opens(token));
        self.read += tokens.len();
        tokens
    }

    /// The name of the file is behind `word`.
    fn passed_include(&mut self, line: Span, word: u32) {
        let text = &self.files.text(line)[(word - line.start) as usize..];
        let Some((name, in_quotes)) = quoted(text.trim_start()) else {
            return;
        };
        let name = name.to_owned();
        let conditions = &self.for_c.conditions;
        let active = conditions.last().is_none_or(|condition| condition.active);
        let Some(path) = self.files.origin(line.file, &name, in_quotes) else {
            // A header in angle brackets is the system's.
            if in_quotes && active {
                self.files.miss(line, &name);
            }
            return;
        };
        if active {
            self.header(&path);
        }
        if !self.quiet {
            self.named.push((path, line));
        }
    }

    /// Takes what the header that is made of a file tells C. The file itself is read in its turn, which is when
    /// its mistakes are told.
    fn header(&mut self, path: &Path) {
        let Ok(file) = self.files.open(path) else {
            return;
        };
        if self.for_c.headers.contains(&file) || self.for_c.headers.len() > MAX_FILES {
            return;
        }
        self.for_c.headers.push(file);
        let (quiet, full) = (std::mem::replace(&mut self.quiet, true), self.full);
        let (macros, open) = (
            std::mem::take(&mut self.macros),
            std::mem::take(&mut self.open),
        );
        let conditions = std::mem::take(&mut self.for_c.conditions);
        let (named, diags) = (std::mem::take(self.named), std::mem::take(self.diags));
        self.file(self.before);
        self.file(file);
        (*self.named, *self.diags) = (named, diags);
        self.for_c.conditions = conditions;
        self.for_c.comment = false;
        (self.macros, self.open) = (macros, open);
        (self.quiet, self.full) = (quiet, full);
    }

    /// Runs something with the macros of C. What is wrong with them is for the C compiler to say.
    pub(super) fn as_c<T>(&mut self, run: impl FnOnce(&mut Self) -> T) -> T {
        std::mem::swap(&mut self.macros, &mut self.for_c.macros);
        let diags = std::mem::take(self.diags);
        let result = run(self);
        *self.diags = diags;
        std::mem::swap(&mut self.macros, &mut self.for_c.macros);
        result
    }

    /// A name that no `#define` explains: it stays, unless it stands in C for something else than where it was used
    /// first.
    pub(super) fn word_of_c(&mut self, token: Token, next: Option<Token>) {
        let name = self.files.text(token.text);
        let Some(known) = self.for_c.macros.get(name).filter(|known| known.stands()) else {
            return self.push(token);
        };
        let torn = known.tears() && self.is_torn(next);
        let name = name.to_owned();
        let stays = self.as_c(|reader| reader.is_constant(name)) && !torn;
        if stays || !self.is_use(next) {
            return self.push(token);
        }
        for token in self.as_c(|reader| reader.expanded(&[token])) {
            self.push(token);
        }
        self.is_full(token.at);
    }

    /// Whether a name stands where a value does, or a type: before a name, and not behind one.
    fn is_use(&self, next: Option<Token>) -> bool {
        let before = self.out.list.last();
        let word = before.filter(|before| before.kind == Kind::Word);
        let word = word.map(|before| self.files.text(before.text));
        let sign = |before: &Token| matches!(before.kind, Kind::Punct(c) if "[<=+-".contains(c));
        let declares = |next: Token| matches!(next.kind, Kind::Word | Kind::Punct('*'));
        match word {
            Some(word) => word == "case" || word == "typedef",
            None => before.is_some_and(sign) || next.is_some_and(declares),
        }
    }
}

fn begins_line(text: &str, at: Span) -> bool {
    let before = text[..at.start as usize].trim_end_matches([' ', '\t']);
    before.ends_with('\n')
}
