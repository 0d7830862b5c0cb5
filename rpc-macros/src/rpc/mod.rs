//! `#[rpc]`: client, service and descriptor, from a trait.

mod attributes;
mod client;
mod codec;
mod deadline;
mod debug;
mod descriptor;
mod model;
mod passed_on;
mod recovery;
mod semantics;
mod service;
mod signature;
mod types;

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::{Item, ItemTrait};

use crate::errors::Errors;
use attributes::OnTrait;
use model::Interface;

pub fn expand(arguments: TokenStream, item: TokenStream) -> TokenStream {
    let errors = Errors::new();
    let expanded = match syn::parse2::<Item>(item.clone()) {
        Ok(Item::Trait(item)) => expand_trait(arguments, item, &errors),
        Ok(other) => {
            errors.at(first_token(&other), not_a_trait(&other));
            item
        }
        Err(error) => {
            errors.push(error);
            item
        }
    };
    let mistakes = errors.finish();
    quote!(#mistakes #expanded)
}

/// The trait is emitted whatever is wrong with it, so that its implementations are not errors too.
fn expand_trait(arguments: TokenStream, mut item: ItemTrait, errors: &Errors) -> TokenStream {
    let on_trait = OnTrait::read(arguments, errors);
    let interface = Interface::read(on_trait, &mut item, errors);
    let stubs = interface.map(|interface| {
        let client = client::emit(&interface);
        let service = service::emit(&interface);
        quote!(#client #service)
    });
    quote!(#item #stubs)
}

fn not_a_trait(item: &Item) -> &'static str {
    match item {
        Item::Impl(_) => {
            "`#[rpc]` goes on the trait: an implementation of it is an ordinary `impl`, without attributes"
        }
        Item::Struct(_) | Item::Enum(_) => {
            "`#[rpc]` goes on a trait, which its services implement; a type that is sent has `#[derive(Xdr)]`"
        }
        _ => "`#[rpc]` goes on a trait, which its services implement",
    }
}

/// Where to point at an item that is not a trait: its name would differ from kind to kind.
fn first_token(item: &Item) -> TokenStream {
    let tokens = item.to_token_stream().into_iter();
    tokens
        .skip_while(|token| !matches!(token, proc_macro2::TokenTree::Ident(_)))
        .take(1)
        .collect()
}
