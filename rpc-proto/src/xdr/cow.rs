//! What is borrowed or owned as it happens, encoded as what it borrows. Text and bytes are borrowed when they are decoded.

use std::borrow::Cow;

use super::{
    Decode, DecodeBounded, DecodeError, Decoder, Encode, EncodeError, Encoder, Measure, bytes,
};

impl<B: ToOwned + Encode + ?Sized> Encode for Cow<'_, B> {
    #[inline]
    fn encode(&self, out: &mut Encoder) -> Result<(), EncodeError> {
        (**self).encode(out)
    }
}

impl<'a> Decode<'a> for Cow<'a, str> {
    #[inline]
    fn decode(input: &mut Decoder<'a>) -> Result<Self, DecodeError> {
        Self::decode_bounded(input, u32::MAX)
    }
}

impl<'a, T: Decode<'a> + Clone> Decode<'a> for Cow<'a, [T]> {
    #[inline]
    fn decode(input: &mut Decoder<'a>) -> Result<Self, DecodeError> {
        Self::decode_bounded(input, u32::MAX)
    }
}

impl Measure for Cow<'_, str> {
    fn measure(&self) -> usize {
        self.len()
    }
}

impl<'a> DecodeBounded<'a> for Cow<'a, str> {
    #[inline]
    fn decode_bounded(input: &mut Decoder<'a>, max: u32) -> Result<Self, DecodeError> {
        bytes::text(input, max).map(Cow::Borrowed)
    }
}

impl<T: Clone> Measure for Cow<'_, [T]> {
    fn measure(&self) -> usize {
        self.len()
    }
}

impl<'a, T: Decode<'a> + Clone> DecodeBounded<'a> for Cow<'a, [T]> {
    #[inline]
    fn decode_bounded(input: &mut Decoder<'a>, max: u32) -> Result<Self, DecodeError> {
        let len = input.length(max)?;
        input.nested(|input| T::decode_cow(len, input))
    }
}
