//! Random values of any type, as bytes, from its descriptor.
//!
//! What is made is well-formed, so whoever knows the type has to take it and write the same again.

use crate::simulation::rng::Rng;
use rpc_core::describe::{Arm, Type, TypeFn};
use std::collections::{BTreeMap, BTreeSet};

/// Values more than this far inside others are as small as they can be.
const DEPTH: u32 = 5;

/// Makes values from a seed.
#[derive(Debug, Clone)]
pub struct Values {
    rng: Rng,
    /// The least byte of an opaque value.
    least: u8,
}

impl Values {
    /// The same values for the same seed.
    pub fn new(seed: u64) -> Self {
        Self {
            rng: Rng::new(seed),
            least: 0,
        }
    }

    /// No opaque value has a zero byte: those of a contract in the RPC language may be strings of C, which would end there.
    #[must_use]
    pub fn without_zeros(self) -> Self {
        Self { least: 1, ..self }
    }

    /// The bytes of a value. No string in it has a zero byte, since C would end it there.
    pub fn bytes(&mut self, ty: TypeFn) -> Vec<u8> {
        let mut out = Vec::new();
        self.value(ty(), u32::MAX, 0, &mut out);
        out
    }

    fn number(&mut self) -> u64 {
        self.rng.next()
    }

    fn below(&mut self, end: u32) -> u32 {
        self.rng.below(u64::from(end)) as u32
    }

    /// A number of any size: small ones and the ends of the range are as likely as large ones.
    fn spread(&mut self) -> u64 {
        let shift = self.below(64);
        match self.below(8) {
            0 => 0,
            1 => u64::MAX,
            2 => 1 << shift,
            _ => self.number() >> shift,
        }
    }

    /// How many elements: few, fewer further inside, and sometimes as many as there may be.
    fn length(&mut self, max: u32, depth: u32) -> u32 {
        if depth > DEPTH {
            return 0;
        }
        match (self.below(6), max) {
            (0, 0..=32) => max,
            _ => self.below(5).min(max),
        }
    }

    fn value(&mut self, ty: &Type, max: u32, depth: u32, out: &mut Vec<u8>) {
        match *ty {
            Type::Void => {}
            Type::Bool => word(out, self.below(2)),
            Type::I8 => word(out, self.spread() as i8 as u32),
            Type::I16 => word(out, self.spread() as i16 as u32),
            Type::U8 => word(out, self.spread() as u8 as u32),
            Type::U16 => word(out, self.spread() as u16 as u32),
            Type::I32 | Type::U32 | Type::F32 => word(out, self.spread() as u32),
            Type::I64 | Type::U64 | Type::F64 => long(out, self.spread()),
            Type::I128 | Type::U128 | Type::Uuid | Type::Ipv6 => {
                long(out, self.spread());
                long(out, self.number());
            }
            Type::Ipv4 => word(out, self.number() as u32),
            Type::Ip => self.address(out),
            Type::Duration => self.moment(|values| values.spread(), out),
            // So far from 1970, before and after, as every clock can say.
            Type::Time => self.moment(|values| (values.number() as i64 >> 24) as u64, out),
            Type::String => self.text(max, depth, out),
            Type::Opaque => {
                let bytes = self.many(max, depth);
                word(out, bytes.len() as u32);
                padded(out, &bytes);
            }
            Type::FixedOpaque(length) => {
                let bytes: Vec<u8> = (0..length).map(|_| self.number() as u8).collect();
                padded(out, &bytes);
            }
            Type::Bounded(inner, max) => self.value(inner(), max, depth, out),
            _ => self.made_of_others(ty, max, depth, out),
        }
    }

    fn made_of_others(&mut self, ty: &Type, max: u32, depth: u32, out: &mut Vec<u8>) {
        let inside = depth + 1;
        match *ty {
            Type::Option(inner) => {
                let there = self.length(1, depth);
                word(out, there);
                (0..there).for_each(|_| self.value(inner(), u32::MAX, inside, out));
            }
            Type::List(inner) => {
                let length = self.length(max, depth);
                word(out, length);
                (0..length).for_each(|_| self.value(inner(), u32::MAX, inside, out));
            }
            Type::Array(inner, length) => {
                (0..length).for_each(|_| self.value(inner(), u32::MAX, inside, out));
            }
            Type::Map(key, value) => self.map(key, value, max, depth, out),
            Type::Set(element) => {
                let length = self.length(max, depth);
                let elements: BTreeSet<Vec<u8>> =
                    (0..length).map(|_| self.inside(element, inside)).collect();
                word(out, elements.len() as u32);
                elements
                    .iter()
                    .for_each(|element| out.extend_from_slice(element));
            }
            Type::Tuple(types) => {
                types
                    .iter()
                    .for_each(|ty| self.value(ty(), u32::MAX, inside, out));
            }
            Type::Result(good, bad) => {
                let failed = self.below(2);
                word(out, failed);
                let ty = if failed == 0 { good } else { bad };
                self.value(ty(), u32::MAX, inside, out);
            }
            Type::Struct { fields, .. } => {
                fields
                    .iter()
                    .for_each(|field| self.value((field.ty)(), u32::MAX, inside, out));
            }
            Type::Enum { values, .. } => {
                let (_, value) = values[self.below(values.len() as u32) as usize];
                word(out, value as u32);
            }
            Type::Union { switch, arms, .. } => self.union(switch, arms, inside, out),
            ref other => unreachable!("{other:?} is made of nothing else"),
        }
    }

    fn inside(&mut self, ty: TypeFn, depth: u32) -> Vec<u8> {
        let mut out = Vec::new();
        self.value(ty(), u32::MAX, depth, &mut out);
        out
    }

    fn map(&mut self, key: TypeFn, value: TypeFn, max: u32, depth: u32, out: &mut Vec<u8>) {
        let length = self.length(max, depth);
        let entries =
            (0..length).map(|_| (self.inside(key, depth + 1), self.inside(value, depth + 1)));
        let entries: BTreeMap<Vec<u8>, Vec<u8>> = entries.collect();
        word(out, entries.len() as u32);
        for (key, value) in entries {
            out.extend([key, value].concat());
        }
    }

    fn union(&mut self, switch: TypeFn, arms: &[Arm], depth: u32, out: &mut Vec<u8>) {
        let named: Vec<i32> = arms.iter().flat_map(|arm| arm.cases).copied().collect();
        // A default has no value left if the others name all that there are.
        let mut possible: Vec<(&Arm, i32)> = arms
            .iter()
            .filter_map(|arm| Some((arm, self.label(arm, switch(), &named)?)))
            .collect();
        let small = possible.iter().position(|(arm, _)| arm.fields.is_empty());
        let chosen = self.below(possible.len() as u32) as usize;
        let chosen = match depth > DEPTH {
            true => small.unwrap_or(0),
            false => chosen,
        };
        let (arm, label) = possible.swap_remove(chosen);
        word(out, label as u32);
        arm.fields
            .iter()
            .for_each(|field| self.value((field.ty)(), u32::MAX, depth, out));
    }

    /// A value that chooses the arm, if there is one.
    fn label(&mut self, arm: &Arm, switch: &Type, named: &[i32]) -> Option<i32> {
        let free = |value: &i32| !named.contains(value);
        match (arm.cases, switch) {
            ([], Type::Enum { values, .. }) => values.iter().map(|(_, value)| *value).find(free),
            ([], Type::Bool) => [0, 1].into_iter().find(free),
            ([], _) => (0..).map(|_| self.spread() as i32).find(free),
            (cases, _) => Some(cases[self.below(cases.len() as u32) as usize]),
        }
    }

    fn address(&mut self, out: &mut Vec<u8>) {
        let four = self.below(2) == 0;
        word(out, if four { 4 } else { 6 });
        (0..if four { 1 } else { 4 }).for_each(|_| word(out, self.number() as u32));
    }

    fn moment(&mut self, seconds: fn(&mut Self) -> u64, out: &mut Vec<u8>) {
        long(out, seconds(self));
        word(out, self.below(1_000_000_000));
    }

    fn many(&mut self, max: u32, depth: u32) -> Vec<u8> {
        let length = match self.below(4) {
            0 => self.below(40).min(max),
            _ => self.length(max, depth),
        };
        (0..length)
            .map(|_| (self.number() as u8).max(self.least))
            .collect()
    }

    fn text(&mut self, max: u32, depth: u32, out: &mut Vec<u8>) {
        let letters = ['a', 'Z', '0', ' ', '\n', 'é', '€', '🦀', '\u{1}', '"'];
        let mut text = String::new();
        for byte in self.many(max, depth) {
            let letter = letters[usize::from(byte) % letters.len()];
            if text.len() + letter.len_utf8() <= max as usize {
                text.push(letter);
            }
        }
        word(out, text.len() as u32);
        padded(out, text.as_bytes());
    }
}

fn word(out: &mut Vec<u8>, value: u32) {
    out.extend(value.to_be_bytes());
}

fn long(out: &mut Vec<u8>, value: u64) {
    out.extend(value.to_be_bytes());
}

fn padded(out: &mut Vec<u8>, bytes: &[u8]) {
    out.extend(bytes);
    out.resize(out.len().next_multiple_of(4), 0);
}
