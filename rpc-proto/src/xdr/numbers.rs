//! Numbers, booleans and nothing at all.

use std::borrow::Cow;

use super::{Decode, DecodeError, DecodeProblem, Decoder, Encode, EncodeError, Encoder};

/// Numbers that are as wide on the wire as in memory: arrays of them are converted in bulk.
macro_rules! wide {
    ($($number:ty: $bytes:literal, |$out:ident, $value:ident| $put:expr, |$input:ident| $take:expr;)*) => {$(
        impl Encode for $number {
            #[inline]
            fn encode(&self, $out: &mut Encoder) -> Result<(), EncodeError> {
                let $value = *self;
                $put;
                Ok(())
            }

            fn encode_slice(items: &[Self], out: &mut Encoder) -> Result<(), EncodeError> {
                out.bulk(items, <$number>::to_be_bytes);
                Ok(())
            }
        }

        impl<'a> Decode<'a> for $number {
            #[inline]
            fn decode($input: &mut Decoder<'a>) -> Result<Self, DecodeError> {
                $take
            }

            fn decode_vec(len: usize, input: &mut Decoder<'a>) -> Result<Vec<Self>, DecodeError> {
                let items = input.bulk::<$bytes>(len)?;
                input.charge(len * $bytes)?;
                Ok(items.iter().map(|bytes| <$number>::from_be_bytes(*bytes)).collect())
            }

            fn decode_array<const N: usize>(input: &mut Decoder<'a>) -> Result<[Self; N], DecodeError> {
                let items = input.bulk::<$bytes>(N)?;
                Ok(std::array::from_fn(|i| <$number>::from_be_bytes(items[i])))
            }
        }
    )*};
}

wide! {
    i32: 4, |out, value| out.i32(value), |input| input.i32();
    u32: 4, |out, value| out.u32(value), |input| input.u32();
    i64: 8, |out, value| out.i64(value), |input| input.i64();
    u64: 8, |out, value| out.u64(value), |input| input.u64();
    i128: 16, |out, value| out.append(&value.to_be_bytes()), |input| input.take().map(i128::from_be_bytes);
    u128: 16, |out, value| out.append(&value.to_be_bytes()), |input| input.take().map(u128::from_be_bytes);
    f32: 4, |out, value| out.u32(value.to_bits()), |input| input.u32().map(f32::from_bits);
    f64: 8, |out, value| out.u64(value.to_bits()), |input| input.u64().map(f64::from_bits);
}

/// Numbers narrower than 4 bytes take 4 on the wire.
macro_rules! narrow {
    ($($number:ty as $wide:ident;)*) => {$(
        impl Encode for $number {
            #[inline]
            fn encode(&self, out: &mut Encoder) -> Result<(), EncodeError> {
                out.$wide($wide::from(*self));
                Ok(())
            }

            fn encode_slice(items: &[Self], out: &mut Encoder) -> Result<(), EncodeError> {
                out.bulk(items, |item| $wide::from(item).to_be_bytes());
                Ok(())
            }
        }

        impl<'a> Decode<'a> for $number {
            #[inline]
            fn decode(input: &mut Decoder<'a>) -> Result<Self, DecodeError> {
                let value = input.$wide()?;
                <$number>::try_from(value).map_err(|_| out_of_range(input, 1, stringify!($number), value.into()))
            }

            fn decode_vec(len: usize, input: &mut Decoder<'a>) -> Result<Vec<Self>, DecodeError> {
                let words = input.bulk::<4>(len)?;
                input.charge(len * size_of::<Self>())?;
                let mut items = Vec::with_capacity(len);
                for (index, word) in words.iter().enumerate() {
                    let value = $wide::from_be_bytes(*word);
                    let narrow = <$number>::try_from(value);
                    items.push(narrow.map_err(|_| out_of_range(input, len - index, stringify!($number), value.into()))?);
                }
                Ok(items)
            }
        }
    )*};
}

narrow! {
    i8 as i32;
    i16 as i32;
    u16 as u32;
}

#[cold]
fn out_of_range(
    input: &Decoder<'_>,
    words_back: usize,
    kind: &'static str,
    value: i64,
) -> DecodeError {
    input.refuse_words_back(words_back, DecodeProblem::Range { kind, value })
}

/// One `u8` is a number in 4 bytes; several are opaque bytes.
impl Encode for u8 {
    #[inline]
    fn encode(&self, out: &mut Encoder) -> Result<(), EncodeError> {
        out.u32(u32::from(*self));
        Ok(())
    }

    #[inline]
    fn encode_slice(items: &[Self], out: &mut Encoder) -> Result<(), EncodeError> {
        out.fixed(items);
        Ok(())
    }
}

impl<'a> Decode<'a> for u8 {
    #[inline]
    fn decode(input: &mut Decoder<'a>) -> Result<Self, DecodeError> {
        let value = input.u32()?;
        Self::try_from(value).map_err(|_| out_of_range(input, 1, "u8", value.into()))
    }

    #[inline]
    fn decode_vec(len: usize, input: &mut Decoder<'a>) -> Result<Vec<Self>, DecodeError> {
        let bytes = input.fixed(len)?;
        input.charge(len)?;
        Ok(bytes.to_vec())
    }

    #[inline]
    fn decode_cow(len: usize, input: &mut Decoder<'a>) -> Result<Cow<'a, [Self]>, DecodeError> {
        input.fixed(len).map(Cow::Borrowed)
    }

    #[inline]
    fn decode_array<const N: usize>(input: &mut Decoder<'a>) -> Result<[Self; N], DecodeError> {
        let bytes = input.fixed(N)?;
        Ok(std::array::from_fn(|i| bytes[i]))
    }
}

impl Encode for bool {
    #[inline]
    fn encode(&self, out: &mut Encoder) -> Result<(), EncodeError> {
        out.bool(*self);
        Ok(())
    }
}

impl<'a> Decode<'a> for bool {
    #[inline]
    fn decode(input: &mut Decoder<'a>) -> Result<Self, DecodeError> {
        input.bool()
    }
}

impl Encode for () {
    #[inline]
    fn encode(&self, _: &mut Encoder) -> Result<(), EncodeError> {
        Ok(())
    }
}

impl<'a> Decode<'a> for () {
    #[inline]
    fn decode(_: &mut Decoder<'a>) -> Result<Self, DecodeError> {
        Ok(())
    }
}
