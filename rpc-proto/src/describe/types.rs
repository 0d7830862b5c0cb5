//! Descriptors of types, and those of the types that the language gives.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::time::Duration;

use super::{Describe, Name, array_length};
use crate::xdr::{Bounded, BoxedArray, Uuid};

/// Gives the descriptor of a type; a function, so that a type can refer to itself.
pub type TypeFn = fn() -> &'static Type;

/// How a type is encoded.
#[derive(Clone, Copy, Debug)]
#[allow(missing_docs, reason = "the plain ones say it in their names")]
pub enum Type {
    /// Nothing: no bytes.
    Void,
    Bool,
    I8,
    I16,
    I32,
    I64,
    I128,
    U8,
    U16,
    U32,
    U64,
    U128,
    F32,
    F64,
    /// UTF-8 text.
    String,
    /// Bytes of variable length.
    Opaque,
    /// So many bytes.
    FixedOpaque(u32),
    /// Seconds and nanoseconds.
    Duration,
    /// Seconds since 1970 in UTC, which may be negative, and nanoseconds.
    Time,
    /// 16 bytes.
    Uuid,
    /// 4 bytes.
    Ipv4,
    /// 16 bytes.
    Ipv6,
    /// A union: 4 or 6, and an address of that version.
    Ip,
    /// Optional data.
    Option(TypeFn),
    /// A variable-length array.
    List(TypeFn),
    /// A fixed-length array.
    Array(TypeFn, u32),
    /// A list of keys with their values; the keys ascend by their encoded bytes.
    Map(TypeFn, TypeFn),
    /// A list of elements that ascend by their encoded bytes.
    Set(TypeFn),
    /// A string, opaque, list, map or set of at most so many bytes or elements.
    Bounded(TypeFn, u32),
    /// One after the other.
    Tuple(&'static [TypeFn]),
    /// A union: 0 with the value, 1 with the declared error.
    Result(TypeFn, TypeFn),
    /// Fields one after the other.
    Struct {
        name: &'static str,
        fields: &'static [Field],
    },
    /// Declared numbers.
    Enum {
        name: &'static str,
        values: &'static [(&'static str, i32)],
    },
    /// A discriminant, and the fields of the arm that it chooses.
    Union {
        name: &'static str,
        switch: TypeFn,
        arms: &'static [Arm],
    },
}

/// A field of a struct or an arm, or an argument of a method.
#[derive(Clone, Copy, Debug)]
pub struct Field {
    /// Name, for people; it is not on the wire.
    pub name: &'static str,
    /// Its type.
    pub ty: TypeFn,
}

/// An arm of a union.
#[derive(Clone, Copy, Debug)]
pub struct Arm {
    /// Name, for people; it is not on the wire.
    pub name: &'static str,
    /// The discriminants that choose it.
    pub cases: &'static [i32],
    /// Whether every discriminant that no arm names chooses it.
    pub default: bool,
    /// What follows the discriminant.
    pub fields: &'static [Field],
}

macro_rules! plain {
    ($($name:ty => $kind:ident;)*) => {$(
        impl Describe for $name {
            const NAME: &'static str = stringify!($name);

            fn describe() -> &'static Type {
                &Type::$kind
            }
        }
    )*};
}

plain! {
    () => Void;
    bool => Bool;
    i8 => I8;
    i16 => I16;
    i32 => I32;
    i64 => I64;
    i128 => I128;
    u16 => U16;
    u32 => U32;
    u64 => U64;
    u128 => U128;
    f32 => F32;
    f64 => F64;
    String => String;
    Duration => Duration;
    Uuid => Uuid;
    Ipv4Addr => Ipv4;
    Ipv6Addr => Ipv6;
    IpAddr => Ip;
}

impl Describe for str {
    const NAME: &'static str = String::NAME;

    fn describe() -> &'static Type {
        &Type::String
    }
}

impl Describe for u8 {
    const NAME: &'static str = "u8";

    fn describe() -> &'static Type {
        &Type::U8
    }

    fn describe_list() -> &'static Type {
        &Type::Opaque
    }

    fn describe_array<const N: usize>() -> &'static Type {
        const { &Type::FixedOpaque(array_length(N)) }
    }
}

impl<T: Describe + ?Sized> Describe for &T {
    const NAME: &'static str = T::NAME;

    fn describe() -> &'static Type {
        T::describe()
    }
}

impl<T: Describe + ?Sized> Describe for Box<T> {
    const NAME: &'static str = T::NAME;

    fn describe() -> &'static Type {
        T::describe()
    }
}

impl<B: Describe + ToOwned + ?Sized> Describe for Cow<'_, B> {
    const NAME: &'static str = B::NAME;

    fn describe() -> &'static Type {
        B::describe()
    }
}

/// What encodes as another type does is described as that.
macro_rules! same {
    ($($name:ty => $other:ty;)*) => {$(
        impl Describe for $name {
            const NAME: &'static str = stringify!($name);

            fn describe() -> &'static Type {
                <$other>::describe()
            }
        }
    )*};
}

same! {
    SocketAddr => (IpAddr, u16);
    SocketAddrV4 => (Ipv4Addr, u16);
    SocketAddrV6 => (Ipv6Addr, u16);
}

impl<K: Describe, V: Describe> Describe for BTreeMap<K, V> {
    const NAME: &'static str = const { &Name::instance("Map", &[K::NAME, V::NAME]) }.text();

    fn describe() -> &'static Type {
        const { &Type::Map(K::describe, V::describe) }
    }
}

impl<K: Describe, V: Describe, S> Describe for HashMap<K, V, S> {
    const NAME: &'static str = BTreeMap::<K, V>::NAME;

    fn describe() -> &'static Type {
        BTreeMap::<K, V>::describe()
    }
}

impl<T: Describe> Describe for BTreeSet<T> {
    const NAME: &'static str = const { &Name::instance("Set", &[T::NAME]) }.text();

    fn describe() -> &'static Type {
        const { &Type::Set(T::describe) }
    }
}

impl<T: Describe, S> Describe for HashSet<T, S> {
    const NAME: &'static str = BTreeSet::<T>::NAME;

    fn describe() -> &'static Type {
        BTreeSet::<T>::describe()
    }
}

impl<T: Describe> Describe for [T] {
    const NAME: &'static str = Vec::<T>::NAME;

    fn describe() -> &'static Type {
        T::describe_list()
    }
}

impl<T: Describe> Describe for Vec<T> {
    const NAME: &'static str = const { &Name::instance("Vec", &[T::NAME]) }.text();

    fn describe() -> &'static Type {
        T::describe_list()
    }
}

impl<T: Describe, const N: usize> Describe for [T; N] {
    const NAME: &'static str = const { &Name::array(T::NAME, N) }.text();

    fn describe() -> &'static Type {
        T::describe_array::<N>()
    }
}

impl<T: Describe, const N: usize> Describe for BoxedArray<T, N> {
    const NAME: &'static str = <[T; N]>::NAME;

    fn describe() -> &'static Type {
        <[T; N]>::describe()
    }
}

impl<T: Describe> Describe for Option<T> {
    const NAME: &'static str = const { &Name::instance("Option", &[T::NAME]) }.text();

    fn describe() -> &'static Type {
        const { &Type::Option(T::describe) }
    }
}

impl<T: Describe, E: Describe> Describe for Result<T, E> {
    const NAME: &'static str = const { &Name::instance("Result", &[T::NAME, E::NAME]) }.text();

    fn describe() -> &'static Type {
        const { &Type::Result(T::describe, E::describe) }
    }
}

impl<T: Describe, const MAX: u32> Describe for Bounded<T, MAX> {
    const NAME: &'static str = const {
        &Name::instance(
            "Bounded",
            &[T::NAME, const { &Name::number(MAX as i128) }.text()],
        )
    }
    .text();

    fn describe() -> &'static Type {
        const { &Type::Bounded(T::describe, MAX) }
    }
}

macro_rules! tuples {
    ($($($name:ident)+;)*) => {$(
        impl<$($name: Describe),+> Describe for ($($name,)+) {
    const NAME: &'static str = const { &Name::tuple(&[$($name::NAME),+]) }.text();

            fn describe() -> &'static Type {
                const { &Type::Tuple(&[$($name::describe),+]) }
            }
        }
    )*};
}

tuples! {
    A;
    A B;
    A B C;
    A B C D;
    A B C D E;
    A B C D E F;
    A B C D E F G;
    A B C D E F G H;
    A B C D E F G H I;
    A B C D E F G H I J;
    A B C D E F G H I J K;
    A B C D E F G H I J K L;
}
