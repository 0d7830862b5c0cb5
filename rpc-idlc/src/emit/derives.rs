//! Which traits each type can have.

use crate::check::{edges, held, holding_floats, in_keys, reaching, sizes_of};
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
    /// By item: stands in a key of a map or an element of a set, which are kept in order.
    key: Vec<bool>,
}

impl Derives {
    pub(super) fn new(model: &Model) -> Self {
        let on_heap = |ty: &Type| {
            matches!(
                ty,
                Type::String(_)
                    | Type::Bytes(_)
                    | Type::List(..)
                    | Type::Map(..)
                    | Type::Set(..)
                    | Type::Boxed(_)
                    | Type::Large(_)
            )
        };
        let items = &model.items;
        let sizes = sizes_of(items);
        let heavy = |id: &ItemId| {
            // Of what is elsewhere nothing is known.
            if matches!(items[*id].kind, ItemKind::Extern) {
                return true;
            }
            let held = held(&items[*id]);
            sizes[*id] > MAX_COPY || held.iter().flat_map(|ty| ty.layers()).any(on_heap)
        };
        Derives {
            float: holding_floats(items),
            heavy: reaching(&edges(items), (0..items.len()).filter(heavy).collect()),
            key: in_keys(items),
        }
    }

    /// The attribute for a struct or union.
    pub(super) fn of(&self, id: ItemId) -> TokenStream {
        let copy = (!self.heavy[id]).then(|| quote!(Copy,));
        let eq = (!self.float[id]).then(|| quote!(Eq, Hash,));
        let ord = self.key[id].then(|| quote!(PartialOrd, Ord,));
        quote!(#[derive(Debug, Clone, #copy PartialEq, #eq #ord rpc_core::Xdr)])
    }

    /// The attribute for an enum without data.
    pub(super) fn plain() -> TokenStream {
        quote!(#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, rpc_core::Xdr)])
    }
}
