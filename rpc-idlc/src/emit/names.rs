//! What the definitions are called in Rust.

use super::is_within;
use crate::casing::{camel, module_name, screaming};
use crate::model::{Interface, Item, ItemId, ItemKind, Language, Model};
use proc_macro2::{Ident, Span, TokenStream};
use quote::{format_ident, quote};
use std::collections::{HashMap, HashSet};

mod enums;

pub(super) use enums::Value;

pub(super) struct Names {
    /// By item: its name, and its namespace.
    rust: Vec<(String, usize)>,
    /// By namespace: the modules that it is in, and the path of the outermost one, if that is not
    /// written here.
    modules: Vec<(Option<TokenStream>, Vec<String>)>,
    types: HashSet<(usize, String)>,
    /// By item: the values of an enum.
    values: Vec<Vec<Value>>,
    /// Definitions whose own Rust is elsewhere.
    elsewhere: HashMap<ItemId, TokenStream>,
}

impl Names {
    pub(super) fn new(model: &Model, elsewhere: &[(String, String)]) -> Self {
        let outside = paths(model, elsewhere);
        let rust = items(model, &outside);
        let is_type = |item: &Item| !matches!(item.kind, ItemKind::Const(_));
        let types = rust.iter().zip(&model.items).filter(|(_, i)| is_type(i));
        let types = types.map(|((name, number), _)| (*number, name.clone()));
        let values = model.items.iter().map(|item| match &item.kind {
            ItemKind::Enum(all) => enums::names(&item.name, all, model.language),
            _ => Vec::new(),
        });
        let modules = model.namespaces.iter().map(|n| modules(&n.name, elsewhere));
        Names {
            types: types.collect(),
            values: values.collect(),
            modules: modules.collect(),
            elsewhere: outside,
            rust,
        }
    }

    /// Whether the definition is written here, if its namespace is.
    pub(super) fn is_here(&self, id: ItemId) -> bool {
        !self.elsewhere.contains_key(&id)
    }

    /// The name of a definition as text.
    pub(super) fn rust(&self, id: ItemId) -> &str {
        &self.rust[id].0
    }

    /// The values of an enum, in the order of the file.
    pub(super) fn values(&self, id: ItemId) -> &[Value] {
        &self.values[id]
    }

    /// The name of a definition, where it is defined.
    pub(super) fn item(&self, id: ItemId) -> Ident {
        ident(&self.rust[id].0)
    }

    /// The same, as it is written in another namespace.
    pub(super) fn path(&self, id: ItemId, here: usize) -> TokenStream {
        if let Some(path) = self.elsewhere.get(&id) {
            return path.clone();
        }
        let (name, there) = (self.item(id), self.rust[id].1);
        if there == here {
            return quote!(#name);
        }
        let (from, (outside, to)) = (&self.modules[here].1, &self.modules[there]);
        let shared = match outside {
            Some(_) => 0,
            None => from.iter().zip(to).take_while(|(a, b)| a == b).count(),
        };
        let inwards = to[shared..].iter().map(|module| ident(module));
        if let Some(path) = outside {
            return quote!(#path::#(#inwards::)*#name);
        }
        let up = (shared..from.len()).map(|_| quote!(super::));
        quote!(#(#up)*#(#inwards::)*#name)
    }

    pub(super) fn is_elsewhere(&self, namespace: usize) -> bool {
        self.modules[namespace].0.is_some()
    }

    /// The modules that a namespace is in, the outermost first.
    pub(super) fn module(&self, namespace: usize) -> &[String] {
        &self.modules[namespace].1
    }

    /// A name of the standard prelude, by its full path where this namespace has a type of that name.
    pub(super) fn prelude(&self, name: &str, here: usize) -> TokenStream {
        let short = format_ident!("{name}");
        if !self.types.contains(&(here, name.to_owned())) {
            return quote!(#short);
        }
        match name {
            "Vec" => quote!(std::vec::Vec),
            "String" => quote!(std::string::String),
            "Box" => quote!(std::boxed::Box),
            "Option" => quote!(std::option::Option),
            _ => quote!(std::result::Result),
        }
    }
}

/// The types of a `.x` file whose Rust is elsewhere, and where.
fn paths(model: &Model, elsewhere: &[(String, String)]) -> HashMap<ItemId, TokenStream> {
    if model.language == Language::Idl {
        return HashMap::new();
    }
    let paths: HashMap<&str, &str> = elsewhere
        .iter()
        .map(|(name, path)| (name.as_str(), path.as_str()))
        .collect();
    let found = model.items.iter().enumerate().filter_map(|(id, item)| {
        let is_type = !matches!(item.kind, ItemKind::Const(_) | ItemKind::Interface(_));
        let path = paths.get(item.name.as_str()).filter(|_| is_type)?;
        Some((id, path.parse().unwrap_or_default()))
    });
    found.collect()
}

/// By item: its name, and its namespace. The checker saw to it that those of a `.idl` file differ; of two
/// that would be one in a `.x` file, the later gets `_` behind it. A trait, whose client and service begin
/// with its name, gets that of its program in front of it.
fn items(model: &Model, elsewhere: &HashMap<ItemId, TokenStream>) -> Vec<(String, usize)> {
    let mut taken: HashMap<usize, Taken> = HashMap::new();
    let named = model.items.iter().enumerate().map(|(id, item)| {
        let number = item.namespace;
        let name = match &item.kind {
            ItemKind::Const(_) => screaming(&item.name),
            _ => camel(&item.name),
        };
        if elsewhere.contains_key(&id) {
            return (name, number);
        }
        let taken = taken.entry(number).or_default();
        let name = match &item.kind {
            ItemKind::Interface(interface) => taken.claim(
                |choice| nth_trait(&name, interface, choice),
                |name| {
                    let made = ["Client", "Service", ""].map(|end| format!("{name}{end}"));
                    made.to_vec()
                },
            ),
            _ => taken.name(&name),
        };
        (name, number)
    });
    named.collect()
}

/// Names that differ from each other: of two that do not, the later gets `_` behind it.
pub(super) fn distinct(names: impl IntoIterator<Item = String>) -> Vec<String> {
    let mut taken = Taken::default();
    names.into_iter().map(|name| taken.name(&name)).collect()
}

/// Names that are given already.
#[derive(Default)]
struct Taken {
    names: HashSet<String>,
    /// How many choices were made of a name, by its second choice: a trait and a struct that want the same first
    /// have other ones.
    tried: HashMap<String, usize>,
}

impl Taken {
    /// The first free one of a name and its other choices.
    fn name(&mut self, wanted: &str) -> String {
        self.claim(|choice| nth(wanted, choice), |name| vec![name.to_owned()])
    }

    /// The same, where each choice takes several names.
    fn claim(
        &mut self,
        nth: impl Fn(usize) -> String,
        all: impl Fn(&str) -> Vec<String>,
    ) -> String {
        let tried = self.tried.entry(nth(1)).or_default();
        loop {
            let name = nth(*tried);
            *tried += 1;
            let made = all(&name);
            if !made.iter().any(|name| self.names.contains(name)) {
                self.names.extend(made);
                return name;
            }
        }
    }
}

/// So many `_` or letters stand behind a name; then a number does, lest the names of a large file fill the memory.
const MANY: usize = 4;

/// What a name becomes: itself, then with `_` behind it.
fn nth(name: &str, choice: usize) -> String {
    let bare = name.trim_start_matches("r#");
    let letters = bare.trim_end_matches('_');
    match choice {
        0 => name.to_owned(),
        1..=MANY => format!("{bare}{}", "_".repeat(choice)),
        // Rust warns of `Ab_5`, but not of `V1_5`, which must not become `V15`.
        _ if letters.ends_with(|c: char| c.is_ascii_alphabetic()) => format!("{letters}{choice}"),
        _ => format!("{bare}_{choice}"),
    }
}

/// Rust warns of `V1_Client`, so here no `_` is put behind, and `Self_` is no choice.
fn nth_trait(name: &str, interface: &Interface, choice: usize) -> String {
    let keyword = name.strip_suffix('_').filter(|bare| *bare == "Self");
    let with_program = match &interface.written {
        Some(written) if keyword.is_some() || !name.starts_with(&camel(&written.program)) => {
            Some(camel(&format!("{}_{}", written.program, written.version)))
        }
        _ => None,
    };
    let (base, choice) = match (&with_program, keyword) {
        (Some(longer), Some(_)) => (longer.as_str(), choice),
        (Some(longer), None) if choice > 0 => (longer.as_str(), choice - 1),
        (_, Some(bare)) => (bare, choice + 1),
        _ => (name, choice),
    };
    match choice {
        0..=MANY => format!("{base}{}", "X".repeat(choice)),
        _ => format!("{base}X{choice}"),
    }
}

/// Where a namespace is: the path that its modules are within, if it is not written here, and they.
fn modules(namespace: &str, elsewhere: &[(String, String)]) -> (Option<TokenStream>, Vec<String>) {
    let outer = elsewhere
        .iter()
        .filter(|(outer, _)| is_within(namespace, outer));
    // The longest says it most exactly.
    let outer = outer.max_by_key(|(outer, _)| outer.len());
    let inner = outer.map_or(namespace, |(outer, _)| &namespace[outer.len()..]);
    let parts = inner.split('.').filter(|part| !part.is_empty());
    let path = outer.map(|(_, path)| path.parse().unwrap_or_default());
    (path, parts.map(module_name).collect())
}

/// An identifier that may be `r#` escaped.
pub(super) fn ident(name: &str) -> Ident {
    match name.strip_prefix("r#") {
        Some(raw) => Ident::new_raw(raw, Span::call_site()),
        None => Ident::new(name, Span::call_site()),
    }
}
