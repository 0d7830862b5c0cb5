//! The front end of the `.idl` language: text to [`crate::ast`].

#[cfg(test)]
mod grammar;
mod lexer;
mod parser;
mod piped;

pub(crate) use lexer::{Token, TokenKind, lex};
pub(crate) use parser::parse;
pub(crate) use piped::sign_of_x;
