//! The IDL compiler: from `.idl` files, and the `.x` files of `rpcgen`, to the Rust that a person would have written.
//!
//! A build script needs one line:
//!
//! ```no_run
//! // build.rs
//! # fn main() {
//! rpc_idlc::build(&["../idl/bank.idl"]);
//! # }
//! ```
//!
//! and the crate another one, `include!(concat!(env!("OUT_DIR"), "/bank.rs"));`. What it includes
//! is types with `#[derive(rpc_core::Xdr)]` and traits with `#[rpc_core::rpc]`, so the crate
//! depends on `rpc-core`. The `idlc` program does the same by hand, and [`Compiler`] does it step
//! by step. The language is described in `docs/idl.md`, that of `.x` files in `docs/x.md`.
//!
//! Text goes through four stages, each knowing only the tree before it: a front end (`idl`) to the
//! syntax tree (`ast`), the checker (`check`) to the model (`model`), and an emitter (`emit`) to
//! Rust. The front end of `.x` files (`rpcl`) has a tree of its own, which says what C would, and makes the
//! model of it.

mod ast;
mod casing;
mod check;
mod compiler;
mod diag;
mod diff;
mod emit;
mod files;
mod fmt;
mod idl;
mod json;
mod load;
mod model;
mod rpcl;
mod source;
mod suggest;
mod x;

pub use compiler::{Compiler, Error, Generated, GeneratedX, build};
pub use diag::{Format, Mistakes, explain};
pub use diff::{Comparison, Outcome, Verdict};
pub use fmt::{Formatted, format, format_file, format_stdin};
pub use rpcl::Strings;

/// The Rust in the reference of the language, which the documentation tests compile.
#[cfg(doctest)]
#[doc = include_str!("../../docs/idl.md")]
struct Reference;

/// The Rust in the page about `.x` files.
#[cfg(doctest)]
#[doc = include_str!("../../docs/x.md")]
struct RpcLanguage;
