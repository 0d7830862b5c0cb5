//! Which traits each type can have.

use crate::ast::Scalar;
use crate::check::{reaching, sizes_of};
use crate::model::{ItemId, ItemKind, Model, Type};
use proc_macro2::TokenStream;
use quote::quote;

/// Types larger than this are moved or cloned, not copied in passing.
const MAX_COPY: u64 = 64;

pub(super) struct Derives {
    /// By item: holds a float, so it can be neither `Eq` nor `Hash`.
    float: Vec<bool>,
    /// By item: holds something on the heap, or much.
    heavy: Vec<bool>,
}

impl Derives {
    pub(super) fn new(model: &Model) -> Self {
        let types: Vec<Vec<&Type>> = model.items.iter().map(|item| types(&item.kind)).collect();
        let edges: Vec<Vec<ItemId>> = types
            .iter()
            .map(|types| types.iter().filter_map(|ty| ty.core()).collect())
            .collect();
        let seeds = |wanted: fn(&Type) -> bool| -> Vec<ItemId> {
            let holds = |id: &ItemId| types[*id].iter().flat_map(|ty| ty.layers()).any(wanted);
            (0..types.len()).filter(holds).collect()
        };
        let floats = seeds(|ty| matches!(ty, Type::Scalar(Scalar::F32 | Scalar::F64)));
        let mut heavy = seeds(|ty| {
            matches!(
                ty,
                Type::String(_) | Type::Bytes(_) | Type::List(..) | Type::Boxed(_)
            )
        });
        let sizes = sizes_of(&model.items);
        heavy.extend((0..sizes.len()).filter(|&id| sizes[id] > MAX_COPY));
        Derives {
            float: reaching(&edges, floats),
            heavy: reaching(&edges, heavy),
        }
    }

    /// The attribute for a struct or union.
    pub(super) fn of(&self, id: ItemId) -> TokenStream {
        let copy = (!self.heavy[id]).then(|| quote!(Copy,));
        let eq = (!self.float[id]).then(|| quote!(Eq, Hash,));
        quote!(#[derive(Debug, Clone, #copy PartialEq, #eq rpc_core::Xdr)])
    }

    /// The attribute for an enum without data.
    pub(super) fn plain() -> TokenStream {
        quote!(#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, rpc_core::Xdr)])
    }
}

/// The types that a value of an item may hold.
fn types(kind: &ItemKind) -> Vec<&Type> {
    match kind {
        ItemKind::Alias(ty) => vec![ty],
        ItemKind::Struct(fields) => fields.iter().map(|f| &f.ty).collect(),
        ItemKind::Union(union) => {
            let payloads = union.arms.iter().flat_map(|arm| arm.payload.types());
            payloads.chain(&union.switch).collect()
        }
        ItemKind::Const(_) | ItemKind::Enum(_) | ItemKind::Interface(_) => Vec::new(),
    }
}
