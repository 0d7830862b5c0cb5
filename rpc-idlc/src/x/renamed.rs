//! The names of a `.x` file: they stay, but where C or `rpcgen` cannot have them, or `idlc` puts a namespace in front.

use super::names::variant;
use crate::model::{ItemKind, Model, Payload};
use std::collections::{BTreeMap, HashMap, HashSet};

/// The words of `rpcgen`, and those of C that it does not know.
const WORDS: [&str; 36] = [
    "auto", "bool", "break", "case", "char", "const", "continue", "default", "do", "double",
    "else", "enum", "extern", "float", "for", "goto", "hyper", "if", "int", "long", "opaque",
    "program", "register", "return", "short", "sizeof", "static", "string", "struct", "switch",
    "typedef", "union", "unsigned", "version", "void", "while",
];

/// What no type may be called: the function that sends it, `xdr_array` and so on, is another one.
const TYPES: [&str; 12] = [
    "array",
    "bytes",
    "destroy",
    "free",
    "getpos",
    "inline",
    "pointer",
    "reference",
    "setpos",
    "sizeof",
    "union",
    "vector",
];

pub(super) struct Kept {
    /// All words of the file that name something, and how many things.
    words: HashMap<String, usize>,
    /// Types, constants and values, which share one space of names in C.
    made: HashSet<String>,
    /// What the fields are called that have such a word.
    fields: HashMap<String, String>,
    /// By name in C, what `idlc` reads instead, wherever the word stands.
    replaced: BTreeMap<String, String>,
}

impl Kept {
    pub(super) fn new(model: &Model) -> Self {
        let mut kept = Kept {
            words: HashMap::new(),
            made: HashSet::new(),
            fields: HashMap::new(),
            replaced: BTreeMap::new(),
        };
        let mut programs = HashSet::new();
        for item in &model.items {
            if let ItemKind::Interface(interface) = &item.kind
                && let Some(written) = &interface.written
            {
                if programs.insert((item.namespace, &written.program)) {
                    kept.word(&written.program);
                }
                // Numbers are macros in C, which no type and no value can be called after.
                let methods = interface.methods.iter().map(|method| &method.name);
                for name in methods.chain([&written.version]) {
                    kept.word(name);
                    kept.made.insert(name.clone());
                }
            } else {
                kept.word(&item.name);
            }
            members(&item.kind).for_each(|name| kept.word(name));
        }
        kept
    }

    fn word(&mut self, name: &str) {
        *self.words.entry(name.to_owned()).or_default() += 1;
    }

    /// What C calls a type.
    pub(super) fn of_type(&mut self, name: &str, own: &str, front: &str) -> String {
        if TYPES.contains(&name) {
            self.made.insert(name.to_owned());
        }
        self.definition(name, own, front)
    }

    /// What C calls a constant or a value. For `idlc` it is `own`; `front` tells it from others of that name.
    pub(super) fn definition(&mut self, name: &str, own: &str, front: &str) -> String {
        let free = !self.made.contains(name);
        let c = self.renamed(free, name, own, front);
        self.made.insert(c.clone());
        c
    }

    /// The same for a program, whose versions may be in several places.
    pub(super) fn program(&mut self, name: &str, own: &str, front: &str) -> String {
        self.renamed(true, name, own, front)
    }

    fn renamed(&mut self, free: bool, name: &str, own: &str, front: &str) -> String {
        // The word is replaced wherever it stands, so nothing else may be called so.
        let alone = own == name || self.words.get(name).is_none_or(|&count| count < 2);
        let c = match free && alone && !WORDS.contains(&name) {
            true => name.to_owned(),
            false if front.is_empty() => self.introduced(&format!("{name}_")),
            false => self.introduced(&format!("{front}_{name}")),
        };
        if c != own {
            self.replaced.insert(c.clone(), own.to_owned());
        }
        c
    }

    /// A name that nothing in the file has.
    pub(super) fn introduced(&mut self, wanted: &str) -> String {
        let free = |name: &String| !self.words.contains_key(name);
        let found = (0..).map(|n| variant(wanted, n)).find(free);
        let name = found.unwrap_or_default();
        self.word(&name);
        self.made.insert(name.clone());
        name
    }

    /// What C calls a field, an arm or an argument.
    pub(super) fn field(&mut self, name: &str) -> String {
        if !WORDS.contains(&name) {
            return name.to_owned();
        }
        if let Some(known) = self.fields.get(name) {
            return known.clone();
        }
        let c = self.introduced(&format!("{name}_"));
        self.fields.insert(name.to_owned(), c.clone());
        self.replaced.insert(c.clone(), name.to_owned());
        c
    }

    pub(super) fn into_replaced(self) -> BTreeMap<String, String> {
        self.replaced
    }
}

/// The names in a definition.
fn members(kind: &ItemKind) -> Box<dyn Iterator<Item = &str> + '_> {
    match kind {
        ItemKind::Struct(fields) => Box::new(fields.iter().map(|field| field.name.as_str())),
        ItemKind::Enum(values) => Box::new(values.iter().map(|value| value.name.as_str())),
        ItemKind::Union(union) => Box::new(union.arms.iter().flat_map(|arm| match &arm.payload {
            Payload::Fields(fields) => fields.iter().map(|field| field.name.as_str()).collect(),
            _ => Vec::new(),
        })),
        ItemKind::Interface(interface) => {
            let methods = interface.methods.iter();
            let arguments = methods.flat_map(|method| &method.args);
            Box::new(arguments.map(|argument| argument.name.as_str()))
        }
        ItemKind::Const(_) | ItemKind::Alias(_) | ItemKind::Extern => Box::new(std::iter::empty()),
    }
}
