//! What `#[xdr(…)]` says on a type, a variant and a field.

use proc_macro2::Span;
use syn::meta::ParseNestedMeta;
use syn::spanned::Spanned;
use syn::{Attribute, BinOp, Expr, LitStr, Path, Type};

use crate::attribute::{name, once, path, read_all, unknown, value};
use crate::errors::Errors;

const ON_TYPE: &[&str] = &["crate", "name", "switch"];
const ON_VARIANT: &[&str] = &["case", "default", "name"];
const ON_FIELD: &[&str] = &["chain", "name", "with", "words"];

/// Refuses a key that is not among `known`, and says where it belongs if it is known elsewhere.
fn misplaced(meta: &ParseNestedMeta, place: &str, known: &[&str]) -> syn::Error {
    let places = [
        ("a type", ON_TYPE),
        ("a variant", ON_VARIANT),
        ("a field", ON_FIELD),
    ];
    let key = |key: &&&str| meta.path.is_ident(**key);
    for (home, keys) in places {
        if let Some(key) = keys.iter().find(key) {
            return syn::Error::new_spanned(
                &meta.path,
                format!("`{key}` belongs on {home}, and this is {place}"),
            );
        }
    }
    unknown(meta, place, known)
}

#[derive(Default)]
pub struct OnType {
    pub framework: Option<Path>,
    pub name: Option<LitStr>,
    pub switch: Option<Type>,
}

impl OnType {
    pub fn read(attributes: &[Attribute], errors: &Errors) -> Self {
        let mut found = Self::default();
        read_all(attributes, "xdr", errors, |meta| {
            if meta.path.is_ident("crate") {
                once(&mut found.framework, meta, path(meta)?)
            } else if meta.path.is_ident("name") {
                once(&mut found.name, meta, name(meta)?)
            } else if meta.path.is_ident("switch") {
                once(&mut found.switch, meta, value(meta)?)
            } else {
                Err(misplaced(meta, "a type", ON_TYPE))
            }
        });
        found
    }
}

#[derive(Default)]
pub struct OnVariant {
    pub name: Option<LitStr>,
    /// The labels of `case = A | B`; empty if there is none.
    pub cases: Vec<Expr>,
    pub default: Option<Span>,
    /// Whether the variant says, even if wrongly, which discriminants select it.
    pub is_labelled: bool,
}

impl OnVariant {
    pub fn read(attributes: &[Attribute], errors: &Errors) -> Self {
        let mut found = Self::default();
        let mut case = None;
        read_all(attributes, "xdr", errors, |meta| {
            if meta.path.is_ident("name") {
                once(&mut found.name, meta, name(meta)?)
            } else if meta.path.is_ident("case") {
                found.is_labelled = true;
                once(&mut case, meta, value(meta)?)
            } else if meta.path.is_ident("default") {
                found.is_labelled = true;
                once(&mut found.default, meta, meta.path.span())
            } else {
                Err(misplaced(meta, "a variant", ON_VARIANT))
            }
        });
        if let Some(case) = case {
            split_labels(case, &mut found.cases);
        }
        if let (Some(_), Some(first)) = (found.default, found.cases.first()) {
            errors.at(
                first,
                "`default` takes what no `case` names: give one or the other",
            );
        }
        found
    }
}

/// `A | B` reads as two labels, as in a pattern; a bit-or goes in parentheses.
fn split_labels(case: Expr, labels: &mut Vec<Expr>) {
    match case {
        Expr::Binary(or) if matches!(or.op, BinOp::BitOr(_)) => {
            split_labels(*or.left, labels);
            split_labels(*or.right, labels);
        }
        Expr::Paren(label) => labels.push(*label.expr),
        label => labels.push(label),
    }
}

#[derive(Default)]
pub struct OnField {
    pub name: Option<LitStr>,
    pub with: Option<Path>,
    /// Where it says `chain`.
    pub chain: Option<Span>,
    /// Where it says `words`.
    pub words: Option<Span>,
}

impl OnField {
    pub fn read(attributes: &[Attribute], errors: &Errors) -> Self {
        let mut found = Self::default();
        read_all(attributes, "xdr", errors, |meta| {
            if meta.path.is_ident("name") {
                once(&mut found.name, meta, name(meta)?)
            } else if meta.path.is_ident("with") {
                once(&mut found.with, meta, path(meta)?)
            } else if meta.path.is_ident("chain") {
                once(&mut found.chain, meta, meta.path.span())
            } else if meta.path.is_ident("words") {
                once(&mut found.words, meta, meta.path.span())
            } else {
                Err(misplaced(meta, "a field", ON_FIELD))
            }
        });
        found
    }
}
