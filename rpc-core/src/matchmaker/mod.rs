//! The matchmaker's contract, `idl/matchmaker.idl`: what its daemon serves, and what servers and clients ask of it.

#[allow(
    missing_docs,
    reason = "generated from the contract, which is where it is documented"
)]
mod generated;

pub use generated::*;
