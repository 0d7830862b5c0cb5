//! Interfaces.

use super::names::{distinct, ident};
use super::{Emitter, integer, lints};
use crate::casing::snake;
use crate::model::{Field, Interface, Item, ItemId, Method, Type};
use proc_macro2::TokenStream;
use quote::quote;

/// Names that the client has for itself.
const RESERVED: [&str; 6] = ["connect", "local", "clone", "new", "into", "try_into"];

impl Emitter<'_> {
    pub(super) fn interface(&self, id: ItemId, item: &Item, interface: &Interface) -> TokenStream {
        let (docs, name) = (self.head(id, item), self.names.item(id));
        let program = integer(interface.program.into(), true);
        let version = integer(interface.version.into(), false);
        let names = distinct(interface.methods.iter().map(|m| method_name(&m.name)));
        let methods = interface.methods.iter().zip(names);
        let methods = methods.map(|(method, name)| self.method(method, &name));
        quote! {
            #docs
            #[rpc_core::rpc(program = #program, version = #version)]
            pub trait #name { #(#methods)* }
        }
    }

    fn method(&self, method: &Method, rust: &str) -> TokenStream {
        let docs = self.part(&method.docs, &method.notes, &method.name, rust);
        let name = ident(rust);
        let semantics = method.semantics.map(|semantics| {
            let word = ident(semantics.word());
            quote!(#word,)
        });
        let procedure = integer(method.procedure.into(), false);
        let deadline = method.deadline.as_ref().map(|deadline| {
            let text = &deadline.text;
            quote!(, deadline = #text)
        });
        let allows = lints::of_method(rust, method.args.len());
        let names = distinct(method.args.iter().map(|arg| argument_name(&arg.name)));
        let args = method.args.iter().zip(names);
        let args = args.map(|(arg, name)| self.argument(arg, &name));
        let result = self.result(method);
        quote! {
            #docs
            #allows
            #[rpc(#semantics procedure = #procedure #deadline)]
            fn #name(&self, cx: &rpc_core::Context, #(#args),*) #result;
        }
    }

    /// Text and bytes of any length are lent; all else is handed over.
    fn argument(&self, arg: &Field, name: &str) -> TokenStream {
        let name = ident(name);
        let ty = match &arg.ty {
            Type::String(None) if self.strings_are_bytes() => quote!(&[u8]),
            Type::String(None) => quote!(&str),
            Type::Bytes(None) => quote!(&[u8]),
            ty => self.ty(ty),
        };
        quote!(#name: #ty)
    }

    fn result(&self, method: &Method) -> Option<TokenStream> {
        let value = method.result.as_ref().map(|ty| self.ty(ty));
        let Some(error) = method.throws else {
            return value.map(|value| quote!(-> #value));
        };
        let value = value.unwrap_or_else(|| quote!(()));
        let (result, error) = (self.prelude("Result"), self.path(error));
        Some(quote!(-> #result<#value, #error>))
    }
}

pub(crate) fn method_name(name: &str) -> String {
    let name = snake(name);
    if RESERVED.contains(&name.as_str()) {
        name + "_"
    } else {
        name
    }
}

/// `cx` is the name of the context. What has no letters, as `_1`, may be the name of a constant as well, for which
/// Rust would take the argument.
pub(crate) fn argument_name(name: &str) -> String {
    let name = snake(name);
    match name.as_str() {
        "cx" => name + "_",
        digits if !digits.contains(char::is_alphabetic) => format!("arg{name}"),
        _ => name,
    }
}
