//! `#[derive(Xdr)]`: the canonical encoding of a type, from its definition.

mod attributes;
mod bounds;
mod coding;
mod enums;
mod fields;
mod impls;
mod model;
mod types;
mod unions;
mod variants;

use proc_macro2::TokenStream;
use syn::DeriveInput;

use crate::errors::Errors;
use impls::Scope;
use model::{Item, Shape};

pub fn expand(input: TokenStream) -> TokenStream {
    let errors = Errors::new();
    let item = errors
        .keep(syn::parse2::<DeriveInput>(input))
        .and_then(|input| Item::read(input, &errors));
    let mistakes = errors.finish();
    match item {
        Some(item) if mistakes.is_empty() => emit(&item),
        _ => mistakes,
    }
}

fn emit(item: &Item) -> TokenStream {
    let scope = Scope::new(&item.framework);
    match &item.shape {
        Shape::Struct(fields) => impls::all(item, &scope, &fields::of_struct(item, fields, &scope)),
        Shape::Enum(values) => enums::emit(item, values, &scope),
        Shape::Union(union) => unions::emit(item, union, &scope),
    }
}
