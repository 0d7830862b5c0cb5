//! Text to tokens. Comments are kept aside with their places; doc comments are tokens.

use crate::ast::Comment;
use crate::diag::{Code, Diagnostic, Diagnostics};
use crate::source::{BOM, FileId, Span};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TokenKind {
    Ident,
    Int,
    Str,
    Doc,
    Arrow,
    /// One of `{ } ( ) [ ] < > , ; : = | - . @`.
    Punct(char),
    /// Something that was already reported.
    Bad,
    End,
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct Token {
    pub(crate) kind: TokenKind,
    pub(crate) span: Span,
}

/// Cuts `text` into tokens; the last one is always [`TokenKind::End`].
pub(crate) fn lex(file: FileId, text: &str, diags: &mut Diagnostics) -> (Vec<Token>, Vec<Comment>) {
    let mut lexer = Lexer {
        file,
        text,
        at: 0,
        diags,
        tokens: Vec::new(),
        comments: Vec::new(),
    };
    if text.starts_with(BOM) {
        lexer.at = BOM.len_utf8();
    }
    while lexer.token() {}
    (lexer.tokens, lexer.comments)
}

struct Lexer<'a> {
    file: FileId,
    text: &'a str,
    at: usize,
    diags: &'a mut Diagnostics,
    tokens: Vec<Token>,
    comments: Vec<Comment>,
}

impl<'a> Lexer<'a> {
    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn span(&self, start: usize, end: usize) -> Span {
        Span {
            file: self.file,
            start: start as u32,
            end: end as u32,
        }
    }

    /// Takes the longest run of characters that `wanted` accepts, from `start` on.
    fn run(&self, start: usize, wanted: impl Fn(char) -> bool) -> usize {
        let rest = &self.text[start..];
        start + rest.find(|c| !wanted(c)).unwrap_or(rest.len())
    }

    fn push(&mut self, kind: TokenKind, end: usize) {
        let span = self.span(self.at, end);
        self.tokens.push(Token { kind, span });
        self.at = end;
    }

    /// Reads one token or comment; false at the end of the text.
    fn token(&mut self) -> bool {
        self.at = self.run(self.at, |c| c.is_ascii_whitespace() || c == '\u{b}');
        let rest = self.rest();
        let Some(first) = rest.chars().next() else {
            self.push(TokenKind::End, self.at);
            return false;
        };
        match first {
            '/' if rest.starts_with("//") => self.line_comment(),
            '/' if rest.starts_with("/*") => self.block_comment(),
            '"' => self.string(),
            '-' if rest.starts_with("->") => self.push(TokenKind::Arrow, self.at + 2),
            '0'..='9' => self.push(TokenKind::Int, self.run(self.at, is_word)),
            'a'..='z' | 'A'..='Z' | '_' => self.word(first),
            '{' | '}' | '(' | ')' | '[' | ']' | '<' | '>' | ',' | ';' | ':' | '=' | '|' | '-'
            | '.' | '@' => {
                self.push(TokenKind::Punct(first), self.at + 1);
            }
            _ => self.stray(first),
        }
        true
    }

    /// A name, or one with letters that names cannot have: then all of it is shown.
    fn word(&mut self, first: char) {
        let end = self.run(self.at, is_word);
        match self.text[end..].starts_with(char::is_alphanumeric) {
            true => self.stray(first),
            false => self.push(TokenKind::Ident, end),
        }
    }

    fn line_comment(&mut self) {
        let end = self.run(self.at, |c| c != '\n');
        // As in Rust, four slashes are an ordinary comment: people draw rulers with them.
        let doc = self.rest().starts_with("///") && !self.rest().starts_with("////");
        if doc {
            self.push(TokenKind::Doc, end);
        } else {
            self.comments.push(Comment {
                span: self.span(self.at, end),
            });
            self.at = end;
        }
    }

    fn block_comment(&mut self) {
        let end = match self.rest()[2..].find("*/") {
            Some(length) => self.at + 2 + length + 2,
            None => {
                let span = self.span(self.at, self.at + 2);
                let problem = Diagnostic::new(
                    Code::UnclosedComment,
                    "this comment has no end",
                    span,
                    "it begins here",
                );
                self.diags.report(problem.help("close it with `*/`"));
                self.text.len()
            }
        };
        self.comments.push(Comment {
            span: self.span(self.at, end),
        });
        self.at = end;
    }

    fn string(&mut self) {
        let mut escaped = false;
        for (offset, c) in self.rest().char_indices().skip(1) {
            match c {
                '\n' => break,
                '"' if !escaped => return self.push(TokenKind::Str, self.at + offset + 1),
                _ => escaped = c == '\\' && !escaped,
            }
        }
        let end = self.run(self.at, |c| c != '\n' && c != '\r');
        let problem = Diagnostic::new(
            Code::UnclosedString,
            "this string has no end",
            self.span(self.at, end),
            "",
        );
        self.diags
            .report(problem.help("close it with `\"` on the same line"));
        self.push(TokenKind::Bad, end);
    }

    /// The end of a string in other quotation marks, if it has one on this line.
    fn quoted(&self, first: char) -> usize {
        let close = if first == '“' { '”' } else { first };
        let begun = self.at + first.len_utf8();
        let line = self.text[begun..].split('\n').next().unwrap_or_default();
        line.find(close)
            .map_or(begun, |length| begun + length + close.len_utf8())
    }

    /// The end of a reference of Rust: `&str`, `&'a mut self`.
    fn borrowed(&self) -> usize {
        let mut end = self.run(self.at, |c| c == '&');
        if self.text[end..].starts_with('\'') {
            end = self.run(self.run(end + 1, is_word), |c| c == ' ');
        }
        for word in ["mut ", "self", "str"] {
            if self.text[end..].starts_with(word) {
                end += word.len();
            }
        }
        end
    }

    /// Characters that begin no token; a run of them is one mistake, not many.
    fn stray(&mut self, first: char) {
        let word = first.is_alphanumeric();
        let end = match word {
            _ if first == '&' => self.borrowed(),
            _ if is_quote(first) => self.quoted(first),
            true => self.run(self.at, |c| c.is_alphanumeric() || c == '_'),
            false => self.run(self.at, |c| c == first),
        };
        let (code, title) = match word {
            true => (
                Code::BadName,
                "names are made of the letters a to z, digits and `_`".to_owned(),
            ),
            _ if is_quote(first) => (
                Code::UnexpectedCharacter,
                "unexpected quotation mark".to_owned(),
            ),
            false => (
                Code::UnexpectedCharacter,
                format!("unexpected character `{}`", first.escape_debug()),
            ),
        };
        let problem = Diagnostic::new(code, title, self.span(self.at, end), "");
        let advice = match &self.text[self.at..end] {
            "*" if self.tokens.last().is_some_and(|t| t.kind == TokenKind::Int) => advice('+'),
            text if text.ends_with("self") => Some("methods have no `self`; leave it out"),
            _ => advice(first),
        };
        self.diags.report(match advice {
            Some(advice) => problem.help(advice),
            None => problem,
        });
        self.push(TokenKind::Bad, end);
    }
}

/// What to write instead of what a character means elsewhere.
fn advice(c: char) -> Option<&'static str> {
    Some(match c {
        '#' | '%' => "a comment begins with `//`",
        '&' => "nothing is borrowed here: `&str` is `string`, `&[u8]` is `bytes`",
        '*' | '?' => "what may be absent is `optional<TYPE>`",
        c if is_quote(c) => "strings stand in `\"`",
        '+' | '/' | '^' | '~' => "a value is a number, a string or a name, and is not computed",
        _ => return None,
    })
}

/// A quotation mark that is none here.
fn is_quote(c: char) -> bool {
    matches!(c, '\'' | '`' | '“' | '”')
}

fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

/// The value of an integer as it is written, or what is wrong with it.
pub(crate) fn integer(text: &str) -> Result<i128, String> {
    let (digits, radix) = match text.as_bytes() {
        [b'0', b'x' | b'X', ..] => (&text[2..], 16),
        [b'0', b'o', ..] => (&text[2..], 8),
        [b'0', b'b', ..] => (&text[2..], 2),
        [b'0', b'0'..=b'9' | b'_', ..] => {
            let digits = text.trim_start_matches(['0', '_']);
            return Err(format!(
                "a leading 0 has no meaning here; write `0o{digits}` for octal"
            ));
        }
        _ => (text, 10),
    };
    let digits = digits.replace('_', "");
    if let Some(bad) = digits.chars().find(|c| !c.is_digit(radix)) {
        return Err(format!("`{bad}` is no digit of a number in base {radix}"));
    }
    if digits.is_empty() {
        return Err("the digits are missing".to_owned());
    }
    i128::from_str_radix(&digits, radix).map_err(|_| "no integer has more than 64 bits".to_owned())
}

/// The text that a string literal stands for, or what is wrong with it.
pub(crate) fn unquote(literal: &str) -> Result<String, String> {
    let inner = literal
        .strip_prefix('"')
        .and_then(|s| s.strip_suffix('"'))
        .unwrap_or(literal);
    let mut text = String::new();
    let mut chars = inner.chars();
    while let Some(c) = chars.next() {
        match (c, if c == '\\' { chars.next() } else { None }) {
            ('\\', Some('n')) => text.push('\n'),
            ('\\', Some('t')) => text.push('\t'),
            ('\\', Some(c @ ('\\' | '"'))) => text.push(c),
            ('\\', other) => {
                let other = other.unwrap_or(' ').escape_debug();
                return Err(format!(
                    "unknown escape `\\{other}`; there are \\n \\t \\\\ and \\\""
                ));
            }
            (c, _) => text.push(c),
        }
    }
    Ok(text)
}
