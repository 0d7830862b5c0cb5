//! What a correct file says, with all that it imports: names are resolved, numbers are values, every rule holds.
//!
//! Names are those of the file, `at` is where they stand; each emitter gives them the casing of its language.

use crate::ast::{Docs, Scalar, Semantics, SettingKind};
use crate::rpcl::Strings;
use crate::source::Span;

/// A checked file, with all that it imports.
#[derive(Debug)]
pub(crate) struct Model {
    /// In the order of the file; those of imported files follow.
    pub(crate) items: Vec<Item>,
    /// The first has no name: it is that of the files that name none.
    pub(crate) namespaces: Vec<Namespace>,
    pub(crate) language: Language,
}

/// What the contract is written in, as far as it matters to what is made of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Language {
    /// `.idl`: names stay different in the casing of Rust.
    Idl,
    /// `.x`: names are C's, and need not; what a `string` becomes in Rust is up to the user.
    X(Strings),
}

/// Definitions that share the front of their full names.
#[derive(Debug, Default)]
pub(crate) struct Namespace {
    /// With its dots.
    pub(crate) name: String,
    pub(crate) docs: Docs,
}

/// What the annotations of a definition, or of a part of one, say.
#[derive(Debug, Clone, Default)]
pub(crate) struct Notes {
    /// `@deprecated`: what to do instead. Empty if that is not said.
    pub(crate) deprecated: Option<String>,
    /// Those that are for tools, in the order of the file.
    pub(crate) of_tools: Vec<Annotation>,
}

/// An annotation of a tool: its name has a dot, and what its values mean the tool knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Annotation {
    pub(crate) name: String,
    pub(crate) values: Vec<SettingKind>,
}

/// How long a call may take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Deadline {
    pub(crate) millis: u32,
    /// As written: a number and its unit.
    pub(crate) text: String,
}

/// The place of a definition in [`Model::items`].
pub(crate) type ItemId = usize;

#[derive(Debug)]
pub(crate) struct Item {
    /// Its place in [`Model::namespaces`].
    pub(crate) namespace: usize,
    pub(crate) docs: Docs,
    pub(crate) notes: Notes,
    pub(crate) name: String,
    pub(crate) at: Span,
    pub(crate) kind: ItemKind,
}

impl Item {
    /// All types that the definition is written with.
    pub(crate) fn types(&self) -> Vec<&Type> {
        match &self.kind {
            ItemKind::Alias(ty) => vec![ty],
            ItemKind::Struct(fields) => fields.iter().map(|f| &f.ty).collect(),
            ItemKind::Union(union) => {
                let payloads = union.arms.iter().flat_map(|arm| arm.payload.types());
                payloads.chain(&union.switch).collect()
            }
            ItemKind::Interface(interface) => {
                let methods = interface.methods.iter();
                methods
                    .flat_map(|m| m.args.iter().map(|arg| &arg.ty).chain(&m.result))
                    .collect()
            }
            ItemKind::Const(_) | ItemKind::Enum(_) | ItemKind::Extern => Vec::new(),
        }
    }
}

#[derive(Debug)]
pub(crate) enum ItemKind {
    Const(Const),
    Alias(Type),
    Struct(Vec<Field>),
    /// In a `.x` file, several may have one value.
    Enum(Vec<Enumerator>),
    Union(Union),
    Interface(Interface),
    /// A type of which nothing is known but its name; its Rust is elsewhere.
    Extern,
}

#[derive(Debug, Clone)]
pub(crate) struct Const {
    pub(crate) ty: ConstType,
    pub(crate) value: Value,
    /// The constant that it is defined by, if it is.
    pub(crate) of: Option<ItemId>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ConstType {
    String,
    /// Text in a `.x` file that is no UTF-8.
    Bytes,
    Scalar(Scalar),
}

#[derive(Debug, Clone)]
pub(crate) enum Value {
    Int {
        value: i128,
        hex: bool,
    },
    Str(String),
    /// Never UTF-8, which would be a [`Value::Str`].
    Bytes(Vec<u8>),
    Bool(bool),
}

#[derive(Debug)]
pub(crate) struct Field {
    pub(crate) docs: Docs,
    pub(crate) notes: Notes,
    pub(crate) name: String,
    pub(crate) at: Span,
    pub(crate) ty: Type,
}

#[derive(Debug)]
pub(crate) struct Enumerator {
    pub(crate) docs: Docs,
    pub(crate) notes: Notes,
    pub(crate) name: String,
    pub(crate) at: Span,
    pub(crate) value: i32,
}

#[derive(Debug)]
pub(crate) struct Union {
    /// The type that tells the arms apart, if the file names one.
    pub(crate) switch: Option<Type>,
    pub(crate) arms: Vec<Arm>,
    pub(crate) error: bool,
}

impl Union {
    /// The numbers of a union that holds nothing but them: an enum, in Rust as in C.
    pub(crate) fn plain(&self) -> Option<Vec<i32>> {
        let number = |arm: &Arm| match (&arm.payload, &arm.labels) {
            (Payload::None, Labels::Cases(cases)) => match cases[..] {
                [Case::Number(number)] => i32::try_from(number).ok(),
                _ => None,
            },
            _ => None,
        };
        self.switch
            .is_none()
            .then(|| self.arms.iter().map(number).collect())?
    }
}

#[derive(Debug)]
pub(crate) struct Arm {
    pub(crate) docs: Docs,
    pub(crate) notes: Notes,
    pub(crate) name: String,
    pub(crate) at: Span,
    pub(crate) payload: Payload,
    pub(crate) labels: Labels,
}

#[derive(Debug)]
pub(crate) enum Payload {
    None,
    Types(Vec<Type>),
    Fields(Vec<Field>),
}

impl Payload {
    pub(crate) fn types(&self) -> Vec<&Type> {
        match self {
            Payload::None => Vec::new(),
            Payload::Types(types) => types.iter().collect(),
            Payload::Fields(fields) => fields.iter().map(|f| &f.ty).collect(),
        }
    }
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Labels {
    Cases(Vec<Case>),
    Default,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Case {
    Number(i64),
    Bool(bool),
    Enumerator { of: ItemId, index: usize },
}

#[derive(Debug)]
pub(crate) struct Interface {
    pub(crate) program: u32,
    pub(crate) version: u32,
    pub(crate) methods: Vec<Method>,
    /// What it is called in a `.x` file, if it is from one.
    pub(crate) written: Option<Written>,
}

/// The names of a program and of its version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Written {
    pub(crate) program: String,
    pub(crate) version: String,
}

#[derive(Debug)]
pub(crate) struct Method {
    pub(crate) docs: Docs,
    pub(crate) notes: Notes,
    /// `None`: the file says nothing, which is [`Semantics::AtMostOnce`].
    pub(crate) semantics: Option<Semantics>,
    /// What a client grants unless it says otherwise.
    pub(crate) deadline: Option<Deadline>,
    pub(crate) name: String,
    pub(crate) at: Span,
    pub(crate) args: Vec<Field>,
    pub(crate) result: Option<Type>,
    pub(crate) throws: Option<ItemId>,
    pub(crate) procedure: u32,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Type {
    Scalar(Scalar),
    String(Option<Length>),
    Bytes(Option<Length>),
    FixedBytes(Length),
    List(Box<Type>, Option<Length>),
    /// Keys and values; no key holds a float.
    Map(Box<Type>, Box<Type>, Option<Length>),
    /// No element holds a float.
    Set(Box<Type>, Option<Length>),
    Array(Box<Type>, Length),
    Optional(Box<Type>),
    /// The same on the wire as what is in it; without it the type would contain itself.
    Boxed(Box<Type>),
    /// The same on the wire as what is in it, which takes too much to be in place.
    Large(Box<Type>),
    /// Two to twelve elements.
    Tuple(Vec<Type>),
    Named(ItemId),
}

impl Type {
    /// The types that this one is made of, outermost.
    pub(crate) fn inner(&self) -> Vec<&Type> {
        match self {
            Type::List(inner, _)
            | Type::Set(inner, _)
            | Type::Array(inner, _)
            | Type::Optional(inner)
            | Type::Boxed(inner)
            | Type::Large(inner) => vec![inner],
            Type::Map(key, value, _) => vec![key, value],
            Type::Tuple(elements) => elements.iter().collect(),
            _ => Vec::new(),
        }
    }

    /// Its length, or the most elements that it may have, if there is either.
    pub(crate) fn length(&self) -> Option<&Length> {
        match self {
            Type::String(max)
            | Type::Bytes(max)
            | Type::List(_, max)
            | Type::Map(_, _, max)
            | Type::Set(_, max) => max.as_ref(),
            Type::FixedBytes(length) | Type::Array(_, length) => Some(length),
            _ => None,
        }
    }

    /// The most elements or bytes that it may have, if that is said.
    pub(crate) fn bound(&self) -> Option<u32> {
        match self {
            Type::FixedBytes(_) | Type::Array(..) => None,
            _ => self.length().map(|max| max.value),
        }
    }

    /// This type, those in it, and so on.
    pub(crate) fn layers(&self) -> Vec<&Type> {
        let mut layers = vec![self];
        let mut at = 0;
        while let Some(ty) = layers.get(at) {
            layers.extend(ty.inner());
            at += 1;
        }
        layers
    }

    /// The definitions that this type names.
    pub(crate) fn named(&self) -> impl Iterator<Item = ItemId> {
        self.layers().into_iter().filter_map(|ty| match ty {
            Type::Named(id) => Some(*id),
            _ => None,
        })
    }
}

/// A length or bound, and the constant that it was written as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Length {
    pub(crate) value: u32,
    pub(crate) of: Option<ItemId>,
}
