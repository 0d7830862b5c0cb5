//! Reading `#[xdr(…)]` and `#[rpc(…)]`: keys that are known, each given at most once.

use syn::meta::ParseNestedMeta;
use syn::parse::Parse;
use syn::{Attribute, LitStr, Path, parse_quote};

use crate::errors::Errors;

/// Calls `read` for every key inside the attributes called `name`.
pub fn read_all(
    attributes: &[Attribute],
    name: &str,
    errors: &Errors,
    mut read: impl FnMut(&ParseNestedMeta) -> syn::Result<()>,
) {
    for attribute in attributes
        .iter()
        .filter(|attribute| is_called(attribute, name))
    {
        errors.keep(attribute.parse_nested_meta(|meta| read(&meta)));
    }
}

/// Whether the last segment of the attribute's path is `name`, so that `#[rpc_core::rpc]` is found as `#[rpc]` is.
pub fn is_called(attribute: &Attribute, name: &str) -> bool {
    attribute
        .path()
        .segments
        .last()
        .is_some_and(|last| last.ident == name)
}

/// Stores the value of a key that may be given once.
pub fn once<T>(slot: &mut Option<T>, meta: &ParseNestedMeta, value: T) -> syn::Result<()> {
    if slot.is_some() {
        return Err(syn::Error::new_spanned(
            &meta.path,
            format!("`{}` is given twice", key(meta)),
        ));
    }
    *slot = Some(value);
    Ok(())
}

/// Reads the `value` of `key = value`.
pub fn value<T: Parse>(meta: &ParseNestedMeta) -> syn::Result<T> {
    meta.value()?.parse()
}

/// Reads the path of `key = path`.
pub fn path(meta: &ParseNestedMeta) -> syn::Result<Path> {
    meta.value()?.call(Path::parse_mod_style)
}

/// Reads the text of `name = "text"`, which must say something.
pub fn name(meta: &ParseNestedMeta) -> syn::Result<LitStr> {
    let text: LitStr = value(meta)?;
    if text.value().is_empty() {
        return Err(syn::Error::new_spanned(text, "a name cannot be empty"));
    }
    Ok(text)
}

/// Refuses a key that is not among `known`, and lists those.
pub fn unknown(meta: &ParseNestedMeta, place: &str, known: &[&str]) -> syn::Error {
    let list = known
        .iter()
        .map(|key| format!("`{key}`"))
        .collect::<Vec<_>>()
        .join(", ");
    syn::Error::new_spanned(
        &meta.path,
        format!(
            "`{}` is not known on {place}; known there: {list}",
            key(meta)
        ),
    )
}

/// The path of the framework: what `crate = path` says, or `::rpc_core`.
pub fn framework(given: Option<Path>) -> Path {
    given.unwrap_or_else(|| parse_quote!(::rpc_core))
}

fn key(meta: &ParseNestedMeta) -> String {
    meta.path
        .segments
        .iter()
        .map(|segment| segment.ident.to_string())
        .collect::<Vec<_>>()
        .join("::")
}
