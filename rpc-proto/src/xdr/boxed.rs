use std::ops::{Deref, DerefMut};

use super::{Decode, DecodeError, Decoder, Encode, EncodeError, Encoder};

/// An array of `N` elements on the heap, for those that no stack has room for: `opaque block[1048576]` is
/// `BoxedArray<u8, 1048576>`. On the wire it is what `[T; N]` is.
///
/// A `Box<[T; N]>` could hold them too, but making, decoding and cloning one can take the elements over the stack. Nothing here
/// does. The elements are used as those of an array.
///
/// ```
/// use rpc_proto::xdr::BoxedArray;
///
/// let mut block = BoxedArray::<u8, 1_048_576>::filled(0);
/// block[..5].copy_from_slice(b"hello");
/// assert_eq!(block.iter().filter(|byte| **byte != 0).count(), 5);
///
/// let squares: BoxedArray<u32, 20_000> = BoxedArray::new((0..20_000).map(|n| n * n).collect())?;
/// assert_eq!(squares[100], 10_000);
/// assert!(BoxedArray::<u32, 20_000>::new(vec![1, 2, 3]).is_err());
/// # Ok::<(), rpc_proto::xdr::ArrayLengthError>(())
/// ```
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BoxedArray<T, const N: usize>(Box<[T; N]>);

/// Other than as many elements as an array has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{length} elements are not the {expected} of the array")]
pub struct ArrayLengthError {
    /// How many there are.
    pub length: usize,
    /// How many the array has.
    pub expected: usize,
}

impl<T, const N: usize> BoxedArray<T, N> {
    /// Takes `items` if they are `N`, and copies none of them if they fill their `Vec`.
    pub fn new(items: Vec<T>) -> Result<Self, ArrayLengthError> {
        let refused = |items: Vec<T>| ArrayLengthError {
            length: items.len(),
            expected: N,
        };
        items.try_into().map(Self).map_err(refused)
    }

    /// An array with `value` in each place.
    pub fn filled(value: T) -> Self
    where
        T: Clone,
    {
        Self::exactly(vec![value; N])
    }

    /// The elements, none of them copied.
    pub fn into_vec(self) -> Vec<T> {
        let items: Box<[T]> = self.0;
        items.into_vec()
    }

    /// Of as many items as were asked for.
    pub(crate) fn exactly(items: Vec<T>) -> Self {
        match Self::new(items) {
            Ok(array) => array,
            Err(error) => unreachable!("{error}"),
        }
    }
}

impl<T: Clone, const N: usize> Clone for BoxedArray<T, N> {
    fn clone(&self) -> Self {
        Self::exactly(self.0.to_vec())
    }
}

impl<T, const N: usize> Deref for BoxedArray<T, N> {
    type Target = [T; N];

    fn deref(&self) -> &[T; N] {
        &self.0
    }
}

impl<T, const N: usize> DerefMut for BoxedArray<T, N> {
    fn deref_mut(&mut self) -> &mut [T; N] {
        &mut self.0
    }
}

impl<T: Encode, const N: usize> Encode for BoxedArray<T, N> {
    fn encode(&self, out: &mut Encoder) -> Result<(), EncodeError> {
        out.nested(|out| T::encode_slice(&self.0[..], out))
    }
}

impl<'a, T: Decode<'a>, const N: usize> Decode<'a> for BoxedArray<T, N> {
    fn decode(input: &mut Decoder<'a>) -> Result<Self, DecodeError> {
        input.nested(|input| T::decode_vec(N, input).map(Self::exactly))
    }
}
