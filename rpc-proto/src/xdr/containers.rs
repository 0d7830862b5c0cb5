//! Types made of other types.

use super::{Decode, DecodeError, Decoder, Encode, EncodeError, Encoder};

/// What one element of a list takes of the allocation budget at least: a list of values that are empty on the wire
/// costs its sender four bytes whatever its length, so the elements must cost something here.
pub(super) const ELEMENT_CHARGE: usize = 8;

/// Memory that is reserved for a list on the word of its sender; the rest is reserved as elements arrive.
const TRUSTED_BYTES: usize = 16 << 10;

/// Takes a list of at most `max` elements.
#[inline]
pub(super) fn list<'a, T: Decode<'a>>(
    input: &mut Decoder<'a>,
    max: u32,
) -> Result<Vec<T>, DecodeError> {
    let len = input.length(max)?;
    input.nested(|input| T::decode_vec(len, input))
}

/// Takes `len` elements one by one.
pub(super) fn decode_elements<'a, T: Decode<'a>>(
    len: usize,
    input: &mut Decoder<'a>,
) -> Result<Vec<T>, DecodeError> {
    input.charge(len.saturating_mul(size_of::<T>().max(ELEMENT_CHARGE)))?;
    let mut items = Vec::with_capacity(len.min(TRUSTED_BYTES / size_of::<T>().max(1)));
    for _ in 0..len {
        items.push(T::decode(input)?);
    }
    Ok(items)
}

/// Takes `N` elements, each by `take`, without going through the heap.
pub(crate) fn decode_fixed<T, const N: usize>(
    mut take: impl FnMut() -> Result<T, DecodeError>,
) -> Result<[T; N], DecodeError> {
    let mut slots = [const { None }; N];
    for slot in &mut slots {
        *slot = Some(take()?);
    }
    Ok(slots.map(|slot| slot.expect("the loop filled every slot")))
}

impl<T: Encode + ?Sized> Encode for &T {
    #[inline]
    fn encode(&self, out: &mut Encoder) -> Result<(), EncodeError> {
        (**self).encode(out)
    }
}

impl<T: Encode + ?Sized> Encode for Box<T> {
    #[inline]
    fn encode(&self, out: &mut Encoder) -> Result<(), EncodeError> {
        out.nested(|out| (**self).encode(out))
    }
}

impl<'a, T: Decode<'a>> Decode<'a> for Box<T> {
    #[inline]
    fn decode(input: &mut Decoder<'a>) -> Result<Self, DecodeError> {
        input.charge(size_of::<T>())?;
        input.nested(|input| T::decode(input).map(Self::new))
    }
}

impl<'a> Decode<'a> for Box<str> {
    #[inline]
    fn decode(input: &mut Decoder<'a>) -> Result<Self, DecodeError> {
        input.nested(|input| String::decode(input).map(String::into_boxed_str))
    }
}

impl<'a, T: Decode<'a>> Decode<'a> for Box<[T]> {
    #[inline]
    fn decode(input: &mut Decoder<'a>) -> Result<Self, DecodeError> {
        input.nested(|input| Vec::decode(input).map(Vec::into_boxed_slice))
    }
}

impl<T: Encode> Encode for [T] {
    #[inline]
    fn encode(&self, out: &mut Encoder) -> Result<(), EncodeError> {
        out.length(self.len())?;
        out.nested(|out| T::encode_slice(self, out))
    }
}

impl<T: Encode> Encode for Vec<T> {
    #[inline]
    fn encode(&self, out: &mut Encoder) -> Result<(), EncodeError> {
        self.as_slice().encode(out)
    }
}

impl<'a, T: Decode<'a>> Decode<'a> for Vec<T> {
    #[inline]
    fn decode(input: &mut Decoder<'a>) -> Result<Self, DecodeError> {
        list(input, u32::MAX)
    }
}

impl<T: Encode, const N: usize> Encode for [T; N] {
    #[inline]
    fn encode(&self, out: &mut Encoder) -> Result<(), EncodeError> {
        T::encode_slice(self, out)
    }
}

impl<'a, T: Decode<'a>, const N: usize> Decode<'a> for [T; N] {
    #[inline]
    fn decode(input: &mut Decoder<'a>) -> Result<Self, DecodeError> {
        T::decode_array(input)
    }
}

impl<T: Encode> Encode for Option<T> {
    #[inline]
    fn encode(&self, out: &mut Encoder) -> Result<(), EncodeError> {
        out.bool(self.is_some());
        self.as_ref().map_or(Ok(()), |value| value.encode(out))
    }
}

impl<'a, T: Decode<'a>> Decode<'a> for Option<T> {
    #[inline]
    fn decode(input: &mut Decoder<'a>) -> Result<Self, DecodeError> {
        Ok(if input.bool()? {
            Some(T::decode(input)?)
        } else {
            None
        })
    }
}

/// A union of two arms: 0 is success, 1 the declared error.
impl<T: Encode, E: Encode> Encode for Result<T, E> {
    #[inline]
    fn encode(&self, out: &mut Encoder) -> Result<(), EncodeError> {
        out.bool(self.is_err());
        match self {
            Ok(value) => value.encode(out),
            Err(error) => error.encode(out),
        }
    }
}

impl<'a, T: Decode<'a>, E: Decode<'a>> Decode<'a> for Result<T, E> {
    #[inline]
    fn decode(input: &mut Decoder<'a>) -> Result<Self, DecodeError> {
        match input.i32()? {
            0 => T::decode(input).map(Ok),
            1 => E::decode(input).map(Err),
            value => Err(input.bad_discriminant("Result", i64::from(value))),
        }
    }
}

macro_rules! tuples {
    ($($($name:ident)+;)*) => {$(
        impl<$($name: Encode),+> Encode for ($($name,)+) {
            #[inline]
            #[allow(non_snake_case, reason = "one name serves as type and as binding")]
            fn encode(&self, out: &mut Encoder) -> Result<(), EncodeError> {
                let ($($name,)+) = self;
                $($name.encode(out)?;)+
                Ok(())
            }
        }

        impl<'a, $($name: Decode<'a>),+> Decode<'a> for ($($name,)+) {
            #[inline]
            fn decode(input: &mut Decoder<'a>) -> Result<Self, DecodeError> {
                Ok(($($name::decode(input)?,)+))
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
