//! The service: decodes a call, runs the method, encodes what it returns.

use proc_macro2::{Ident, TokenStream};
use quote::{quote, quote_spanned};
use syn::{Type, parse_quote};

use super::codec::Codec;
use super::debug;
use super::model::{Interface, Method};
use super::signature::Argument;
use super::types::Passing;
use crate::span::{at, local};

pub fn emit(interface: &Interface) -> TokenStream {
    let definition = definition(interface);
    let debug = debug::emit(interface, &interface.service(), &quote!(<T>));
    let dispatch = dispatch(interface);
    quote!(#definition #debug #dispatch)
}

fn definition(interface: &Interface) -> TokenStream {
    let Interface {
        private,
        conditions,
        visibility,
        ident,
        ..
    } = interface;
    let service = interface.service();
    let exactly_once = interface.has_exactly_once();
    let effects = exactly_once.then(|| quote!(effects: #private::Effects,));
    let elsewhere = exactly_once.then(|| quote!(effects: #private::Effects::Elsewhere,));
    let transactional = exactly_once.then(|| transactional(interface));
    let doc = format!(" Serves a [`{ident}`]: what a server is given to answer calls with.");
    let new = format!(" Wraps an implementation of [`{ident}`] for a server.");
    quote! {
        #(#conditions)*
        #[doc = #doc]
        // A client's crate need not serve what it calls.
        #[allow(dead_code)]
        #visibility struct #service<T> {
            service: T,
            #effects
        }

        #(#conditions)*
        #[allow(dead_code)]
        impl<T: #ident> #service<T> {
            #[doc = #new]
            #visibility fn new(service: T) -> Self {
                Self { service, #elsewhere }
            }

            #transactional
        }
    }
}

fn transactional(interface: &Interface) -> TokenStream {
    let (private, visibility) = (&interface.private, &interface.visibility);
    quote! {
        /// States that the exactly-once methods have all their effects in the store's transaction (`cx.transaction`).
        ///
        /// No crash then leaves a doubt whether one ran, so no call has to be written down before it begins. A method that
        /// has other effects as well may run twice after a crash.
        #[must_use]
        #visibility fn transactional(mut self) -> Self {
            self.effects = #private::Effects::InTransaction;
            self
        }
    }
}

/// The variables of the dispatching function.
struct Names {
    context: Ident,
    procedure: Ident,
    args: Ident,
    reply: Ident,
}

/// The type parameter has an unlikely name, since the methods' types are named inside.
fn dispatch(interface: &Interface) -> TokenStream {
    let Interface {
        framework,
        private,
        conditions,
        ident,
        ..
    } = interface;
    let (service, client) = (interface.service(), interface.client());
    let names = Names {
        context: local("__cx"),
        procedure: local("__procedure"),
        args: local("__args"),
        reply: local("__reply"),
    };
    let Names {
        context,
        procedure,
        args,
        reply,
    } = &names;
    let arms = interface
        .methods
        .iter()
        .map(|method| arm(method, interface, &names));
    let kept = interface
        .has_exactly_once()
        .then(|| recover(interface, &names));
    quote! {
        #(#conditions)*
        #[automatically_derived]
        #[allow(deprecated, unused_variables)]
        impl<__Service: #ident> #framework::Service for #service<__Service> {
            fn interface(&self) -> &'static #private::Interface {
                #client::INTERFACE
            }

            fn call(
                &self,
                #context: &#private::Context,
                #procedure: ::core::primitive::u32,
                #args: &mut #private::Decoder<'_>,
                #reply: &mut #private::Encoder,
            ) -> ::core::result::Result<(), #private::ServeError> {
                match #procedure {
                    #(#arms)*
                    _ => ::core::result::Result::Err(#private::ServeError::NoProcedure),
                }
            }

            #kept
        }
    }
}

/// What the server of a service with exactly-once methods asks besides.
fn recover(interface: &Interface, names: &Names) -> TokenStream {
    let private = &interface.private;
    let Names {
        context,
        procedure,
        args,
        reply,
    } = names;
    let arms = interface
        .methods
        .iter()
        .filter_map(|method| recovering_arm(method, interface, names));
    quote! {
        fn effects(&self) -> #private::Effects {
            self.effects
        }

        fn recover(
            &self,
            #context: &#private::Context,
            #procedure: ::core::primitive::u32,
            #args: &mut #private::Decoder<'_>,
            #reply: &mut #private::Encoder,
        ) -> ::core::result::Result<#private::Recovery<()>, #private::ServeError> {
            match #procedure {
                #(#arms)*
                _ => ::core::result::Result::Err(#private::ServeError::NoProcedure),
            }
        }
    }
}

fn arm(method: &Method, interface: &Interface, names: &Names) -> TokenStream {
    let (private, codec, reply) = (&interface.private, interface.codec, &names.reply);
    let run = invoke(method, &method.ident, interface, names);
    let answer = match &method.result {
        None => quote!(#run; ::core::result::Result::Ok(())),
        Some(ty) => {
            let (wire, value) = (codec.wire(ty, private), codec.wrap(&run, ty, private));
            let encode = quote_spanned!(at(ty)=> <#wire as #private::Encode>::encode);
            quote!(#encode(&#value, #reply).map_err(#private::ServeError::Reply))
        }
    };
    with_arguments(method, interface, names, &answer)
}

fn recovering_arm(method: &Method, interface: &Interface, names: &Names) -> Option<TokenStream> {
    let (private, reply) = (&interface.private, &names.reply);
    let found = invoke(method, method.recovery.as_ref()?, interface, names);
    let found = match interface.codec {
        Codec::Postcard => quote!(#private::Recovery::map(#found, #private::Postcard)),
        Codec::Xdr | Codec::Unknown => found,
    };
    let answer =
        quote!(#private::Recovery::encode(#found, #reply).map_err(#private::ServeError::Reply));
    Some(with_arguments(method, interface, names, &answer))
}

/// The arm of a method: decodes the arguments to their end, and goes on to `then`.
fn with_arguments(
    method: &Method,
    interface: &Interface,
    names: &Names,
    then: &TokenStream,
) -> TokenStream {
    let (private, codec) = (&interface.private, interface.codec);
    let (conditions, procedure, args) = (&method.conditions, method.procedure, &names.args);
    let decoded = method
        .arguments
        .iter()
        .enumerate()
        .map(|(index, argument)| decode(index, argument, codec, private, args));
    quote! {
        #(#conditions)*
        #procedure => {
            #(#decoded)*
            #private::Decoder::finish(::core::clone::Clone::clone(#args)).map_err(#private::ServeError::Args)?;
            #then
        }
    }
}

/// Calls `function` of the service with the decoded arguments of `method`.
fn invoke(method: &Method, function: &Ident, interface: &Interface, names: &Names) -> TokenStream {
    let (interface, context) = (&interface.ident, &names.context);
    let passed = method.context.iter().map(|ty| {
        // An error about another type called `Context` belongs to where that type is named.
        let here = Ident::new(&context.to_string(), at(ty));
        quote!(#here)
    });
    let passed = passed.chain(
        method
            .arguments
            .iter()
            .enumerate()
            .map(|(index, argument)| pass(index, argument)),
    );
    quote!(<__Service as #interface>::#function(&self.service, #(#passed),*))
}

fn decode(
    index: usize,
    argument: &Argument,
    codec: Codec,
    private: &TokenStream,
    args: &Ident,
) -> TokenStream {
    let (variable, ty) = (variable(index), &argument.ty);
    let sent = match &argument.passing {
        Passing::Owned(sent) | Passing::Lent(sent) => quote!(#sent),
        Passing::Borrowed(sent) => quote!(&#sent),
        Passing::LentList(element) => quote!(::std::vec::Vec<#element>),
    };
    let sent: Type = parse_quote!(#sent);
    let wire = codec.wire(&sent, private);
    let unwrap = (codec == Codec::Postcard).then(|| quote!(.0));
    quote_spanned! {at(ty)=>
        let #variable = <#wire as #private::Decode>::decode(#args).map_err(#private::ServeError::Args)? #unwrap;
    }
}

fn pass(index: usize, argument: &Argument) -> TokenStream {
    let variable = variable(index);
    match &argument.passing {
        Passing::Owned(_) | Passing::Borrowed(_) => quote!(#variable),
        Passing::Lent(_) | Passing::LentList(_) => quote!(&#variable),
    }
}

fn variable(index: usize) -> Ident {
    local(&format!("__argument_{index}"))
}
