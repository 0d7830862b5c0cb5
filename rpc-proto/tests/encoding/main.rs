//! The canonical encoding: golden vectors, what is refused, laws over random values and bytes, and limits.
//!
//! Tests name the rules of `docs/protocol.md` that they check.

mod boxed;
mod extended;
mod fingerprints;
mod limits;
mod properties;
mod refused;
mod types;
mod vectors;
