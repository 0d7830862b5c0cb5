//! What `#[rpc(…)]` says on a trait and on a method.

use proc_macro2::{Span, TokenStream};
use syn::meta::ParseNestedMeta;
use syn::parse::Parser;
use syn::{Attribute, Expr, LitInt, LitStr, Path};

use super::deadline::Deadline;
use super::semantics::Semantics;
use crate::attribute::{name, once, path, read_all, unknown, value};
use crate::errors::Errors;

#[derive(Default)]
pub struct OnTrait {
    pub framework: Option<Path>,
    pub name: Option<LitStr>,
    pub program: Option<Expr>,
    pub version: Option<Expr>,
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
            once(&mut self.program, meta, value(meta)?)
        } else if meta.path.is_ident("version") {
            once(&mut self.version, meta, value(meta)?)
        } else {
            Err(unknown(
                meta,
                "a trait",
                &["program", "version", "name", "crate"],
            ))
        }
    }
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
            once(&mut self.procedure, meta, value(meta)?)
        } else if meta.path.is_ident("name") {
            once(&mut self.name, meta, name(meta)?)
        } else if meta.path.is_ident("deadline") {
            once(&mut self.deadline, meta, Deadline::read(meta)?)
        } else {
            let known = Semantics::ALL.map(Semantics::word);
            Err(unknown(
                meta,
                "a method",
                &[&known[..], &["procedure", "name", "deadline"]].concat(),
            ))
        }
    }

    fn promise(&mut self, semantics: Semantics, meta: &ParseNestedMeta) -> syn::Result<()> {
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
