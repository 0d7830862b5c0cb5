//! What lets an error be printed, and passed on with `?`.

use super::Emitter;
use super::enums::keeps_discriminant;
use super::names::ident;
use crate::casing::{camel, snake, words};
use crate::model::{Arm, ItemId, Payload, Union};
use proc_macro2::{Ident, TokenStream};
use quote::quote;
use syn::ext::IdentExt;

impl Emitter<'_> {
    pub(super) fn error(&self, id: ItemId, union: &Union) -> Vec<TokenStream> {
        let name = self.names.item(id);
        let out = formatter(union);
        let arms = union.arms.iter().map(|arm| display_arm(arm, &out));
        let allow = self.allow(id);
        let display = quote! {
            #allow
            impl std::fmt::Display for #name {
                fn fmt(&self, #out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                    match self { #(#arms)* }
                }
            }
        };
        vec![display, quote!(#allow impl std::error::Error for #name {})]
    }
}

/// `f`, as people call it, unless a field has that name: it would hide the formatter.
fn formatter(union: &Union) -> Ident {
    let field = |name: &str| {
        let payloads = union.arms.iter().map(|arm| &arm.payload);
        payloads.into_iter().any(|payload| match payload {
            Payload::Fields(fields) => fields.iter().any(|field| snake(&field.name) == name),
            _ => false,
        })
    };
    let mut name = "f".to_owned();
    while field(&name) {
        name.push_str("mt");
    }
    ident(&name)
}

/// `Self::NoSuchAccount { account } => write!(f, "no such account: account {account:?}"),`
fn display_arm(arm: &Arm, out: &Ident) -> TokenStream {
    let (name, text) = (ident(&camel(&arm.name)), words(&arm.name));
    let fields = shown(&arm.payload);
    let pattern = pattern(arm, &fields);
    if fields.is_empty() {
        return quote!(Self::#name #pattern => #out.write_str(#text),);
    }
    // Between the braces of a format string a keyword needs no escape, and may not have one.
    let value = |(name, label): &(Ident, String)| format!("{label}{{{}:?}}", name.unraw());
    let values: Vec<String> = fields.iter().map(value).collect();
    let format = format!("{text}: {}", values.join(", "));
    quote!(Self::#name #pattern => write!(#out, #format),)
}

/// What an arm holds: the name that it is bound to, and what is written before it.
fn shown(payload: &Payload) -> Vec<(Ident, String)> {
    match payload {
        Payload::None => Vec::new(),
        Payload::Types(types) if types.len() == 1 => vec![(ident("value"), String::new())],
        Payload::Types(types) => (1..=types.len())
            .map(|n| (ident(&format!("value{n}")), String::new()))
            .collect(),
        Payload::Fields(fields) => {
            let shown = fields
                .iter()
                .map(|f| (ident(&snake(&f.name)), words(&f.name) + " "));
            shown.collect()
        }
    }
}

fn pattern(arm: &Arm, fields: &[(Ident, String)]) -> TokenStream {
    let names = fields.iter().map(|(name, _)| name);
    match (&arm.payload, keeps_discriminant(arm)) {
        (Payload::Fields(_), true) => quote!({ #(#names,)* .. }),
        (Payload::Fields(_), false) => quote!({ #(#names),* }),
        (Payload::None, true) => quote!((_)),
        (Payload::None, false) => quote!(),
        (Payload::Types(_), true) => quote!((_, #(#names),*)),
        (Payload::Types(_), false) => quote!((#(#names),*)),
    }
}
