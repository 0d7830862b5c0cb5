//! What cannot be the type of a field, with the advice what to write instead.
//!
//! The compiler would refuse these too, but it can only say that a trait is missing.

use syn::{GenericArgument, Lifetime, PathArguments, PathSegment, Type, TypePath};

use super::bounds::types;
use crate::errors::Errors;
use crate::words::{contained, refuse_words};

const LONGEST_TUPLE: usize = 12;

/// Marks what is wrong with the type of a field, also inside the containers of the framework and the standard library.
/// What a container of the user's does with its parameters is not known here.
pub fn refuse(ty: &Type, errors: &Errors) {
    refuse_words(ty, errors);
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
    let name = last.ident.to_string();
    match name.as_str() {
        "char" if path.qself.is_none() && path.path.is_ident("char") => errors.at(
            path,
            "XDR has no `char`: write `String`, or `u32` for the number of a character",
        ),
        "Rc" | "Arc" if !last.arguments.is_empty() => errors.at(
            path,
            format!("`{name}` shares memory, which ends at the border of a process: write `Box<T>` or the type itself"),
        ),
        "Cow" => refuse_static(first_lifetime(last), errors),
        "BTreeMap" | "HashMap" | "BTreeSet" | "HashSet" => {
            if let Some(key) = types(last).first() {
                refuse_floats(key, errors);
            }
        }
        _ => {}
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

/// Marks the floats in the key of a map or the element of a set.
fn refuse_floats(key: &Type, errors: &Errors) {
    match key {
        Type::Group(group) => refuse_floats(&group.elem, errors),
        Type::Paren(paren) => refuse_floats(&paren.elem, errors),
        Type::Reference(reference) => refuse_floats(&reference.elem, errors),
        Type::Slice(slice) => refuse_floats(&slice.elem, errors),
        Type::Array(array) => refuse_floats(&array.elem, errors),
        Type::Tuple(tuple) => tuple.elems.iter().for_each(|ty| refuse_floats(ty, errors)),
        Type::Path(path) if path.path.is_ident("f32") || path.path.is_ident("f64") => errors.at(
            path,
            "a float cannot be a key, or the element of a set: NaN does not equal itself; write an integer",
        ),
        Type::Path(path) => contained(path.path.segments.last()).for_each(|ty| refuse_floats(ty, errors)),
        _ => {}
    }
}
