//! Types: what they name, and what may be inside them.

use super::Checker;
use super::graph::chain_ends;
use crate::ast::{Expr, Ident, ItemKind, Scalar, TypeExpr, TypeKind};
use crate::diag::{Code, Diagnostic};
use crate::model::{ItemId, Length, Type};
use crate::source::Span;

/// The built-in types that take parameters.
pub(crate) const MADE_OF_OTHERS: [&str; 6] = ["string", "bytes", "list", "map", "set", "optional"];

/// Whether a type is called so without being defined.
pub(super) fn is_built_in(name: &str) -> bool {
    MADE_OF_OTHERS.contains(&name) || Scalar::ALL.iter().any(|scalar| scalar.name() == name)
}

/// Our name for a type of another language.
pub(crate) fn foreign(name: &str) -> Option<&'static str> {
    Some(match name {
        "Vec" | "vec" | "vector" | "array" | "Array" | "sequence" | "repeated" | "List"
        | "VecDeque" => "list",
        "HashMap" | "BTreeMap" | "Map" | "dict" | "dictionary" => "map",
        "HashSet" | "BTreeSet" | "Set" => "set",
        "Option" | "option" | "Optional" | "maybe" | "nullable" => "optional",
        "String" | "str" | "text" | "Str" => "string",
        "opaque" | "blob" | "Bytes" | "binary" => "bytes",
        "byte" | "octet" | "uint8" | "uint8_t" | "unsigned_char" | "u_char" => "u8",
        "uint16" | "uint16_t" | "ushort" | "u_short" => "u16",
        "uint" | "uint32" | "uint32_t" | "u_int" | "unsigned" | "fixed32" => "u32",
        "uint64" | "uint64_t" | "usize" | "ulong" | "u_long" | "fixed64" => "u64",
        "uint128" => "u128",
        "int8" | "int8_t" | "char" => "i8",
        "int16" | "int16_t" | "short" => "i16",
        "int" | "int32" | "int32_t" | "sint32" | "sfixed32" => "i32",
        "int64" | "int64_t" | "long" | "hyper" | "isize" | "sint64" | "sfixed64" => "i64",
        "int128" => "i128",
        "float" | "float32" => "f32",
        "double" | "float64" => "f64",
        "boolean" | "Bool" | "bool_t" => "bool",
        "Duration" => "duration",
        "timestamp" | "Timestamp" | "datetime" | "DateTime" | "SystemTime" | "time_t" => "time",
        "Uuid" | "UUID" | "guid" | "Guid" => "uuid",
        "IpAddr" => "ip",
        "Ipv4Addr" => "ipv4",
        "Ipv6Addr" => "ipv6",
        _ => return None,
    })
}

/// Where the chain of each alias ends, by item; see [`Checker::ends`].
pub(super) fn alias_ends(checker: &Checker<'_>) -> Vec<Option<ItemId>> {
    let next = checker.scope.items.iter().map(|item| match &item.kind {
        ItemKind::Alias(TypeExpr {
            kind: TypeKind::Named(name),
            ..
        }) => checker.scope.find(&name.text, name.span),
        _ => None,
    });
    chain_ends(&next.collect::<Vec<_>>())
}

impl<'a> Checker<'a> {
    /// Lowers a type. Recursion is as deep as the type is written, which the parser limits.
    pub(super) fn ty(&mut self, ty: &'a TypeExpr) -> Option<Type> {
        Some(match &ty.kind {
            TypeKind::Scalar(scalar) => Type::Scalar(*scalar),
            TypeKind::String(max) => Type::String(self.bound(max.as_ref())?),
            TypeKind::Bytes(max) => Type::Bytes(self.bound(max.as_ref())?),
            TypeKind::FixedBytes(length) => Type::FixedBytes(self.length(length)?),
            TypeKind::List(element, max) => {
                self.no_bytes(element, ty, "bytes");
                let element = self.ty(element);
                let max = self.bound(max.as_ref());
                Type::List(Box::new(element?), max?)
            }
            TypeKind::Set(element, max) => {
                let lowered = self.ty(element);
                let max = self.bound(max.as_ref());
                Type::Set(Box::new(self.key(element.span, lowered?)), max?)
            }
            TypeKind::Map(key, value, max) => {
                let lowered = self.ty(key);
                let value = self.ty(value);
                let max = self.bound(max.as_ref());
                Type::Map(
                    Box::new(self.key(key.span, lowered?)),
                    Box::new(value?),
                    max?,
                )
            }
            TypeKind::Array(element, length) => {
                self.no_bytes(element, ty, "bytes[N]");
                let element = self.ty(element);
                let length = self.length(length);
                Type::Array(Box::new(element?), length?)
            }
            TypeKind::Optional(inner) => Type::Optional(Box::new(self.ty(inner)?)),
            TypeKind::Tuple(elements) => {
                let elements: Vec<_> = elements.iter().map(|ty| self.ty(ty)).collect();
                Type::Tuple(elements.into_iter().collect::<Option<_>>()?)
            }
            TypeKind::Named(name) => Type::Named(self.type_named(name)?),
        })
    }

    /// Keeps a key, to be looked into when all definitions are known.
    fn key(&mut self, span: Span, ty: Type) -> Type {
        self.keys.push((span, ty.clone()));
        ty
    }

    fn bound(&mut self, expr: Option<&Expr>) -> Option<Option<Length>> {
        match expr {
            Some(expr) => self.length(expr).map(Some),
            None => Some(None),
        }
    }

    /// What `ty` is when the names of aliases are taken away.
    pub(super) fn behind_aliases(&self, ty: &'a TypeExpr) -> Option<&'a TypeKind> {
        let TypeKind::Named(name) = &ty.kind else {
            return Some(&ty.kind);
        };
        let end = self.ends[self.scope.find(&name.text, name.span)?]?;
        match &self.scope.items[end].kind {
            ItemKind::Alias(ty) => Some(&ty.kind),
            _ => Some(&ty.kind),
        }
    }

    /// Rust's `Vec<u8>` is the opaque bytes of XDR, so four bytes for each byte cannot be had.
    fn no_bytes(&mut self, element: &'a TypeExpr, whole: &TypeExpr, ours: &str) {
        if let Some(TypeKind::Scalar(Scalar::U8)) = self.behind_aliases(element) {
            let title = "many u8 together are bytes";
            let problem = Diagnostic::new(Code::ManyU8, title, whole.span, "");
            self.report(problem.help(format!("write `{ours}`")));
        }
    }

    fn type_named(&mut self, name: &Ident) -> Option<ItemId> {
        let Some(id) = self.scope.find(&name.text, name.span) else {
            self.unknown_type(name);
            return None;
        };
        let kind = &self.scope.items[id].kind;
        if matches!(kind, ItemKind::Const { .. } | ItemKind::Interface(_)) {
            let title = format!("`{}` is {}, not a type", name.text, kind.describe());
            self.error(Code::NotAType, title, name.span, "");
            return None;
        }
        if matches!(kind, ItemKind::Broken) {
            return None;
        }
        Some(id)
    }

    fn unknown_type(&mut self, name: &Ident) {
        let mut problem = Diagnostic::new(
            Code::UnknownType,
            format!("unknown type `{}`", name.text),
            name.span,
            "",
        );
        if let Some(ours) = foreign(&name.text) {
            problem = problem
                .help(format!("here it is called `{ours}`"))
                .edit(name.span, ours);
        } else {
            let scalars = Scalar::ALL.map(Scalar::name);
            let built_in = [&MADE_OF_OTHERS[..], &scalars].concat();
            let name = (name.text.as_str(), name.span);
            problem = self.suggest(problem, name, ItemKind::is_type, &built_in);
        }
        self.report(problem);
    }
}
