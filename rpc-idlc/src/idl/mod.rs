//! The front end of the `.idl` language: text to [`crate::ast`].

#[cfg(test)]
mod grammar;
mod lexer;
mod parser;

pub(crate) use lexer::{Token, TokenKind, lex};
pub(crate) use parser::parse;
