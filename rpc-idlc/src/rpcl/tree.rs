//! A file in the RPC language (RFC 4506, section 6; RFC 5531, section 12), as it is written: names are not resolved.
//!
//! The preprocessor has run: what the conditions leave out is gone, `%` lines are gone, and the
//! definitions of the files of a unit follow each other.

use crate::ast::{Docs, Ident};
use crate::source::Span;

#[derive(Debug, Default)]
pub(crate) struct Unit {
    pub(crate) items: Vec<Item>,
    pub(crate) missing: Vec<Missing>,
}

/// A line `%#include "X.h"` whose `X.x` is not there. What is unknown may be defined in it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Missing {
    pub(crate) line: Span,
    /// `X.x`
    pub(crate) name: String,
}

#[derive(Debug)]
pub(crate) struct Item {
    /// The comment before it, and at the end of its first line, without the marks.
    pub(crate) docs: Docs,
    /// `namespace a::b { … }` around it, or what is before its own name, with its colons; the dialect of Stellar
    /// has them.
    pub(crate) namespace: Option<Ident>,
    pub(crate) kind: ItemKind,
}

impl Item {
    /// Its name; a typedef that could not be read may have none.
    pub(crate) fn name(&self) -> Option<&Ident> {
        self.kind.name()
    }
}

#[derive(Debug)]
pub(crate) enum ItemKind {
    /// `const MAX = 3;`, and `#define MAX 3` or `%#define MAX 3` if a bound or a label names it.
    Const(Ident, Expr),
    /// `typedef int numbers<>;`: the declarator's name is the type's.
    Typedef(Declaration),
    Enum(Ident, Vec<Enumerator>),
    Struct(Ident, Vec<Declaration>),
    Union(Ident, Union),
    Program(Program),
    /// It could not be read, which was reported.
    Broken(Ident),
}

impl ItemKind {
    fn name(&self) -> Option<&Ident> {
        match self {
            ItemKind::Const(name, _)
            | ItemKind::Enum(name, _)
            | ItemKind::Struct(name, _)
            | ItemKind::Union(name, _)
            | ItemKind::Broken(name) => Some(name),
            ItemKind::Typedef(declared) => declared.name.as_ref(),
            ItemKind::Program(program) => Some(&program.name),
        }
    }

    pub(super) fn name_mut(&mut self) -> Option<&mut Ident> {
        match self {
            ItemKind::Const(name, _)
            | ItemKind::Enum(name, _)
            | ItemKind::Struct(name, _)
            | ItemKind::Union(name, _)
            | ItemKind::Broken(name) => Some(name),
            ItemKind::Typedef(declared) => declared.name.as_mut(),
            ItemKind::Program(program) => Some(&mut program.name),
        }
    }
}

#[derive(Debug)]
pub(crate) struct Enumerator {
    pub(crate) docs: Docs,
    pub(crate) name: Ident,
    /// One more than the one before, or 0, if there is none.
    pub(crate) value: Option<Expr>,
}

#[derive(Debug)]
pub(crate) struct Union {
    pub(crate) switch: Declaration,
    pub(crate) arms: Vec<Arm>,
}

#[derive(Debug)]
pub(crate) struct Arm {
    pub(crate) docs: Docs,
    /// `case 1: case 2:`; empty for `default:`.
    pub(crate) labels: Vec<Expr>,
    pub(crate) span: Span,
    /// `None`: `void`.
    pub(crate) payload: Option<Declaration>,
}

/// A type with a name: a field, a typedef, what is switched on, an argument.
#[derive(Debug)]
pub(crate) struct Declaration {
    pub(crate) docs: Docs,
    /// `None` for arguments and results, which need none.
    pub(crate) name: Option<Ident>,
    pub(crate) ty: Spec,
    pub(crate) shape: Shape,
    pub(crate) span: Span,
}

#[derive(Debug)]
pub(crate) enum Shape {
    Plain,
    /// `*name`
    Pointer,
    /// `name[N]`, and `name[N][M]` from the outside in
    Fixed(Vec<Expr>),
    /// `name<N>`, `name<>`
    Variable(Option<Expr>),
}

#[derive(Debug)]
pub(crate) enum Spec {
    Void,
    /// Each with its width on the wire; `char` and `short` are words of 4 bytes, as the system's rpcgen has them.
    Int(Integer),
    Bool,
    Float,
    Double,
    Quadruple,
    /// Only with `Fixed` or `Variable`.
    Opaque,
    /// Only with `Variable` (or `Plain`, as an argument: without a bound).
    String,
    /// `foo`, `struct foo`, `enum foo`, `union foo`; in the namespace dialect also `a::foo`. What the unit does not
    /// define may be a name of C or of TI-RPC, such as `u_int`.
    Named(Ident),
    /// Without a name of its own.
    Struct(Vec<Declaration>),
    Enum(Vec<Enumerator>),
    Union(Box<Union>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Integer {
    Char,
    UChar,
    Short,
    UShort,
    Int,
    UInt,
    Hyper,
    UHyper,
}

#[derive(Debug)]
pub(crate) struct Program {
    pub(crate) name: Ident,
    pub(crate) number: Expr,
    pub(crate) versions: Vec<Version>,
}

#[derive(Debug)]
pub(crate) struct Version {
    pub(crate) docs: Docs,
    pub(crate) name: Ident,
    pub(crate) number: Expr,
    pub(crate) procedures: Vec<Procedure>,
}

#[derive(Debug)]
pub(crate) struct Procedure {
    pub(crate) docs: Docs,
    pub(crate) name: Ident,
    pub(crate) number: Expr,
    pub(crate) result: Declaration,
    /// `void` alone is none.
    pub(crate) args: Vec<Declaration>,
}

#[derive(Debug, Clone)]
pub(crate) struct Expr {
    pub(crate) span: Span,
    pub(crate) kind: ExprKind,
}

#[derive(Debug, Clone)]
pub(crate) enum ExprKind {
    Int {
        value: i128,
        hex: bool,
    },
    Str(Vec<u8>),
    /// `TRUE` and `AUTH_SYS` are names as well, which no item defines.
    Name(String),
    /// `A + 1`, `(A * B)`, `1 << 3`: mostly from a `#define`. `-A` is `0 - A`, and `~A` is `-1 - A`.
    Binary(Operator, Box<Expr>, Box<Expr>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operator {
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
    ShiftLeft,
    ShiftRight,
    Or,
    And,
    Xor,
}
