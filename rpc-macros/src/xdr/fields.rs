//! Fields in the order of the wire. Errors in their types are marked where the user wrote them.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};

use super::impls::{Bodies, Scope};
use super::model::{Field, Item};
use crate::span::at;

/// A struct is its fields, one after the other.
pub fn of_struct(item: &Item, fields: &[Field], scope: &Scope) -> Bodies {
    let private = &scope.private;
    let encode = fields.iter().map(|field| {
        let member = &field.member;
        encode(field, &quote!(&self.#member), scope)
    });
    let decode = fields.iter().map(|field| initialise(field, scope));
    let (name, described) = (item.described_name(scope), describe_all(fields, scope));
    Bodies {
        encode: quote!(#(#encode)* ::core::result::Result::Ok(())),
        decode: quote!(::core::result::Result::Ok(Self { #(#decode),* })),
        describe: quote!(#private::Type::Struct { name: #name, fields: #described }),
    }
}

/// A statement that encodes the field, of which `reference` is an expression.
pub fn encode(field: &Field, reference: &TokenStream, scope: &Scope) -> TokenStream {
    let (Scope { private, out, .. }, ty) = (scope, &field.ty);
    match field.coding.functions(ty, scope) {
        _ if !field.is_on_the_wire() => TokenStream::new(),
        Some((functions, place)) => quote_spanned!(place=> #functions::encode(#reference, #out)?;),
        None => quote_spanned!(at(ty)=> <#ty as #private::Encode>::encode(#reference, #out)?;),
    }
}

/// `member: value`, the value being decoded.
pub fn initialise(field: &Field, scope: &Scope) -> TokenStream {
    let (Scope { private, input, .. }, ty, member) = (scope, &field.ty, &field.member);
    let value = match field.coding.functions(ty, scope) {
        _ if !field.is_on_the_wire() => quote!(::core::marker::PhantomData),
        Some((functions, place)) => quote_spanned!(place=> #functions::decode(#input)?),
        None => quote_spanned!(at(ty)=> <#ty as #private::Decode>::decode(#input)?),
    };
    quote!(#member: #value)
}

/// A constant `&[Field]`.
pub fn describe_all(fields: &[Field], scope: &Scope) -> TokenStream {
    let described = fields
        .iter()
        .filter(|field| field.is_on_the_wire())
        .map(|field| describe(field, scope));
    quote!(&[#(#described),*])
}

fn describe(field: &Field, scope: &Scope) -> TokenStream {
    let (private, ty, name) = (&scope.private, &field.ty, &field.name);
    let function = match field.coding.functions(ty, scope) {
        Some((functions, place)) => quote_spanned!(place=> #functions::describe),
        None => quote_spanned!(at(ty)=> <#ty as #private::Describe>::describe),
    };
    quote!(#private::Field { name: #name, ty: #function })
}
