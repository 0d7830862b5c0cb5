//! What an exactly-once method needs beside itself: a function that says, after a crash, whether the method ran.

use proc_macro2::Ident;
use quote::format_ident;
use syn::ext::IdentExt;
use syn::{
    Attribute, ItemTrait, Path, ReturnType, TraitItem, TraitItemFn, Type, parse_quote,
    parse_quote_spanned,
};

use super::model::Method;
use super::semantics::Semantics;
use crate::errors::Errors;
use crate::span::at;

/// Adds a recovery function to the trait for each of `methods` that runs exactly once.
pub fn add(item: &mut ItemTrait, methods: &mut [Method], framework: &Path, errors: &Errors) {
    let methods = methods
        .iter_mut()
        .filter(|method| method.semantics == Semantics::ExactlyOnce);
    for method in methods {
        let ident = &method.ident;
        let name = format_ident!("recover_{}", ident.unraw(), span = ident.span());
        if is_taken(item, &name, ident, errors) {
            continue;
        }
        let declared = item.items.iter().find_map(|inner| match inner {
            TraitItem::Fn(inner) if inner.sig.ident == *ident => Some(inner),
            _ => None,
        });
        if let Some(declared) = declared {
            let function = provided(declared, &method.conditions, &name, framework);
            item.items.push(TraitItem::Fn(function));
            method.recovery = Some(name);
        }
    }
}

/// Refuses a method of the user's that has the name.
fn is_taken(item: &ItemTrait, name: &Ident, method: &Ident, errors: &Errors) -> bool {
    let taken = item.items.iter().find_map(|inner| match inner {
        TraitItem::Fn(inner) if inner.sig.ident.unraw() == *name => Some(&inner.sig.ident),
        _ => None,
    });
    if let Some(taken) = taken {
        errors.at(
            taken,
            format!(
                "`{method}` runs exactly once, so the trait has a function `{name}` that says after a crash whether it \
                 did: choose another name"
            ),
        );
    }
    taken.is_some()
}

/// The same signature with another result, and a body for services that cannot tell.
fn provided(
    method: &TraitItemFn,
    conditions: &[Attribute],
    name: &Ident,
    framework: &Path,
) -> TraitItemFn {
    let mut signature = method.sig.clone();
    signature.ident = name.clone();
    let result: Type = match &signature.output {
        ReturnType::Default => parse_quote!(()),
        ReturnType::Type(_, ty) => (**ty).clone(),
    };
    signature.output = parse_quote_spanned!(at(&result)=> -> #framework::Recovery<#result>);
    let documentation = documentation(&method.sig.ident.unraw());
    parse_quote! {
        #(#conditions)*
        #(#[doc = #documentation])*
        // The arguments are for services that look.
        #[allow(unused_variables, deprecated, clippy::too_many_arguments)]
        #signature {
            #framework::Recovery::CannotTell
        }
    }
}

fn documentation(method: &Ident) -> [String; 8] {
    [
        format!(" Finds out whether [`{method}`](Self::{method}) ran, for a call that a crash interrupted."),
        String::new(),
        " A server that starts calls this, before it answers, for each call that its predecessor began and did not end,"
            .to_owned(),
        " unless all effects of the service are in the store's own transaction. Look at where the effects would be:".to_owned(),
        String::new(),
        " - `Did(result)`: it ran to its end, and this is its result, which the caller gets;".to_owned(),
        " - `DidNot`: it has had no effect and never will; if the caller asks again, it runs;".to_owned(),
        " - `CannotTell`, which is what happens without this function: the caller is told so, and it never runs again.".to_owned(),
    ]
}
