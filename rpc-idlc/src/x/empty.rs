//! Which types take no bytes: structs without fields, and what is made of nothing but them. C has no
//! such values, so they are left out; an `optional` of one is a bool, a list of them its length.

use crate::check::components;
use crate::model::{ItemKind, Model, Type};

/// By item: takes no bytes.
pub(super) fn items(model: &Model) -> Vec<bool> {
    let held: Vec<Vec<&Type>> = model
        .items
        .iter()
        .map(|item| match &item.kind {
            ItemKind::Alias(ty) => vec![ty],
            ItemKind::Struct(fields) => fields.iter().map(|f| &f.ty).collect(),
            _ => Vec::new(),
        })
        .collect();
    let edges: Vec<Vec<usize>> = held
        .iter()
        .map(|types| types.iter().flat_map(|ty| in_place(ty)).collect())
        .collect();
    let mut empty = vec![false; held.len()];
    // What is held in place comes before what holds it.
    for id in components(&edges).into_iter().flatten() {
        let made_of = matches!(
            model.items[id].kind,
            ItemKind::Alias(_) | ItemKind::Struct(_)
        );
        empty[id] = made_of && held[id].iter().all(|inner| ty(inner, &empty));
    }
    empty
}

/// Whether values of a type take no bytes.
pub(super) fn ty(of: &Type, empty: &[bool]) -> bool {
    match of {
        Type::Named(id) => empty[*id],
        Type::Array(element, _) | Type::Large(element) => ty(element, empty),
        Type::Tuple(elements) => elements.iter().all(|element| ty(element, empty)),
        _ => false,
    }
}

fn in_place(ty: &Type) -> Vec<usize> {
    match ty {
        Type::Named(id) => vec![*id],
        Type::Array(element, _) | Type::Large(element) => in_place(element),
        Type::Tuple(elements) => elements.iter().flat_map(in_place).collect(),
        _ => Vec::new(),
    }
}
