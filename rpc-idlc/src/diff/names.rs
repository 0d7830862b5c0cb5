//! How definitions, types and values are called in messages.

use crate::ast::Scalar;
use crate::model::{Item, ItemKind, Model, Type, Value};

pub(super) fn is_interface(item: &Item) -> bool {
    matches!(item.kind, ItemKind::Interface(_))
}

/// The name of a definition in its whole length.
pub(super) fn name(model: &Model, item: &Item) -> String {
    match model.namespaces[item.namespace].name.as_str() {
        "" => item.name.clone(),
        namespace => format!("{namespace}.{}", item.name),
    }
}

pub(super) fn title(model: &Model, item: &Item) -> String {
    let word = match &item.kind {
        ItemKind::Const(_) => "constant",
        ItemKind::Alias(_) | ItemKind::Extern => "type",
        ItemKind::Struct(_) => "struct",
        ItemKind::Enum(_) => "enum",
        ItemKind::Union(union) if union.error => "error",
        ItemKind::Union(_) => "union",
        ItemKind::Interface(_) => "interface",
    };
    format!("{word} `{}`", name(model, item))
}

pub(super) fn scalar(ty: &Type) -> Option<Scalar> {
    match ty {
        Type::Scalar(scalar) => Some(*scalar),
        _ => None,
    }
}

/// What a type is without the names of aliases and the boxes of Rust.
pub(super) fn behind<'m>(model: &'m Model, mut ty: &'m Type) -> &'m Type {
    loop {
        ty = match ty {
            Type::Boxed(inner) | Type::Large(inner) => inner,
            Type::Named(id) => match &model.items[*id].kind {
                ItemKind::Alias(inner) => inner,
                _ => return ty,
            },
            _ => return ty,
        }
    }
}

pub(super) fn shown(value: &Value) -> String {
    match value {
        Value::Int { value, .. } => value.to_string(),
        Value::Str(text) => format!("{text:?}"),
        Value::Bytes(bytes) => format!("b\"{}\"", bytes.escape_ascii()),
        Value::Bool(value) => value.to_string(),
    }
}

/// A type as it is written in `.idl`, with numbers for constants.
pub(super) fn spell(model: &Model, ty: &Type) -> String {
    let inner = |ty: &Type| spell(model, ty);
    let bounded = |what: String, max: Option<u32>, open: &str, close: &str| match max {
        Some(max) => format!("{what}{open}{max}{close}"),
        None => what,
    };
    match ty {
        Type::Scalar(scalar) => scalar.name().to_owned(),
        Type::String(_) => bounded("string".to_owned(), ty.bound(), "<", ">"),
        Type::Bytes(_) => bounded("bytes".to_owned(), ty.bound(), "<", ">"),
        Type::FixedBytes(length) => format!("bytes[{}]", length.value),
        Type::List(one, _) => format!("list<{}>", bounded(inner(one), ty.bound(), ", ", "")),
        Type::Set(one, _) => format!("set<{}>", bounded(inner(one), ty.bound(), ", ", "")),
        Type::Map(key, value, _) => {
            format!(
                "map<{}, {}>",
                inner(key),
                bounded(inner(value), ty.bound(), ", ", "")
            )
        }
        Type::Array(one, length) => format!("{}[{}]", inner(one), length.value),
        Type::Optional(one) => format!("optional<{}>", inner(one)),
        Type::Boxed(one) | Type::Large(one) => inner(one),
        Type::Tuple(all) => format!("({})", all.iter().map(inner).collect::<Vec<_>>().join(", ")),
        Type::Named(id) => name(model, &model.items[*id]),
    }
}
