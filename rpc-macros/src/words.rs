//! What of Rust has no place in a contract, with the advice what to write instead.

use syn::{GenericArgument, PathArguments, PathSegment, Type, TypePath};

use crate::errors::Errors;

/// Types of the framework and of the standard library that encode what is inside them.
const CONTAINERS: [&str; 11] = [
    "Option",
    "Vec",
    "Box",
    "Result",
    "Bounded",
    "BoxedArray",
    "Cow",
    "BTreeMap",
    "HashMap",
    "BTreeSet",
    "HashSet",
];

/// Those of them that have keys, as their first parameter.
const KEYED: [&str; 4] = ["BTreeMap", "HashMap", "BTreeSet", "HashSet"];

/// Refuses `usize` and `isize`, and floats as keys, also in references, lists, tuples and the usual containers. Whether
/// anything was refused.
///
/// The compiler would refuse them too, with the advice to derive an encoding for them. What a container of the user's does
/// with its parameters is not known here and left to the compiler.
pub fn refuse_words(ty: &Type, errors: &Errors) -> bool {
    let mut good = true;
    each_path(ty, &mut |path| {
        let number = ["usize", "isize"]
            .into_iter()
            .find(|number| path.qself.is_none() && path.path.is_ident(number));
        if let Some(number) = number {
            let letter = &number[..1];
            errors.at(path, format!("`{number}` has another size on other machines: write `{letter}32` or `{letter}64`"));
            good = false;
        }
        good &= !has_float_key(path, errors);
    });
    !good
}

/// Refuses what the canonical encoding has nothing for, in the same places: `char`, `Rc` and `Arc`. Whether anything was
/// refused.
pub fn refuse_unencoded(ty: &Type, errors: &Errors) -> bool {
    let mut good = true;
    each_path(ty, &mut |path| {
        let Some(last) = path.path.segments.last() else {
            return;
        };
        let name = last.ident.to_string();
        let message = match name.as_str() {
            "char" if path.qself.is_none() && path.path.is_ident("char") => {
                "XDR has no `char`: write `String`, or `u32` for the number of a character"
                    .to_owned()
            }
            "Rc" | "Arc" if !last.arguments.is_empty() => {
                format!(
                    "`{name}` shares memory, which ends at the border of a process: write `Box<T>` or the type itself"
                )
            }
            _ => return,
        };
        errors.at(path, message);
        good = false;
    });
    !good
}

/// Calls `see` with each type that has a name, from the outermost to the innermost.
fn each_path(ty: &Type, see: &mut dyn FnMut(&TypePath)) {
    match ty {
        Type::Group(group) => each_path(&group.elem, see),
        Type::Paren(paren) => each_path(&paren.elem, see),
        Type::Reference(reference) => each_path(&reference.elem, see),
        Type::Slice(slice) => each_path(&slice.elem, see),
        Type::Array(array) => each_path(&array.elem, see),
        Type::Tuple(tuple) => tuple.elems.iter().for_each(|ty| each_path(ty, see)),
        Type::Path(path) => {
            see(path);
            contained(path.path.segments.last()).for_each(|ty| each_path(ty, see));
        }
        _ => {}
    }
}

/// Whether `path` is a map or a set with floats in its keys; they are marked.
fn has_float_key(path: &TypePath, errors: &Errors) -> bool {
    let last = path.path.segments.last();
    let sorted = last.filter(|last| KEYED.iter().any(|name| last.ident == name));
    let Some(key) = contained(sorted).next() else {
        return false;
    };
    let mut found = false;
    each_path(key, &mut |inner| {
        if inner.path.is_ident("f32") || inner.path.is_ident("f64") {
            errors.at(
                inner,
                "a float cannot be a key, or the element of a set: NaN does not equal itself; write an integer",
            );
            found = true;
        }
    });
    found
}

/// The types inside a container of the framework or the standard library.
pub fn contained(last: Option<&PathSegment>) -> impl Iterator<Item = &Type> {
    let container = last.filter(|last| CONTAINERS.iter().any(|name| last.ident == name));
    let arguments = container.and_then(|last| match &last.arguments {
        PathArguments::AngleBracketed(arguments) => Some(&arguments.args),
        _ => None,
    });
    arguments
        .into_iter()
        .flatten()
        .filter_map(|argument| match argument {
            GenericArgument::Type(ty) => Some(ty),
            _ => None,
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is refused wrongly cannot be written at all; what is let through wrongly the compiler still refuses.
    #[test]
    fn only_what_would_be_on_the_wire_is_refused() {
        let rows = [
            ("usize", true),
            ("&[Option<usize>]", true),
            ("Result<(), Box<(u8, isize)>>", true),
            ("std::vec::Vec<usize>", true),
            ("BTreeMap<u8, Cow<'a, [usize]>>", true),
            ("[u8; LENGTH as usize]", false),
            ("Bounded<u8, { 4 as usize as u32 }>", false),
            ("Index<usize>", false),
            ("my::usize", false),
            ("Vec<u64>", false),
            ("&std::collections::HashMap<f64, String>", true),
            ("Vec<BTreeSet<(u8, [f32; 2])>>", true),
            ("HashMap<u8, f64>", false),
            ("Vec<f64>", false),
            ("Index<f64>", false),
        ];
        for (text, refused) in rows {
            let errors = Errors::new();
            let ty = syn::parse_str(text).expect("a type");
            assert_eq!(refuse_words(&ty, &errors), refused, "{text}");
            assert_eq!(!errors.finish().is_empty(), refused, "{text}");
        }
    }

    #[test]
    fn what_has_no_encoding_is_refused() {
        let rows = [
            ("char", true),
            ("&[Option<char>]", true),
            ("BTreeMap<u8, std::sync::Arc<str>>", true),
            ("my::char", false),
            ("Arc", false),
            ("Index<char>", false),
            ("String", false),
        ];
        for (text, refused) in rows {
            let errors = Errors::new();
            let ty = syn::parse_str(text).expect("a type");
            assert_eq!(refuse_unencoded(&ty, &errors), refused, "{text}");
            assert_eq!(!errors.finish().is_empty(), refused, "{text}");
        }
    }
}
