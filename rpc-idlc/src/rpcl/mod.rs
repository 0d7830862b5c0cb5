//! The front end of the RPC language, that of `.x` files (RFC 4506, section 6; RFC 5531, section 12).
//!
//! [`read`] makes one [`Unit`](tree::Unit) of all files that were named and of those that they include;
//! [`lower`] makes a model of it.

mod comments;
mod files;
mod lexer;
mod lower;
mod number;
mod parser;
mod preprocess;
mod read;
mod scope;
pub(crate) mod tree;
mod walk;

pub(crate) use files::Input;
pub(crate) use lower::{constant, lower};
pub(crate) use read::read;
pub(crate) use scope::is_of_headers;

use crate::source::Span;

use std::path::PathBuf;

/// What a `string` of a `.x` file becomes in Rust.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Strings {
    /// `Vec<u8>`, as C sees it: peers may send anything.
    #[default]
    Bytes,
    /// `String`: what is no UTF-8 is refused when it is decoded.
    Utf8,
}

/// What the user says about all `.x` files of a run.
#[derive(Debug, Clone, Default)]
pub(crate) struct Options {
    /// Where to look for included files that are not beside the file that names them.
    pub(crate) includes: Vec<PathBuf>,
    /// `-D NAME=VALUE`
    pub(crate) defines: Vec<(String, String)>,
    pub(crate) strings: Strings,
    /// `--extern NAME=rust::path`: types, and namespaces, whose Rust is elsewhere.
    pub(crate) elsewhere: Vec<(String, String)>,
}

/// From the start of one place to the end of another; the first one alone if they are in two files.
fn cover(from: Span, to: Span) -> Span {
    match from.file == to.file && from.start <= to.end {
        true => from.to(to),
        false => from,
    }
}
