//! A second codec for what has no canonical encoding: any serde type, as opaque bytes.

mod limited;
#[cfg(test)]
mod tests;

use rpc_proto::describe::{Describe, Field, Type};
use rpc_proto::xdr::{
    Decode, DecodeError, DecodeProblem, Decoder, Encode, EncodeError, Encoder, Limits, from_slice,
};
use serde::{Deserialize, Serialize};

use limited::{Budget, Limited};

/// A value of a type that implements `Serialize` and `Deserialize` of [serde](https://serde.rs), but has no canonical encoding:
/// on the wire it is one opaque item that holds [postcard](https://postcard.jamesmunns.com) bytes.
///
/// ```
/// use rpc_core::Postcard;
/// use rpc_core::xdr::{Limits, from_slice, to_vec};
/// use std::ops::RangeInclusive;
///
/// let days: RangeInclusive<u8> = 1..=31;
/// let bytes = to_vec(&Postcard(&days))?;
/// assert_eq!(bytes, [0, 0, 0, 2, 1, 31, 0, 0]);
/// let back: Postcard<RangeInclusive<u8>> = from_slice(&bytes, Limits::default())?;
/// assert_eq!(back.into_inner(), days);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// It is for types that only Rust programs exchange. What `#[derive(Xdr)]` promises, this does not:
///
/// - **One value may have several byte strings.** postcard takes numbers that are longer than they need be, and a `HashMap` is
///   written in another order by each process. Retries send the bytes that they sent first, so they are safe; but a call that a
///   restarted program asks for again by its key is one with other arguments (a conflict) if its bytes differ. Use `BTreeMap`
///   there.
/// - **The descriptor says opaque**, whatever `T` is, so fingerprints do not tell that two peers have different versions of `T`.
///   What can be added to `T` without breaking anybody is what postcard says: nothing but variants at the end of an enum.
/// - Programs in other languages see bytes.
///
/// Limits hold as everywhere: options, lists, maps and enums count as depth, text and the elements of lists as memory, before it
/// is allocated. Bytes after the value are refused.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Postcard<T>(pub T);

impl<T> Postcard<T> {
    /// The value itself.
    pub fn into_inner(self) -> T {
        self.0
    }
}

impl<T> From<T> for Postcard<T> {
    fn from(value: T) -> Self {
        Self(value)
    }
}

impl<T: Serialize> Encode for Postcard<T> {
    fn encode(&self, out: &mut Encoder) -> Result<(), EncodeError> {
        let bytes = ::postcard::to_allocvec(&self.0).map_err(|error| unencodable(&error))?;
        out.nested(|out| out.opaque(&bytes))
    }
}

impl<'a, T: Deserialize<'a>> Decode<'a> for Postcard<T> {
    fn decode(input: &mut Decoder<'a>) -> Result<Self, DecodeError> {
        let bytes = input.nested(|input| input.opaque(u32::MAX))?;
        let (start, budget) = (
            input.position() - bytes.len().next_multiple_of(4),
            Budget::new(input.limits()),
        );
        let mut source = ::postcard::Deserializer::from_bytes(bytes);
        let value = T::deserialize(Limited::new(&mut source, &budget));
        let refused = |what| DecodeError { at: start, what };
        let value = value.map_err(|error| {
            refused(
                budget
                    .refused()
                    .unwrap_or(DecodeProblem::Custom(undecodable(&error))),
            )
        })?;
        match source.finalize() {
            Ok([]) => {}
            Ok(rest) => {
                let at = start + bytes.len() - rest.len();
                let extra = rest.len();
                return Err(DecodeError {
                    at,
                    what: DecodeProblem::Trailing { extra },
                });
            }
            Err(error) => return Err(refused(DecodeProblem::Custom(undecodable(&error)))),
        }
        input.charge(input.limits().allocation - budget.allocation())?;
        Ok(Self(value))
    }
}

impl<T> Describe for Postcard<T> {
    const NAME: &'static str = "Postcard";

    fn describe() -> &'static Type {
        &Type::Struct {
            name: "Postcard",
            fields: &[Field {
                name: "bytes",
                ty: <Vec<u8>>::describe,
            }],
        }
    }
}

/// What `bytes`, one item, hold.
#[doc(hidden)]
pub fn from_item<T: for<'a> Deserialize<'a>>(bytes: &[u8]) -> Result<T, DecodeError> {
    from_slice(bytes, Limits::default()).map(Postcard::into_inner)
}

fn unencodable(error: &::postcard::Error) -> EncodeError {
    EncodeError::Custom(match error {
        ::postcard::Error::SerializeSeqLengthUnknown => {
            "postcard must know the length of a sequence before its elements"
        }
        ::postcard::Error::SerdeSerCustom => "the `Serialize` of the type refused the value",
        _ => "postcard has no encoding for the value",
    })
}

fn undecodable(error: &::postcard::Error) -> &'static str {
    match error {
        ::postcard::Error::DeserializeUnexpectedEnd => "the postcard bytes end inside the value",
        ::postcard::Error::DeserializeBadVarint => "a number in the postcard bytes is too large",
        ::postcard::Error::DeserializeBadBool => "a bool in the postcard bytes is neither 0 nor 1",
        ::postcard::Error::DeserializeBadOption => {
            "an option in the postcard bytes is neither 0 nor 1"
        }
        ::postcard::Error::DeserializeBadUtf8 => "a string in the postcard bytes is not UTF-8",
        ::postcard::Error::DeserializeBadChar => "a char in the postcard bytes is none",
        ::postcard::Error::SerdeDeCustom => {
            "the `Deserialize` of the type refused the postcard bytes"
        }
        ::postcard::Error::WontImplement => {
            "the type has to be told what comes, which postcard does not"
        }
        _ => "the postcard bytes are not a value of the type",
    }
}
