//! Tokens to the tree. A mistake costs the element it is in, and parsing goes on behind it.

mod annotations;
mod foreign;
mod header;
mod interfaces;
mod items;
mod types;

use super::lexer::{Token, TokenKind, lex};
use crate::ast::{Docs, File, Ident};
use crate::diag::{Code, Diagnostic, Diagnostics, Reported};
use crate::source::{FileId, Span};

/// A part of the tree, or the proof that the user was told why there is none.
type Parse<T> = Result<T, Reported>;

/// Reads one `.idl` file. What could be understood is returned even when there were mistakes.
pub(crate) fn parse(id: FileId, text: &str, diags: &mut Diagnostics) -> File {
    let (tokens, _) = lex(id, text, diags);
    let mut parser = Parser {
        text,
        tokens,
        at: 0,
        depth: 0,
        diags,
    };
    parser.file()
}

/// The words that the parser has lists of.
#[cfg(test)]
pub(super) fn words() -> Vec<&'static str> {
    let units = annotations::UNITS.iter().map(|(unit, _)| *unit);
    let lists = items::KEYWORDS.into_iter().chain(header::HEADER);
    let types = crate::check::MADE_OF_OTHERS;
    lists.chain(units).chain(types).collect()
}

struct Parser<'a> {
    text: &'a str,
    /// Ends with [`TokenKind::End`], which is never passed.
    tokens: Vec<Token>,
    at: usize,
    /// How many types the one being read stands inside.
    depth: u32,
    diags: &'a mut Diagnostics,
}

impl<'a> Parser<'a> {
    // Looking.

    fn nth(&self, n: usize) -> Token {
        self.tokens[(self.at + n).min(self.tokens.len() - 1)]
    }

    fn kind(&self) -> TokenKind {
        self.nth(0).kind
    }

    fn span(&self) -> Span {
        self.nth(0).span
    }

    fn text_of(&self, token: Token) -> &'a str {
        &self.text[token.span.range()]
    }

    /// The end of what was read last, where something missing belongs.
    fn previous(&self) -> Span {
        self.tokens[self.at.saturating_sub(1)].span
    }

    fn at_punct(&self, c: char) -> bool {
        self.kind() == TokenKind::Punct(c)
    }

    fn at_end(&self) -> bool {
        self.kind() == TokenKind::End
    }

    fn word(&self, n: usize) -> Option<&'a str> {
        let token = self.nth(n);
        (token.kind == TokenKind::Ident).then(|| self.text_of(token))
    }

    fn at_word(&self, word: &str) -> bool {
        self.word(0) == Some(word)
    }

    /// The same line as what was read last?
    fn same_line(&self) -> bool {
        let (from, to) = (self.previous().end as usize, self.span().start as usize);
        from > to || !self.text[from..to].contains('\n')
    }

    // Taking.

    fn bump(&mut self) -> Token {
        let token = self.nth(0);
        if token.kind != TokenKind::End {
            self.at += 1;
        }
        token
    }

    /// Takes a token that nobody wants, or a whole run of doc comments: looking behind such a run
    /// once for every line of it would take for ever on a large one.
    fn skip(&mut self) {
        if self.bump().kind == TokenKind::Doc {
            self.docs();
        }
    }

    fn eat(&mut self, c: char) -> bool {
        let found = self.at_punct(c);
        if found {
            self.bump();
        }
        found
    }

    fn eat_word(&mut self, word: &str) -> bool {
        let found = self.at_word(word);
        if found {
            self.bump();
        }
        found
    }

    fn expect(&mut self, c: char) -> Parse<Span> {
        match self.at_punct(c) {
            true => Ok(self.bump().span),
            false => Err(self.missing(&format!("`{c}`"))),
        }
    }

    fn ident(&mut self, what: &str) -> Parse<Ident> {
        if self.kind() != TokenKind::Ident {
            return Err(self.expected(what));
        }
        let token = self.bump();
        let text = self.text_of(token);
        if !text.contains(|c: char| c.is_ascii_alphabetic()) {
            let problem = Diagnostic::new(Code::BadName, "a name needs a letter", token.span, "");
            return Err(self.diags.report(problem));
        }
        Ok(Ident {
            text: text.to_owned(),
            span: token.span,
        })
    }

    /// Names with dots between them, as one.
    fn path(&mut self, what: &str) -> Parse<Ident> {
        let mut path = self.ident(what)?;
        while self.at_punct('.') {
            self.bump();
            let part = self.ident("a name behind the dot")?;
            path.text.push('.');
            path.text.push_str(&part.text);
            path.span = path.span.to(part.span);
        }
        Ok(path)
    }

    fn docs(&mut self) -> Docs {
        let mut docs = Docs::new();
        while self.kind() == TokenKind::Doc {
            let token = self.bump();
            docs.push(self.text_of(token)[3..].trim_end().to_owned());
        }
        docs
    }

    // Complaining.

    fn found(&self) -> String {
        match self.kind() {
            TokenKind::End => "the end of the file".to_owned(),
            TokenKind::Doc => "a doc comment".to_owned(),
            TokenKind::Str => "a string".to_owned(),
            _ => format!("`{}`", self.text_of(self.nth(0))),
        }
    }

    /// "expected WHAT, found …", at what was found.
    fn expected(&mut self, what: &str) -> Reported {
        let problem = Diagnostic::new(
            Code::Unexpected,
            format!("expected {what}, found {}", self.found()),
            self.span(),
            format!("expected {what}"),
        );
        self.complain(problem)
    }

    /// The same for what is only punctuation: it is missed behind what was read last.
    fn missing(&mut self, what: &str) -> Reported {
        if !self.forgotten() && !self.at_any("})]") {
            return self.expected(what);
        }
        let title = format!("expected {what}, found {}", self.found());
        let label = format!("{what} is missing here");
        let sign = what
            .chars()
            .nth(1)
            .filter(|sign| matches!(sign, ',' | ';') && !what.ends_with("`>`"));
        let code = match sign {
            Some(_) => Code::MissingSeparator,
            None => Code::Unexpected,
        };
        let place = self.previous().after();
        let problem = Diagnostic::new(code, title, place, label);
        self.complain(match sign {
            Some(sign) => problem.edit(place, sign),
            None => problem,
        })
    }

    /// Whether what stands here begins something new, so that a sign before it was only forgotten.
    fn forgotten(&self) -> bool {
        let begun = matches!(self.nth(1).kind, TokenKind::Punct(':' | '=' | '('));
        !self.same_line()
            || self.at_end()
            || self.at_item()
            || self.kind() == TokenKind::Ident && begun
    }

    /// Reports `problem` unless the lexer already said what is wrong with this token.
    fn complain(&mut self, problem: Diagnostic) -> Reported {
        match self.kind() {
            TokenKind::Bad => self
                .diags
                .before()
                .unwrap_or_else(|| self.diags.report(problem)),
            _ => self.diags.report(problem),
        }
    }

    fn stray_docs(&mut self, docs: &Docs) {
        if !docs.is_empty() {
            let problem = Diagnostic::new(
                Code::DocumentsNothing,
                "this documents nothing",
                self.previous(),
                "",
            );
            self.diags
                .report(problem.help("for a plain comment, begin it with `//`"));
        }
    }

    // Lists.

    /// `open element, element, close`, a last comma allowed. Mistakes cost one element each.
    fn list<T>(
        &mut self,
        (open, close): (char, char),
        mut element: impl FnMut(&mut Self) -> Parse<T>,
    ) -> Parse<Vec<T>> {
        let opened = self.expect(open)?;
        let mut elements = Vec::new();
        let mut semicolons = false;
        while !self.eat(close) {
            if self.at_end() || self.at_item() || (close != '}' && self.at_any("};=")) {
                let reported = self.unclosed(opened, open, close);
                // What was read of a definition may have mistakes of its own; the rest of a line is lost.
                return match close {
                    '}' => Ok(elements),
                    _ => Err(reported),
                };
            }
            match element(self) {
                Ok(element) => {
                    elements.push(element);
                    self.separator(close, &mut semicolons);
                }
                Err(_) => self.skip_element(close),
            }
        }
        Ok(elements)
    }

    fn at_any(&self, set: &str) -> bool {
        matches!(self.kind(), TokenKind::Punct(c) if set.contains(c))
    }

    fn unclosed(&mut self, opened: Span, open: char, close: char) -> Reported {
        let title = format!("this `{open}` is never closed");
        let problem = Diagnostic::new(Code::Unclosed, title, opened, "");
        let found = format!("expected `{close}` before this");
        let problem = if self.at_end() {
            problem
        } else {
            problem.also(self.span(), found)
        };
        self.diags.report(problem)
    }

    /// What stands between two elements. A forgotten comma, or the first `;` for one, is reported and
    /// taken for a comma.
    fn separator(&mut self, close: char, semicolons: &mut bool) {
        if self.eat(',') || self.at_punct(close) || self.at_end() || self.at_item() {
            return;
        }
        if close != '}' && self.at_any("};=") {
            return;
        }
        if self.at_punct(';') {
            let again = std::mem::replace(semicolons, true);
            self.semicolon_for_comma(again);
            return;
        }
        let forgotten = self.may_begin() && self.forgotten();
        self.missing(&format!("`,` or `{close}`"));
        if !forgotten {
            self.skip_element(close);
        }
    }

    /// Can an element of a list begin here?
    fn may_begin(&self) -> bool {
        matches!(
            self.kind(),
            TokenKind::Ident | TokenKind::Doc | TokenKind::Punct('@')
        )
    }

    /// Whoever writes one `;` for a `,` writes more of them: that is one mistake.
    fn semicolon_for_comma(&mut self, again: bool) {
        let span = self.bump().span;
        if again {
            return;
        }
        let title = "expected `,`, found `;`";
        let problem = Diagnostic::new(Code::MissingSeparator, title, span, "");
        self.diags
            .report(problem.help("`,` stands between these").edit(span, ","));
    }

    /// Goes behind the next comma of this list, or to its end.
    fn skip_element(&mut self, close: char) {
        let mut depth = 0u32;
        while !self.at_end() && !self.at_item() {
            match self.kind() {
                TokenKind::Punct(c) if depth == 0 && c == close => return,
                TokenKind::Punct('}' | ';') if depth == 0 && close != '}' => return,
                TokenKind::Punct(',' | ';') if depth == 0 => {
                    self.bump();
                    return;
                }
                TokenKind::Punct('{' | '(' | '[') => depth += 1,
                TokenKind::Punct('}' | ')' | ']') => depth = depth.saturating_sub(1),
                _ => {}
            }
            self.skip();
        }
    }
}
