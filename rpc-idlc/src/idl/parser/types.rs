//! Types and values.

use super::{Parse, Parser};
use crate::ast::{Expr, ExprKind, Ident, Scalar, TypeExpr, TypeKind};
use crate::diag::{Code, Diagnostic};
use crate::idl::lexer::{TokenKind, integer, unquote};
use crate::source::Span;
use crate::suggest::closest;

/// How deep types may be nested in one another. Every later pass may recurse this deep.
const MAX_DEPTH: u32 = 32;

/// The most elements of a tuple: as many as Rust's own traits take.
const MAX_ELEMENTS: usize = 12;

impl Parser<'_> {
    /// A type, with the `[N]` behind it.
    pub(super) fn type_expr(&mut self) -> Parse<TypeExpr> {
        let outer = self.depth;
        let parsed = self.deeper().and_then(|()| self.type_with_lengths());
        self.depth = outer;
        parsed
    }

    fn deeper(&mut self) -> Parse<()> {
        self.depth += 1;
        if self.depth <= MAX_DEPTH {
            return Ok(());
        }
        let title = format!("types are nested more than {MAX_DEPTH} deep");
        let problem = Diagnostic::new(Code::TooDeep, title, self.span(), "one too many");
        Err(self.complain(problem.help("give an inner type a name with `type NAME = …;`")))
    }

    fn type_with_lengths(&mut self) -> Parse<TypeExpr> {
        let start = self.span();
        let mut kind = self.type_name()?;
        while self.at_punct('[') {
            self.deeper()?;
            let span = start.to(self.previous());
            let bracket = self.bump().span;
            if self.at_punct(']') {
                let title = "the length is missing";
                let whole = bracket.to(self.bump().span);
                let problem = Diagnostic::new(Code::Unexpected, title, whole, "");
                let help = "for any number of them, write `list<TYPE>`";
                return Err(self.diags.report(problem.help(help)));
            }
            let length = self.expr("a length")?;
            self.expect(']')?;
            kind = match kind {
                TypeKind::Bytes(None) => TypeKind::FixedBytes(length),
                kind => TypeKind::Array(Box::new(TypeExpr { span, kind }), length),
            };
        }
        Ok(TypeExpr {
            span: start.to(self.previous()),
            kind,
        })
    }

    fn type_name(&mut self) -> Parse<TypeKind> {
        if self.at_punct('(') {
            return self.tuple();
        }
        if let Some(reported) = self.foreign_type_here() {
            return Err(reported);
        }
        let name = self.path("a type")?;
        if let Some(scalar) = Scalar::ALL.into_iter().find(|s| s.name() == name.text) {
            return Ok(TypeKind::Scalar(scalar));
        }
        match name.text.as_str() {
            "string" => Ok(TypeKind::String(self.bound()?)),
            "bytes" => Ok(TypeKind::Bytes(self.bound()?)),
            "list" => {
                self.expect('<')?;
                let element = Box::new(self.type_expr()?);
                Ok(TypeKind::List(element, self.most_elements()?))
            }
            "set" => {
                self.expect('<')?;
                let element = Box::new(self.type_expr()?);
                Ok(TypeKind::Set(element, self.most_elements()?))
            }
            "map" => {
                self.expect('<')?;
                let key = Box::new(self.type_expr()?);
                self.expect(',')?;
                let value = Box::new(self.type_expr()?);
                Ok(TypeKind::Map(key, value, self.most_elements()?))
            }
            "optional" => {
                self.expect('<')?;
                let inner = Box::new(self.type_expr()?);
                self.close_angle("`>`")?;
                Ok(TypeKind::Optional(inner))
            }
            _ if self.at_punct('<') => Err(self.no_parameters(&name)),
            _ => Ok(TypeKind::Named(name)),
        }
    }

    /// The end of a list, map or set: `>` or `, N>`.
    fn most_elements(&mut self) -> Parse<Option<Expr>> {
        let max = match self.eat(',') {
            true => Some(self.expr("the most elements")?),
            false => None,
        };
        self.close_angle("`,` or `>`")?;
        Ok(max)
    }

    fn tuple(&mut self) -> Parse<TypeKind> {
        let opened = self.span();
        let elements = self.list(('(', ')'), Self::type_expr)?;
        if (2..=MAX_ELEMENTS).contains(&elements.len()) {
            return Ok(TypeKind::Tuple(elements));
        }
        let title = format!("a tuple has 2 to {MAX_ELEMENTS} elements");
        let label = format!("this has {}", elements.len());
        let problem = Diagnostic::new(Code::TupleLength, title, opened.to(self.previous()), label);
        let help = match elements.len() {
            0 => "leave out a result or payload that is nothing",
            1 => "write the type without parentheses",
            _ => "a `struct` may have more, and gives them names",
        };
        Err(self.diags.report(problem.help(help)))
    }

    /// `<N>`, or nothing.
    fn bound(&mut self) -> Parse<Option<Expr>> {
        if !self.eat('<') {
            return Ok(None);
        }
        if self.at_punct('>') {
            let span = self.previous().to(self.span());
            let problem = Diagnostic::new(Code::Unexpected, "the bound is missing", span, "");
            let problem = problem
                .help("without a bound, leave out the brackets")
                .edit(span, "");
            self.bump();
            return Err(self.diags.report(problem));
        }
        let bound = self.expr("the greatest length")?;
        self.close_angle("`>`")?;
        Ok(Some(bound))
    }

    fn close_angle(&mut self, what: &str) -> Parse<()> {
        match self.eat('>') {
            true => Ok(()),
            false => {
                let reported = self.missing(what);
                if self.at_punct(',') {
                    self.skip_angles();
                }
                Err(reported)
            }
        }
    }

    fn no_parameters(&mut self, name: &Ident) -> crate::diag::Reported {
        let title = format!("`{}` takes no parameters", name.text);
        let problem = Diagnostic::new(Code::NoParameters, title, name.span, "");
        let near = closest(
            &name.text,
            ["list", "set", "map", "optional", "string", "bytes"],
        );
        let ours = "`list<T>`, `set<T>`, `map<K, V>`, `optional<T>`, `string<N>` and `bytes<N>` do";
        let problem = match near {
            Some(_) => problem.meant(near),
            None => problem.help(ours),
        };
        let reported = self.complain(problem);
        self.skip_angles();
        reported
    }

    /// Goes behind `<…>`, whose commas separate no fields.
    fn skip_angles(&mut self) {
        let mut depth = 0u32;
        while !self.at_end() && !self.at_any(";{}()") {
            match self.bump().kind {
                TokenKind::Punct('<') => depth += 1,
                TokenKind::Punct('>') if depth <= 1 => return,
                TokenKind::Punct('>') => depth -= 1,
                _ => {}
            }
        }
    }

    /// A value: a literal or the name of a constant.
    pub(super) fn expr(&mut self, what: &str) -> Parse<Expr> {
        let span = self.span();
        let kind = match self.kind() {
            TokenKind::Int => self.int(span, false)?,
            TokenKind::Punct('-') if self.nth(1).kind == TokenKind::Int => {
                self.bump();
                self.int(self.span(), true)?
            }
            TokenKind::Str => {
                let token = self.bump();
                let text = unquote(self.text_of(token));
                ExprKind::Str(text.map_err(|why| self.bad_literal(Code::BadEscape, span, why))?)
            }
            TokenKind::Ident => match self.path(what)?.text.as_str() {
                "true" => ExprKind::Bool(true),
                "false" => ExprKind::Bool(false),
                name => ExprKind::Name(name.to_owned()),
            },
            _ => return Err(self.expected(what)),
        };
        Ok(Expr {
            span: span.to(self.previous()),
            kind,
        })
    }

    fn int(&mut self, span: Span, negative: bool) -> Parse<ExprKind> {
        let token = self.bump();
        let text = self.text_of(token);
        let value = integer(text).map_err(|why| self.bad_literal(Code::BadNumber, span, why))?;
        let hex = text.starts_with("0x") || text.starts_with("0X");
        Ok(ExprKind::Int {
            value: if negative { -value } else { value },
            hex,
        })
    }

    fn bad_literal(&mut self, code: Code, span: Span, why: String) -> crate::diag::Reported {
        self.diags.report(Diagnostic::new(code, why, span, ""))
    }
}
