//! The client: one concrete type with the trait's methods.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};

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
        .map(|(index, method)| call(index, method, interface));
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

fn call(index: usize, method: &Method, interface: &Interface) -> TokenStream {
    let Interface {
        framework,
        private,
        visibility,
        ..
    } = interface;
    let Method {
        ident,
        attributes,
        arguments,
        ..
    } = method;
    let parameters = arguments
        .iter()
        .map(|Argument { ident, ty, .. }| quote!(#ident: #ty));
    let (returned, channel) = match (method.semantics, &method.result) {
        (Semantics::Oneway, _) => (quote!(#framework::Oneway), quote!(oneway)),
        (_, Some(ty)) => (quote!(#framework::Call<#ty>), quote!(call)),
        (_, None) => (quote!(#framework::Call<()>), quote!(call)),
    };
    let encode = encode(arguments, private);
    let promise = promise(method);
    let is_documented = attributes
        .iter()
        .any(|attribute| attribute.path().is_ident("doc"));
    let gap = is_documented.then(|| quote!(#[doc = ""]));
    quote! {
        #(#attributes)*
        #gap
        #[doc = #promise]
        #visibility fn #ident(&self, #(#parameters),*) -> #returned {
            #private::Channel::#channel(&self.channel, &Self::INTERFACE.methods[#index], #encode)
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
fn encode(arguments: &[Argument], private: &TokenStream) -> TokenStream {
    if arguments.is_empty() {
        return quote!(|_| ::core::result::Result::Ok(()));
    }
    let out = local("__out");
    let encoded = arguments.iter().map(|argument| {
        let (ident, ty) = (&argument.ident, &argument.ty);
        match &argument.passing {
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
