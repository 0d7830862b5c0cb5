//! The canonical encoding: XDR (RFC 4506), read strictly.
//!
//! One value has one byte string, and every accepted byte string is the encoding of the value that it gives:
//! `decode(encode(v)) == v` and `encode(decode(b)) == b`. The rules, with byte diagrams, are in `docs/protocol.md`.
//!
//! ```
//! use rpc_proto::xdr::{Limits, from_slice, to_vec};
//!
//! let bytes = to_vec(&(7u32, "hi"))?;
//! assert_eq!(bytes, [0, 0, 0, 7, 0, 0, 0, 2, b'h', b'i', 0, 0]);
//! let (number, text): (u32, &str) = from_slice(&bytes, Limits::default())?;
//! assert_eq!((number, text), (7, "hi"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod addresses;
mod bounded;
mod boxed;
mod bytes;
mod containers;
mod cow;
mod decoder;
mod encoder;
mod error;
mod moments;
mod numbers;
mod sorted;

pub use crate::describe::Describe;
pub use bounded::{BoundError, Bounded, DecodeBounded, Measure};
pub use boxed::{ArrayLengthError, BoxedArray};
pub(crate) use containers::decode_fixed;
pub use decoder::Decoder;
pub use encoder::Encoder;
pub use error::{DecodeError, DecodeProblem, EncodeError};
pub use uuid::Uuid;

use std::borrow::Cow;

/// A value that can be written in the canonical encoding.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no canonical encoding",
    note = "a type of this crate gets one from `#[derive(rpc_core::Xdr)]`"
)]
pub trait Encode {
    /// Appends the encoding of `self`.
    fn encode(&self, out: &mut Encoder) -> Result<(), EncodeError>;

    /// Appends the elements of an array, without a count. `u8` writes opaque bytes, the numbers write in bulk.
    #[doc(hidden)]
    fn encode_slice(items: &[Self], out: &mut Encoder) -> Result<(), EncodeError>
    where
        Self: Sized,
    {
        items.iter().try_for_each(|item| item.encode(out))
    }
}

/// A value that can be read from the canonical encoding. With `&'a str` and `&'a [u8]` it borrows from the input.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be decoded from the canonical encoding",
    note = "a type of this crate gets one from `#[derive(rpc_core::Xdr)]`"
)]
pub trait Decode<'a>: Sized {
    /// Takes one value from the input.
    fn decode(input: &mut Decoder<'a>) -> Result<Self, DecodeError>;

    /// Takes `len` elements. `u8` reads opaque bytes, the numbers read in bulk.
    #[doc(hidden)]
    fn decode_vec(len: usize, input: &mut Decoder<'a>) -> Result<Vec<Self>, DecodeError> {
        containers::decode_elements(len, input)
    }

    /// Takes `len` elements, borrowed from the input if that is how they are in memory, as `u8` are.
    #[doc(hidden)]
    fn decode_cow(len: usize, input: &mut Decoder<'a>) -> Result<Cow<'a, [Self]>, DecodeError>
    where
        Self: Clone,
    {
        Self::decode_vec(len, input).map(Cow::Owned)
    }

    /// Takes an array of fixed length. `u8` reads opaque bytes.
    #[doc(hidden)]
    fn decode_array<const N: usize>(input: &mut Decoder<'a>) -> Result<[Self; N], DecodeError> {
        // Elements that take no memory may take no bytes either, so that nothing but this would bound their number.
        if size_of::<Self>() == 0 {
            input.charge(N.saturating_mul(containers::ELEMENT_CHARGE))?;
        }
        decode_fixed(|| Self::decode(input))
    }
}

/// What a decoder accepts at most. Every limit is a number: there is no value that means "unlimited".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of one message: [`from_slice`] looks at no byte of a longer one.
    pub message: usize,
    /// How many boxes, lists and unions may stand inside each other.
    pub depth: u32,
    /// Bytes of memory that the decoded values of one message may take, beyond their own size.
    pub allocation: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            message: 16 << 20,
            depth: 128,
            allocation: 64 << 20,
        }
    }
}

/// Encodes one value.
pub fn to_vec<T: Encode + ?Sized>(value: &T) -> Result<Vec<u8>, EncodeError> {
    let mut out = Encoder::new();
    value.encode(&mut out)?;
    Ok(out.into_vec())
}

/// Decodes one value that takes the whole of `bytes`.
pub fn from_slice<'a, T: Decode<'a>>(bytes: &'a [u8], limits: Limits) -> Result<T, DecodeError> {
    let mut input = Decoder::new(bytes, limits);
    if bytes.len() > limits.message {
        return Err(input.error(DecodeProblem::MessageLimit {
            max: limits.message,
        }));
    }
    let value = T::decode(&mut input)?;
    input.finish()?;
    Ok(value)
}
