//! Types inside types: none may contain itself without end.
//!
//! A type that contains itself through `optional` or through an arm of a union is fine on the
//! wire. In Rust it needs a `Box` there, which is put in here.

use super::graph::components;
use super::sizes;
use crate::diag::{Code, Diagnostic, Diagnostics};
use crate::model::{Item, ItemKind, Payload, Type};
use crate::source::Span;

/// Checks all items, and puts the boxes in. `places` is where the types of an item are written, in the
/// order of [`Item::types`]. `indirect` is what to do about a type without end, in the words of the language that the
/// types are written in.
pub(crate) fn check(
    items: &mut [Item],
    places: impl Fn(usize) -> Vec<Span>,
    indirect: &str,
    diags: &mut Diagnostics,
) {
    aliases(items, diags);
    finite(items, &places, indirect, diags);
    if diags.count() > 0 {
        return;
    }
    insert_boxes(items);
    sizes::check(items, &places, diags);
    sizes::spread(items);
}

/// Rust takes an alias for what it stands for, so a circle of nothing but aliases has no end, even
/// through a list.
fn aliases(items: &[Item], diags: &mut Diagnostics) {
    let alias = |id: &usize| matches!(items[*id].kind, ItemKind::Alias(_));
    let edges: Vec<Vec<usize>> = items
        .iter()
        .map(|item| match &item.kind {
            ItemKind::Alias(ty) => ty.named().filter(alias).collect(),
            _ => Vec::new(),
        })
        .collect();
    for circle in circles(&edges) {
        let item = &items[circle];
        let title = format!("`{}` is defined by itself", item.name);
        let problem = Diagnostic::new(Code::AliasCircle, title, item.at, "");
        diags.report(
            problem.help("make one of them a `struct`: a new type may hold itself in a list"),
        );
    }
}

/// The first node of each component that contains a circle.
fn circles(edges: &[Vec<usize>]) -> Vec<usize> {
    let turning = |c: &Vec<usize>| c.len() > 1 || edges[c[0]].contains(&c[0]);
    let components = components(edges);
    components
        .iter()
        .filter(|c| turning(c))
        .filter_map(|c| c.iter().min().copied())
        .collect()
}

/// Every type must have a value: a struct needs all its fields, a union one of its arms.
fn finite(
    items: &[Item],
    places: &impl Fn(usize) -> Vec<Span>,
    indirect: &str,
    diags: &mut Diagnostics,
) {
    let finite = finite_items(items);
    let edges: Vec<Vec<usize>> = items
        .iter()
        .enumerate()
        .map(|(id, item)| match finite[id] {
            true => Vec::new(),
            false => needs(item)
                .into_iter()
                .flatten()
                .filter(|&to| !finite[to])
                .collect(),
        })
        .collect();
    let components = components(&edges);
    for component in components {
        let turning = component.len() > 1 || edges[component[0]].contains(&component[0]);
        let Some(&first) = component.iter().min().filter(|_| turning) else {
            continue;
        };
        if matches!(items[first].kind, ItemKind::Alias(_)) && diags.count() > 0 {
            continue;
        }
        let item = &items[first];
        let title = format!("`{}` contains itself without end", item.name);
        let mut problem = Diagnostic::new(Code::Endless, title, item.at, "");
        if let Some(span) = place(item, places(first), &component) {
            problem = problem.also(span, "here");
        }
        diags.report(problem.help(indirect));
    }
}

/// The ways in which a value of this item can be had: each is the items that it then needs.
fn needs(item: &Item) -> Vec<Vec<usize>> {
    let all = |types: Vec<&Type>| types.into_iter().flat_map(in_place).collect();
    match &item.kind {
        ItemKind::Alias(ty) => vec![all(vec![ty])],
        ItemKind::Struct(fields) => vec![all(fields.iter().map(|f| &f.ty).collect())],
        ItemKind::Union(union) => union
            .arms
            .iter()
            .map(|arm| all(arm.payload.types()))
            .collect(),
        _ => vec![Vec::new()],
    }
}

/// The items that every value of this type holds a value of.
fn in_place(ty: &Type) -> Vec<usize> {
    match ty {
        Type::Named(id) => vec![*id],
        Type::Array(element, _) => in_place(element),
        Type::Tuple(elements) => elements.iter().flat_map(in_place).collect(),
        _ => Vec::new(),
    }
}

fn finite_items(items: &[Item]) -> Vec<bool> {
    let ways: Vec<Vec<Vec<usize>>> = items.iter().map(needs).collect();
    // For each item, the ways that wait for it; for each way, how many items it waits for.
    let mut waiting = vec![Vec::new(); items.len()];
    let mut missing: Vec<Vec<usize>> = Vec::new();
    let mut known = Vec::new();
    for (id, ways) in ways.iter().enumerate() {
        for (way, needed) in ways.iter().enumerate() {
            needed.iter().for_each(|&to| waiting[to].push((id, way)));
            if needed.is_empty() {
                known.push(id);
            }
        }
        missing.push(ways.iter().map(Vec::len).collect());
    }
    let mut finite = vec![false; items.len()];
    while let Some(id) = known.pop() {
        if std::mem::replace(&mut finite[id], true) {
            continue;
        }
        for &(user, way) in &waiting[id] {
            missing[user][way] -= 1;
            if missing[user][way] == 0 {
                known.push(user);
            }
        }
    }
    finite
}

/// The type in `item` that leads back into `component`; of a union, where its arms begin.
fn place(item: &Item, places: Vec<Span>, component: &[usize]) -> Option<Span> {
    let back = |ty: &Type| in_place(ty).iter().any(|to| component.contains(to));
    match &item.kind {
        ItemKind::Union(union) => Some(union.arms.first()?.at),
        _ => {
            let mut types = places.into_iter().zip(item.types());
            types.find(|(_, ty)| back(ty)).map(|(place, _)| place)
        }
    }
}

/// All items that a type holds in place or in an `optional`: where Rust would need a size.
fn sized(ty: &Type) -> Vec<usize> {
    match ty {
        Type::Named(id) => vec![*id],
        Type::Array(inner, _) | Type::Optional(inner) => sized(inner),
        Type::Tuple(elements) => elements.iter().flat_map(sized).collect(),
        _ => Vec::new(),
    }
}

pub(super) fn sized_edges(items: &[Item]) -> Vec<Vec<usize>> {
    let edges = items.iter().map(|item| match &item.kind {
        ItemKind::Alias(ty) => sized(ty),
        ItemKind::Struct(fields) => fields.iter().flat_map(|f| sized(&f.ty)).collect(),
        ItemKind::Union(union) => {
            let types = union.arms.iter().flat_map(|arm| arm.payload.types());
            types.flat_map(sized).collect()
        }
        _ => Vec::new(),
    });
    edges.collect()
}

fn insert_boxes(items: &mut [Item]) {
    let edges = sized_edges(items);
    let mut component = vec![0; items.len()];
    for (number, members) in components(&edges).into_iter().enumerate() {
        // Only circles count: an item alone that does not hold itself gets a number of its own.
        members
            .iter()
            .for_each(|&member| component[member] = number);
    }
    for id in 0..items.len() {
        let back =
            |to: usize| component[to] == component[id] && (to != id || edges[id].contains(&id));
        match &mut items[id].kind {
            ItemKind::Alias(ty) => box_optional(ty, &back),
            ItemKind::Struct(fields) => {
                fields
                    .iter_mut()
                    .for_each(|field| box_optional(&mut field.ty, &back));
            }
            ItemKind::Union(union) => {
                for arm in &mut union.arms {
                    box_payload(&mut arm.payload, &back);
                }
            }
            _ => {}
        }
    }
}

fn box_payload(payload: &mut Payload, back: &dyn Fn(usize) -> bool) {
    let types: Vec<&mut Type> = match payload {
        Payload::None => Vec::new(),
        Payload::Types(types) => types.iter_mut().collect(),
        Payload::Fields(fields) => fields.iter_mut().map(|f| &mut f.ty).collect(),
    };
    for ty in types {
        box_optional(ty, back);
        if in_place(ty).into_iter().any(back) {
            put_in_box(ty);
        }
    }
}

/// Puts a box into each `optional` that leads back.
fn box_optional(ty: &mut Type, back: &dyn Fn(usize) -> bool) {
    match ty {
        Type::Optional(inner) if in_place(inner).into_iter().any(back) => put_in_box(inner),
        Type::Optional(inner) | Type::Array(inner, _) => box_optional(inner, back),
        Type::Tuple(elements) => {
            elements
                .iter_mut()
                .for_each(|element| box_optional(element, back));
        }
        _ => {}
    }
}

fn put_in_box(ty: &mut Type) {
    let inner = std::mem::replace(ty, Type::Boxed(Box::new(Type::Named(0))));
    *ty = Type::Boxed(Box::new(inner));
}
