//! The signature of a method: what of it is on the wire, and what a contract cannot have.

use proc_macro2::Ident;
use syn::ext::IdentExt;
use syn::{FnArg, Pat, PatType, Receiver, ReturnType, Signature, TraitItemFn, Type, parse_quote};

use super::semantics::Semantics;
use super::types::{Passing, check_argument, check_result, is_context, peel};
use crate::errors::Errors;

pub struct Read {
    pub context: Option<Type>,
    pub arguments: Vec<Argument>,
    pub result: Option<Type>,
}

pub struct Argument {
    pub ident: Ident,
    /// As it is written.
    pub ty: Type,
    pub passing: Passing,
}

/// Nothing if the signature is wrong; then what is wrong has been said.
pub fn read(method: &TraitItemFn, semantics: Semantics, errors: &Errors) -> Option<Read> {
    let signature = &method.sig;
    let mut good = check_modifiers(signature, errors);
    good &= check_generics(signature, errors);
    good &= check_receiver(signature, errors);
    if let Some(body) = &method.default {
        errors.at(
            body,
            "what a method does is for the service to say: remove the body",
        );
        good = false;
    }
    let (context, arguments) = read_arguments(signature, errors);
    let result = read_result(&signature.output, semantics, errors);
    match (good, arguments, result) {
        (true, Some(arguments), Ok(result)) => Some(Read {
            context,
            arguments,
            result,
        }),
        _ => None,
    }
}

/// Takes out what has been refused, so that the compiler does not refuse it again.
pub fn remove_refused(signature: &mut Signature) {
    signature.constness = None;
    signature.variadic = None;
    for input in &mut signature.inputs {
        if let FnArg::Typed(argument) = input {
            argument.attrs.clear();
            if !is_plain(&argument.pat) {
                argument.pat = parse_quote!(_);
            }
        }
    }
}

fn is_plain(pattern: &Pat) -> bool {
    matches!(pattern, Pat::Ident(name)
        if name.by_ref.is_none() && name.mutability.is_none() && name.subpat.is_none())
}

fn check_modifiers(signature: &Signature, errors: &Errors) -> bool {
    if let Some(token) = signature.asyncness {
        errors.at(
            token,
            "`async fn` is not supported yet: write `fn`, which a thread of the server's pool runs",
        );
    }
    if let Some(token) = signature.unsafety {
        errors.at(
            token,
            "callers in other processes cannot keep an unsafe contract: remove `unsafe`",
        );
    }
    if let Some(abi) = &signature.abi {
        errors.at(
            abi,
            "how a call arrives is for the framework to say: remove `extern`",
        );
    }
    if let Some(token) = signature.constness {
        errors.at(
            token,
            "what another process answers is not known to the compiler: remove `const`",
        );
    }
    if let Some(rest) = &signature.variadic {
        errors.at(
            rest,
            "a procedure has one list of arguments: take a `Vec` as the last one",
        );
    }
    signature.asyncness.is_none()
        && signature.unsafety.is_none()
        && signature.abi.is_none()
        && signature.constness.is_none()
        && signature.variadic.is_none()
}

fn check_generics(signature: &Signature, errors: &Errors) -> bool {
    let generics = &signature.generics;
    if generics.params.is_empty() && generics.where_clause.is_none() {
        return true;
    }
    if generics.lifetimes().count() == generics.params.len() && !generics.params.is_empty() {
        errors.at(
            &generics.params,
            "borrowed arguments need no named lifetime: write `&str`, `&[u8]`, `&T`",
        );
    } else if !generics.params.is_empty() {
        errors.at(
            &generics.params,
            "a procedure has one signature: name the types, or write one method for each",
        );
    }
    if let Some(conditions) = &generics.where_clause {
        errors.at(
            conditions,
            "a procedure has no conditions: remove the `where`",
        );
    }
    false
}

fn check_receiver(signature: &Signature, errors: &Errors) -> bool {
    let shared = "one service answers many calls at once: take `&self`";
    match signature.inputs.first() {
        Some(FnArg::Receiver(Receiver {
            reference: Some((_, None)),
            mutability: None,
            colon_token: None,
            ..
        })) => true,
        Some(FnArg::Receiver(receiver))
            if receiver.mutability.is_some() && receiver.reference.is_some() =>
        {
            errors.at(
                receiver,
                format!("{shared}, and keep what changes behind a `Mutex` or in atomics"),
            );
            false
        }
        Some(FnArg::Receiver(receiver)) => {
            errors.at(receiver, shared);
            false
        }
        _ => {
            errors.at(
                &signature.ident,
                "a method is a method of its service: take `&self` first",
            );
            false
        }
    }
}

/// The context if it is asked for, and the arguments unless one is wrong.
fn read_arguments(signature: &Signature, errors: &Errors) -> (Option<Type>, Option<Vec<Argument>>) {
    let typed: Vec<_> = signature
        .inputs
        .iter()
        .filter_map(|input| match input {
            FnArg::Typed(typed) => Some(typed),
            FnArg::Receiver(_) => None,
        })
        .collect();
    let context = typed
        .first()
        .filter(|first| is_context_reference(&first.ty))
        .map(|first| (*first.ty).clone());
    let arguments = typed.iter().skip(usize::from(context.is_some()));
    let read: Vec<_> = arguments
        .map(|argument| read_argument(argument, errors))
        .collect();
    let mut read: Option<Vec<_>> = read.into_iter().collect();
    read.take_if(|arguments| has_twins(arguments, errors));
    (context, read)
}

/// In a signature without a body the compiler minds no name that is there twice.
fn has_twins(arguments: &[Argument], errors: &Errors) -> bool {
    let is_twin = |index: &usize| {
        let ident = arguments[*index].ident.unraw();
        let mut earlier = arguments[..*index].iter();
        earlier.any(|earlier| earlier.ident.unraw() == ident)
    };
    let twin = (1..arguments.len()).find(is_twin);
    if let Some(index) = twin {
        let ident = &arguments[index].ident;
        errors.at(
            ident,
            format!("another argument is called `{ident}` already: give this one another name"),
        );
    }
    twin.is_some()
}

fn read_argument(argument: &PatType, errors: &Errors) -> Option<Argument> {
    let (ty, pattern) = (&argument.ty, &argument.pat);
    if let Some(attribute) = argument.attrs.first() {
        errors.at(
            attribute,
            "an argument has no attributes: put them on its type",
        );
        return None;
    }
    if context_is_misplaced(ty) {
        errors.at(
            ty,
            "the context is no argument: take it as `cx: &Context`, right behind `&self`",
        );
        return None;
    }
    let good = check_argument(ty, errors);
    match &**pattern {
        Pat::Ident(name) if is_plain(pattern) => good.then(|| Argument {
            ident: name.ident.clone(),
            ty: (**ty).clone(),
            passing: Passing::of(ty),
        }),
        Pat::Ident(name) if name.subpat.is_none() => {
            errors.at(
                pattern,
                "`mut` and `ref` are for the implementation to say: leave the plain name",
            );
            None
        }
        _ => {
            errors.at(
                pattern,
                "an argument needs a plain name, which the client's method has too",
            );
            None
        }
    }
}

fn is_context_reference(ty: &Type) -> bool {
    matches!(peel(ty), Type::Reference(reference) if reference.mutability.is_none() && is_context(&reference.elem))
}

/// A reference to a context that is not the first parameter, or that could change it.
fn context_is_misplaced(ty: &Type) -> bool {
    matches!(peel(ty), Type::Reference(reference) if is_context(&reference.elem))
}

fn read_result(
    output: &ReturnType,
    semantics: Semantics,
    errors: &Errors,
) -> Result<Option<Type>, ()> {
    let ReturnType::Type(_, ty) = output else {
        return Ok(None);
    };
    let is_unit = matches!(peel(ty), Type::Tuple(tuple) if tuple.elems.is_empty());
    if semantics == Semantics::Oneway && !is_unit {
        errors.at(ty, "a oneway method has no reply that could carry this: return nothing, or choose other semantics");
        return Err(());
    }
    check_result(ty, errors)
        .then(|| Some((**ty).clone()))
        .ok_or(())
}
