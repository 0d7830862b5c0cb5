//! The grammar in `docs/idl.md` has the words and signs that the lexer and the parser know.

use super::lexer::{TokenKind, lex};
use super::parser::words;
use crate::ast::{Scalar, Semantics};
use crate::diag::Diagnostics;
use crate::source::Sources;
use std::collections::BTreeSet;
use std::path::Path;

/// What stands in quotes in the grammar. Those of one sign in single quotes are about characters.
fn terminals() -> BTreeSet<String> {
    let page = include_str!("../../../docs/idl.md");
    let (_, grammar) = page.split_once("```ebnf\n").expect("the grammar is there");
    let grammar = grammar.split("```").next().unwrap_or_default();
    let quoted = grammar
        .lines()
        .filter(|line| !line.starts_with("string ") && !line.starts_with("number "));
    let quoted = quoted.flat_map(|line| line.split('"').skip(1).step_by(2).map(str::to_owned));
    quoted.collect()
}

#[test]
fn the_words_of_the_grammar_are_those_of_the_parser() {
    let found: BTreeSet<String> = terminals();
    let found = found
        .into_iter()
        .filter(|t| t.starts_with(|c: char| c.is_ascii_alphabetic()));
    let others = [
        "program", "version", "switch", "default", "throws", "true", "false",
    ];
    let known = words().into_iter().chain(others);
    let known = known.chain(Scalar::ALL.map(Scalar::name));
    let known = known.chain(Semantics::ALL.map(Semantics::word));
    let known: BTreeSet<String> = known.map(str::to_owned).collect();
    assert_eq!(found.collect::<BTreeSet<_>>(), known);
}

#[test]
fn the_signs_of_the_grammar_are_those_of_the_lexer() {
    let terminals = terminals();
    let signs = terminals
        .iter()
        .filter(|t| !t.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_' || c == '/'));
    let found: BTreeSet<&str> = signs.map(String::as_str).collect();
    let known = (' '..='~').map(String::from).chain(["->".to_owned()]);
    let known: Vec<String> = known.filter(|text| is_sign(text)).collect();
    assert_eq!(found, known.iter().map(String::as_str).collect());
}

/// Whether the lexer takes a text for one sign.
fn is_sign(text: &str) -> bool {
    let (mut sources, mut diags) = (Sources::default(), Diagnostics::default());
    let id = sources.add(Path::new("sign"), text.into(), &mut diags);
    let (tokens, _) = lex(id, text, &mut diags);
    matches!(tokens[0].kind, TokenKind::Punct(_) | TokenKind::Arrow)
}
