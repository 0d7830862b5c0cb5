//! What a `.x` file consists of, before it is put in order and written.

/// The place of a definition in the list of all.
pub(super) type DefId = usize;

/// A definition, with the name that it has in C.
#[derive(Debug)]
pub(super) struct Def {
    pub(super) docs: Vec<String>,
    pub(super) name: String,
    pub(super) body: Body,
}

#[derive(Debug)]
pub(super) enum Body {
    /// `const NAME = …;`
    Const(String),
    /// `%#define NAME …`: a line for C, where the language of `.x` has no word for it.
    Define(String),
    /// `typedef …;`; the name is that of the definition.
    Typedef(Declaration),
    Struct(Vec<Declaration>),
    /// The docs, name and number of each value.
    Enum(Vec<(Vec<String>, String, i32)>),
    Union(Union),
    /// A pointer that is never null and takes no bytes on the wire, which only C can say.
    Boxed(Base),
    /// Only the docs: there is nothing on the wire.
    Nothing,
}

#[derive(Debug)]
pub(super) struct Union {
    /// The type of the discriminant, and its name.
    pub(super) switch: (Base, &'static str),
    pub(super) arms: Vec<Arm>,
}

#[derive(Debug)]
pub(super) struct Arm {
    pub(super) docs: Vec<String>,
    /// `None`: the default arm.
    pub(super) labels: Option<Vec<String>>,
    /// `None`: void.
    pub(super) value: Option<Declaration>,
}

/// A field, an arm, or what a typedef stands for.
#[derive(Debug, Clone)]
pub(super) struct Declaration {
    pub(super) docs: Vec<String>,
    pub(super) name: String,
    pub(super) base: Base,
    pub(super) shape: Shape,
    /// What C does not say: the range, or the name in the `.idl`.
    pub(super) remark: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Base {
    Word(&'static str),
    Def(DefId),
}

/// What stands around the name in a declaration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Shape {
    Plain,
    /// `name[N]`
    Fixed(String),
    /// `name<N>` or `name<>`
    List(String),
    /// `*name`
    Optional,
}

impl Def {
    /// Whether C makes a `struct` of it, which can be pointed at before it is defined.
    pub(super) fn is_tagged(&self) -> bool {
        matches!(self.body, Body::Struct(_) | Body::Union(_))
    }

    /// All declarations in it.
    pub(super) fn declarations(&self) -> Vec<&Declaration> {
        match &self.body {
            Body::Typedef(declaration) => vec![declaration],
            Body::Struct(fields) => fields.iter().collect(),
            Body::Union(union) => union.arms.iter().filter_map(|a| a.value.as_ref()).collect(),
            _ => Vec::new(),
        }
    }
}
