//! The model as Rust: what a person would have written, one small function for each construct.

mod deprecation;
mod derives;
mod docs;
mod enums;
mod errors;
mod layout;
mod lints;
mod names;
mod shapes;
mod traits;
mod types;

use crate::model::{Item, ItemId, ItemKind, Language, Model, Notes};
use crate::rpcl::Strings;
use derives::Derives;
use layout::Module;
use names::Names;
use proc_macro2::TokenStream;
use quote::quote;
use shapes::Shapes;

/// The Rust source of a checked file, with all that it imports; `file` is its name. The Rust of the
/// namespaces in `elsewhere` is at the path beside each, and named there.
pub(crate) fn rust(model: &Model, file: &str, elsewhere: &[(String, String)]) -> String {
    let names = Names::new(model, elsewhere);
    let derives = Derives::new(model);
    let shapes = Shapes::new(model);
    let allows = deprecation::allows(model);
    let mut modules = Module::default();
    let mut of_namespace = vec![Vec::new(); model.namespaces.len()];
    for (id, item) in model.items.iter().enumerate() {
        if names.is_here(id) {
            of_namespace[item.namespace].push(id);
        }
    }
    for (number, namespace) in model.namespaces.iter().enumerate() {
        if names.is_elsewhere(number) {
            continue;
        }
        let emitter = Emitter {
            model,
            here: number,
            names: &names,
            derives: &derives,
            shapes: &shapes,
            allows: &allows,
        };
        let own = of_namespace[number].iter();
        let chunks = own.flat_map(|&id| emitter.item(id, &model.items[id]));
        let chunks: Vec<_> = chunks.collect();
        modules.add(names.module(number), &namespace.docs, chunks);
    }
    layout::file(file, modules)
}

/// Whether a namespace is another one, or within it.
pub(crate) fn is_within(namespace: &str, outer: &str) -> bool {
    let rest = namespace.strip_prefix(outer);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

struct Emitter<'a> {
    model: &'a Model,
    /// The namespace whose module is being written.
    here: usize,
    names: &'a Names,
    derives: &'a Derives,
    shapes: &'a Shapes<'a>,
    /// By item: whether it names something that is deprecated.
    allows: &'a [bool],
}

impl Emitter<'_> {
    fn item(&self, id: ItemId, item: &Item) -> Vec<TokenStream> {
        match &item.kind {
            ItemKind::Const(constant) => vec![self.constant(id, item, constant)],
            ItemKind::Alias(ty) => vec![self.alias(id, item, ty)],
            ItemKind::Struct(fields) => vec![self.structure(id, item, fields)],
            ItemKind::Enum(enumerators) => self.enumeration(id, item, enumerators),
            ItemKind::Union(union) => self.union(id, item, union),
            ItemKind::Interface(interface) => vec![self.interface(id, item, interface)],
            ItemKind::Extern => Vec::new(),
        }
    }
}

impl Emitter<'_> {
    /// A definition, as it is named from here.
    fn path(&self, id: ItemId) -> TokenStream {
        self.names.path(id, self.here)
    }

    fn prelude(&self, name: &str) -> TokenStream {
        self.names.prelude(name, self.here)
    }

    /// What stands before a definition.
    fn head(&self, id: ItemId, item: &Item) -> TokenStream {
        let head = match &item.kind {
            ItemKind::Interface(interface) => match &interface.written {
                None => head(&item.docs, &item.notes),
                Some(written) => {
                    let name = format!("`{}` of `{}`", written.version, written.program);
                    head(&docs::of_x(&item.docs, Some(name)), &item.notes)
                }
            },
            _ => self.part(&item.docs, &item.notes, &item.name, self.names.rust(id)),
        };
        let allow = self.allow(id);
        quote!(#head #allow)
    }

    /// What stands before a definition, or before a part of one, that is called `name` in the file.
    fn part(&self, lines: &[String], notes: &Notes, name: &str, rust: &str) -> TokenStream {
        match self.model.language {
            Language::Idl => head(lines, notes),
            Language::X(_) => {
                let differs = rust.trim_start_matches("r#") != name;
                let lines = docs::of_x(lines, differs.then(|| format!("`{name}`")));
                head(&lines, notes)
            }
        }
    }

    /// Whether a string is any bytes.
    fn strings_are_bytes(&self) -> bool {
        self.model.language == Language::X(Strings::Bytes)
    }

    /// A contract that says of itself what is old is not warned of it.
    fn allow(&self, id: ItemId) -> TokenStream {
        match self.allows[id] {
            true => quote!(#[allow(deprecated)]),
            false => quote!(),
        }
    }
}

/// What stands before a part of a definition.
fn head(lines: &[String], notes: &Notes) -> TokenStream {
    let docs = docs(lines);
    let deprecated = match notes.deprecated.as_deref() {
        None => quote!(),
        Some("") => quote!(#[deprecated]),
        Some(note) => quote!(#[deprecated(note = #note)]),
    };
    quote!(#docs #deprecated)
}

/// Doc comments, line by line.
fn docs(lines: &[String]) -> TokenStream {
    // Rust takes no carriage return in a doc comment.
    let lines = lines.iter().map(|line| line.replace('\r', " "));
    quote!(#(#[doc = #lines])*)
}

/// An integer as people write it: hexadecimal in groups of four, decimal in groups of three.
fn integer(value: i128, hex: bool) -> TokenStream {
    let (prefix, digits, group) = match hex {
        true => ("0x", format!("{:x}", value.unsigned_abs()), 4),
        false => ("", value.unsigned_abs().to_string(), 3),
    };
    let mut text = String::from(if value < 0 { "-" } else { "" });
    text.push_str(prefix);
    for (i, digit) in digits.chars().enumerate() {
        let left = digits.len() - i;
        if i > 0 && digits.len() > 4 && left.is_multiple_of(group) {
            text.push('_');
        }
        text.push(digit);
    }
    // A sign and digits are always tokens.
    text.parse().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    #[test]
    fn integers_are_grouped_as_people_do() {
        for (value, hex, expected) in [
            (64, false, "64"),
            (8192, false, "8192"),
            (-65_536, false, "- 65_536"),
            (0x2000_0bab, true, "0x2000_0bab"),
            (0xff, true, "0xff"),
            (i128::from(i64::MIN), false, "- 9_223_372_036_854_775_808"),
        ] {
            let text = super::integer(value, hex).to_string();
            assert_eq!(text.replace("- ", "-"), expected.replace("- ", "-"));
        }
    }
}
