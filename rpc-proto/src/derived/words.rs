//! `#[xdr(words)]`: bytes that are numbers on the wire, in 4 bytes each, as C programs write an array of `char`.

use std::marker::PhantomData;

use crate::describe::{Describe, Type, array_length};
use crate::xdr::{
    Bounded, Decode, DecodeError, DecodeProblem, Decoder, Encode, EncodeError, Encoder,
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

impl<const N: usize> Words<[u8; N]> {
    /// Appends each byte in 4.
    pub fn encode(bytes: &[u8; N], out: &mut Encoder) -> Result<(), EncodeError> {
        bytes.iter().try_for_each(|byte| byte.encode(out))
    }

    /// Takes them.
    pub fn decode(input: &mut Decoder<'_>) -> Result<[u8; N], DecodeError> {
        let mut bytes = [0; N];
        for byte in &mut bytes {
            *byte = u8::decode(input)?;
        }
        Ok(bytes)
    }

    /// An array of numbers.
    pub fn describe() -> &'static Type {
        const { &Type::Array(u8::describe, array_length(N)) }
    }
}

fn decode(input: &mut Decoder<'_>, max: u32) -> Result<Vec<u8>, DecodeError> {
    let length = input.length(max)?;
    input.nested(|input| {
        // As many words must be there, so the count cannot promise more than the message holds.
        if input.remaining() / 4 < length {
            let missing = 4 * length - input.remaining();
            return Err(input.error(DecodeProblem::Truncated { missing }));
        }
        input.charge(length)?;
        (0..length).map(|_| u8::decode(input)).collect()
    })
}
