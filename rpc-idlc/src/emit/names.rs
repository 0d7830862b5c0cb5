//! What the definitions are called in Rust.

use crate::casing::{camel, screaming};
use crate::model::{ItemId, ItemKind, Model};
use proc_macro2::{Ident, Span, TokenStream};
use quote::{format_ident, quote};
use std::collections::HashSet;

pub(super) struct Names {
    rust: Vec<String>,
    types: HashSet<String>,
}

impl Names {
    pub(super) fn new(model: &Model) -> Self {
        let constant = |item: &crate::model::Item| matches!(item.kind, ItemKind::Const(_));
        let named = model.items.iter().map(|item| match constant(item) {
            true => screaming(&item.name),
            false => camel(&item.name),
        });
        let rust: Vec<String> = named.collect();
        let types = rust
            .iter()
            .zip(&model.items)
            .filter(|(_, item)| !constant(item));
        let types = types.map(|(name, _)| name.clone()).collect();
        Names { rust, types }
    }

    pub(super) fn item(&self, id: ItemId) -> Ident {
        ident(&self.rust[id])
    }

    /// A name of the standard prelude, by its full path where the file has a type of that name.
    pub(super) fn prelude(&self, name: &str) -> TokenStream {
        let short = format_ident!("{name}");
        if !self.types.contains(name) {
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

/// An identifier that may be `r#` escaped.
pub(super) fn ident(name: &str) -> Ident {
    match name.strip_prefix("r#") {
        Some(raw) => Ident::new_raw(raw, Span::call_site()),
        None => Ident::new(name, Span::call_site()),
    }
}
