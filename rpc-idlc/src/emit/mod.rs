//! The model as Rust: what a person would have written, one small function for each construct.

mod deprecation;
mod derives;
mod errors;
mod layout;
mod names;
mod traits;
mod types;

use crate::model::{Item, ItemId, ItemKind, Model, Notes};
use derives::Derives;
use names::Names;
use proc_macro2::TokenStream;
use quote::quote;

/// The Rust source of a checked file; `file` is its name.
pub(crate) fn rust(model: &Model, file: &str) -> String {
    let emitter = Emitter {
        model,
        names: Names::new(model),
        derives: Derives::new(model),
        allows: deprecation::allows(model),
    };
    let chunks = model
        .items
        .iter()
        .enumerate()
        .flat_map(|(id, item)| emitter.item(id, item));
    layout::file(file, chunks)
}

struct Emitter<'a> {
    model: &'a Model,
    names: Names,
    derives: Derives,
    /// By item: whether it names something that is deprecated.
    allows: Vec<bool>,
}

impl Emitter<'_> {
    fn item(&self, id: ItemId, item: &Item) -> Vec<TokenStream> {
        match &item.kind {
            ItemKind::Const(constant) => vec![self.constant(id, item, constant)],
            ItemKind::Alias(ty) => vec![self.alias(id, item, ty)],
            ItemKind::Struct(fields) => vec![self.structure(id, item, fields)],
            ItemKind::Enum(enumerators) => vec![self.enumeration(id, item, enumerators)],
            ItemKind::Union(union) => self.union(id, item, union),
            ItemKind::Interface(interface) => vec![self.interface(id, item, interface)],
        }
    }
}

impl Emitter<'_> {
    /// What stands before a definition.
    fn head(&self, id: ItemId, item: &Item) -> TokenStream {
        let (head, allow) = (head(&item.docs, &item.notes), self.allow(id));
        quote!(#head #allow)
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
