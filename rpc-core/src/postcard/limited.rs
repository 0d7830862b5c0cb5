//! A deserializer that keeps to the limits of a decoder, whatever type it is asked for.
//!
//! serde's own types trust the input where we do not: a list of lists inside each other uses up the stack, and a count of
//! 2^64 elements that are nothing on the wire is counted to its end. So whatever nests takes a level here, and each element
//! of a list pays for the memory that it takes, before it is there.

use std::cell::Cell;
use std::fmt;

use rpc_proto::xdr::{DecodeProblem, Limits};
use serde::de::{
    DeserializeSeed, Deserializer, EnumAccess, Error, MapAccess, SeqAccess, VariantAccess, Visitor,
};

/// What one element of a list costs at least, as in lists of the canonical encoding.
const ELEMENT_CHARGE: usize = 8;

/// Lists and tables that grow as their elements arrive keep room for about as much again.
const ROOM: usize = 2;

/// What may still be spent.
pub struct Budget {
    depth: Cell<u32>,
    allocation: Cell<usize>,
    refused: Cell<Option<DecodeProblem>>,
}

impl Budget {
    pub fn new(limits: Limits) -> Self {
        Self {
            depth: Cell::new(limits.depth),
            allocation: Cell::new(limits.allocation),
            refused: Cell::new(None),
        }
    }

    /// Bytes that may still be allocated.
    pub fn allocation(&self) -> usize {
        self.allocation.get()
    }

    /// Which limit ended the decoding, if one did.
    pub fn refused(&self) -> Option<DecodeProblem> {
        self.refused.get()
    }

    fn charge<E: Error>(&self, bytes: usize) -> Result<(), E> {
        let Some(left) = self.allocation.get().checked_sub(bytes) else {
            return Err(self.refuse(DecodeProblem::AllocationLimit));
        };
        self.allocation.set(left);
        Ok(())
    }

    fn charge_element<T, E: Error>(&self) -> Result<(), E> {
        self.charge((size_of::<T>() * ROOM).max(ELEMENT_CHARGE))
    }

    fn nested<R, E: Error>(&self, f: impl FnOnce() -> Result<R, E>) -> Result<R, E> {
        let Some(depth) = self.depth.get().checked_sub(1) else {
            return Err(self.refuse(DecodeProblem::DepthLimit));
        };
        self.depth.set(depth);
        let result = f();
        self.depth.set(depth + 1);
        result
    }

    #[cold]
    fn refuse<E: Error>(&self, problem: DecodeProblem) -> E {
        self.refused.set(Some(problem));
        E::custom(problem)
    }
}

/// Stands in front of each of serde's parts and hands on what passes.
pub struct Limited<'l, P> {
    part: P,
    budget: &'l Budget,
    /// Whether the elements that come are those of a list, and not the fields of a struct, which are there anyway.
    is_list: bool,
}

impl<'l, P> Limited<'l, P> {
    pub fn new(part: P, budget: &'l Budget) -> Self {
        let is_list = false;
        Self {
            part,
            budget,
            is_list,
        }
    }

    fn list(part: P, budget: &'l Budget) -> Self {
        let is_list = true;
        Self {
            part,
            budget,
            is_list,
        }
    }
}

/// Methods of a deserializer that ask for one value, or for a struct or tuple of values.
macro_rules! ask {
    ($($method:ident($($name:ident: $ty:ty),*);)*) => {$(
        fn $method<V: Visitor<'de>>(self, $($name: $ty,)* visitor: V) -> Result<V::Value, D::Error> {
            self.part.$method($($name,)* Limited::new(visitor, self.budget))
        }
    )*};
}

impl<'de, D: Deserializer<'de>> Deserializer<'de> for Limited<'_, D> {
    type Error = D::Error;

    ask! {
        deserialize_any();
        deserialize_bool();
        deserialize_i8();
        deserialize_i16();
        deserialize_i32();
        deserialize_i64();
        deserialize_i128();
        deserialize_u8();
        deserialize_u16();
        deserialize_u32();
        deserialize_u64();
        deserialize_u128();
        deserialize_f32();
        deserialize_f64();
        deserialize_char();
        deserialize_str();
        deserialize_string();
        deserialize_bytes();
        deserialize_byte_buf();
        deserialize_unit();
        deserialize_unit_struct(name: &'static str);
        deserialize_newtype_struct(name: &'static str);
        deserialize_tuple(len: usize);
        deserialize_tuple_struct(name: &'static str, len: usize);
        deserialize_struct(name: &'static str, fields: &'static [&'static str]);
        deserialize_identifier();
        deserialize_ignored_any();
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        let (part, budget) = (self.part, self.budget);
        budget.nested(|| part.deserialize_option(Limited::new(visitor, budget)))
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        let (part, budget) = (self.part, self.budget);
        budget.nested(|| part.deserialize_seq(Limited::list(visitor, budget)))
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        let (part, budget) = (self.part, self.budget);
        budget.nested(|| part.deserialize_map(Limited::list(visitor, budget)))
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        let (part, budget) = (self.part, self.budget);
        budget.nested(|| part.deserialize_enum(name, variants, Limited::new(visitor, budget)))
    }

    fn is_human_readable(&self) -> bool {
        self.part.is_human_readable()
    }
}

/// Methods of a visitor that take one value.
macro_rules! take {
    ($($method:ident($ty:ty);)*) => {$(
        fn $method<E: Error>(self, value: $ty) -> Result<V::Value, E> {
            self.part.$method(value)
        }
    )*};
}

/// Those that may copy text or bytes.
macro_rules! take_copied {
    ($($method:ident($ty:ty);)*) => {$(
        fn $method<E: Error>(self, value: $ty) -> Result<V::Value, E> {
            self.budget.charge(value.len())?;
            self.part.$method(value)
        }
    )*};
}

impl<'de, V: Visitor<'de>> Visitor<'de> for Limited<'_, V> {
    type Value = V::Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.part.expecting(formatter)
    }

    take! {
        visit_bool(bool);
        visit_i8(i8);
        visit_i16(i16);
        visit_i32(i32);
        visit_i64(i64);
        visit_i128(i128);
        visit_u8(u8);
        visit_u16(u16);
        visit_u32(u32);
        visit_u64(u64);
        visit_u128(u128);
        visit_f32(f32);
        visit_f64(f64);
        visit_char(char);
    }

    take_copied! {
        visit_str(&str);
        visit_borrowed_str(&'de str);
        visit_string(String);
        visit_bytes(&[u8]);
        visit_borrowed_bytes(&'de [u8]);
        visit_byte_buf(Vec<u8>);
    }

    fn visit_none<E: Error>(self) -> Result<V::Value, E> {
        self.part.visit_none()
    }

    fn visit_some<D: Deserializer<'de>>(self, inner: D) -> Result<V::Value, D::Error> {
        self.part.visit_some(Limited::new(inner, self.budget))
    }

    fn visit_unit<E: Error>(self) -> Result<V::Value, E> {
        self.part.visit_unit()
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, inner: D) -> Result<V::Value, D::Error> {
        let inner = Limited::new(inner, self.budget);
        self.part.visit_newtype_struct(inner)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, elements: A) -> Result<V::Value, A::Error> {
        let (budget, is_list) = (self.budget, self.is_list);
        self.part.visit_seq(Limited {
            part: elements,
            budget,
            is_list,
        })
    }

    fn visit_map<A: MapAccess<'de>>(self, entries: A) -> Result<V::Value, A::Error> {
        let (budget, is_list) = (self.budget, self.is_list);
        self.part.visit_map(Limited {
            part: entries,
            budget,
            is_list,
        })
    }

    fn visit_enum<A: EnumAccess<'de>>(self, variant: A) -> Result<V::Value, A::Error> {
        self.part.visit_enum(Limited::new(variant, self.budget))
    }
}

impl<'de, A: SeqAccess<'de>> SeqAccess<'de> for Limited<'_, A> {
    type Error = A::Error;

    fn next_element_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, A::Error> {
        if self.is_list && self.part.size_hint() != Some(0) {
            self.budget.charge_element::<S::Value, _>()?;
        }
        self.part.next_element_seed(Limited::new(seed, self.budget))
    }

    fn size_hint(&self) -> Option<usize> {
        self.part.size_hint()
    }
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for Limited<'_, A> {
    type Error = A::Error;

    fn next_key_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, A::Error> {
        if self.is_list && self.part.size_hint() != Some(0) {
            self.budget.charge_element::<S::Value, _>()?;
        }
        self.part.next_key_seed(Limited::new(seed, self.budget))
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, A::Error> {
        if self.is_list {
            self.budget.charge(size_of::<S::Value>() * ROOM)?;
        }
        self.part.next_value_seed(Limited::new(seed, self.budget))
    }

    fn size_hint(&self) -> Option<usize> {
        self.part.size_hint()
    }
}

impl<'l, 'de, A: EnumAccess<'de>> EnumAccess<'de> for Limited<'l, A> {
    type Error = A::Error;
    type Variant = Limited<'l, A::Variant>;

    fn variant_seed<S: DeserializeSeed<'de>>(
        self,
        seed: S,
    ) -> Result<(S::Value, Self::Variant), A::Error> {
        let (value, content) = self.part.variant_seed(Limited::new(seed, self.budget))?;
        Ok((value, Limited::new(content, self.budget)))
    }
}

impl<'de, A: VariantAccess<'de>> VariantAccess<'de> for Limited<'_, A> {
    type Error = A::Error;

    fn unit_variant(self) -> Result<(), A::Error> {
        self.part.unit_variant()
    }

    fn newtype_variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<S::Value, A::Error> {
        let seed = Limited::new(seed, self.budget);
        self.part.newtype_variant_seed(seed)
    }

    fn tuple_variant<V: Visitor<'de>>(self, len: usize, visitor: V) -> Result<V::Value, A::Error> {
        let visitor = Limited::new(visitor, self.budget);
        self.part.tuple_variant(len, visitor)
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, A::Error> {
        let visitor = Limited::new(visitor, self.budget);
        self.part.struct_variant(fields, visitor)
    }
}

impl<'de, S: DeserializeSeed<'de>> DeserializeSeed<'de> for Limited<'_, S> {
    type Value = S::Value;

    fn deserialize<D: Deserializer<'de>>(self, inner: D) -> Result<S::Value, D::Error> {
        let inner = Limited::new(inner, self.budget);
        self.part.deserialize(inner)
    }
}
