//! `Debug` for client and service, which have nothing to show but their names.

use proc_macro2::{Ident, TokenStream};
use quote::quote;

use super::model::Interface;
use crate::span::local;

/// Users may demand `Debug` of all public types (`missing_debug_implementations`).
pub fn emit(interface: &Interface, ident: &Ident, parameters: &TokenStream) -> TokenStream {
    let (conditions, name, formatter) = (
        &interface.conditions,
        ident.to_string(),
        local("__formatter"),
    );
    quote! {
        #(#conditions)*
        #[automatically_derived]
        impl #parameters ::core::fmt::Debug for #ident #parameters {
            fn fmt(&self, #formatter: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                ::core::fmt::Formatter::debug_struct(#formatter, #name).finish_non_exhaustive()
            }
        }
    }
}
