//! Constants, the values of enums, and the types that the language has and C has not.

use super::lower::plain_declaration;
use super::tree::{Arm, Base, Body, Declaration, Label, Shape, Union};
use crate::ast::Scalar;
use crate::model::{Const, ItemId, ItemKind, Notes, Type, Value};

/// rpcgen cuts lines at 1,024 bytes; each byte of a text may become four characters.
const LONGEST_TEXT: usize = 200;

/// A constant of C. The language of `.x` knows whole numbers only; texts, and the one number that
/// C cannot write down, are put through to C as they are.
pub(super) fn constant(constant: &Const, is_x: bool, name: impl Fn(ItemId) -> String) -> Body {
    match (&constant.value, constant.of) {
        // rpcgen knows a text on one line.
        (Value::Str(text), _) if is_x && text.len() <= LONGEST_TEXT => {
            Body::Const(literal(text.as_bytes()))
        }
        (Value::Str(text), _) => Body::Define(literal(text.as_bytes())),
        (Value::Bytes(text), _) if text.len() <= LONGEST_TEXT => Body::Const(literal(text)),
        (Value::Bytes(text), _) => Body::Define(literal(text)),
        (_, Some(of)) => Body::Const(name(of)),
        (Value::Bool(true), _) => Body::Const("TRUE".to_owned()),
        (Value::Bool(false), _) => Body::Const("FALSE".to_owned()),
        (Value::Int { value, .. }, _) if *value == i128::from(i64::MIN) && !is_x => {
            Body::Define("(-9223372036854775807 - 1)".to_owned())
        }
        // C takes a decimal number of more than 63 bits for a negative one.
        (Value::Int { value, hex }, _) if *hex || !is_x && *value > i128::from(i64::MAX) => {
            let sign = if *value < 0 { "-" } else { "" };
            Body::Const(format!("{sign}{:#x}", value.unsigned_abs()))
        }
        (Value::Int { value, .. }, _) => Body::Const(value.to_string()),
    }
}

/// A text in C. Over several lines, it is several literals, which C joins.
fn literal(text: &[u8]) -> String {
    let pieces = text.chunks(LONGEST_TEXT).map(|piece| {
        let escaped: String = piece.iter().map(|&byte| escape(byte)).collect();
        format!("\"{escaped}\"")
    });
    let pieces: Vec<String> = pieces.collect();
    match pieces.is_empty() {
        true => "\"\"".to_owned(),
        false => pieces.join("\n"),
    }
}

fn escape(byte: u8) -> String {
    match byte {
        b'"' | b'\\' => format!("\\{}", byte as char),
        // `??/` is a backslash to an old compiler, and `/*` a comment to the preprocessor of rpcgen.
        b'?' | b'/' | b'*' => format!("\\{byte:03o}"),
        b' '..=b'~' => (byte as char).to_string(),
        _ => format!("\\{byte:03o}"),
    }
}

/// The names of the values of an enum, or of a union that holds nothing but its number.
pub(super) fn of(kind: &ItemKind) -> Option<Vec<&str>> {
    match kind {
        ItemKind::Enum(all) => Some(all.iter().map(|value| value.name.as_str()).collect()),
        ItemKind::Union(union) if union.plain().is_some() => {
            Some(union.arms.iter().map(|arm| arm.name.as_str()).collect())
        }
        _ => None,
    }
}

/// What the types are that take more than one word.
pub(super) fn built_in(scalar: Scalar) -> Body {
    let word = |name: &str, word| plain_declaration(name, Base::Word(word));
    let nanoseconds = || Declaration {
        remark: "below 1000000000".to_owned(),
        ..word("nanoseconds", "unsigned int")
    };
    match scalar {
        Scalar::Duration => Body::Struct(vec![word("seconds", "unsigned hyper"), nanoseconds()]),
        Scalar::Time => Body::Struct(vec![word("seconds", "hyper"), nanoseconds()]),
        Scalar::Ip => {
            let address = |label: &str, name: &str, length: &str| Arm {
                docs: Vec::new(),
                labels: Some(vec![Label::same(label.to_owned())]),
                value: Some(Declaration {
                    shape: Shape::Fixed(vec![length.to_owned()]),
                    ..word(name, "opaque")
                }),
            };
            Body::Union(Union {
                switch: (Base::Word("int"), "kind"),
                arms: vec![address("4", "v4", "4"), address("6", "v6", "16")],
            })
        }
        _ => Body::Nothing,
    }
}

/// What a definition, or a part of one, says of itself.
pub(super) fn said(docs: &[String], notes: &Notes) -> Vec<String> {
    let mut said = docs.to_vec();
    said.extend(
        notes
            .deprecated
            .as_ref()
            .map(|instead| match instead.is_empty() {
                true => "Deprecated.".to_owned(),
                false => format!("Deprecated: {instead}."),
            }),
    );
    said
}

/// What has to be said of an introduced type.
pub(super) fn docs(ty: &Type) -> Vec<String> {
    let text = match ty {
        Type::Scalar(Scalar::Bool) => "A bool; rpcgen makes no good C of an array of `bool`.",
        Type::Scalar(Scalar::Duration) => "A length of time.",
        Type::Scalar(Scalar::Time) => "A moment: the time since the beginning of 1970, UTC.",
        Type::Scalar(Scalar::Ip) => "An address of the internet protocol.",
        Type::Boxed(_) => {
            "A pointer that is never null and takes no bytes: only C needs it, since the type holds itself."
        }
        _ => return Vec::new(),
    };
    vec![text.to_owned()]
}
