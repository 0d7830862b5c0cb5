//! `idlc fmt`: one style, and nothing lost.
//!
//! With `RPC_TESTS_REGENERATE=1` the expected files are written instead of compared.

#![allow(clippy::unwrap_used, reason = "what is unwrapped was made here")]

mod common;

use common::{check_expected, folder_of};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use rpc_idlc::{Compiler, Error, format};
use std::path::Path;

#[test]
fn every_fixture_becomes_the_text_beside_it() {
    for path in folder_of("fmt") {
        let text = std::fs::read_to_string(&path).unwrap();
        check_expected(&path.with_extension("txt"), &formatted(&text).unwrap());
    }
}

#[test]
fn the_contracts_of_the_project_are_in_the_style() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../idl");
    let mut seen = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|kind| kind == "idl") {
            let file = rpc_idlc::format_file(&path).unwrap();
            assert!(!file.is_changed(), "run idlc fmt:\n{}", file.difference());
            seen += 1;
        }
    }
    assert!(seen > 1, "only {seen} contracts");
}

#[test]
fn the_samples_of_the_documents_are_in_the_style() {
    let mut seen = 0;
    for page in ["docs/idl.md", "README.md"] {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(page);
        let text = std::fs::read_to_string(path).unwrap();
        for block in text.split("```idl\n").skip(1) {
            let sample = block.split("```").next().unwrap();
            assert_eq!(formatted(sample).unwrap(), sample, "in {page}");
            seen += 1;
        }
    }
    assert!(seen > 10, "only {seen} samples");
}

#[test]
fn a_file_with_a_mistake_in_its_syntax_is_not_formatted() {
    for text in [
        "struct A { a u32 }",
        "struct A {",
        "const A = ;",
        "/* no end",
    ] {
        assert!(
            matches!(format("a.idl", text), Err(Error::Rejected(_))),
            "{text}"
        );
    }
    // Names need not be known.
    assert_eq!(formatted("type A=B;").unwrap(), "type A = B;\n");
}

#[test]
fn small_texts() {
    for (text, expected) in [
        ("", ""),
        ("\n\n", ""),
        ("\u{feff}type A=u8;", "type A = u8;\n"),
        (
            "type A=u8;\r\n\r\n\r\ntype B=u8;\r\n",
            "type A = u8;\n\ntype B = u8;\n",
        ),
        ("// c\r\ntype A=u8; // d  \r\n", "// c\ntype A = u8; // d\n"),
        ("// only a comment", "// only a comment\n"),
        ("type A=u8;\n\n\n// end\n\n\n", "type A = u8;\n\n// end\n"),
        ("struct A{a:u8/* c */,}", "struct A { a: u8 /* c */ }\n"),
        ("struct A{a:u8,// c\n}", "struct A {\n    a: u8, // c\n}\n"),
    ] {
        assert_eq!(formatted(text).unwrap(), expected, "{text:?}");
    }
}

/// Formats a text that has no mistake in its syntax, and checks what must hold of every such text.
fn formatted(text: &str) -> Option<String> {
    let once = laid_out(text)?;
    assert_eq!(compiled(text), compiled(&once), "another meaning:\n{once}");
    Some(once)
}

/// The same without a look at the meaning, which takes time.
fn laid_out(text: &str) -> Option<String> {
    let once = match format("a.idl", text) {
        Ok(once) => once,
        Err(Error::Rejected(_)) => return None,
        Err(other) => panic!("{other}\nof:\n{text}"),
    };
    let twice = format("a.idl", once.as_str()).unwrap_or_else(|error| panic!("{error}\n{once}"));
    assert_eq!(once, twice, "not the same twice; from:\n{text}");
    assert_eq!(letters(text), letters(&once), "something is lost or moved");
    assert!(once.is_empty() || once.ends_with('\n') && !once.ends_with("\n\n"));
    Some(once)
}

/// All that is no space, without the commas and semicolons that comments may pass.
fn letters(text: &str) -> String {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    text.chars()
        .filter(|c| !c.is_whitespace() && *c != ',' && *c != ';')
        .collect()
}

/// The Rust that a text becomes, if it is right.
fn compiled(text: &str) -> Option<String> {
    let generated = Compiler::new().text("a.idl", text).generate();
    Some(generated.ok()?.remove(0).rust)
}

fn texts() -> Vec<String> {
    let folders = ["good", "fmt", "bad"].map(folder_of).concat();
    let texts: Vec<String> = folders
        .iter()
        .map(|path| std::fs::read_to_string(path).unwrap())
        .collect();
    assert!(
        texts
            .iter()
            .filter(|text| formatted(text).is_some())
            .count()
            > 15
    );
    texts
}

/// Puts each of `pieces` into the text, at so many thousandths of it.
fn with(text: &str, pieces: &[(usize, &str)]) -> String {
    let mut chars: Vec<String> = text.chars().map(String::from).collect();
    for (at, piece) in pieces {
        let at = (chars.len() * at / 1000).min(chars.len());
        chars.insert(at, (*piece).to_owned());
    }
    chars.concat()
}

const COMMENTS: &[&str] = &[
    "/**/",
    " /* c */ ",
    "\n/* c */",
    "/* c */\n",
    "\n/* c */\n",
    "// c\n",
    "\n// c\n",
    "\n\n// c\n\n",
    "/* a\n  b */",
    "\n/*\n * a\n* b\n */\n",
    " /* c */ // d\n",
    "\n/* c *//* d */\n/* e */",
];

const SPACES: &[&str] = &[
    "\n",
    "\n\n",
    " ",
    "\n\n\n",
    "\t",
    "\r\n",
    ",",
    "\n,\n",
    "/// doc\n",
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn comments_may_stand_anywhere(
        text in select(texts()),
        pieces in vec((0usize..1000, select(COMMENTS)), 1..12),
    ) {
        formatted(&with(&text, &pieces));
    }

    #[test]
    fn space_may_stand_anywhere(
        text in select(texts()),
        pieces in vec((0usize..1000, prop_oneof![select(SPACES), select(COMMENTS)]), 1..12),
    ) {
        formatted(&with(&text, &pieces));
    }
}

/// Each comment in each place of each text, alone: what a random test may miss.
#[test]
fn one_comment_in_every_place() {
    let mut formatted_texts = 0;
    for text in texts() {
        let places: Vec<usize> = text.char_indices().map(|(at, _)| at).collect();
        for (turn, &at) in places.iter().enumerate() {
            let comment = COMMENTS[turn % COMMENTS.len()];
            let text = format!("{}{comment}{}", &text[..at], &text[at..]);
            formatted_texts += usize::from(laid_out(&text).is_some());
        }
    }
    assert!(formatted_texts > 3000, "only {formatted_texts}");
}
