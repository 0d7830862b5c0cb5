//! An enum without data: one number, which must be one of those declared.

use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote, quote_spanned};

use super::impls::{self, Bodies, Scope};
use super::model::{Item, Value};
use crate::span::{at, local};

pub fn emit(item: &Item, values: &[Value], scope: &Scope) -> TokenStream {
    let constants: Vec<_> = (0..values.len())
        .map(|index| format_ident!("__XDR_VALUE_{index}"))
        .collect();
    let declared = values
        .iter()
        .zip(&constants)
        .map(|(value, constant)| declare(&item.ident, value, constant));
    let switch = switch(item, values, &constants, scope);
    let impls = impls::all(item, scope, &bodies(item, values, &constants, scope));
    quote!(#[allow(deprecated)] const _: () = { #(#declared)* #switch #impls };)
}

/// The number of a variant as the wire has it. `as` alone would cut a larger one short.
fn declare(item: &Ident, value: &Value, constant: &Ident) -> TokenStream {
    let (variant, number) = (&value.ident, local("__number"));
    quote_spanned! {at(&value.at)=>
        const #constant: ::core::primitive::i32 = {
            let #number = #item::#variant as ::core::primitive::i128;
            ::core::assert!(
                #number == #number as ::core::primitive::i32 as ::core::primitive::i128,
                "the number of a variant must fit in an `i32`"
            );
            #number as ::core::primitive::i32
        };
    }
}

/// What lets the enum be the `switch` of a union.
fn switch(item: &Item, values: &[Value], constants: &[Ident], scope: &Scope) -> TokenStream {
    let (private, ident) = (&scope.private, &item.ident);
    let variants = values.iter().map(|value| &value.ident);
    quote! {
        #[automatically_derived]
        impl #private::Switch for #ident {
            #[inline]
            fn number(&self) -> ::core::primitive::i64 {
                match self { #(Self::#variants => #constants as ::core::primitive::i64,)* }
            }
        }
    }
}

fn bodies(item: &Item, values: &[Value], constants: &[Ident], scope: &Scope) -> Bodies {
    let Scope {
        private,
        out,
        input,
    } = scope;
    let number = local("__number");
    let variants = values.iter().map(|value| &value.ident);
    let (name, names) = (&item.name, values.iter().map(|value| &value.name));
    Bodies {
        encode: quote!(#private::Encode::encode(&(#private::Switch::number(self) as ::core::primitive::i32), #out)),
        decode: quote! {
            let #number = <::core::primitive::i32 as #private::Decode>::decode(#input)?;
            match #number {
                #(#constants => ::core::result::Result::Ok(Self::#variants),)*
                _ => ::core::result::Result::Err(#private::undeclared(#name, #number as ::core::primitive::i64, #input)),
            }
        },
        describe: quote!(#private::Type::Enum { name: #name, values: &[#((#names, #constants)),*] }),
    }
}
