//! What `#[rpc(…)]` says on a trait and on a method.

use proc_macro2::{Span, TokenStream};
use syn::meta::ParseNestedMeta;
use syn::parse::Parser;
use syn::{Attribute, Expr, ExprLit, ExprUnary, Lit, LitInt, LitStr, Path, UnOp};

use super::codec::Codec;
use super::deadline::Deadline;
use super::semantics::Semantics;
use crate::attribute::{key, name, no_value, once, path, read_all, unknown, value};
use crate::errors::Errors;

const ON_TRAIT: [&str; 5] = ["program", "version", "name", "codec", "crate"];
const ON_METHOD: [&str; 3] = ["procedure", "name", "deadline"];

#[derive(Default)]
pub struct OnTrait {
    pub framework: Option<Path>,
    pub name: Option<LitStr>,
    pub program: Option<Expr>,
    pub version: Option<Expr>,
    pub codec: Option<Codec>,
}

impl OnTrait {
    pub fn read(arguments: TokenStream, errors: &Errors) -> Self {
        let mut found = Self::default();
        let parser = syn::meta::parser(|meta| found.key(&meta));
        let read = errors.keep(parser.parse2(arguments)).is_some();
        // After a broken argument nobody knows whether those behind it are missing.
        if read && (found.program.is_none() || found.version.is_none()) {
            let message = "an interface is known by its numbers: `#[rpc(program = 0x2000_0000, version = 1)]`";
            errors.push(syn::Error::new(Span::call_site(), message));
        }
        found
    }

    fn key(&mut self, meta: &ParseNestedMeta) -> syn::Result<()> {
        if meta.path.is_ident("crate") {
            once(&mut self.framework, meta, path(meta)?)
        } else if meta.path.is_ident("name") {
            once(&mut self.name, meta, name(meta)?)
        } else if meta.path.is_ident("program") {
            once(&mut self.program, meta, number(meta)?)
        } else if meta.path.is_ident("version") {
            once(&mut self.version, meta, number(meta)?)
        } else if meta.path.is_ident("codec") {
            let codec = Codec::read(meta);
            let known = codec.as_ref().copied().unwrap_or(Codec::Unknown);
            once(&mut self.codec, meta, known)?;
            codec.map(drop)
        } else if is_on_method(&key(meta)) {
            let message = format!(
                "`{0}` is said of a method: write `#[rpc({0}{1})]` above it",
                key(meta),
                if meta.input.is_empty() || meta.input.peek(syn::Token![,]) {
                    ""
                } else {
                    " = …"
                },
            );
            Err(syn::Error::new_spanned(&meta.path, message))
        } else {
            Err(unknown(meta, "a trait", &ON_TRAIT))
        }
    }
}

fn is_on_method(key: &str) -> bool {
    ON_METHOD.contains(&key)
        || Semantics::ALL
            .iter()
            .any(|semantics| semantics.word() == key)
}

/// Reads the number of a program or a version: an expression, which may name constants.
fn number(meta: &ParseNestedMeta) -> syn::Result<Expr> {
    let given: Expr = value(meta)?;
    let is_number = match &given {
        Expr::Lit(ExprLit {
            lit: Lit::Int(literal),
            ..
        }) => literal.base10_parse::<u32>().is_ok(),
        Expr::Lit(_) => false,
        Expr::Unary(ExprUnary {
            op: UnOp::Neg(_), ..
        }) => false,
        _ => true,
    };
    if is_number {
        return Ok(given);
    }
    let message = format!(
        "a {} number is an integer from 0 to 4294967295, or a constant `u32`",
        key(meta)
    );
    Err(syn::Error::new_spanned(given, message))
}

#[derive(Default)]
pub struct OnMethod {
    pub semantics: Option<Semantics>,
    pub procedure: Option<LitInt>,
    pub name: Option<LitStr>,
    pub deadline: Option<Deadline>,
}

impl OnMethod {
    pub fn read(attributes: &[Attribute], errors: &Errors) -> Self {
        let mut found = Self::default();
        read_all(attributes, "rpc", errors, |meta| found.key(meta));
        found
    }

    fn key(&mut self, meta: &ParseNestedMeta) -> syn::Result<()> {
        if let Some(semantics) = meta.path.get_ident().and_then(Semantics::from_word) {
            self.promise(semantics, meta)
        } else if meta.path.is_ident("procedure") {
            once(&mut self.procedure, meta, procedure(meta)?)
        } else if meta.path.is_ident("name") {
            once(&mut self.name, meta, name(meta)?)
        } else if meta.path.is_ident("deadline") {
            once(&mut self.deadline, meta, Deadline::read(meta)?)
        } else if ON_TRAIT.contains(&key(meta).as_str()) {
            let message = format!(
                "`{0}` is said of the whole trait: move it to the `#[rpc(…)]` above the trait",
                key(meta)
            );
            Err(syn::Error::new_spanned(&meta.path, message))
        } else {
            let known = [&Semantics::ALL.map(Semantics::word)[..], &ON_METHOD].concat();
            Err(unknown(meta, "a method", &known))
        }
    }

    fn promise(&mut self, semantics: Semantics, meta: &ParseNestedMeta) -> syn::Result<()> {
        no_value(meta)?;
        match self.semantics.replace(semantics) {
            None => Ok(()),
            Some(first) => Err(syn::Error::new_spanned(
                &meta.path,
                format!(
                    "a method has one semantics, and this one is `{}` already",
                    first.word()
                ),
            )),
        }
    }
}

/// Reads `procedure = 7`. Constants are not taken: their values are not known here, and two may be the same.
fn procedure(meta: &ParseNestedMeta) -> syn::Result<LitInt> {
    match value(meta)? {
        Expr::Lit(ExprLit {
            lit: Lit::Int(literal),
            ..
        }) => Ok(literal),
        other => Err(syn::Error::new_spanned(
            other,
            "a procedure number is written out, as in `procedure = 3`, so that no two are the same",
        )),
    }
}
