//! What cannot be the type of a field, with the advice what to write instead.
//!
//! The compiler would refuse these too, but it can only say that a trait is missing.

use syn::{GenericArgument, Lifetime, PathArguments, PathSegment, Type, TypePath};

use crate::errors::Errors;
use crate::words::{contained, refuse_unencoded, refuse_words};

const LONGEST_TUPLE: usize = 12;

/// Marks what is wrong with the type of a field, also inside the containers of the framework and the standard library.
/// What a container of the user's does with its parameters is not known here.
pub fn refuse(ty: &Type, errors: &Errors) {
    refuse_words(ty, errors);
    refuse_unencoded(ty, errors);
    walk(ty, errors);
}

fn walk(ty: &Type, errors: &Errors) {
    match ty {
        Type::Group(group) => walk(&group.elem, errors),
        Type::Paren(paren) => walk(&paren.elem, errors),
        Type::Slice(slice) => walk(&slice.elem, errors),
        Type::Array(array) => walk(&array.elem, errors),
        Type::Tuple(tuple) => {
            if tuple.elems.len() > LONGEST_TUPLE {
                errors.at(
                    tuple,
                    "a tuple has at most 12 elements: write a struct, which has names for them",
                );
            }
            tuple.elems.iter().for_each(|ty| walk(ty, errors));
        }
        Type::Reference(reference) => {
            refuse_static(reference.lifetime.as_ref(), errors);
            if let Some(mutable) = &reference.mutability {
                errors.at(mutable, "what is borrowed from a message can only be read: write `&'a str` or `&'a [u8]`");
            }
            walk(&reference.elem, errors);
        }
        Type::Path(path) => walk_path(path, errors),
        Type::Ptr(_) => errors.at(
            ty,
            "a pointer means nothing in another process: write what it points to",
        ),
        Type::BareFn(_) => errors.at(ty, "a function cannot be sent: write what it is to work on"),
        Type::TraitObject(_) | Type::ImplTrait(_) => errors.at(
            ty,
            "the receiver must know which type it is: write an enum with a variant for each",
        ),
        _ => {}
    }
}

fn walk_path(path: &TypePath, errors: &Errors) {
    let Some(last) = path.path.segments.last() else {
        return;
    };
    if last.ident == "Cow" {
        refuse_static(first_lifetime(last), errors);
    }
    contained(Some(last)).for_each(|ty| walk(ty, errors));
}

fn first_lifetime(segment: &PathSegment) -> Option<&Lifetime> {
    let PathArguments::AngleBracketed(arguments) = &segment.arguments else {
        return None;
    };
    arguments.args.iter().find_map(|argument| match argument {
        GenericArgument::Lifetime(lifetime) => Some(lifetime),
        _ => None,
    })
}

fn refuse_static(lifetime: Option<&Lifetime>, errors: &Errors) {
    if let Some(lifetime) = lifetime.filter(|lifetime| lifetime.ident == "static") {
        errors.at(
            lifetime,
            "what is decoded is borrowed from the message, which does not live so long: give the type a lifetime `'a`, or \
             own the data (`String`, `Vec<u8>`)",
        );
    }
}
