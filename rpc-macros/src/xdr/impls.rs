//! The three `impl` blocks around what is specific to a shape.

use proc_macro2::{Ident, TokenStream};
use quote::quote;
use syn::{GenericParam, Generics, Lifetime, LifetimeParam, Path, Type, parse_quote};

use super::bounds::Needs;
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
    let needs = Needs::of(&item.generics, item.fields().into_iter());
    let encode = encode(item, &needs, scope, &bodies.encode);
    let decode = decode(item, &needs, scope, &bodies.decode);
    let describe = describe(item, &needs, scope, &bodies.describe);
    quote!(#encode #decode #describe)
}

fn encode(item: &Item, needs: &Needs, scope: &Scope, body: &TokenStream) -> TokenStream {
    let Scope { private, out, .. } = scope;
    let ident = &item.ident;
    let mut generics = item.generics.clone();
    require(&mut generics, &needs.coded, &quote!(#private::Encode));
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

fn decode(item: &Item, needs: &Needs, scope: &Scope, body: &TokenStream) -> TokenStream {
    let Scope { private, input, .. } = scope;
    let ident = &item.ident;
    let (_, arguments, _) = item.generics.split_for_impl();
    let message = message_lifetime(&item.generics);
    let mut generics = item.generics.clone();
    require(
        &mut generics,
        &needs.coded,
        &quote!(#private::Decode<#message>),
    );
    require(&mut generics, &needs.ordered, &quote!(::core::cmp::Ord));
    require(
        &mut generics,
        &needs.hashed,
        &quote!(::core::cmp::Eq + ::core::hash::Hash),
    );
    require(
        &mut generics,
        &needs.hashers,
        &quote!(::core::hash::BuildHasher + ::core::default::Default),
    );
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

fn describe(item: &Item, needs: &Needs, scope: &Scope, body: &TokenStream) -> TokenStream {
    let Scope { private, .. } = scope;
    let ident = &item.ident;
    let mut generics = item.generics.clone();
    require(&mut generics, &needs.coded, &quote!(#private::Describe));
    let name = name(item, needs, scope);
    let (parameters, arguments, conditions) = generics.split_for_impl();
    quote! {
        #[automatically_derived]
        #[allow(deprecated)]
        impl #parameters #private::Describe for #ident #arguments #conditions {
            const NAME: &'static ::core::primitive::str = #name;

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

/// The name of the type; of a generic one, with the names of those parameters that are on the wire, and all numbers.
fn name(item: &Item, needs: &Needs, scope: &Scope) -> TokenStream {
    let (private, name) = (&scope.private, &item.name);
    let arguments = item.generics.params.iter().filter_map(|parameter| match parameter {
        GenericParam::Type(ty) if needs.names(&ty.ident) => {
            let ident = &ty.ident;
            Some(quote!(<#ident as #private::Describe>::NAME))
        }
        GenericParam::Const(number) => {
            let ident = &number.ident;
            Some(quote!(#private::Name::text(const { &#private::Name::number(#ident as ::core::primitive::i128) })))
        }
        _ => None,
    });
    let arguments: Vec<_> = arguments.collect();
    if arguments.is_empty() {
        return quote!(#name);
    }
    quote!(#private::Name::text(const { &#private::Name::instance(#name, &[#(#arguments),*]) }))
}

/// Adds `ty: bound` for each of `types` to the conditions of the implementation.
fn require(generics: &mut Generics, types: &[Type], bound: &TokenStream) {
    if !types.is_empty() {
        let conditions = generics.make_where_clause();
        let required = types.iter().map(|ty| parse_quote!(#ty: #bound));
        conditions
            .predicates
            .extend::<Vec<syn::WherePredicate>>(required.collect());
    }
}
