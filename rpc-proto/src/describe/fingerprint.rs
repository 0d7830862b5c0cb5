//! Fingerprints: a 64-bit number over the wire shape of a method.
//!
//! A type is hashed as the tree that it unfolds to, cut at [`LEVELS`]. The tree does not depend on names, on where the
//! compiler puts a descriptor or on which types are shared, and the cut makes recursive types finite.

use std::collections::HashMap;
use std::hash::Hasher;

use siphasher::sip::SipHasher24;

use super::{Field, Method, Semantics, Type, TypeFn};

/// Types that differ only below so many levels have one fingerprint.
const LEVELS: u32 = 64;

/// The key of the hash: two peers must share it, so it can never change.
const KEY: &[u8; 16] = b"ONC method shape";

pub(super) fn of_method(method: &Method) -> u64 {
    let mut walk = Walk::default();
    let mut node = Node::new(0);
    node.number(method.procedure);
    node.number(semantics_code(method.semantics));
    node.child(walk.fields(method.args, LEVELS));
    node.child(walk.shape((method.result)(), LEVELS));
    node.finish()
}

fn semantics_code(semantics: Semantics) -> u32 {
    match semantics {
        Semantics::Oneway => 0,
        Semantics::Readonly => 1,
        Semantics::Idempotent => 2,
        Semantics::AtMostOnce => 3,
        Semantics::ExactlyOnce => 4,
    }
}

/// One hash of a tag, numbers and the hashes of the children.
struct Node(SipHasher24);

impl Node {
    fn new(tag: u32) -> Self {
        let mut node = Self(SipHasher24::new_with_key(KEY));
        node.number(tag);
        node
    }

    fn number(&mut self, number: u32) {
        self.0.write(&number.to_be_bytes());
    }

    fn child(&mut self, hash: u64) {
        self.0.write(&hash.to_be_bytes());
    }

    fn finish(self) -> u64 {
        self.0.finish()
    }
}

/// Remembers the hash of each descriptor at each level, so that a type shared many times is walked once a level.
#[derive(Default)]
struct Walk {
    known: HashMap<(*const Type, u32), u64>,
}

impl Walk {
    fn shape(&mut self, ty: &'static Type, levels: u32) -> u64 {
        let ty = unwrap_single(ty);
        let Some(below) = levels.checked_sub(1) else {
            return Node::new(u32::MAX).finish();
        };
        let place = (std::ptr::from_ref(ty), levels);
        if let Some(hash) = self.known.get(&place) {
            return *hash;
        }
        let hash = self.compute(ty, below);
        self.known.insert(place, hash);
        hash
    }

    fn compute(&mut self, ty: &'static Type, below: u32) -> u64 {
        match *ty {
            Type::Void => self.sequence([].into_iter(), below),
            Type::Bool => leaf(2),
            Type::I8 => leaf(3),
            Type::I16 => leaf(4),
            Type::I32 => leaf(5),
            Type::I64 => leaf(6),
            Type::U8 => leaf(7),
            Type::U16 => leaf(8),
            Type::U32 => leaf(9),
            Type::U64 => leaf(10),
            Type::F32 => leaf(11),
            Type::F64 => leaf(12),
            Type::String => leaf(13),
            Type::Opaque => leaf(14),
            Type::FixedOpaque(length) => numbered(15, length).finish(),
            Type::Map(key, value) => self.map(key, value, below),
            Type::Set(inner) => self.wrap(Node::new(23), inner, below),
            Type::U128 => leaf(24),
            Type::I128 => leaf(25),
            Type::Duration => leaf(26),
            Type::Time => leaf(27),
            Type::Uuid => leaf(28),
            Type::Ipv4 => leaf(29),
            Type::Ipv6 => leaf(30),
            Type::Ip => leaf(31),
            Type::Option(inner) => self.wrap(Node::new(16), inner, below),
            Type::List(inner) => self.wrap(Node::new(17), inner, below),
            Type::Array(inner, length) => self.wrap(numbered(18, length), inner, below),
            Type::Bounded(inner, max) => self.wrap(numbered(19, max), inner, below),
            Type::Tuple(parts) => self.sequence(parts.iter().copied(), below),
            Type::Struct { fields, .. } => self.fields(fields, below),
            Type::Enum { values, .. } => enumeration(values),
            Type::Result(ok, error) => self.result(ok, error, below),
            Type::Union { .. } => self.union(ty, below),
        }
    }

    fn wrap(&mut self, mut node: Node, inner: TypeFn, below: u32) -> u64 {
        node.child(self.shape(inner(), below));
        node.finish()
    }

    fn map(&mut self, key: TypeFn, value: TypeFn, below: u32) -> u64 {
        let mut node = Node::new(22);
        node.child(self.shape(key(), below));
        node.child(self.shape(value(), below));
        node.finish()
    }

    fn fields(&mut self, fields: &'static [Field], below: u32) -> u64 {
        self.sequence(fields.iter().map(|field| field.ty), below)
    }

    fn sequence(&mut self, parts: impl Iterator<Item = TypeFn>, below: u32) -> u64 {
        let mut node = Node::new(1);
        for part in parts {
            node.child(self.shape(part(), below));
        }
        node.finish()
    }

    /// The same as the union `switch (int) { case 0: T; case 1: E; }`.
    fn result(&mut self, ok: TypeFn, error: TypeFn, below: u32) -> u64 {
        let mut node = Node::new(21);
        node.child(self.shape(&Type::I32, below));
        for (case, ty) in [(0, ok), (1, error)] {
            node.number(case);
            node.child(self.sequence([ty].into_iter(), below));
        }
        node.finish()
    }

    /// Arms in the order of their labels; an arm of several labels counts once for each, the default arm last.
    fn union(&mut self, ty: &'static Type, below: u32) -> u64 {
        let Type::Union { switch, arms, .. } = *ty else {
            return leaf(u32::MAX);
        };
        let mut node = Node::new(21);
        node.child(self.shape(switch(), below));
        let mut cases: Vec<_> = arms
            .iter()
            .flat_map(|arm| arm.cases.iter().map(move |case| (*case, arm.fields)))
            .collect();
        cases.sort_by_key(|(case, _)| *case);
        for (case, fields) in cases {
            node.number(case.cast_unsigned());
            node.child(self.fields(fields, below));
        }
        if let Some(arm) = arms.iter().find(|arm| arm.default) {
            node.child(self.fields(arm.fields, below));
        }
        node.finish()
    }
}

/// A struct or tuple of one field is that field on the wire. The bound is for a type that is only itself.
fn unwrap_single(mut ty: &'static Type) -> &'static Type {
    for _ in 0..LEVELS {
        ty = match *ty {
            Type::Struct { fields: [only], .. } => (only.ty)(),
            Type::Tuple([only]) => only(),
            _ => break,
        };
    }
    ty
}

fn leaf(tag: u32) -> u64 {
    Node::new(tag).finish()
}

fn numbered(tag: u32, number: u32) -> Node {
    let mut node = Node::new(tag);
    node.number(number);
    node
}

/// The declared numbers, in order: neither their names nor how often each is named matters.
fn enumeration(values: &[(&str, i32)]) -> u64 {
    let mut numbers: Vec<i32> = values.iter().map(|(_, value)| *value).collect();
    numbers.sort_unstable();
    numbers.dedup();
    let mut node = Node::new(20);
    for number in numbers {
        node.number(number.cast_unsigned());
    }
    node.finish()
}
