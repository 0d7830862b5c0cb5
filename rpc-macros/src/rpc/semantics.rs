//! What a call of a method promises.

use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Semantics {
    Oneway,
    Readonly,
    Idempotent,
    AtMostOnce,
    ExactlyOnce,
}

impl Semantics {
    pub const ALL: [Self; 5] = [
        Self::Oneway,
        Self::Readonly,
        Self::Idempotent,
        Self::AtMostOnce,
        Self::ExactlyOnce,
    ];

    pub fn from_word(word: &Ident) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|semantics| word == semantics.word())
    }

    pub fn word(self) -> &'static str {
        match self {
            Self::Oneway => "oneway",
            Self::Readonly => "readonly",
            Self::Idempotent => "idempotent",
            Self::AtMostOnce => "at_most_once",
            Self::ExactlyOnce => "exactly_once",
        }
    }

    /// The promise, for the documentation of the client's method.
    pub fn promise(self) -> &'static str {
        match self {
            Self::Oneway => {
                "**Oneway**: runs at most once and has no reply; success means that the call was handed over."
            }
            Self::Readonly => {
                "**Read-only**: changes nothing, so it may be sent again, or stopped half-way."
            }
            Self::Idempotent => {
                "**Idempotent**: is sent again until there is a reply, so it may run more than once."
            }
            Self::AtMostOnce => {
                "**At most once**: never runs twice; when its server is lost, the error says whether it may have run."
            }
            Self::ExactlyOnce => {
                "**Exactly once**: never runs twice, and runs as long as the caller keeps asking, through lost \
                 messages and the death of the server."
            }
        }
    }

    /// The variant of the framework's `Semantics`.
    pub fn emit(self, private: &TokenStream) -> TokenStream {
        let variant = format_ident!(
            "{}",
            match self {
                Self::Oneway => "Oneway",
                Self::Readonly => "Readonly",
                Self::Idempotent => "Idempotent",
                Self::AtMostOnce => "AtMostOnce",
                Self::ExactlyOnce => "ExactlyOnce",
            }
        );
        quote!(#private::Semantics::#variant)
    }
}
