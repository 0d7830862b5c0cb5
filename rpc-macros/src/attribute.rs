//! Reading `#[xdr(…)]` and `#[rpc(…)]`: keys that are known, each given at most once.

use syn::meta::ParseNestedMeta;
use syn::parse::{Parse, ParseStream};
use syn::{Attribute, Expr, ExprLit, Lit, LitStr, Meta, Path, Token, parse_quote};

use crate::errors::Errors;
use crate::suggest::closest;

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
        if let Meta::Path(path) = &attribute.meta {
            errors.at(
                path,
                format!("this says nothing: write `#[{name}(…)]`, or leave it out"),
            );
            continue;
        }
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
    assigned(meta)?.parse()
}

/// Reads the path of `key = path`.
pub fn path(meta: &ParseNestedMeta) -> syn::Result<Path> {
    assigned(meta)?.call(Path::parse_mod_style)
}

fn assigned<'a>(meta: &ParseNestedMeta<'a>) -> syn::Result<ParseStream<'a>> {
    if !meta.input.peek(Token![=]) {
        let key = key(meta);
        let message = format!("`{key}` needs a value: write `{key} = …`");
        return Err(syn::Error::new_spanned(&meta.path, message));
    }
    meta.value()
}

/// Refuses a value behind a key that has none.
pub fn no_value(meta: &ParseNestedMeta) -> syn::Result<()> {
    if meta.input.is_empty() || meta.input.peek(Token![,]) {
        return Ok(());
    }
    let message = format!("`{}` stands alone, without a value", key(meta));
    Err(syn::Error::new_spanned(&meta.path, message))
}

/// Reads the text of `name = "text"`, which must say something.
pub fn name(meta: &ParseNestedMeta) -> syn::Result<LitStr> {
    let text = match value(meta)? {
        Expr::Lit(ExprLit {
            lit: Lit::Str(text),
            ..
        }) => text,
        other => {
            return Err(syn::Error::new_spanned(
                other,
                "a name is text: `name = \"…\"`",
            ));
        }
    };
    if text.value().is_empty() {
        return Err(syn::Error::new_spanned(text, "a name cannot be empty"));
    }
    Ok(text)
}

/// Refuses a key that is not among `known`, and names the one that was meant, or lists them.
pub fn unknown(meta: &ParseNestedMeta, place: &str, known: &[&str]) -> syn::Error {
    if let Some(meant) = closest(&key(meta), known) {
        let message = format!(
            "`{}` is not known on {place}: did you mean `{meant}`?",
            key(meta)
        );
        return syn::Error::new_spanned(&meta.path, message);
    }
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

pub fn key(meta: &ParseNestedMeta) -> String {
    meta.path
        .segments
        .iter()
        .map(|segment| segment.ident.to_string())
        .collect::<Vec<_>>()
        .join("::")
}
