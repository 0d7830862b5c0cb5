//! Where the types of a definition are written.

use crate::ast::{Item, ItemKind, Payload};
use crate::source::Span;

/// In the order in which the model has them ([`crate::model::Item::types`]); those of an arm are where
/// its name is, and those of a method where its name is.
pub(super) fn of_types(item: &Item) -> Vec<Span> {
    match &item.kind {
        ItemKind::Alias(ty) => vec![ty.span],
        ItemKind::Struct(fields) => fields.iter().map(|field| field.ty.span).collect(),
        ItemKind::Union(union) => {
            let arms = union.arms.iter().flat_map(|arm| {
                let held = match &arm.payload {
                    Payload::None => 0,
                    Payload::Types(types) => types.len(),
                    Payload::Fields(fields) => fields.len(),
                };
                std::iter::repeat_n(arm.name.span, held)
            });
            arms.chain(union.switch.iter().map(|ty| ty.span)).collect()
        }
        ItemKind::Interface(interface) => {
            let methods = interface.methods.iter().flat_map(|method| {
                let results = usize::from(method.result.is_some());
                std::iter::repeat_n(method.name.span, method.args.len() + results)
            });
            methods.collect()
        }
        ItemKind::Const { .. } | ItemKind::Enum(_) | ItemKind::Broken => Vec::new(),
    }
}
