//! What stands before a definition or a part of one: doc comments, then annotations.

use super::{Parse, Parser};
use crate::ast::{Annotation, Docs, Setting, SettingKind};
use crate::diag::{Code, Diagnostic, Reported};
use crate::idl::lexer::{TokenKind, integer, unquote};

/// How far [`Parser::behind_annotations`] looks: further than annotations that people write.
const LOOKAHEAD: usize = 64;

/// The units of a duration, in milliseconds.
pub(super) const UNITS: [(&str, u64); 4] =
    [("ms", 1), ("s", 1_000), ("min", 60_000), ("h", 3_600_000)];

impl Parser<'_> {
    /// Doc comments and annotations, behind which there must be something that they are about.
    pub(super) fn preamble(&mut self) -> Parse<(Docs, Vec<Annotation>)> {
        let docs = self.docs();
        let annotations = self.annotations();
        if !self.at_any("})") && !self.at_end() {
            return Ok((docs, annotations));
        }
        if docs.is_empty() && annotations.is_empty() {
            return Err(self.expected("a name"));
        }
        self.stray_docs(&docs);
        self.stray_annotations(&annotations);
        Err(self
            .diags
            .before()
            .unwrap_or_else(|| self.expected("a name")))
    }

    pub(super) fn annotations(&mut self) -> Vec<Annotation> {
        let mut annotations = Vec::new();
        while self.at_punct('@') {
            // What is wrong with one was told, and what follows stands by itself.
            annotations.extend(self.annotation());
            if self.kind() == TokenKind::Doc {
                self.docs();
                let title = "a doc comment stands before the annotations";
                let problem = Diagnostic::new(Code::DocumentsNothing, title, self.previous(), "");
                self.diags
                    .report(problem.help("move it above the first `@`"));
            }
        }
        annotations
    }

    pub(super) fn stray_annotations(&mut self, annotations: &[Annotation]) {
        if let Some(annotation) = annotations.first() {
            let title = format!("`@{}` stands before nothing", annotation.name.text);
            let span = annotation.name.span;
            let problem = Diagnostic::new(Code::AnnotatesNothing, title, span, "");
            self.diags
                .report(problem.help("put it before what it is about"));
        }
    }

    fn annotation(&mut self) -> Parse<Annotation> {
        self.bump();
        let name = self.path("the name of an annotation")?;
        let told = self.diags.count();
        let values = match self.at_punct('(') {
            true => self.list(('(', ')'), Self::setting)?,
            false => Vec::new(),
        };
        // With a value missing it would say something else.
        match self.diags.before().filter(|_| self.diags.count() > told) {
            Some(reported) => Err(reported),
            None => Ok(Annotation { name, values }),
        }
    }

    fn setting(&mut self) -> Parse<Setting> {
        let span = self.span();
        let kind = match self.kind() {
            TokenKind::Int => {
                let token = self.bump();
                self.quantity(self.text_of(token), span)?
            }
            TokenKind::Punct('-') if self.nth(1).kind == TokenKind::Int => {
                self.bump();
                let token = self.bump();
                let number = self.parsed(Code::BadNumber, span, integer(self.text_of(token)))?;
                SettingKind::Int(-number)
            }
            TokenKind::Str => {
                let token = self.bump();
                let text = unquote(self.text_of(token));
                SettingKind::Str(self.parsed(Code::BadEscape, span, text)?)
            }
            TokenKind::Ident => match self.path("a value")?.text.as_str() {
                "true" => SettingKind::Bool(true),
                "false" => SettingKind::Bool(false),
                name => SettingKind::Name(name.to_owned()),
            },
            _ => return Err(self.expected("a value")),
        };
        let span = span.to(self.previous());
        Ok(Setting { span, kind })
    }

    fn parsed<T>(
        &mut self,
        code: Code,
        span: crate::source::Span,
        value: Result<T, String>,
    ) -> Parse<T> {
        value.map_err(|why| self.diags.report(Diagnostic::new(code, why, span, "")))
    }

    /// A number, or a duration: a number with a unit behind it.
    fn quantity(&mut self, text: &str, span: crate::source::Span) -> Parse<SettingKind> {
        let digits = text
            .bytes()
            .take_while(|b| b.is_ascii_digit() || *b == b'_');
        let (number, unit) = text.split_at(digits.count());
        let letters = |unit: &str| unit.bytes().all(|b| b.is_ascii_alphabetic());
        if unit.is_empty() || !letters(unit) || matches!(unit, "x" | "X" | "o" | "b") {
            return self
                .parsed(Code::BadNumber, span, integer(text))
                .map(SettingKind::Int);
        }
        let number = self.parsed(Code::BadNumber, span, integer(number))?;
        let Some((_, factor)) = UNITS.into_iter().find(|(name, _)| *name == unit) else {
            return Err(self.unknown_unit(unit, span));
        };
        let millis = u64::try_from(number)
            .ok()
            .and_then(|n| n.checked_mul(factor));
        let Some(millis) = millis else {
            let title = "no duration has more than 64 bits of milliseconds";
            let problem = Diagnostic::new(Code::BadNumber, title, span, "");
            return Err(self.diags.report(problem));
        };
        Ok(SettingKind::Duration {
            millis,
            text: format!("{number}{unit}"),
        })
    }

    fn unknown_unit(&mut self, unit: &str, span: crate::source::Span) -> Reported {
        let title = format!("`{unit}` is no unit of time");
        let problem = Diagnostic::new(Code::BadNumber, title, span, "");
        self.diags
            .report(problem.help("the units are `ms`, `s`, `min` and `h`"))
    }

    /// How many tokens from the `n`th on are annotations.
    pub(super) fn behind_annotations(&self, mut n: usize) -> usize {
        let end = n + LOOKAHEAD;
        while n < end && self.nth(n).kind == TokenKind::Punct('@') && self.word(n + 1).is_some() {
            n += 2;
            while self.nth(n).kind == TokenKind::Punct('.') {
                n += 2;
            }
            if self.nth(n).kind == TokenKind::Punct('(') {
                while n < end && self.nth(n).kind != TokenKind::Punct(')') {
                    n += 1;
                }
                n += 1;
            }
        }
        n
    }
}
