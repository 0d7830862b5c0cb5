//! `#[xdr(words)]`: bytes that are numbers on the wire, in 4 bytes each, as C programs write an array of `char`.

use std::marker::PhantomData;

use crate::describe::{Describe, Type, TypeFn, array_length};
use crate::xdr::{
    Bounded, BoxedArray, Decode, DecodeError, DecodeProblem, Decoder, Encode, EncodeError, Encoder,
    decode_fixed,
};

/// Encodes `B`, bytes, as an array of `u8`, which would be opaque without this.
pub struct Words<B>(PhantomData<B>);

impl Words<Vec<u8>> {
    /// Appends the count, and each byte in 4.
    pub fn encode(bytes: &[u8], out: &mut Encoder) -> Result<(), EncodeError> {
        out.length(bytes.len())?;
        out.nested(|out| bytes.iter().try_for_each(|byte| byte.encode(out)))
    }

    /// Takes them.
    pub fn decode(input: &mut Decoder<'_>) -> Result<Vec<u8>, DecodeError> {
        decode(input, u32::MAX)
    }

    /// A list of numbers.
    pub fn describe() -> &'static Type {
        &Type::List(u8::describe)
    }
}

impl<const MAX: u32> Words<Bounded<Vec<u8>, MAX>> {
    /// The same as without a bound.
    pub fn encode(bytes: &[u8], out: &mut Encoder) -> Result<(), EncodeError> {
        Words::<Vec<u8>>::encode(bytes, out)
    }

    /// Takes at most `MAX`.
    pub fn decode(input: &mut Decoder<'_>) -> Result<Bounded<Vec<u8>, MAX>, DecodeError> {
        let at = input.position();
        let bytes = decode(input, MAX)?;
        let length = bytes.len() as u32;
        Bounded::new(bytes).map_err(|error| DecodeError {
            at,
            what: DecodeProblem::Length {
                length,
                max: error.max,
            },
        })
    }

    /// A bounded list of numbers.
    pub fn describe() -> &'static Type {
        const { &Type::Bounded(Words::<Vec<u8>>::describe, MAX) }
    }
}

impl<T: Row> Words<T> {
    /// Appends each byte in 4.
    pub fn encode(row: &T, out: &mut Encoder) -> Result<(), EncodeError> {
        row.put(out)
    }

    /// Takes them.
    pub fn decode(input: &mut Decoder<'_>) -> Result<T, DecodeError> {
        T::take(input)
    }

    /// An array of numbers.
    pub fn describe() -> &'static Type {
        T::TYPE()
    }
}

/// A byte, or an array of such: what an array of `char` has as its elements, which it has without a count.
pub trait Row: Sized {
    /// How many bytes it is, so four times as many on the wire.
    const BYTES: usize;

    /// What it is.
    const TYPE: TypeFn;

    /// Appends it.
    fn put(&self, out: &mut Encoder) -> Result<(), EncodeError>;

    /// Takes it.
    fn take(input: &mut Decoder<'_>) -> Result<Self, DecodeError>;
}

impl Row for u8 {
    const BYTES: usize = 1;
    const TYPE: TypeFn = u8::describe;

    fn put(&self, out: &mut Encoder) -> Result<(), EncodeError> {
        self.encode(out)
    }

    fn take(input: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        Decode::decode(input)
    }
}

impl<T: Row, const N: usize> Row for [T; N] {
    const BYTES: usize = T::BYTES.saturating_mul(N);
    const TYPE: TypeFn = || const { &Type::Array(T::TYPE, array_length(N)) };

    fn put(&self, out: &mut Encoder) -> Result<(), EncodeError> {
        self.iter().try_for_each(|row| row.put(out))
    }

    fn take(input: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        decode_fixed(|| T::take(input))
    }
}

impl<T: Row, const N: usize> Row for BoxedArray<T, N> {
    const BYTES: usize = <[T; N]>::BYTES;
    const TYPE: TypeFn = <[T; N]>::TYPE;

    fn put(&self, out: &mut Encoder) -> Result<(), EncodeError> {
        out.nested(|out| self.iter().try_for_each(|row| row.put(out)))
    }

    fn take(input: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        rows(N, input).map(Self::exactly)
    }
}

fn decode(input: &mut Decoder<'_>, max: u32) -> Result<Vec<u8>, DecodeError> {
    let length = input.length(max)?;
    rows(length, input)
}

fn rows<T: Row>(length: usize, input: &mut Decoder<'_>) -> Result<Vec<T>, DecodeError> {
    input.nested(|input| {
        // As many words must be there, so a length cannot promise more than the message holds.
        let wanted = length.saturating_mul(T::BYTES).saturating_mul(4);
        if let Some(missing @ 1..) = wanted.checked_sub(input.remaining()) {
            return Err(input.error(DecodeProblem::Truncated { missing }));
        }
        input.charge(length.saturating_mul(size_of::<T>()))?;
        (0..length).map(|_| T::take(input)).collect()
    })
}
