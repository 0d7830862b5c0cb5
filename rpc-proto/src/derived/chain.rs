//! `#[xdr(chain)]`: a list whose items each say whether another follows, in a `Vec`.

use std::marker::PhantomData;

use crate::describe::{Describe, Field, Name, Type};
use crate::xdr::{Decode, DecodeError, Decoder, Encode, EncodeError, Encoder};

/// Encodes `V`, a `Vec`, as C programs keep lists: `struct item { …; item *next; }`.
pub struct Chain<V>(PhantomData<V>);

impl<T: Encode> Chain<Vec<T>> {
    /// Appends 1 and an item, for each, and 0.
    pub fn encode(items: &[T], out: &mut Encoder) -> Result<(), EncodeError> {
        out.nested(|out| {
            for item in items {
                out.bool(true);
                item.encode(out)?;
            }
            out.bool(false);
            Ok(())
        })
    }
}

impl<T> Chain<Vec<T>> {
    /// Takes items until 0. They take one level of the depth together, since they are not inside each other here; each is
    /// charged twice its size, since nobody says beforehand how many there are, and a `Vec` grows by doubling.
    pub fn decode<'a>(input: &mut Decoder<'a>) -> Result<Vec<T>, DecodeError>
    where
        T: Decode<'a>,
    {
        input.nested(|input| {
            let mut items = Vec::new();
            while input.bool()? {
                input.charge((2 * size_of::<T>()).max(8))?;
                items.push(T::decode(input)?);
            }
            Ok(items)
        })
    }
}

impl<T: Describe> Chain<Vec<T>> {
    /// Optional data: an item and, again, optional data.
    pub fn describe() -> &'static Type {
        <Option<Link<T>>>::describe()
    }
}

/// What the chain would be if it were written down as it is on the wire.
struct Link<T>(PhantomData<T>);

impl<T: Describe> Describe for Link<T> {
    const NAME: &'static str = const { &Name::instance("Link", &[T::NAME]) }.text();

    fn describe() -> &'static Type {
        const {
            &Type::Struct {
                name: Self::NAME,
                fields: &[
                    Field {
                        name: "item",
                        ty: T::describe,
                    },
                    Field {
                        name: "next",
                        ty: <Option<Self>>::describe,
                    },
                ],
            }
        }
    }
}
