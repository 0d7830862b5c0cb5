//! Which definitions name something that is deprecated, of which rustc would warn.

use crate::model::{Arm, Case, Item, ItemId, ItemKind, Labels, Model, Notes, Payload, Type};

/// By item: whether its Rust names something deprecated: another definition, or a part of itself.
pub(super) fn allows(model: &Model) -> Vec<bool> {
    let items = &model.items;
    let old = |id: ItemId| items[id].notes.deprecated.is_some();
    let names_old = |item: &Item| {
        let mut layers = item.types().into_iter().flat_map(Type::layers);
        layers.any(|ty| match ty {
            Type::Named(id) => old(*id),
            ty => ty.length().and_then(|length| length.of).is_some_and(old),
        })
    };
    let allows = items.iter().enumerate().map(|(id, item)| {
        let made_of_itself = !matches!(item.kind, ItemKind::Const(_) | ItemKind::Alias(_));
        (made_of_itself && old(id))
            || names_old(item)
            || has_old_part(item)
            || uses_old_value(item, items, &old)
    });
    allows.collect()
}

/// Whether a field, arm or value is deprecated: the derives of the standard library name them all.
fn has_old_part(item: &Item) -> bool {
    let old = |notes: &Notes| notes.deprecated.is_some();
    match &item.kind {
        ItemKind::Struct(fields) => fields.iter().any(|field| old(&field.notes)),
        ItemKind::Enum(values) => values.iter().any(|value| old(&value.notes)),
        ItemKind::Union(union) => union.arms.iter().any(|arm| {
            let field = match &arm.payload {
                Payload::Fields(fields) => fields.iter().any(|field| old(&field.notes)),
                _ => false,
            };
            old(&arm.notes) || field
        }),
        // Of its methods `#[rpc]` takes care.
        ItemKind::Const(_) | ItemKind::Alias(_) | ItemKind::Interface(_) | ItemKind::Extern => {
            false
        }
    }
}

/// Whether it is made of a deprecated constant or error, or tells arms apart by a deprecated value.
fn uses_old_value(item: &Item, items: &[Item], old: &dyn Fn(ItemId) -> bool) -> bool {
    let label = |case: &Case| match case {
        Case::Enumerator { of, index } => match &items[*of].kind {
            ItemKind::Enum(values) => old(*of) || values[*index].notes.deprecated.is_some(),
            _ => false,
        },
        _ => false,
    };
    let labelled = |arm: &Arm| match &arm.labels {
        Labels::Cases(cases) => cases.iter().any(label),
        Labels::Default => false,
    };
    match &item.kind {
        ItemKind::Const(constant) => constant.of.is_some_and(old),
        ItemKind::Union(union) => union.arms.iter().any(labelled),
        ItemKind::Interface(interface) => {
            interface.methods.iter().any(|m| m.throws.is_some_and(old))
        }
        _ => false,
    }
}
