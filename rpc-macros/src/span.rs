//! Where generated code claims to be.

use proc_macro2::{Ident, Span};
use syn::spanned::Spanned;

/// The place of `tokens`, but as part of the expansion, so that lints on code that people write leave it alone.
pub fn at(tokens: &impl Spanned) -> Span {
    Span::mixed_site().located_at(tokens.span())
}

/// A variable of generated code.
pub fn local(name: &str) -> Ident {
    Ident::new(name, Span::mixed_site())
}
