//! What the definitions are called in Rust.

use super::is_within;
use crate::casing::{camel, module_name, screaming};
use crate::model::{ItemId, ItemKind, Model};
use proc_macro2::{Ident, Span, TokenStream};
use quote::{format_ident, quote};
use std::collections::HashSet;

pub(super) struct Names {
    /// By item: its name, and its namespace.
    rust: Vec<(String, usize)>,
    /// By namespace: the modules that it is in, and the path of the outermost one, if that is not
    /// written here.
    modules: Vec<(Option<TokenStream>, Vec<String>)>,
    types: HashSet<(usize, String)>,
}

impl Names {
    pub(super) fn new(model: &Model, elsewhere: &[(String, String)]) -> Self {
        let constant = |item: &crate::model::Item| matches!(item.kind, ItemKind::Const(_));
        let named = model.items.iter().map(|item| match constant(item) {
            true => (screaming(&item.name), item.namespace),
            false => (camel(&item.name), item.namespace),
        });
        let rust: Vec<(String, usize)> = named.collect();
        let types = rust
            .iter()
            .zip(&model.items)
            .filter(|(_, item)| !constant(item));
        let types = types.map(|((name, number), _)| (*number, name.clone()));
        let types = types.collect();
        let modules = model.namespaces.iter().map(|n| modules(&n.name, elsewhere));
        let modules = modules.collect();
        Names {
            rust,
            modules,
            types,
        }
    }

    /// The name of a definition, where it is defined.
    pub(super) fn item(&self, id: ItemId) -> Ident {
        ident(&self.rust[id].0)
    }

    /// The same, as it is written in another namespace.
    pub(super) fn path(&self, id: ItemId, here: usize) -> TokenStream {
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
