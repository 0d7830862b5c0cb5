//! Text and borrowed bytes.

use super::{Decode, DecodeError, DecodeProblem, Decoder, Encode, EncodeError, Encoder};

impl Encode for str {
    #[inline]
    fn encode(&self, out: &mut Encoder) -> Result<(), EncodeError> {
        out.opaque(self.as_bytes())
    }
}

impl Encode for String {
    #[inline]
    fn encode(&self, out: &mut Encoder) -> Result<(), EncodeError> {
        out.opaque(self.as_bytes())
    }
}

impl<'a> Decode<'a> for &'a str {
    #[inline]
    fn decode(input: &mut Decoder<'a>) -> Result<Self, DecodeError> {
        text(input, u32::MAX)
    }
}

impl<'a> Decode<'a> for String {
    #[inline]
    fn decode(input: &mut Decoder<'a>) -> Result<Self, DecodeError> {
        owned_text(input, u32::MAX)
    }
}

impl<'a> Decode<'a> for &'a [u8] {
    #[inline]
    fn decode(input: &mut Decoder<'a>) -> Result<Self, DecodeError> {
        opaque(input, u32::MAX)
    }
}

/// Takes at most `max` bytes, which count as a list, as they do where they are copied and where they are encoded.
#[inline]
pub(super) fn opaque<'a>(input: &mut Decoder<'a>, max: u32) -> Result<&'a [u8], DecodeError> {
    input.nested(|input| input.opaque(max))
}

/// Takes a string of at most `max` bytes, which must be UTF-8.
#[inline]
pub(super) fn text<'a>(input: &mut Decoder<'a>, max: u32) -> Result<&'a str, DecodeError> {
    let at = input.position();
    let bytes = input.opaque(max)?;
    std::str::from_utf8(bytes).map_err(|error| DecodeError {
        at: at + 4 + error.valid_up_to(),
        what: DecodeProblem::Utf8,
    })
}

#[inline]
pub(super) fn owned_text(input: &mut Decoder<'_>, max: u32) -> Result<String, DecodeError> {
    let text = text(input, max)?;
    input.charge(text.len())?;
    Ok(text.to_owned())
}
