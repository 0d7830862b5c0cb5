//! Attributes of the trait and of its methods that what is generated needs too.

use syn::punctuated::Punctuated;
use syn::{Attribute, Meta, Token, parse_quote};

use crate::attribute::is_called;
use crate::errors::Errors;

const LINTS: [&str; 5] = ["allow", "expect", "warn", "deny", "forbid"];

/// Refuses, and takes away, what would hide from the macro what it has to know. Whether there was nothing.
pub fn check(attributes: &mut Vec<Attribute>, errors: &Errors) -> bool {
    let count = attributes.len();
    attributes.retain(|attribute| {
        let hides = hides(attribute);
        if hides {
            errors.at(
                attribute,
                "what a `cfg_attr` holds is not seen here: write `#[rpc(…)]` and `#[cfg(…)]` as they are",
            );
        }
        !hides
    });
    attributes.len() == count
}

fn hides(attribute: &Attribute) -> bool {
    let inside = conditional(attribute).unwrap_or_default();
    inside
        .iter()
        .any(|meta| ["rpc", "cfg"].iter().any(|name| ends_in(meta, name)))
}

/// The attributes that a `cfg_attr` holds.
fn conditional(attribute: &Attribute) -> Option<Vec<Meta>> {
    if !attribute.path().is_ident("cfg_attr") {
        return None;
    }
    let list = attribute
        .parse_args_with(Punctuated::<Meta, Token![,]>::parse_terminated)
        .ok()?;
    Some(list.into_iter().skip(1).collect())
}

fn ends_in(meta: &Meta, name: &str) -> bool {
    let last = meta.path().segments.last();
    last.is_some_and(|last| last.ident == name)
}

/// Where a method is there at all.
pub fn conditions(attributes: &[Attribute]) -> Vec<Attribute> {
    let found = attributes
        .iter()
        .filter(|attribute| is_called(attribute, "cfg"));
    found.cloned().collect()
}

/// For the client's method.
pub fn to_client(attributes: &[Attribute]) -> Vec<Attribute> {
    let is_for_client = |meta: &Meta| {
        let mut names = ["doc", "deprecated"].iter().chain(&LINTS);
        names.any(|name| meta.path().is_ident(name))
    };
    let found = attributes
        .iter()
        .filter(|attribute| match conditional(attribute) {
            Some(inside) => inside.iter().all(is_for_client),
            None => is_for_client(&attribute.meta),
        });
    found.cloned().map(tolerant).collect()
}

/// For the client, the service and their implementations. Who deprecates the trait knows that these use it.
pub fn beside_trait(attributes: &[Attribute]) -> Vec<Attribute> {
    let is_lint = |attribute: &&Attribute| LINTS.iter().any(|lint| attribute.path().is_ident(lint));
    let mut found = conditions(attributes);
    found.extend(attributes.iter().filter(is_lint).cloned().map(tolerant));
    if attributes
        .iter()
        .any(|attribute| is_called(attribute, "deprecated"))
    {
        found.push(parse_quote!(#[allow(deprecated)]));
    }
    found
}

/// What is expected of the trait need not come true of what is generated.
fn tolerant(mut attribute: Attribute) -> Attribute {
    if let Meta::List(list) = &mut attribute.meta
        && list.path.is_ident("expect")
    {
        list.path = parse_quote!(allow);
    }
    attribute
}
