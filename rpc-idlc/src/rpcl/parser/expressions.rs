//! Values. The language has numbers and names; what `#define` lines stand for is computed, too.

use super::{Parse, Parser};
use crate::diag::{Code, Diagnostic};
use crate::rpcl::cover;
use crate::rpcl::lexer::Kind;
use crate::rpcl::number::{integer, unquote};
use crate::rpcl::tree::{Expr, ExprKind, Operator};
use crate::source::Span;

/// The most signs in one expression: a chain of them is as deep in the tree as it is long.
const MAX_SIGNS: usize = 100;

/// What binds least comes first; shifts are told by their first character.
const LEVELS: [&[(char, Operator)]; 6] = [
    &[('|', Operator::Or)],
    &[('^', Operator::Xor)],
    &[('&', Operator::And)],
    &[('<', Operator::ShiftLeft), ('>', Operator::ShiftRight)],
    &[('+', Operator::Add), ('-', Operator::Subtract)],
    &[
        ('*', Operator::Multiply),
        ('/', Operator::Divide),
        ('%', Operator::Remainder),
    ],
];

/// The signs that an expression still may have, and whether a `>` ends it.
struct Limits {
    signs: usize,
    angle: bool,
}

impl Parser<'_> {
    pub(super) fn expr(&mut self, what: &str) -> Parse<Expr> {
        self.binary(
            0,
            what,
            &mut Limits {
                signs: MAX_SIGNS,
                angle: false,
            },
        )
    }

    /// What stands between `<` and `>`.
    pub(super) fn bound(&mut self) -> Parse<Expr> {
        self.binary(
            0,
            "a bound",
            &mut Limits {
                signs: MAX_SIGNS,
                angle: true,
            },
        )
    }

    fn binary(&mut self, level: usize, what: &str, limits: &mut Limits) -> Parse<Expr> {
        let Some(signs) = LEVELS.get(level) else {
            return self.operand(what, limits);
        };
        let mut left = self.binary(level + 1, what, limits)?;
        while let Some(operator) = self.operator(signs, limits) {
            self.count(limits)?;
            let right = self.binary(level + 1, "a value", limits)?;
            left = binary(operator, left, right);
        }
        Ok(left)
    }

    /// Takes one of these signs.
    fn operator(&mut self, signs: &[(char, Operator)], limits: &Limits) -> Option<Operator> {
        let (sign, operator) = signs
            .iter()
            .copied()
            .find(|(sign, _)| self.at_punct(*sign))?;
        let shift = matches!(sign, '<' | '>');
        if shift && (!self.at_double(sign) || (sign == '>' && limits.angle)) {
            return None;
        }
        self.at += if shift { 2 } else { 1 };
        Some(operator)
    }

    fn count(&mut self, limits: &mut Limits) -> Parse<()> {
        if limits.signs == 0 {
            let title = format!("more than {MAX_SIGNS} signs in one value");
            let problem = Diagnostic::new(Code::TooDeep, title, self.span(), "one too many");
            return Err(self.complain(problem));
        }
        limits.signs -= 1;
        Ok(())
    }

    fn operand(&mut self, what: &str, limits: &mut Limits) -> Parse<Expr> {
        let start = self.span();
        match self.kind() {
            Kind::Number => self.number(),
            Kind::Str => {
                let token = self.bump();
                let latin1 = self.sources.get(token.text.file).latin1;
                let bytes = unquote(self.text_of(token), latin1);
                Ok(self.at(start, ExprKind::Str(bytes)))
            }
            _ if self.kind() == Kind::Word || self.at_double(':') => {
                let name = self.path(what)?;
                Ok(self.at(start, ExprKind::Name(name.text)))
            }
            Kind::Punct('(') => {
                self.bump();
                self.deeper()?;
                let mut inner = Limits {
                    signs: limits.signs,
                    angle: false,
                };
                let mut value = self.binary(0, "a value", &mut inner)?;
                limits.signs = inner.signs;
                self.expect(')')?;
                self.depth -= 1;
                value.span = self.since(start);
                Ok(value)
            }
            Kind::Punct(sign @ ('-' | '+' | '~')) => {
                self.bump();
                self.count(limits)?;
                let value = self.operand("a value", limits)?;
                Ok(self.signed(sign, start, value))
            }
            _ => Err(self.expected(what)),
        }
    }

    fn signed(&self, sign: char, start: Span, value: Expr) -> Expr {
        let kind = match (sign, value.kind) {
            ('+', kind) => kind,
            ('-', ExprKind::Int { value, hex }) => ExprKind::Int {
                value: value.wrapping_neg(),
                hex,
            },
            (_, kind) => {
                let from = if sign == '-' { 0 } else { -1 };
                let from = ExprKind::Int {
                    value: from,
                    hex: false,
                };
                let from = Expr {
                    span: start,
                    kind: from,
                };
                let value = Expr {
                    span: value.span,
                    kind,
                };
                return Expr {
                    span: self.since(start),
                    ..binary(Operator::Subtract, from, value)
                };
            }
        };
        self.at(start, kind)
    }

    fn number(&mut self) -> Parse<Expr> {
        let token = self.bump();
        match integer(self.text_of(token)) {
            Ok((value, hex)) => Ok(self.at(token.at, ExprKind::Int { value, hex })),
            Err(why) => {
                let title = format!("`{}` is no number", self.text_of(token));
                let problem = Diagnostic::new(Code::BadNumber, title, token.at, why);
                Err(self.diags.report(problem))
            }
        }
    }

    fn at(&self, start: Span, kind: ExprKind) -> Expr {
        Expr {
            span: self.since(start),
            kind,
        }
    }
}

fn binary(operator: Operator, left: Expr, right: Expr) -> Expr {
    Expr {
        span: cover(left.span, right.span),
        kind: ExprKind::Binary(operator, Box::new(left), Box::new(right)),
    }
}
