//! Text to tokens. What is wrong with a token is told when the parser gets to it: what a condition
//! leaves out may be anything.

use crate::source::{BOM, FileId, Span};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Word,
    Number,
    Str,
    /// `'a'`
    Char,
    Punct(char),
    Comment,
    /// `#`, first on its line; the tokens of the line follow, and [`Kind::Line`].
    Directive,
    Line,
    /// A line that begins with `%`, which is for the C compiler, with those that a `\` adds to it.
    Passed,
    Bad(Flaw),
    End,
}

/// Why something is no token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Flaw {
    Character,
    Word,
    Comment,
    String,
    /// A macro with parameters.
    Macro,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Token {
    pub(super) kind: Kind,
    /// Its letters: in the `#define`, if it comes from a macro.
    pub(super) text: Span,
    /// Where it stands, for messages.
    pub(super) at: Span,
}

/// Cuts a file into tokens; there is no [`Kind::End`].
pub(super) fn lex(file: FileId, text: &str) -> Vec<Token> {
    let start = if text.starts_with(BOM) {
        BOM.len_utf8()
    } else {
        0
    };
    lex_from(file, text, start)
}

/// The same of the part of a `%` line from `start` to the end of `text`.
pub(super) fn lex_from(file: FileId, text: &str, start: usize) -> Vec<Token> {
    let mut lexer = Lexer {
        file,
        text,
        at: start,
        fresh: true,
        directive: false,
        tokens: Vec::new(),
    };
    while lexer.token() {}
    lexer.tokens
}

struct Lexer<'a> {
    file: FileId,
    text: &'a str,
    at: usize,
    /// Nothing but space and comments was on this line.
    fresh: bool,
    /// In a line that begins with `#`.
    directive: bool,
    tokens: Vec<Token>,
}

impl<'a> Lexer<'a> {
    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn push(&mut self, kind: Kind, end: usize) {
        let span = Span {
            file: self.file,
            start: self.at as u32,
            end: end as u32,
        };
        self.tokens.push(Token {
            kind,
            text: span,
            at: span,
        });
        self.at = end;
        self.fresh &= kind == Kind::Comment;
    }

    /// Takes the longest run of characters that `wanted` accepts, from `start` on.
    fn run(&self, start: usize, wanted: impl Fn(char) -> bool) -> usize {
        let rest = &self.text[start..];
        start + rest.find(|c| !wanted(c)).unwrap_or(rest.len())
    }

    /// Reads one token, or some space; false at the end of the text.
    fn token(&mut self) -> bool {
        let rest = self.rest();
        let Some(first) = rest.chars().next() else {
            if self.directive {
                self.push(Kind::Line, self.at);
            }
            return false;
        };
        match first {
            '\n' => self.line(),
            // The end of the text for old programs.
            '\u{1a}' if rest.len() == 1 => self.at += 1,
            _ if first.is_ascii_whitespace() || matches!(first, '\u{b}' | '\u{a0}' | BOM) => {
                self.at += first.len_utf8();
            }
            '\\' if continued(&rest[1..]) => self.at = self.run(self.at + 1, |c| c != '\n') + 1,
            '/' if rest.starts_with("/*") => self.block_comment(),
            '/' if rest.starts_with("//") => self.line_comment(),
            '#' if self.fresh => {
                self.directive = true;
                self.push(Kind::Directive, self.at + 1);
            }
            '%' if self.fresh => self.passed(),
            '"' | '\'' => self.quoted(first),
            '0'..='9' => self.number(),
            _ if is_word(first) => self.word(),
            '!'..='~' if first != '\\' && first != '`' => {
                self.push(Kind::Punct(first), self.at + 1);
            }
            _ => self.stray(first),
        }
        true
    }

    /// Digits, with those behind each apostrophe that a digit follows: `1'000`.
    fn number(&mut self) {
        let mut end = self.run(self.at, is_word);
        while self.text[end..].starts_with('\'')
            && self.text[end + 1..].starts_with(|c: char| c.is_ascii_hexdigit())
        {
            end = self.run(end + 1, is_word);
        }
        self.push(Kind::Number, end);
    }

    fn line(&mut self) {
        if std::mem::take(&mut self.directive) {
            self.push(Kind::Line, self.at);
        }
        self.at += 1;
        self.fresh = true;
    }

    fn word(&mut self) {
        let end = self.run(self.at, is_word);
        match self.text[end..].starts_with(char::is_alphanumeric) {
            true => {
                let end = self.run(end, |c| c.is_alphanumeric() || c == '_');
                self.push(Kind::Bad(Flaw::Word), end);
            }
            false => self.push(Kind::Word, end),
        }
    }

    fn block_comment(&mut self) {
        match self.rest()[2..].find("*/") {
            Some(length) => self.push(Kind::Comment, self.at + 2 + length + 2),
            None => {
                self.push(Kind::Bad(Flaw::Comment), self.at + 2);
                self.at = self.text.len();
            }
        }
    }

    fn line_comment(&mut self) {
        let end = self.run(self.at, |c| c != '\n' && c != '\r');
        self.push(Kind::Comment, end);
    }

    /// A string or a character, which ends on its line.
    fn quoted(&mut self, mark: char) {
        let mut escaped = false;
        for (offset, c) in self.rest().char_indices().skip(1) {
            match c {
                '\n' => break,
                c if c == mark && !escaped => {
                    let kind = if mark == '"' { Kind::Str } else { Kind::Char };
                    return self.push(kind, self.at + offset + 1);
                }
                _ => escaped = c == '\\' && !escaped,
            }
        }
        let end = self.run(self.at, |c| c != '\n' && c != '\r');
        self.push(Kind::Bad(Flaw::String), end);
    }

    /// Characters that begin no token; a run of them is one mistake, not many.
    fn stray(&mut self, first: char) {
        match first.is_alphanumeric() {
            true => {
                let end = self.run(self.at, |c| c.is_alphanumeric() || c == '_');
                self.push(Kind::Bad(Flaw::Word), end);
            }
            false => self.push(
                Kind::Bad(Flaw::Character),
                self.run(self.at, |c| c == first),
            ),
        }
    }

    /// A `%` line. A `\` at its end adds the next line, as long as that is a `%` line too, or this one
    /// begins a `#define`: C would not have it otherwise.
    fn passed(&mut self) {
        let words = self.rest()[1..].trim_start_matches([' ', '\t']);
        let define = words
            .strip_prefix('#')
            .is_some_and(|words| words.trim_start_matches([' ', '\t']).starts_with("define"));
        let mut end = self.run(self.at, |c| c != '\n');
        while self.text[..end].trim_end_matches('\r').ends_with('\\') && end < self.text.len() {
            let next = &self.text[end + 1..];
            if !define && !next.trim_start_matches([' ', '\t']).starts_with('%') {
                break;
            }
            end = self.run(end + 1, |c| c != '\n');
        }
        self.push(Kind::Passed, end);
    }
}

/// Whether a `\` before this text joins two lines: gcc takes one with space behind it too.
fn continued(rest: &str) -> bool {
    rest.trim_start_matches([' ', '\t', '\r']).starts_with('\n')
}

fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

#[cfg(test)]
mod tests {
    use super::{Flaw, Kind, lex};
    use crate::diag::Diagnostics;
    use crate::source::Sources;
    use std::path::Path;

    #[test]
    fn lines_are_told_apart() {
        use Kind::*;
        let comma = Punct(',');
        for (text, kinds) in [
            ("a 0x1F,\"b\"'c'", &[Word, Number, comma, Str, Char][..]),
            (
                "1'000'000;0xA'bC 1'",
                &[Number, Punct(';'), Number, Number, Bad(Flaw::String)],
            ),
            ("%a\n % b\nc % d", &[Passed, Passed, Word, Punct('%'), Word]),
            ("% /* a\nb\n% */", &[Passed, Word, Passed]),
            ("/*\n% a\n# b */ c", &[Comment, Word]),
            (
                "/* a */ # define b",
                &[Comment, Directive, Word, Word, Line],
            ),
            ("#a \\\n b\n,", &[Directive, Word, Word, Line, comma]),
            (
                "#a /* \n */ b\n,",
                &[Directive, Word, Comment, Word, Line, comma],
            ),
            ("%#define a \\\r\n b\n,", &[Passed, comma]),
            ("%a \\\n%b\n,", &[Passed, comma]),
            ("%a \\\n,", &[Passed, comma]),
            ("\"a\n,", &[Bad(Flaw::String), comma]),
            (
                "é1 a\u{e9} `` /* ,",
                &[
                    Bad(Flaw::Word),
                    Bad(Flaw::Word),
                    Bad(Flaw::Character),
                    Bad(Flaw::Comment),
                ],
            ),
        ] {
            let file =
                Sources::default().add(Path::new("a.x"), Vec::new(), &mut Diagnostics::default());
            let found: Vec<Kind> = lex(file, text).iter().map(|token| token.kind).collect();
            assert_eq!(found, kinds, "{text:?}");
        }
    }
}
