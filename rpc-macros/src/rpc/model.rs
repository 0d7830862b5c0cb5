//! The interface that a trait declares, checked and numbered.

use proc_macro2::{Ident, TokenStream, TokenTree};
use quote::{format_ident, quote};
use syn::ext::IdentExt;
use syn::{
    Attribute, Expr, ItemTrait, LitInt, Path, TraitItem, TraitItemFn, Type, Visibility, parse_quote,
};

use super::attributes::{OnMethod, OnTrait};
use super::codec::Codec;
use super::deadline::Deadline;
use super::passed_on;
use super::recovery;
use super::semantics::Semantics;
use super::signature::{self, Argument};
use crate::attribute::{framework, is_called};
use crate::errors::Errors;
use crate::words::refuse_unencoded;

/// Functions of every client, which a method's name would hide.
/// The last two every value has, and they win.
const RESERVED: [&str; 5] = ["connect", "local", "clone", "into", "try_into"];

pub struct Interface {
    pub framework: Path,
    /// `::rpc_core::__private`.
    pub private: TokenStream,
    /// What of the trait's attributes all that is generated beside it needs too.
    pub conditions: Vec<Attribute>,
    pub visibility: Visibility,
    pub ident: Ident,
    pub name: String,
    pub program: Expr,
    pub version: Expr,
    pub codec: Codec,
    pub methods: Vec<Method>,
}

pub struct Method {
    pub ident: Ident,
    /// `#[cfg(…)]` of the method, without which nothing of it is there.
    pub conditions: Vec<Attribute>,
    /// Documentation, deprecation and the like, for the client's method.
    pub attributes: Vec<Attribute>,
    pub name: String,
    pub procedure: u32,
    pub semantics: Semantics,
    /// How long a call may take unless its caller says otherwise.
    pub deadline: Option<Deadline>,
    /// The type of the context parameter, if there is one.
    pub context: Option<Type>,
    pub arguments: Vec<Argument>,
    /// As it is written, so that aliases stay; nothing for a method without `->`.
    pub result: Option<Type>,
    /// The function that says after a crash whether an exactly-once method ran.
    pub recovery: Option<Ident>,
}

impl Interface {
    pub fn client(&self) -> Ident {
        format_ident!("{}Client", self.ident)
    }

    pub fn service(&self) -> Ident {
        format_ident!("{}Service", self.ident)
    }

    /// Whether the service has completion records, and what goes with them.
    pub fn has_exactly_once(&self) -> bool {
        self.methods
            .iter()
            .any(|method| method.semantics == Semantics::ExactlyOnce)
    }

    /// Reads the trait and leaves in it what the compiler shall see. Nothing if the trait itself cannot be an interface;
    /// wrong methods are left out.
    pub fn read(on_trait: OnTrait, item: &mut ItemTrait, errors: &Errors) -> Option<Self> {
        let usable = check_trait(item, errors);
        // What is no Rust has been refused.
        item.items
            .retain(|inner| !matches!(inner, TraitItem::Verbatim(_)));
        let codec = on_trait.codec.unwrap_or_default();
        let mut methods = read_methods(item, errors);
        match codec {
            Codec::Xdr => methods.retain(|method| has_encoding(method, errors)),
            Codec::Postcard => {}
            // How they are encoded nobody knows.
            Codec::Unknown => methods.clear(),
        }
        for bound in [
            parse_quote!(::core::marker::Send),
            parse_quote!(::core::marker::Sync),
            parse_quote!('static),
        ] {
            item.supertraits.push(bound);
        }
        item.colon_token.get_or_insert_default();
        let framework = framework(on_trait.framework);
        recovery::add(item, &mut methods, &framework, errors);
        usable.then(|| Self {
            private: quote!(#framework::__private),
            framework,
            conditions: passed_on::beside_trait(&item.attrs),
            visibility: item.vis.clone(),
            name: on_trait
                .name
                .map_or_else(|| item.ident.unraw().to_string(), |name| name.value()),
            ident: item.ident.clone(),
            program: on_trait.program.unwrap_or_else(|| parse_quote!(0)),
            version: on_trait.version.unwrap_or_else(|| parse_quote!(0)),
            codec,
            methods,
        })
    }
}

/// Whether a client and a service can be made for the trait; if so, single methods may still be wrong.
fn check_trait(item: &ItemTrait, errors: &Errors) -> bool {
    let mut usable = true;
    let mut refuse = |tokens: TokenStream, message: &str| {
        errors.at(tokens, message);
        usable = false;
    };
    if let Some(token) = item.unsafety {
        refuse(
            quote!(#token),
            "callers in other processes cannot keep an unsafe contract: remove `unsafe`",
        );
    }
    if let Some(token) = item.auto_token {
        refuse(
            quote!(#token),
            "an interface has methods, which an auto trait cannot have",
        );
    }
    if !item.generics.params.is_empty() {
        let parameters = &item.generics.params;
        refuse(
            quote!(#parameters),
            "an interface is one contract: name the types, or write one trait for each choice of them",
        );
    }
    if let Some(conditions) = &item.generics.where_clause {
        refuse(
            quote!(#conditions),
            "an interface has no conditions: what a service needs is its own affair",
        );
    }
    for other in item
        .items
        .iter()
        .filter(|inner| !matches!(inner, TraitItem::Fn(_)))
    {
        refuse(quote!(#other), not_a_method(other));
    }
    usable
}

fn not_a_method(item: &TraitItem) -> &'static str {
    match item {
        TraitItem::Macro(_) => {
            "what another macro will write is not seen here: write the methods out, or have that macro write the trait"
        }
        // This is how the parser gives back what it can read and Rust does not allow.
        TraitItem::Verbatim(tokens) if starts_with_pub(tokens) => {
            "methods are as visible as their trait: remove `pub`"
        }
        _ => "an interface has methods only: put types and constants beside the trait",
    }
}

fn starts_with_pub(tokens: &TokenStream) -> bool {
    let mut words = tokens.clone().into_iter().filter_map(|token| match token {
        TokenTree::Ident(word) => Some(word),
        _ => None,
    });
    words.next().is_some_and(|word| word == "pub")
}

fn read_methods(item: &mut ItemTrait, errors: &Errors) -> Vec<Method> {
    let mut numbers = Numbers::default();
    let methods = item.items.iter_mut().filter_map(|inner| match inner {
        TraitItem::Fn(method) => Some(method),
        _ => None,
    });
    let mut read: Vec<Method> = Vec::new();
    for method in methods.filter_map(|method| read_method(method, &mut numbers, errors)) {
        // Of two with one name the compiler says so, unless no build has both.
        let is_twin = |earlier: &Method| {
            let conditional = earlier.conditions.len() + method.conditions.len() > 0;
            earlier.ident.unraw() == method.ident.unraw() && !conditional
        };
        if !read.iter().any(is_twin) {
            read.push(method);
        }
    }
    read
}

fn read_method(method: &mut TraitItemFn, numbers: &mut Numbers, errors: &Errors) -> Option<Method> {
    let on_method = OnMethod::read(&method.attrs, errors);
    method
        .attrs
        .retain(|attribute| !is_called(attribute, "rpc"));
    let procedure = numbers.give(&method.sig.ident, on_method.procedure, errors);
    let good = check_name(&method.sig.ident, errors) & passed_on::check(&mut method.attrs, errors);
    let semantics = on_method.semantics.unwrap_or(Semantics::AtMostOnce);
    let signature = signature::read(method, semantics, errors);
    signature::remove_refused(&mut method.sig);
    let signature = signature.filter(|_| good)?;
    Some(Method {
        ident: method.sig.ident.clone(),
        conditions: passed_on::conditions(&method.attrs),
        attributes: passed_on::to_client(&method.attrs),
        name: on_method
            .name
            .map_or_else(|| method.sig.ident.unraw().to_string(), |name| name.value()),
        procedure: procedure?,
        semantics,
        deadline: on_method.deadline,
        context: signature.context,
        arguments: signature.arguments,
        result: signature.result,
        recovery: None,
    })
}

/// Whether nothing is known that the canonical encoding would not have; of other types the compiler says so.
fn has_encoding(method: &Method, errors: &Errors) -> bool {
    let arguments = method.arguments.iter().map(|argument| &argument.ty);
    let types = arguments.chain(&method.result);
    types.filter(|ty| refuse_unencoded(ty, errors)).count() == 0
}

fn check_name(ident: &Ident, errors: &Errors) -> bool {
    let name = ident.unraw();
    let is_free = !RESERVED.iter().any(|reserved| name == reserved);
    if !is_free {
        errors.at(
            ident,
            format!("every client has a function `{name}` of its own: choose another name"),
        );
    }
    is_free
}

/// The procedure numbers given so far, each with its method.
#[derive(Default)]
struct Numbers {
    given: Vec<(u32, Ident)>,
}

impl Numbers {
    /// The number that is written, or the one after that of the method above.
    fn give(&mut self, method: &Ident, written: Option<LitInt>, errors: &Errors) -> Option<u32> {
        let number = match &written {
            Some(literal) => read_number(literal, errors)?,
            None => self.next(method, errors)?,
        };
        let at = written.map_or_else(|| quote!(#method), |literal| quote!(#literal));
        if number == 0 {
            errors.at(
                at,
                "0 is the null procedure, which every program has: count from 1",
            );
        } else if let Some((_, first)) = self.given.iter().find(|(given, _)| *given == number) {
            errors.at(
                at,
                format!("procedure {number} is `{first}` already: give this method another number"),
            );
        }
        self.given.push((number, method.clone()));
        Some(number)
    }

    fn next(&self, method: &Ident, errors: &Errors) -> Option<u32> {
        let next = self
            .given
            .last()
            .map_or(Some(1), |(last, _)| last.checked_add(1));
        if next.is_none() {
            errors.at(
                method,
                "there is no number after that of the method above: give one by `procedure = N`",
            );
        }
        next
    }
}

fn read_number(literal: &LitInt, errors: &Errors) -> Option<u32> {
    let number = literal.base10_parse().ok();
    if number.is_none() {
        errors.at(literal, "a procedure number is an integer of 32 bits");
    }
    number
}
