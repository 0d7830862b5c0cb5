//! What stands before the definitions of a file: its namespace, and what it imports.

use super::items::Within;
use super::{Parse, Parser};
use crate::ast::{Docs, File, Import, Namespace};
use crate::diag::{Code, Diagnostic, Reported};
use crate::idl::lexer::{TokenKind, unquote};
use crate::source::Span;

/// The words that begin a part of the header. As those of definitions, they are not reserved.
pub(super) const HEADER: [&str; 2] = ["namespace", "import"];

/// Each part of a namespace is a module within the one before.
const MAX_PARTS: usize = 32;

impl Parser<'_> {
    pub(super) fn at_header(&self) -> bool {
        self.word(0).is_some_and(|word| HEADER.contains(&word))
    }

    /// `namespace a.b;` or `import "c.idl";`.
    pub(super) fn header(&mut self, docs: Docs, file: &mut File) -> Parse<()> {
        match self.at_word("namespace") {
            true => self.namespace(docs, file),
            false => {
                self.stray_docs(&docs);
                self.import(file)
            }
        }
    }

    fn namespace(&mut self, docs: Docs, file: &mut File) -> Parse<()> {
        let word = self.bump().span;
        let name = self.path("the name of a namespace")?;
        if name.text.split('.').count() > MAX_PARTS {
            let title = format!("a namespace has at most {MAX_PARTS} parts");
            let problem = Diagnostic::new(Code::TooDeep, title, name.span, "");
            return Err(self.diags.report(problem));
        }
        if let Some(first) = &file.namespace {
            let first = first.name.span;
            self.misplaced("a file has one namespace", word, Some(first));
        } else if !file.imports.is_empty() || !file.items.is_empty() {
            self.misplaced("the namespace stands first in a file", word, None);
        }
        file.namespace.get_or_insert(Namespace { docs, name });
        self.semicolon(Within::File);
        Ok(())
    }

    fn import(&mut self, file: &mut File) -> Parse<()> {
        let word = self.bump().span;
        if self.kind() != TokenKind::Str {
            let found = self.found();
            let title = format!("expected the name of a file in quotes, found {found}");
            let problem = Diagnostic::new(Code::Unexpected, title, self.span(), "");
            return Err(self.complain(problem.help("write `import \"common.idl\";`")));
        }
        let token = self.bump();
        let path = unquote(self.text_of(token)).map_err(|why| {
            self.diags
                .report(Diagnostic::new(Code::BadEscape, why, token.span, ""))
        })?;
        if !file.items.is_empty() {
            self.misplaced("imports stand before the definitions", word, None);
        }
        file.imports.push(Import {
            path,
            span: token.span,
        });
        self.semicolon(Within::File);
        Ok(())
    }

    fn misplaced(&mut self, title: &str, span: Span, first: Option<Span>) -> Reported {
        let problem = Diagnostic::new(Code::HeaderOrder, title, span, "");
        self.diags.report(match first {
            Some(first) => problem.also(first, "the first is here"),
            None => problem.help("move it up"),
        })
    }
}
