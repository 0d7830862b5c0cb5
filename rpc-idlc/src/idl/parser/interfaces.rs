//! Interfaces: their header, and their methods.

use super::items::{PARENS, Within};
use super::{Parse, Parser};
use crate::ast::{Annotation, Docs, Expr, Ident, Interface, Method, Semantics, TypeExpr};
use crate::diag::{Code, Diagnostic};
use crate::idl::lexer::TokenKind;
use crate::source::Span;
use crate::suggest::closest;

impl Parser<'_> {
    pub(super) fn interface(&mut self) -> Parse<Interface> {
        let opened = self.expect('{')?;
        let mut interface = Interface {
            program: None,
            version: None,
            methods: Vec::new(),
        };
        while !self.eat('}') {
            let (docs, annotations) = (self.docs(), self.annotations());
            if self.at_punct('}') {
                self.stray_docs(&docs);
                self.stray_annotations(&annotations);
                continue;
            }
            if self.at_end() || self.at_item() {
                self.unclosed(opened, '{', '}');
                // What was read of it may have mistakes of its own.
                break;
            }
            let start = self.at;
            if self.member(docs, annotations, &mut interface).is_err() {
                self.skip_member(start);
            }
        }
        Ok(interface)
    }

    fn member(
        &mut self,
        docs: Docs,
        annotations: Vec<Annotation>,
        interface: &mut Interface,
    ) -> Parse<()> {
        let header = self.header_word();
        if header.is_some() {
            self.stray_docs(&docs);
            self.stray_annotations(&annotations);
        }
        if header == Some("program") {
            interface.program = Some(self.number(interface.program.take())?);
        } else if header == Some("version") {
            interface.version = Some(self.number(interface.version.take())?);
        } else {
            if self.foreign_method(interface.methods.len() + 1).is_some() {
                return Ok(());
            }
            let method = self.method(docs, annotations)?;
            interface.methods.push(method);
        }
        Ok(())
    }

    /// `program` or `version`, if one of them begins here. Nothing else stands before a number, so another
    /// word there is a misspelt one, and told.
    fn header_word(&mut self) -> Option<&'static str> {
        let words = ["program", "version"];
        let word = self.word(0)?;
        if let Some(known) = words.into_iter().find(|known| *known == word) {
            return Some(known).filter(|_| self.nth(1).kind != TokenKind::Punct('('));
        }
        let near = closest(word, words).filter(|_| self.nth(1).kind == TokenKind::Int)?;
        let title = format!("expected `{near}`, found `{word}`");
        let problem = Diagnostic::new(Code::Unexpected, title, self.span(), "");
        self.diags.report(problem.meant(Some(near)));
        Some(near)
    }

    /// `program N;` or `version N;`, which may stand once.
    fn number(&mut self, earlier: Option<Expr>) -> Parse<Expr> {
        let word = self.bump();
        let value = self.expr("a number")?;
        if let Some(earlier) = earlier {
            let title = format!("an interface has one `{}`", self.text_of(word));
            let problem =
                Diagnostic::new(Code::HeaderTwice, title, word.span, "this is the second");
            self.diags
                .report(problem.also(earlier.span, "the first is here"));
        }
        self.semicolon(Within::Interface);
        Ok(value)
    }

    /// Goes behind the `;` of what could not be read.
    fn skip_member(&mut self, start: usize) {
        if self.at == start && !self.at_punct('}') {
            self.bump();
        }
        while !self.at_end() && !self.at_item() && !self.at_punct('}') && !self.eat(';') {
            self.skip();
        }
    }

    fn method(&mut self, docs: Docs, annotations: Vec<Annotation>) -> Parse<Method> {
        let semantics = match (self.word(0), self.word(1)) {
            (Some(word), Some(_)) => self.semantics(word),
            _ => None,
        };
        let name = self.ident("a method")?;
        if self.at_punct(':') {
            let title = "an interface has methods, and no fields";
            let problem = Diagnostic::new(Code::OtherLanguage, title, name.span, "");
            return Err(self
                .diags
                .report(problem.help("fields stand in a `struct`")));
        }
        if self.kind() == TokenKind::Ident {
            let title = format!("expected `(`, found {}", self.found());
            let problem = Diagnostic::new(Code::Unexpected, title, self.span(), "expected `(`");
            let help = "one word before the name says how often it may run";
            return Err(self.complain(problem.help(help)));
        }
        let args = self.list(PARENS, Self::field)?;
        let result = self.result()?;
        let throws = self.throws()?;
        let procedure = if self.eat('=') {
            Some(self.expr("a number")?)
        } else {
            None
        };
        self.semicolon(Within::Interface);
        Ok(Method {
            docs,
            annotations,
            semantics,
            name,
            args,
            result,
            throws,
            procedure,
        })
    }

    /// The word before a method's name; an unknown one is reported and passed over.
    fn semantics(&mut self, word: &str) -> Option<(Semantics, Span)> {
        let span = self.bump().span;
        if let Some(found) = Semantics::ALL.into_iter().find(|s| s.word() == word) {
            return Some((found, span));
        }
        let words = Semantics::ALL.map(Semantics::word);
        let problem = Diagnostic::new(
            Code::UnknownSemantics,
            format!("unknown call semantics `{word}`"),
            span,
            "",
        );
        // As many edits away from `at_most_once`, which means the opposite.
        let near = match word {
            "at_least_once" => Some("idempotent"),
            _ => closest(word, words),
        };
        self.diags.report(match near {
            Some(_) => problem.meant(near),
            None => problem.help(format!(
                "there are {}; without one it is at_most_once",
                words.join(", ")
            )),
        });
        None
    }

    fn result(&mut self) -> Parse<Option<TypeExpr>> {
        if self.kind() == TokenKind::Arrow {
            self.bump();
            return self.type_expr().map(Some);
        }
        Ok(None)
    }

    fn throws(&mut self) -> Parse<Option<Ident>> {
        let near = self.word(0).and_then(|word| closest(word, ["throws"]));
        if near.is_none() || self.word(1).is_none() {
            return Ok(None);
        }
        if !self.eat_word("throws") {
            let title = format!("expected `throws`, found {}", self.found());
            let problem = Diagnostic::new(Code::Unexpected, title, self.span(), "");
            self.diags.report(problem.meant(near));
            self.bump();
        }
        let name = self.path("the name of an error")?;
        if self.at_punct(',') || self.at_punct('|') {
            let problem = Diagnostic::new(
                Code::ThrowsMany,
                "a method throws one error",
                self.span(),
                "",
            );
            return Err(self.complain(problem.help("declare an `error` with an arm for each")));
        }
        Ok(Some(name))
    }
}
