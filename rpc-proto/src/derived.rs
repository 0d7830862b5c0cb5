//! What the code written by `#[derive(Xdr)]` stands on.

mod chain;
mod words;

pub use chain::Chain;
pub use words::Words;

use crate::xdr::{Decode, DecodeError, Decoder, Encode, EncodeError};

/// A type that can be the discriminant of a union: a 4-byte number on the wire.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the discriminant of a union",
    label = "not a discriminant",
    note = "`switch` takes `i32`, `u32`, `bool` or an enum without data that derives `Xdr`"
)]
pub trait Switch: Encode + for<'a> Decode<'a> {
    /// Its value.
    fn number(&self) -> i64;
}

impl Switch for i32 {
    #[inline]
    fn number(&self) -> i64 {
        (*self).into()
    }
}

impl Switch for u32 {
    #[inline]
    fn number(&self) -> i64 {
        (*self).into()
    }
}

impl Switch for bool {
    #[inline]
    fn number(&self) -> i64 {
        (*self).into()
    }
}

/// Whether `discriminant` is one of `labels`.
#[inline]
pub fn is_label(discriminant: &impl Switch, labels: &[i64]) -> bool {
    labels.contains(&discriminant.number())
}

/// Whether `labels[index]` is in the list for the first time.
pub const fn is_first(labels: &[i64], index: usize) -> bool {
    let mut earlier = 0;
    while earlier < index {
        if labels[earlier] == labels[index] {
            return false;
        }
        earlier += 1;
    }
    true
}

/// The discriminant just read from `input` is none that `kind` declares.
#[cold]
pub fn undeclared(kind: &'static str, number: i64, input: &Decoder<'_>) -> DecodeError {
    input.bad_discriminant(kind, number)
}

/// The discriminant that an arm of `kind` keeps selects another arm.
#[cold]
pub fn misplaced(kind: &'static str, discriminant: &impl Switch) -> EncodeError {
    EncodeError::Discriminant {
        kind,
        value: discriminant.number(),
    }
}
