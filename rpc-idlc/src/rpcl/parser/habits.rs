//! What people write who know another language better, and what they mean.

use super::{Parse, Parser};
use crate::diag::{Code, Diagnostic};
use crate::rpcl::cover;
use crate::rpcl::lexer::Kind;
use crate::rpcl::tree::{Declaration, Integer, Shape, Spec};
use crate::source::Span;

/// How far to look for the end of `<…>`: a type and its length have no more tokens.
const FAR: usize = 12;

impl<'a> Parser<'a> {
    /// What the tokens stand for from one to another, as they are written.
    fn written(&self, from: usize, to: usize) -> &'a str {
        let span = cover(self.nth(from).text, self.nth(to).text);
        &self.sources.get(span.file).text[span.range()]
    }

    /// `string<> name`: what is behind the type belongs behind the name. Only there can a name follow.
    pub(super) fn brackets_first(&mut self, start: Span, ty: &Spec) -> Parse<()> {
        let close = match self.kind() {
            Kind::Punct('<') => '>',
            Kind::Punct('[') => ']',
            _ => return Ok(()),
        };
        let closed = |n: &usize| self.nth(*n).kind == Kind::Punct(close);
        let Some(first) = (1..FAR).find(closed) else {
            return Ok(());
        };
        let last = (first..FAR).take_while(closed).last().unwrap_or(first);
        let Some(name) = self.word(last + 1) else {
            return Ok(());
        };
        let (inner, brackets) = (self.written(1, last - 1), self.written(0, last));
        let inner = if last == 1 { "" } else { inner };
        let of = self.text_since(start);
        let help = match ty {
            Spec::Named(of) if of.text == "list" && last > 1 => format!("write `{inner} {name}<>`"),
            Spec::Named(of) if of.text == "optional" && last > 1 => {
                format!("write `{inner} *{name}`")
            }
            Spec::Named(of) if of.text == "map" => {
                format!("write a struct of a key and a value, and an array of it: `entry {name}<>`")
            }
            _ => format!("write `{of} {name}{brackets}`"),
        };
        let title = match close {
            '>' => "`<>` stands behind the name",
            _ => "`[]` stands behind the name",
        };
        let place = cover(self.span(), self.nth(last).at);
        let problem = Diagnostic::new(Code::Declaration, title, place, "");
        Err(self.diags.report(problem.help(help)))
    }

    /// `optional int x`
    pub(super) fn optional(&mut self, ty: &Spec) -> Parse<()> {
        let words = (0..FAR).take_while(|n| self.word(*n).is_some()).count();
        match ty {
            Spec::Named(of) if of.text == "optional" && words > 1 => {}
            _ => return Ok(()),
        }
        let name = self.word(words - 1).unwrap_or_default();
        let help = format!("write `{} *{name}`", self.written(0, words - 2));
        let title = "what may be missing is a pointer";
        let problem = Diagnostic::new(Code::Declaration, title, self.previous(), "");
        Err(self.diags.report(problem.help(help)))
    }

    /// `int x[]`, at the `]`.
    pub(super) fn no_length(&mut self, start: Span) -> Parse<()> {
        if !self.at_punct(']') {
            return Ok(());
        }
        let declared = self.text_since(start);
        let declared = declared.trim_end_matches('[').trim_end();
        let problem = Diagnostic::new(
            Code::Unexpected,
            "expected a length, found `]`",
            self.span(),
            "expected a length",
        );
        let help = format!("an array of any length is `{declared}<>`");
        Err(self.diags.report(problem.help(help)))
    }

    /// What was read from `start` on.
    fn text_since(&self, start: Span) -> &'a str {
        let span = self.since(start);
        &self.sources.get(span.file).text[span.range()]
    }

    /// `TRUE: int a;` in a union.
    pub(super) fn no_case(&mut self) -> crate::diag::Reported {
        if self.nth(1).kind != Kind::Punct(':') {
            return self.expected("`case`, `default` or `}`");
        }
        let title = format!("expected `case`, found {}", self.found());
        let help = format!("write `case {}:`", self.text_of(self.nth(0)));
        let problem = Diagnostic::new(Code::Unexpected, title, self.span(), "expected `case`");
        self.complain(problem.help(help))
    }

    /// `char *name`, which is a text in C.
    pub(super) fn text_of_c(&mut self, declared: &Declaration) {
        if !matches!(
            (&declared.ty, &declared.shape),
            (Spec::Int(Integer::Char), Shape::Pointer)
        ) {
            return;
        }
        let name = declared.name.as_ref().map(|name| format!(" {}", name.text));
        let title = format!(
            "a pointer to one `char`; a text is `string{}<>`",
            name.unwrap_or_default()
        );
        let problem = Diagnostic::new(Code::OneChar, title, declared.span, "");
        self.diags.warn(problem);
    }
}
