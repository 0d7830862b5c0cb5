//! Types: what a declaration says.

use super::super::tree::{Declaration, Expr, Integer, Shape, Spec};
use super::Lowering;
use super::builtin;
use super::collect::{Definition, Kind};
use crate::ast::{Ident, Scalar};
use crate::diag::{Code, Diagnostic};
use crate::model::{Length, Type};
use crate::source::Span;

impl<'t> Lowering<'t, '_> {
    /// The type of a declaration that stands in `space`.
    pub(super) fn ty(&mut self, declaration: &'t Declaration, space: usize) -> Option<Type> {
        match declaration.ty {
            Spec::Opaque => return self.opaque(declaration, space),
            Spec::String => return self.string(declaration, space),
            _ => {}
        }
        let ty = self.spec(declaration);
        Some(match &declaration.shape {
            Shape::Plain => self.base(ty, declaration, space)?,
            Shape::Pointer => Type::Optional(Box::new(self.base(ty, declaration, space)?)),
            Shape::Variable(max) => {
                let element = self.base(ty, declaration, space);
                let max = self.bound(max.as_ref(), space);
                Type::List(Box::new(element?), max?)
            }
            Shape::Fixed(lengths) => {
                let element = self.base(ty, declaration, space);
                self.arrays(element, lengths, space)?
            }
        })
    }

    /// A type whose name does not stand for another definition.
    fn spec(&self, declaration: &Declaration) -> Option<Type> {
        Some(match &declaration.ty {
            Spec::Int(integer) => Type::Scalar(scalar(*integer)),
            Spec::Bool => Type::Scalar(Scalar::Bool),
            Spec::Float => Type::Scalar(Scalar::F32),
            Spec::Double => Type::Scalar(Scalar::F64),
            // C has no such number to speak of, and neither has Rust: it stays the bytes that it is.
            Spec::Quadruple => Type::FixedBytes(Length {
                value: 16,
                of: None,
            }),
            _ => return None,
        })
    }

    fn base(
        &mut self,
        known: Option<Type>,
        declaration: &'t Declaration,
        space: usize,
    ) -> Option<Type> {
        match &declaration.ty {
            _ if known.is_some() => known,
            Spec::Named(name) => self.named_type(name, space),
            Spec::Struct(_) | Spec::Enum(_) | Spec::Union(_) => {
                let place = std::ptr::from_ref(&declaration.ty);
                self.anonymous.get(&place).map(|&id| Type::Named(id))
            }
            _ => {
                self.error(Code::NotAType, "`void` is no type", declaration.span);
                None
            }
        }
    }

    /// From the inside out.
    fn arrays(&mut self, element: Option<Type>, lengths: &'t [Expr], space: usize) -> Option<Type> {
        let lengths: Vec<_> = lengths.iter().map(|l| self.length(l, space)).collect();
        let mut ty = element?;
        for length in lengths.into_iter().rev() {
            ty = Type::Array(Box::new(ty), length?);
        }
        Some(ty)
    }

    fn opaque(&mut self, declaration: &'t Declaration, space: usize) -> Option<Type> {
        match &declaration.shape {
            Shape::Variable(max) => Some(Type::Bytes(self.bound(max.as_ref(), space)?)),
            Shape::Fixed(lengths) => {
                let (last, outer) = lengths.split_last()?;
                let bytes = self.length(last, space).map(Type::FixedBytes);
                self.arrays(bytes, outer, space)
            }
            Shape::Plain | Shape::Pointer => {
                let title = "`opaque` is of some length";
                let problem = Diagnostic::new(Code::NoParameters, title, declaration.span, "");
                self.report(problem.help("write `opaque x<>`, `opaque x<N>` or `opaque x[N]`"));
                None
            }
        }
    }

    fn string(&mut self, declaration: &'t Declaration, space: usize) -> Option<Type> {
        match &declaration.shape {
            Shape::Plain => Some(Type::String(None)),
            Shape::Pointer => Some(Type::Optional(Box::new(Type::String(None)))),
            Shape::Variable(max) => Some(Type::String(self.bound(max.as_ref(), space)?)),
            Shape::Fixed(_) => {
                let title = "a `string` has no fixed length";
                let problem = Diagnostic::new(Code::NoParameters, title, declaration.span, "");
                self.report(problem.help("write `string x<N>`, or `opaque x[N]`"));
                None
            }
        }
    }

    fn bound(&mut self, max: Option<&'t Expr>, space: usize) -> Option<Option<Length>> {
        match max {
            Some(max) => self.length(max, space).map(Some),
            None => Some(None),
        }
    }

    fn named_type(&mut self, name: &'t Ident, space: usize) -> Option<Type> {
        if let Some(id) = self.names.find_type(&name.text, space) {
            return match self.definitions[id].kind {
                Kind::Broken => None,
                _ => Some(Type::Named(id)),
            };
        }
        if self.is_elsewhere(&name.text) {
            return Some(self.external(name));
        }
        if let Some(ty) = builtin::ty(&name.text) {
            return Some(ty);
        }
        self.unknown_type(&name.text, name.span, space);
        None
    }

    /// A type of which nothing is known but where its Rust is.
    fn external(&mut self, name: &'t Ident) -> Type {
        let id = self.definitions.len();
        self.names.add_type(0, &name.text, id);
        self.definitions.push(Definition {
            docs: &[],
            space: 0,
            name: name.text.clone(),
            at: name.span,
            kind: Kind::Extern,
        });
        Type::Named(id)
    }

    fn unknown_type(&mut self, name: &str, span: Span, space: usize) {
        if self.names.find_value(name, space).is_some() {
            let title = format!("`{name}` is a constant, not a type");
            return self.error(Code::NotAType, title, span);
        }
        let title = format!("unknown type `{name}`");
        if let Some(meant) = builtin::meant(name) {
            let problem = Diagnostic::new(Code::UnknownType, title, span, "");
            return self.report(problem.help(format!("`{name}` is written `{meant}` here")));
        }
        let names = self.names.types().chain(builtin::words_near(name));
        let near = self.diags.near(name, names);
        let problem = Diagnostic::new(Code::UnknownType, title, span, "").meant(near);
        self.unknown(match near {
            Some(_) => problem,
            None => problem.help(format!(
                "if another .x file defines it, name that file as well; if its Rust is elsewhere, say \
                 `--extern {name}=path::in::Rust`"
            )),
        });
    }
}

/// What a number of C is; `char` and `short` take 4 bytes on the wire, as the Rust ones do.
pub(super) fn scalar(integer: Integer) -> Scalar {
    match integer {
        Integer::Char => Scalar::I8,
        Integer::UChar => Scalar::U8,
        Integer::Short => Scalar::I16,
        Integer::UShort => Scalar::U16,
        Integer::Int => Scalar::I32,
        Integer::UInt => Scalar::U32,
        Integer::Hyper => Scalar::I64,
        Integer::UHyper => Scalar::U64,
    }
}
