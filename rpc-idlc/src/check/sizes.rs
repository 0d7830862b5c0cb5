//! How large values are: in place, where much of it fills a stack, and on the wire.
//!
//! Whatever is decoded passes through the stack, several times in a debug build, and so does an argument on its way into
//! a call. So what takes much is put on the heap.

use super::containment::sized_edges;
use super::graph::components;
use super::keys::edges;
use crate::ast::Scalar;
use crate::diag::{Code, Diagnostic, Diagnostics};
use crate::model::{Item, ItemKind, Payload, Type};
use crate::source::Span;

/// What a definition, or the arguments of a method, take in place at most. A debug build takes 15 times as much of the
/// stack to decode an array.
const MAX_IN_PLACE: u64 = 16 << 10;

/// The same where a type can hold itself: a peer can nest values as deep as the decoder takes them, which is 128 levels.
const MAX_IN_CIRCLE: u64 = 1 << 10;

/// What is no larger than this stays in place, whatever is around it.
const SMALL: u64 = 64;

/// A message is sent in one fragment, whose length has 31 bits (RFC 5531, section 11).
const MAX_MESSAGE: u64 = 0x7fff_ffff;

/// Refuses arrays that no message holds. `places` is where the types of an item are written, in the order of
/// [`Item::types`]. No circle is left but through boxes.
pub(super) fn check(items: &[Item], places: &impl Fn(usize) -> Vec<Span>, diags: &mut Diagnostics) {
    let sizes = of_items(items, Place::Wire);
    let is_large = |ty: &&Type| {
        let fixed = matches!(ty, Type::Array(..) | Type::FixedBytes(_));
        fixed && Place::Wire.ty(ty, &sizes) > MAX_MESSAGE
    };
    for (id, item) in items.iter().enumerate() {
        let large = |ty: &Type| ty.layers().iter().any(is_large);
        if !item.types().into_iter().any(large) {
            continue;
        }
        for (place, ty) in places(id).into_iter().zip(item.types()) {
            let Some(large) = ty.layers().into_iter().find(is_large) else {
                continue;
            };
            let title = format!("a message has at most {MAX_MESSAGE} bytes");
            let label = format!("this takes {}", Place::Wire.ty(large, &sizes));
            let problem = Diagnostic::new(Code::ArrayTooLarge, title, place, label);
            diags.report(problem.help("no peer can send this: look at the length again"));
        }
    }
}

/// Puts on the heap what takes too much in place.
pub(super) fn spread(items: &mut [Item]) {
    let mut in_circle = vec![false; items.len()];
    let edges = edges(items);
    for component in components(&edges) {
        let turning = component.len() > 1 || edges[component[0]].contains(&component[0]);
        component.iter().for_each(|&id| in_circle[id] = turning);
    }
    let mut sizes = vec![0; items.len()];
    for id in inside_out(items) {
        let limit = match in_circle[id] {
            true => MAX_IN_CIRCLE,
            false => MAX_IN_PLACE,
        };
        for together in groups(&mut items[id].kind) {
            shrink(together, limit, &sizes);
        }
        sizes[id] = Place::Memory.item(&items[id], &sizes);
    }
}

/// The types that are in place together.
fn groups(kind: &mut ItemKind) -> Vec<Vec<&mut Type>> {
    match kind {
        ItemKind::Alias(ty) => vec![vec![ty]],
        ItemKind::Struct(fields) => vec![fields.iter_mut().map(|f| &mut f.ty).collect()],
        ItemKind::Union(union) => {
            let payloads = union.arms.iter_mut().map(|arm| &mut arm.payload);
            let types = payloads.map(|payload| match payload {
                Payload::None => Vec::new(),
                Payload::Types(types) => types.iter_mut().collect(),
                Payload::Fields(fields) => fields.iter_mut().map(|f| &mut f.ty).collect(),
            });
            types.collect()
        }
        ItemKind::Interface(interface) => {
            let methods = interface.methods.iter_mut();
            let groups = methods.flat_map(|method| {
                let args = method.args.iter_mut().map(|arg| &mut arg.ty).collect();
                [args, method.result.iter_mut().collect()]
            });
            groups.collect()
        }
        ItemKind::Const(_) | ItemKind::Enum(_) | ItemKind::Extern => Vec::new(),
    }
}

/// Puts the largest of `types` on the heap until the others take no more than `limit`, and does the same within each.
fn shrink(mut types: Vec<&mut Type>, limit: u64, sizes: &[u64]) {
    for ty in &mut types {
        match &mut **ty {
            Type::Tuple(elements) => shrink(elements.iter_mut().collect(), limit, sizes),
            Type::Map(key, value, _) => shrink(vec![key, value], limit, sizes),
            Type::List(inner, _)
            | Type::Set(inner, _)
            | Type::Array(inner, _)
            | Type::Optional(inner)
            | Type::Boxed(inner)
            | Type::Large(inner) => shrink(vec![inner], limit, sizes),
            _ => {}
        }
    }
    let size = |ty: &Type| Place::Memory.ty(ty, sizes);
    types.sort_by_key(|ty| size(ty));
    let mut left = total(types.iter().map(|ty| size(ty)));
    while let Some(largest) = types.pop() {
        let taken = size(largest);
        if left <= limit || taken <= SMALL {
            return;
        }
        put_on_heap(largest);
        left = left.saturating_sub(taken);
    }
}

fn put_on_heap(ty: &mut Type) {
    match ty {
        Type::Optional(inner) => put_on_heap(inner),
        ty => {
            let inner = std::mem::replace(ty, Type::Named(0));
            *ty = Type::Large(Box::new(inner));
        }
    }
}

/// About how many bytes a value of each item takes in Rust, without what it points to.
pub(crate) fn sizes_of(items: &[Item]) -> Vec<u64> {
    of_items(items, Place::Memory)
}

/// Where a value takes bytes, of which two types may need more and less.
#[derive(Clone, Copy)]
enum Place {
    /// As much as any value of the type, without what it points to.
    Memory,
    /// As little as any.
    Wire,
}

fn of_items(items: &[Item], place: Place) -> Vec<u64> {
    let mut sizes = vec![0; items.len()];
    for id in inside_out(items) {
        sizes[id] = place.item(&items[id], &sizes);
    }
    sizes
}

/// Each item after those that it holds: no circle is left here. Nothing holds an interface.
fn inside_out(items: &[Item]) -> Vec<usize> {
    let is_interface = |id: &usize| matches!(items[*id].kind, ItemKind::Interface(_));
    let order = components(&sized_edges(items)).into_iter().flatten();
    let (interfaces, mut order): (Vec<_>, Vec<_>) = order.partition(is_interface);
    order.extend(interfaces);
    order
}

impl Place {
    fn item(self, item: &Item, sizes: &[u64]) -> u64 {
        let of = |types: Vec<&Type>| total(types.into_iter().map(|ty| self.ty(ty, sizes)));
        match &item.kind {
            ItemKind::Alias(ty) => self.ty(ty, sizes),
            ItemKind::Struct(fields) => of(fields.iter().map(|f| &f.ty).collect()),
            ItemKind::Enum(_) => 4,
            ItemKind::Union(union) => {
                let arms = union.arms.iter().map(|arm| of(arm.payload.types()));
                let (arm, discriminant) = match self {
                    Place::Memory => (arms.max(), 8),
                    Place::Wire => (arms.min(), 4),
                };
                arm.unwrap_or(0).saturating_add(discriminant)
            }
            // As much as text or a list: nothing is known of it.
            ItemKind::Extern => 24,
            ItemKind::Const(_) | ItemKind::Interface(_) => 0,
        }
    }

    /// The size of a type, given those of the items.
    fn ty(self, ty: &Type, sizes: &[u64]) -> u64 {
        let all = |elements: &[Type]| total(elements.iter().map(|ty| self.ty(ty, sizes)));
        match (self, ty) {
            (_, Type::Named(id)) => sizes[*id],
            (_, Type::Tuple(elements)) => all(elements),
            (_, Type::Array(element, length)) => times(self.ty(element, sizes), length.value),
            (Place::Memory, Type::Scalar(scalar)) => memory(*scalar),
            (Place::Memory, Type::FixedBytes(length)) => length.value.into(),
            (Place::Memory, Type::Optional(inner)) => self.ty(inner, sizes).saturating_add(8),
            (Place::Memory, Type::Boxed(_) | Type::Large(_)) => 8,
            (Place::Memory, _) => 24,
            (Place::Wire, Type::Scalar(scalar)) => memory(*scalar).next_multiple_of(4),
            (Place::Wire, Type::FixedBytes(length)) => u64::from(length.value).next_multiple_of(4),
            // A length, or whether there is anything, or a union within itself.
            (Place::Wire, _) => 4,
        }
    }
}

fn total(sizes: impl Iterator<Item = u64>) -> u64 {
    sizes.fold(0, u64::saturating_add)
}

/// Nothing, often enough, takes time at least: 4 billion empty structs are too many.
fn times(size: u64, length: u32) -> u64 {
    size.max(1).saturating_mul(length.into())
}

fn memory(scalar: Scalar) -> u64 {
    use Scalar::{
        Bool, Duration, F32, I8, I16, I32, I128, Ip, Ipv4, Ipv6, Time, U8, U16, U32, U128, Uuid,
    };
    match scalar {
        Bool | U8 | I8 => 1,
        U16 | I16 => 2,
        U32 | I32 | F32 | Ipv4 => 4,
        U128 | I128 | Duration | Time | Uuid | Ipv6 => 16,
        Ip => 17,
        _ => 8,
    }
}
