//! The two numbers of Rust that have no place in a contract.

use syn::{GenericArgument, PathArguments, PathSegment, Type};

use crate::errors::Errors;

/// Types of the framework and of the standard library that encode what is inside them.
const CONTAINERS: [&str; 10] = [
    "Option", "Vec", "Box", "Result", "Bounded", "Cow", "BTreeMap", "HashMap", "BTreeSet",
    "HashSet",
];

/// Refuses `usize` and `isize`, also in references, lists, tuples and the usual containers. Whether anything was refused.
///
/// The compiler would refuse them too, with the advice to derive an encoding for them. What a container of the user's does
/// with its parameters is not known here and left to the compiler.
pub fn refuse_words(ty: &Type, errors: &Errors) -> bool {
    match ty {
        Type::Group(group) => refuse_words(&group.elem, errors),
        Type::Paren(paren) => refuse_words(&paren.elem, errors),
        Type::Reference(reference) => refuse_words(&reference.elem, errors),
        Type::Slice(slice) => refuse_words(&slice.elem, errors),
        Type::Array(array) => refuse_words(&array.elem, errors),
        Type::Tuple(tuple) => refuse_all(tuple.elems.iter(), errors),
        Type::Path(path) => {
            let number = ["usize", "isize"]
                .into_iter()
                .find(|number| path.qself.is_none() && path.path.is_ident(number));
            if let Some(number) = number {
                let letter = &number[..1];
                errors.at(ty, format!("`{number}` has another size on other machines: write `{letter}32` or `{letter}64`"));
            }
            number.is_some() || refuse_all(contained(path.path.segments.last()), errors)
        }
        _ => false,
    }
}

/// All of them are looked at, so that all are told.
fn refuse_all<'a>(types: impl Iterator<Item = &'a Type>, errors: &Errors) -> bool {
    types.filter(|ty| refuse_words(ty, errors)).count() > 0
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
        ];
        for (text, refused) in rows {
            let errors = Errors::new();
            let ty = syn::parse_str(text).expect("a type");
            assert_eq!(refuse_words(&ty, &errors), refused, "{text}");
            assert_eq!(!errors.finish().is_empty(), refused, "{text}");
        }
    }
}
