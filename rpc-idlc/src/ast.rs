//! What a front end reads: names are not resolved and nothing is checked.
//!
//! Every front end lowers into this tree, and the one checker takes it from there.

use crate::source::Span;

/// A comment that is not a doc comment, for tools that write the file anew.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Comment {
    pub(crate) span: Span,
}

/// One parsed file.
#[derive(Debug, Default)]
pub(crate) struct File {
    pub(crate) namespace: Option<Namespace>,
    pub(crate) imports: Vec<Import>,
    pub(crate) items: Vec<Item>,
}

/// `namespace a.b;`
#[derive(Debug)]
pub(crate) struct Namespace {
    pub(crate) docs: Docs,
    /// With its dots.
    pub(crate) name: Ident,
}

/// `import "common.idl";`
#[derive(Debug)]
pub(crate) struct Import {
    pub(crate) path: String,
    pub(crate) span: Span,
}

/// A name as it is written; that of a definition elsewhere may have dots.
#[derive(Debug, Clone)]
pub(crate) struct Ident {
    pub(crate) text: String,
    pub(crate) span: Span,
}

/// The lines of a doc comment, without the slashes.
pub(crate) type Docs = Vec<String>;

/// `@name(value, …)`, before what it is about.
#[derive(Debug)]
pub(crate) struct Annotation {
    /// Without a dot for those of the language, with one for those of tools.
    pub(crate) name: Ident,
    pub(crate) values: Vec<Setting>,
}

/// A value of an annotation.
#[derive(Debug)]
pub(crate) struct Setting {
    pub(crate) span: Span,
    pub(crate) kind: SettingKind,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum SettingKind {
    Int(i128),
    Str(String),
    Bool(bool),
    /// A word, which may have dots: it is for the tool to know what it names.
    Name(String),
    /// `text` is as written: a number and its unit.
    Duration {
        millis: u64,
        text: String,
    },
}

/// A definition.
#[derive(Debug)]
pub(crate) struct Item {
    pub(crate) docs: Docs,
    pub(crate) annotations: Vec<Annotation>,
    pub(crate) name: Ident,
    pub(crate) kind: ItemKind,
}

#[derive(Debug)]
pub(crate) enum ItemKind {
    Const {
        ty: Option<TypeExpr>,
        value: Expr,
    },
    Alias(TypeExpr),
    Struct(Vec<Field>),
    Enum(Vec<Enumerator>),
    Union(Union),
    Interface(Interface),
    /// It could not be read, which was reported. Whoever names it has done nothing wrong.
    Broken,
}

impl ItemKind {
    /// Whether values can be of it.
    pub(crate) fn is_type(&self) -> bool {
        !matches!(
            self,
            ItemKind::Const { .. } | ItemKind::Interface(_) | ItemKind::Broken
        )
    }

    /// The word for it, with its article, in messages.
    pub(crate) fn describe(&self) -> &'static str {
        match self {
            ItemKind::Const { .. } => "a constant",
            ItemKind::Alias(_) => "a type",
            ItemKind::Struct(_) => "a struct",
            ItemKind::Enum(_) => "an enum",
            ItemKind::Union(Union { error: true, .. }) => "an error",
            ItemKind::Union(_) => "a union",
            ItemKind::Interface(_) => "an interface",
            ItemKind::Broken => "unreadable",
        }
    }
}

/// A field of a struct or of an arm, or an argument of a method.
#[derive(Debug)]
pub(crate) struct Field {
    pub(crate) docs: Docs,
    pub(crate) annotations: Vec<Annotation>,
    pub(crate) name: Ident,
    pub(crate) ty: TypeExpr,
}

#[derive(Debug)]
pub(crate) struct Enumerator {
    pub(crate) docs: Docs,
    pub(crate) annotations: Vec<Annotation>,
    pub(crate) name: Ident,
    pub(crate) value: Option<Expr>,
}

#[derive(Debug)]
pub(crate) struct Union {
    /// The type that tells the arms apart; `i32` if none is given.
    pub(crate) switch: Option<TypeExpr>,
    pub(crate) arms: Vec<Arm>,
    /// Declared by `error`: methods may throw it.
    pub(crate) error: bool,
}

#[derive(Debug)]
pub(crate) struct Arm {
    pub(crate) docs: Docs,
    pub(crate) annotations: Vec<Annotation>,
    pub(crate) name: Ident,
    pub(crate) payload: Payload,
    pub(crate) labels: Labels,
}

#[derive(Debug)]
pub(crate) enum Payload {
    None,
    Types(Vec<TypeExpr>),
    Fields(Vec<Field>),
}

#[derive(Debug)]
pub(crate) enum Labels {
    Missing,
    Cases(Vec<Expr>),
    Default(Span),
}

#[derive(Debug)]
pub(crate) struct Interface {
    pub(crate) program: Option<Expr>,
    pub(crate) version: Option<Expr>,
    pub(crate) methods: Vec<Method>,
}

#[derive(Debug)]
pub(crate) struct Method {
    pub(crate) docs: Docs,
    pub(crate) annotations: Vec<Annotation>,
    pub(crate) semantics: Option<(Semantics, Span)>,
    pub(crate) name: Ident,
    pub(crate) args: Vec<Field>,
    pub(crate) result: Option<TypeExpr>,
    pub(crate) throws: Option<Ident>,
    pub(crate) procedure: Option<Expr>,
}

/// How often a call may run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Semantics {
    Oneway,
    Readonly,
    Idempotent,
    AtMostOnce,
    ExactlyOnce,
}

impl Semantics {
    pub(crate) const ALL: [Semantics; 5] = [
        Semantics::Oneway,
        Semantics::Readonly,
        Semantics::Idempotent,
        Semantics::AtMostOnce,
        Semantics::ExactlyOnce,
    ];

    /// The word in `.idl` and in `#[rpc(..)]`.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Semantics::Oneway => "oneway",
            Semantics::Readonly => "readonly",
            Semantics::Idempotent => "idempotent",
            Semantics::AtMostOnce => "at_most_once",
            Semantics::ExactlyOnce => "exactly_once",
        }
    }
}

#[derive(Debug)]
pub(crate) struct TypeExpr {
    pub(crate) span: Span,
    pub(crate) kind: TypeKind,
}

#[derive(Debug)]
pub(crate) enum TypeKind {
    Scalar(Scalar),
    String(Option<Expr>),
    Bytes(Option<Expr>),
    FixedBytes(Expr),
    List(Box<TypeExpr>, Option<Expr>),
    /// Keys and values.
    Map(Box<TypeExpr>, Box<TypeExpr>, Option<Expr>),
    Set(Box<TypeExpr>, Option<Expr>),
    Array(Box<TypeExpr>, Expr),
    Optional(Box<TypeExpr>),
    /// Two elements or more.
    Tuple(Vec<TypeExpr>),
    Named(Ident),
}

/// The built-in types that take no parameters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scalar {
    Bool,
    U8,
    U16,
    U32,
    U64,
    I8,
    I16,
    I32,
    I64,
    U128,
    I128,
    F32,
    F64,
    Duration,
    Time,
    Uuid,
    Ipv4,
    Ipv6,
    Ip,
}

impl Scalar {
    pub(crate) const ALL: [Scalar; 19] = [
        Scalar::Bool,
        Scalar::U8,
        Scalar::U16,
        Scalar::U32,
        Scalar::U64,
        Scalar::I8,
        Scalar::I16,
        Scalar::I32,
        Scalar::I64,
        Scalar::U128,
        Scalar::I128,
        Scalar::F32,
        Scalar::F64,
        Scalar::Duration,
        Scalar::Time,
        Scalar::Uuid,
        Scalar::Ipv4,
        Scalar::Ipv6,
        Scalar::Ip,
    ];

    /// The name in `.idl`.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Scalar::Bool => "bool",
            Scalar::U8 => "u8",
            Scalar::U16 => "u16",
            Scalar::U32 => "u32",
            Scalar::U64 => "u64",
            Scalar::I8 => "i8",
            Scalar::I16 => "i16",
            Scalar::I32 => "i32",
            Scalar::I64 => "i64",
            Scalar::U128 => "u128",
            Scalar::I128 => "i128",
            Scalar::F32 => "f32",
            Scalar::F64 => "f64",
            Scalar::Duration => "duration",
            Scalar::Time => "time",
            Scalar::Uuid => "uuid",
            Scalar::Ipv4 => "ipv4",
            Scalar::Ipv6 => "ipv6",
            Scalar::Ip => "ip",
        }
    }

    /// The smallest and largest value, for integers that constants can be.
    pub(crate) fn limits(self) -> Option<(i128, i128)> {
        Some(match self {
            Scalar::U8 => (0, u8::MAX.into()),
            Scalar::U16 => (0, u16::MAX.into()),
            Scalar::U32 => (0, u32::MAX.into()),
            Scalar::U64 => (0, u64::MAX.into()),
            Scalar::I8 => (i8::MIN.into(), i8::MAX.into()),
            Scalar::I16 => (i16::MIN.into(), i16::MAX.into()),
            Scalar::I32 => (i32::MIN.into(), i32::MAX.into()),
            Scalar::I64 => (i64::MIN.into(), i64::MAX.into()),
            _ => return None,
        })
    }
}

/// A value: of a constant, a bound, a number on the wire.
#[derive(Debug, Clone)]
pub(crate) struct Expr {
    pub(crate) span: Span,
    pub(crate) kind: ExprKind,
}

#[derive(Debug, Clone)]
pub(crate) enum ExprKind {
    /// `hex`: it was written in base 16, and is written so again.
    Int {
        value: i128,
        hex: bool,
    },
    Str(String),
    Bool(bool),
    Name(String),
}
