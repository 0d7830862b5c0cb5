//! What a `.x` file consists of, before it is put in order and written.

/// The place of a definition in the list of all.
pub(super) type DefId = usize;

/// A definition, with the name that it has in C.
#[derive(Debug)]
pub(super) struct Def {
    pub(super) docs: Vec<String>,
    pub(super) name: String,
    pub(super) body: Body,
    /// Only C needs it: it names a part of a type, which `idlc` needs no name for.
    pub(super) only_c: bool,
    /// The headers of TI-RPC have it, and `idlc` knows it.
    pub(super) in_headers: bool,
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
    Enum(Vec<Value>),
    Union(Union),
    /// A pointer that is never null and takes no bytes on the wire, which only C can say.
    Boxed(Base),
    /// Only the docs: there is nothing on the wire.
    Nothing,
}

/// A value of an enum.
#[derive(Debug)]
pub(super) struct Value {
    pub(super) docs: Vec<String>,
    pub(super) name: String,
    pub(super) number: i32,
}

#[derive(Debug)]
pub(super) struct Union {
    /// The type of the discriminant, and its name.
    pub(super) switch: (Base, &'static str),
    pub(super) arms: Vec<Arm>,
}

/// What C has behind `case`, and what `idlc` has.
#[derive(Debug)]
pub(super) struct Label {
    pub(super) c: String,
    pub(super) own: String,
}

impl Label {
    pub(super) fn same(label: String) -> Self {
        Label {
            own: label.clone(),
            c: label,
        }
    }
}

#[derive(Debug)]
pub(super) struct Arm {
    pub(super) docs: Vec<String>,
    /// `None`: the default arm.
    pub(super) labels: Option<Vec<Label>>,
    /// `None`: void.
    pub(super) value: Option<Declaration>,
}

/// A field, an arm, what a typedef stands for, an argument or a result; the last two may have no name.
#[derive(Debug, Clone)]
pub(super) struct Declaration {
    pub(super) docs: Vec<String>,
    pub(super) name: String,
    pub(super) base: Base,
    pub(super) shape: Shape,
    /// The same for `idlc`, where C needs a name for a part of it.
    pub(super) own: Option<(Base, Shape)>,
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
    /// `name[N]`; `name[N][M]` is for `idlc` only.
    Fixed(Vec<String>),
    /// `name<N>` or `name<>`
    List(String),
    /// `*name`
    Optional,
}

impl Def {
    /// Nothing but a name so far.
    pub(super) fn new(name: String) -> Self {
        Def {
            docs: Vec::new(),
            name,
            body: Body::Nothing,
            only_c: false,
            in_headers: false,
        }
    }

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
