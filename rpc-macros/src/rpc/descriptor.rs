//! The interface as static data.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::ext::IdentExt;

use super::codec::Codec;
use super::model::{Interface, Method};
use super::signature::Argument;
use super::types::Passing;
use crate::span::at;

/// A block that gives the one `&'static Interface`. The statics' names are none that a program number would use.
pub fn emit(interface: &Interface) -> TokenStream {
    let Interface {
        private,
        name,
        program,
        version,
        ..
    } = interface;
    let methods = interface
        .methods
        .iter()
        .map(|method| describe_method(method, interface));
    quote! {
        {
            static __RPC_METHODS: &[#private::Method] = &[#(#methods),*];
            static __RPC_INTERFACE: #private::Interface = #private::Interface {
                name: #name,
                program: #program,
                version: #version,
                methods: __RPC_METHODS,
            };
            &__RPC_INTERFACE
        }
    }
}

fn describe_method(method: &Method, interface: &Interface) -> TokenStream {
    let Interface { private, codec, .. } = interface;
    let Method {
        name,
        procedure,
        conditions,
        ..
    } = method;
    let semantics = method.semantics.emit(private);
    let deadline = match &method.deadline {
        Some(deadline) => {
            let span = deadline.emit();
            quote!(::core::option::Option::Some(#span))
        }
        None => quote!(::core::option::Option::None),
    };
    let arguments = method
        .arguments
        .iter()
        .map(|argument| describe_argument(argument, *codec, private));
    let result = match &method.result {
        Some(ty) => {
            let wire = codec.wire(ty, private);
            quote_spanned!(at(ty)=> <#wire as #private::Describe>::describe)
        }
        None => quote!(<() as #private::Describe>::describe),
    };
    quote! {
        #(#conditions)*
        #private::Method {
            name: #name,
            procedure: #procedure,
            semantics: #semantics,
            deadline: #deadline,
            args: &[#(#arguments),*],
            result: #result,
        }
    }
}

fn describe_argument(argument: &Argument, codec: Codec, private: &TokenStream) -> TokenStream {
    let (name, ty) = (argument.ident.unraw().to_string(), &argument.ty);
    let function = match &argument.passing {
        // What is inside the item does not show.
        _ if codec == Codec::Postcard => {
            quote!(<#private::Postcard<()> as #private::Describe>::describe)
        }
        Passing::Owned(sent) | Passing::Borrowed(sent) | Passing::Lent(sent) => {
            quote_spanned!(at(ty)=> <#sent as #private::Describe>::describe)
        }
        Passing::LentList(element) => {
            quote_spanned!(at(ty)=> <[#element] as #private::Describe>::describe)
        }
    };
    quote!(#private::Field { name: #name, ty: #function })
}
