//! The client: one concrete type with the trait's methods.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};

use super::codec::Codec;
use super::model::{Interface, Method};
use super::semantics::Semantics;
use super::signature::Argument;
use super::types::Passing;
use super::{debug, descriptor};
use crate::span::{at, local};

pub fn emit(interface: &Interface) -> TokenStream {
    let definition = definition(interface);
    let functions = functions(interface);
    let debug = debug::emit(interface, &interface.client(), &TokenStream::new());
    let common = common(interface);
    quote!(#definition #functions #debug #common)
}

fn definition(interface: &Interface) -> TokenStream {
    let Interface {
        private,
        conditions,
        visibility,
        ..
    } = interface;
    let client = interface.client();
    let doc = format!(
        " Calls a [`{}`], wherever it is.\n\nClones are cheap and share one connection.",
        interface.ident
    );
    quote! {
        #(#conditions)*
        #[doc = #doc]
        #[derive(::core::clone::Clone)]
        // A server's crate need not call what it serves.
        #[allow(dead_code)]
        #visibility struct #client {
            channel: #private::Channel,
        }
    }
}

fn functions(interface: &Interface) -> TokenStream {
    let Interface {
        private,
        conditions,
        visibility,
        ..
    } = interface;
    let client = interface.client();
    let (descriptor, makers) = (descriptor::emit(interface), makers(interface));
    let methods = interface
        .methods
        .iter()
        .enumerate()
        .map(|(index, method)| call(&place(index, &interface.methods), method, interface));
    let doc = format!(" What [`{}`] looks like on the wire.", interface.ident);
    quote! {
        #(#conditions)*
        // The signatures are the trait's, and not all of them may be called.
        #[allow(dead_code, clippy::too_many_arguments, clippy::wrong_self_convention, clippy::should_implement_trait)]
        impl #client {
            #[doc = #doc]
            #visibility const INTERFACE: &'static #private::Interface = #descriptor;
            #makers
            #(#methods)*
        }
    }
}

/// What all clients have in common is the framework's to write.
fn common(interface: &Interface) -> TokenStream {
    let Interface {
        framework,
        private,
        conditions,
        ..
    } = interface;
    let client = interface.client();
    quote! {
        #(#conditions)*
        #[automatically_derived]
        impl #framework::Client for #client {
            const INTERFACE: &'static #private::Interface = #client::INTERFACE;

            fn channel(&self) -> &#private::Channel {
                &self.channel
            }

            fn from_channel(channel: #private::Channel) -> Self {
                Self { channel }
            }
        }
    }
}

/// `connect` and `local`.
fn makers(interface: &Interface) -> TokenStream {
    let Interface {
        framework,
        private,
        visibility,
        ident,
        ..
    } = interface;
    let service = interface.service();
    let local = format!(
        " Calls `service` in this process, without a network: a test double is one more [`{ident}`]."
    );
    quote! {
        /// Connects to the service at `endpoint`, a URI such as `tcp://127.0.0.1:5000` or `match://name`.
        ///
        /// # Errors
        ///
        /// The error says what is wrong with the endpoint, or why nobody could be reached there.
        #visibility fn connect(
            endpoint: &::core::primitive::str,
        ) -> ::core::result::Result<Self, #framework::ConnectError> {
            ::core::result::Result::Ok(Self { channel: #private::Channel::connect(endpoint, Self::INTERFACE)? })
        }

        #[doc = #local]
        #visibility fn local(service: impl #ident) -> Self {
            Self { channel: #private::Channel::local(#service::new(service)) }
        }
    }
}

/// Where the description of a method is: those before it may be left out of this build.
fn place(index: usize, methods: &[Method]) -> TokenStream {
    let (sometimes, always): (Vec<_>, Vec<_>) = methods[..index]
        .iter()
        .partition(|method| !method.conditions.is_empty());
    let always = always.len();
    let sometimes = sometimes.iter().map(|method| {
        let conditions = method
            .conditions
            .iter()
            .filter_map(|condition| condition.meta.require_list().ok())
            .map(|condition| &condition.tokens);
        quote!(+ ::core::cfg!(all(#(#conditions),*)) as ::core::primitive::usize)
    });
    quote!(#always #(#sometimes)*)
}

fn call(place: &TokenStream, method: &Method, interface: &Interface) -> TokenStream {
    let Interface {
        framework,
        private,
        visibility,
        codec,
        ..
    } = interface;
    let Method {
        ident,
        conditions,
        attributes,
        arguments,
        ..
    } = method;
    let parameters = arguments
        .iter()
        .map(|Argument { ident, ty, .. }| quote!(#ident: #ty));
    let (returned, channel, decode) = match (method.semantics, &method.result) {
        (Semantics::Oneway, _) => (quote!(#framework::Oneway), quote!(oneway), None),
        (_, Some(ty)) => (
            quote!(#framework::Call<#ty>),
            quote!(call),
            Some(match codec {
                Codec::Postcard => quote_spanned!(at(ty)=> , #private::from_item),
                Codec::Xdr | Codec::Unknown => {
                    quote_spanned!(at(ty)=> , #private::from_reply::<#ty>)
                }
            }),
        ),
        (_, None) => (
            quote!(#framework::Call<()>),
            quote!(call),
            Some(quote!(, #private::from_reply::<()>)),
        ),
    };
    let encode = encode(arguments, *codec, private);
    let promise = promise(method);
    let is_documented = attributes
        .iter()
        .any(|attribute| attribute.path().is_ident("doc"));
    let gap = is_documented.then(|| quote!(#[doc = ""]));
    quote! {
        #(#conditions)*
        #(#attributes)*
        #gap
        #[doc = #promise]
        #visibility fn #ident(&self, #(#parameters),*) -> #returned {
            #private::Channel::#channel(&self.channel, &Self::INTERFACE.methods[#place], #encode #decode)
        }
    }
}

/// What a caller may count on, in the documentation.
fn promise(method: &Method) -> String {
    let promise = method.semantics.promise();
    match &method.deadline {
        Some(deadline) => format!(
            " {promise} Its deadline is {}, unless `.deadline(…)` says otherwise.",
            deadline.text
        ),
        None => format!(" {promise}"),
    }
}

/// A closure that encodes the arguments one after the other.
fn encode(arguments: &[Argument], codec: Codec, private: &TokenStream) -> TokenStream {
    if arguments.is_empty() {
        return quote!(|_| ::core::result::Result::Ok(()));
    }
    let out = local("__out");
    let encoded = arguments.iter().map(|argument| {
        let (ident, ty) = (&argument.ident, &argument.ty);
        match &argument.passing {
            _ if codec == Codec::Postcard => {
                let wrap = quote_spanned!(at(ty)=> #private::Postcard);
                quote_spanned!(at(ty)=> #private::Encode::encode(&#wrap(&#ident), #out)?;)
            }
            Passing::Owned(sent) => {
                quote_spanned!(at(ty)=> <#sent as #private::Encode>::encode(&#ident, #out)?;)
            }
            Passing::Borrowed(sent) | Passing::Lent(sent) => {
                quote_spanned!(at(ty)=> <#sent as #private::Encode>::encode(#ident, #out)?;)
            }
            Passing::LentList(element) => {
                quote_spanned!(at(ty)=> <[#element] as #private::Encode>::encode(#ident, #out)?;)
            }
        }
    });
    quote!(|#out| { #(#encoded)* ::core::result::Result::Ok(()) })
}
