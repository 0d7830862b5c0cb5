//! What `#[xdr(…)]` says on a type, a variant and a field.

use proc_macro2::Span;
use syn::spanned::Spanned;
use syn::{Attribute, BinOp, Expr, LitStr, Path, Type};

use crate::attribute::{name, once, path, read_all, unknown, value};
use crate::errors::Errors;

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
                Err(unknown(meta, "a type", &["crate", "name", "switch"]))
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
                Err(unknown(meta, "a variant", &["case", "default", "name"]))
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
}

impl OnField {
    pub fn read(attributes: &[Attribute], errors: &Errors) -> Self {
        let mut found = Self::default();
        read_all(attributes, "xdr", errors, |meta| {
            if meta.path.is_ident("name") {
                once(&mut found.name, meta, name(meta)?)
            } else if meta.path.is_ident("with") {
                once(&mut found.with, meta, path(meta)?)
            } else {
                Err(unknown(meta, "a field", &["name", "with"]))
            }
        });
        found
    }
}
