//! Who encodes a field.

use proc_macro2::{Span, TokenStream};
use quote::quote;
use syn::{Path, Type};

use super::attributes::OnField;
use super::bounds::types;
use super::impls::Scope;
use crate::errors::Errors;
use crate::span::at;

pub enum Coding {
    /// Its type.
    Plain,
    /// The functions of a module of the user's.
    With(Path),
    /// A `Vec` as a linked list.
    Chain,
    /// Bytes as numbers.
    Words,
    /// Nobody: a `PhantomData` is not on the wire.
    Absent,
}

impl Coding {
    pub fn of(on_field: &OnField, ty: &Type, errors: &Errors) -> Self {
        let with = on_field.with.as_ref().map(at);
        let given = [with, on_field.chain, on_field.words];
        if let Some(second) = given.into_iter().flatten().nth(1) {
            errors.push(syn::Error::new(
                second,
                "`with`, `chain` and `words` each say how the field is encoded: give one of them",
            ));
        }
        if let Some(module) = &on_field.with {
            return Self::With(module.clone());
        }
        if is_marker(ty) {
            if given.iter().any(Option::is_some) {
                errors.at(
                    ty,
                    "a `PhantomData` is not on the wire: there is nothing to encode",
                );
            }
            return Self::Absent;
        }
        if on_field.chain.is_some() {
            if !is_vec(ty) {
                errors.at(
                    ty,
                    "`chain` encodes a linked list, which is kept in a `Vec<T>`",
                );
            }
            return Self::Chain;
        }
        if on_field.words.is_some() {
            if !is_bytes(ty) {
                errors.at(
                    ty,
                    "`words` encodes bytes as numbers of 4 bytes each: the field is a `Vec<u8>`, a `Bounded<Vec<u8>, N>`, a \
                     `[u8; N]`, a `BoxedArray<u8, N>` or an array of these arrays",
                );
            }
            return Self::Words;
        }
        Self::Plain
    }

    pub fn is_plain(&self) -> bool {
        matches!(self, Self::Plain)
    }

    /// What has the functions `encode`, `decode` and `describe`, and where to point; nothing if the type of the field has.
    pub fn functions(&self, ty: &Type, scope: &Scope) -> Option<(TokenStream, Span)> {
        let private = &scope.private;
        match self {
            Self::With(module) => Some((quote!(#module), at(module))),
            Self::Chain => Some((quote!(#private::Chain::<#ty>), at(ty))),
            Self::Words => Some((quote!(#private::Words::<#ty>), at(ty))),
            Self::Plain | Self::Absent => None,
        }
    }
}

/// The arguments of `name<…>`, if that is what the type is.
fn arguments<'a>(ty: &'a Type, name: &str) -> Option<Vec<&'a Type>> {
    match ty {
        Type::Group(group) => arguments(&group.elem, name),
        Type::Paren(paren) => arguments(&paren.elem, name),
        Type::Path(path) => {
            let last = path.path.segments.last()?;
            (last.ident == name).then(|| types(last))
        }
        _ => None,
    }
}

fn is_marker(ty: &Type) -> bool {
    arguments(ty, "PhantomData").is_some()
}

fn is_vec(ty: &Type) -> bool {
    arguments(ty, "Vec").is_some_and(|items| !items.is_empty())
}

fn is_bytes(ty: &Type) -> bool {
    let is_u8 = |ty: &Type| arguments(ty, "u8").is_some();
    let is_list =
        |ty: &Type| arguments(ty, "Vec").is_some_and(|items| items.iter().any(|ty| is_u8(ty)));
    let is_bounded =
        |ty: &Type| arguments(ty, "Bounded").is_some_and(|of| of.iter().any(|ty| is_list(ty)));
    match ty {
        Type::Group(group) => is_bytes(&group.elem),
        Type::Paren(paren) => is_bytes(&paren.elem),
        other => is_list(other) || is_bounded(other) || is_rows(other),
    }
}

/// An array, on the heap or not, of `u8` or of such arrays.
fn is_rows(ty: &Type) -> bool {
    let of_rows = |element: &Type| arguments(element, "u8").is_some() || is_rows(element);
    match ty {
        Type::Group(group) => is_rows(&group.elem),
        Type::Paren(paren) => is_rows(&paren.elem),
        Type::Array(array) => of_rows(&array.elem),
        other => arguments(other, "BoxedArray").is_some_and(|of| of.iter().any(|ty| of_rows(ty))),
    }
}
