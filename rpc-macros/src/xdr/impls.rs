//! The three `impl` blocks around what is specific to a shape.

use proc_macro2::{Ident, TokenStream};
use quote::quote;
use syn::{GenericParam, Generics, Lifetime, LifetimeParam, Path, parse_quote};

use super::model::Item;
use crate::span::local;

/// The names that emitted code uses. The variables' are unlikely ones: hygiene keeps a user's variables apart from them,
/// but a constant of the same name would take the place of a variable.
pub struct Scope {
    /// `::rpc_core::__private`.
    pub private: TokenStream,
    pub out: Ident,
    pub input: Ident,
}

impl Scope {
    pub fn new(framework: &Path) -> Self {
        Self {
            private: quote!(#framework::__private),
            out: local("__out"),
            input: local("__input"),
        }
    }
}

/// What differs from type to type.
pub struct Bodies {
    /// Statements that may use `?`, ending in the `Result`.
    pub encode: TokenStream,
    /// The same, giving `Self`.
    pub decode: TokenStream,
    /// A constant expression: the `Type`.
    pub describe: TokenStream,
}

/// The implementations of `Encode`, `Decode` and `Describe`. They name all that the type is made of, deprecated or not.
pub fn all(item: &Item, scope: &Scope, bodies: &Bodies) -> TokenStream {
    let encode = encode(item, scope, &bodies.encode);
    let decode = decode(item, scope, &bodies.decode);
    let describe = describe(item, scope, &bodies.describe);
    quote!(#encode #decode #describe)
}

fn encode(item: &Item, scope: &Scope, body: &TokenStream) -> TokenStream {
    let Scope { private, out, .. } = scope;
    let ident = &item.ident;
    let generics = bounded(&item.generics, &quote!(#private::Encode));
    let (parameters, arguments, conditions) = generics.split_for_impl();
    quote! {
        #[automatically_derived]
        #[allow(deprecated)]
        impl #parameters #private::Encode for #ident #arguments #conditions {
            #[inline]
            fn encode(&self, #out: &mut #private::Encoder) -> ::core::result::Result<(), #private::EncodeError> {
                #body
            }
        }
    }
}

fn decode(item: &Item, scope: &Scope, body: &TokenStream) -> TokenStream {
    let Scope { private, input, .. } = scope;
    let ident = &item.ident;
    let (_, arguments, _) = item.generics.split_for_impl();
    let message = message_lifetime(&item.generics);
    let mut generics = bounded(&item.generics, &quote!(#private::Decode<#message>));
    if generics.lifetimes().next().is_none() {
        generics.params.insert(
            0,
            GenericParam::Lifetime(LifetimeParam::new(message.clone())),
        );
    }
    let (parameters, _, conditions) = generics.split_for_impl();
    quote! {
        #[automatically_derived]
        #[allow(deprecated)]
        impl #parameters #private::Decode<#message> for #ident #arguments #conditions {
            #[inline]
            fn decode(
                #input: &mut #private::Decoder<#message>,
            ) -> ::core::result::Result<Self, #private::DecodeError> {
                #body
            }
        }
    }
}

fn describe(item: &Item, scope: &Scope, body: &TokenStream) -> TokenStream {
    let Scope { private, .. } = scope;
    let ident = &item.ident;
    let generics = bounded(&item.generics, &quote!(#private::Describe));
    let (parameters, arguments, conditions) = generics.split_for_impl();
    quote! {
        #[automatically_derived]
        #[allow(deprecated)]
        impl #parameters #private::Describe for #ident #arguments #conditions {
            fn describe() -> &'static #private::Type {
                const { &#body }
            }
        }
    }
}

/// The lifetime of the message: the type's own, since what it borrows it borrows from there.
fn message_lifetime(generics: &Generics) -> Lifetime {
    match generics.lifetimes().next() {
        Some(own) => own.lifetime.clone(),
        None => parse_quote!('__xdr),
    }
}

/// The generics with `bound` added to every type parameter.
fn bounded(generics: &Generics, bound: &TokenStream) -> Generics {
    let mut generics = generics.clone();
    for parameter in generics.type_params_mut() {
        parameter.bounds.push(parse_quote!(#bound));
    }
    generics
}
