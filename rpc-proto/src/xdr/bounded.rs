use std::ops::Deref;

use super::{Decode, DecodeError, Decoder, Encode, EncodeError, Encoder, bytes, containers};

/// A string, byte string or list of at most `MAX` bytes or elements: `string name<255>` is `Bounded<String, 255>`.
///
/// The bound is part of the type, so it is checked when the value is made and, on decoding, before anything is allocated.
///
/// ```
/// use rpc_proto::xdr::Bounded;
///
/// let name: Bounded<String, 5> = Bounded::new("carol".to_owned())?;
/// assert_eq!(name.len(), 5);
/// assert!(Bounded::<&str, 5>::new("philip").is_err());
/// # Ok::<(), rpc_proto::xdr::BoundError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Bounded<T, const MAX: u32>(T);

/// A value has more elements than its type allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("length {length} is over the bound {max}")]
pub struct BoundError {
    /// The length.
    pub length: usize,
    /// The bound.
    pub max: u32,
}

/// A value whose length a bound can limit.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no length that a bound could limit",
    label = "has no length",
    note = "`Bounded<T, MAX>` takes text, bytes, a `Vec`, a map or a set"
)]
pub trait Measure {
    /// How many bytes (of text) or elements it has.
    fn measure(&self) -> usize;
}

/// A value that can be refused for its length before it is allocated.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no length that a bound could limit",
    label = "has no length",
    note = "`Bounded<T, MAX>` takes text, bytes, a `Vec`, a map or a set"
)]
pub trait DecodeBounded<'a>: Measure + Sized {
    /// Takes a value of at most `max` bytes or elements.
    fn decode_bounded(input: &mut Decoder<'a>, max: u32) -> Result<Self, DecodeError>;
}

impl<T: Measure, const MAX: u32> Bounded<T, MAX> {
    /// Takes `value` if it is within the bound.
    pub fn new(value: T) -> Result<Self, BoundError> {
        match value.measure() {
            length if length > MAX as usize => Err(BoundError { length, max: MAX }),
            _ => Ok(Self(value)),
        }
    }
}

impl<T, const MAX: u32> Bounded<T, MAX> {
    /// The value itself.
    pub fn into_inner(self) -> T {
        self.0
    }
}

impl<T, const MAX: u32> Deref for Bounded<T, MAX> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T: Encode, const MAX: u32> Encode for Bounded<T, MAX> {
    #[inline]
    fn encode(&self, out: &mut Encoder) -> Result<(), EncodeError> {
        self.0.encode(out)
    }
}

impl<'a, T: DecodeBounded<'a>, const MAX: u32> Decode<'a> for Bounded<T, MAX> {
    #[inline]
    fn decode(input: &mut Decoder<'a>) -> Result<Self, DecodeError> {
        T::decode_bounded(input, MAX).map(Self)
    }
}

impl<T> Measure for Vec<T> {
    fn measure(&self) -> usize {
        self.len()
    }
}

impl<'a, T: Decode<'a>> DecodeBounded<'a> for Vec<T> {
    #[inline]
    fn decode_bounded(input: &mut Decoder<'a>, max: u32) -> Result<Self, DecodeError> {
        containers::list(input, max)
    }
}

impl Measure for String {
    fn measure(&self) -> usize {
        self.len()
    }
}

impl<'a> DecodeBounded<'a> for String {
    #[inline]
    fn decode_bounded(input: &mut Decoder<'a>, max: u32) -> Result<Self, DecodeError> {
        bytes::owned_text(input, max)
    }
}

impl Measure for &str {
    fn measure(&self) -> usize {
        self.len()
    }
}

impl<'a> DecodeBounded<'a> for &'a str {
    #[inline]
    fn decode_bounded(input: &mut Decoder<'a>, max: u32) -> Result<Self, DecodeError> {
        bytes::text(input, max)
    }
}

impl<T> Measure for &[T] {
    fn measure(&self) -> usize {
        self.len()
    }
}

impl<'a> DecodeBounded<'a> for &'a [u8] {
    #[inline]
    fn decode_bounded(input: &mut Decoder<'a>, max: u32) -> Result<Self, DecodeError> {
        bytes::opaque(input, max)
    }
}
