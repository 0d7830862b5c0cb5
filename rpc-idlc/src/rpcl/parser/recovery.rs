//! Where a definition ends, also one with a mistake in it.

use super::{Parse, Parser};
use crate::ast::{Docs, Ident};
use crate::diag::{Code, Diagnostic};
use crate::rpcl::lexer::Kind;
use crate::rpcl::tree::{Item, ItemKind};
use crate::source::Span;

impl Parser<'_> {
    /// Reads a definition, or skips it.
    pub(super) fn item(&mut self) {
        let start = self.at;
        self.naming = None;
        let depth = self.depth;
        if self.definition().is_err() {
            self.depth = depth;
            if let Some(name) = self.naming.take() {
                self.add(Docs::new(), ItemKind::Broken(name));
            }
            self.skip_item(start);
        }
    }

    pub(super) fn add(&mut self, docs: Docs, mut kind: ItemKind) {
        let mut namespace = self.namespaces.last().cloned();
        if let Some(name) = kind.name_mut() {
            within(&mut namespace, name);
        }
        self.items.push(Item {
            docs,
            namespace,
            kind,
        });
    }

    /// Goes behind the definition that begins at the token `start`.
    pub(super) fn skip_item(&mut self, start: usize) {
        let mut open = 0usize;
        for token in &self.tokens[start..self.at] {
            open = braces(open, token.kind);
        }
        while !self.at_end() {
            if self.at > start && self.at_definition() {
                return;
            }
            if open == 0 && self.at_punct('}') && !self.namespaces.is_empty() {
                return;
            }
            let kind = self.bump().kind;
            open = braces(open, kind);
            if open == 0 && kind == Kind::Punct(';') {
                return;
            }
        }
    }

    /// The `;` behind a definition or a declaration. If the line ends without one it was forgotten.
    pub(super) fn semicolon(&mut self) -> Parse<()> {
        if self.eat(';') {
            return Ok(());
        }
        let forgotten = !self.same_line() || self.at_punct('}') || self.at_end();
        if self.at_punct(',') {
            let title = "expected `;`, found `,`";
            let problem = Diagnostic::new(Code::Unexpected, title, self.span(), "");
            return Err(self.complain(problem.help("each declaration has one name")));
        }
        if !forgotten || matches!(self.kind(), Kind::Bad(_)) {
            return Err(self.expected("`;`"));
        }
        self.sloppy("a `;` is missing", self.previous().after(), ";");
        Ok(())
    }

    /// Whether another definition begins here, with all of its head: what is open was never closed.
    pub(super) fn unclosed(&mut self, opened: Span) -> Parse<()> {
        if !self.at_definition() && !self.at_end() {
            return Ok(());
        }
        let head = match self.word(0) {
            Some("struct" | "enum") => self.nth(2).kind == Kind::Punct('{'),
            Some("union") => self.word(2) == Some("switch"),
            _ => true,
        };
        if !head {
            return Ok(());
        }
        let title = "this `{` is never closed";
        let problem = Diagnostic::new(Code::Unclosed, title, opened, "");
        Err(self.complain(match self.at_end() {
            true => problem,
            false => problem.also(self.span(), "expected `}` before this"),
        }))
    }
}

/// Takes what is before the last `::` of a name into the namespace; `::a` is in none.
fn within(namespace: &mut Option<Ident>, name: &mut Ident) {
    let Some((path, last)) = name.text.rsplit_once("::") else {
        return;
    };
    let text = match (path.strip_prefix("::"), &namespace) {
        (Some(absolute), _) => absolute.to_owned(),
        (None, Some(outer)) if !path.is_empty() => format!("{}::{path}", outer.text),
        (None, _) => path.to_owned(),
    };
    let span = name.span;
    *namespace = (!text.is_empty()).then_some(Ident { text, span });
    name.text = last.to_owned();
}

fn braces(open: usize, kind: Kind) -> usize {
    match kind {
        Kind::Punct('{') => open + 1,
        Kind::Punct('}') => open.saturating_sub(1),
        _ => open,
    }
}
