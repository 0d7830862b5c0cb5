//! The examples of `docs/idl.md` and `docs/x.md`: each compiles to the Rust (or for `to-c`, the `.x` file) beside it,
//! or is refused with the text beside it. rustc sees that Rust as the documentation tests of the library.
//!
//! With `RPC_TESTS_REGENERATE=1` the texts beside the examples are written instead of compared.

mod common;

use common::check_expected;
use rpc_idlc::{Compiler, Error};
use std::path::Path;

/// A fenced block: what stands behind the fence, and its text.
struct Block<'a> {
    kind: &'a str,
    text: &'a str,
}

#[test]
fn every_example_is_what_the_compiler_says() {
    page("idl");
}

#[test]
fn so_is_every_example_of_an_x_file() {
    page("x");
}

/// The page of a language; the blocks that its name stands behind are examples.
fn page(language: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../docs/{language}.md"));
    let page = std::fs::read_to_string(&path).expect("the reference is there");
    let (mut found, mut expected, mut examples) = (String::new(), None, 0);
    let mut others = Vec::new();
    for (outside, block) in blocks(&page) {
        found += outside;
        let Some(Block { kind, text }) = block else {
            continue;
        };
        let text = match expected.take() {
            Some(expected) => expected,
            None => text.to_owned(),
        };
        found += &format!("```{kind}\n{text}```\n");
        let (first, rest) = kind.split_once(' ').unwrap_or((kind, ""));
        match rest {
            _ if first != language => {}
            "" | "bad" | "to-c" => {
                examples += 1;
                expected = Some(compile((first, rest), &text, &others));
            }
            // Another file, which the examples after it may import.
            name => others.push((name, text)),
        }
    }
    assert!(examples > 5, "only {examples} examples");
    check_expected(&path, &found);
}

/// What the block behind an example has to say.
fn compile((language, kind): (&str, &str), text: &str, others: &[(&str, String)]) -> String {
    let compiler = Compiler::new().text(format!("example.{language}"), text);
    let compiler = others
        .iter()
        .fold(compiler, |c, (name, text)| c.text(name, text));
    if kind == "to-c" {
        let made = compiler.generate_x();
        let made = made.unwrap_or_else(|error| panic!("{error}\nin:\n{text}"));
        let text = made.first().expect("one file is made").text.clone();
        // What stands at the top is the same for all files.
        return text
            .split_once(" */\n\n")
            .expect("a header and an item")
            .1
            .to_owned();
    }
    match (kind, compiler.generate()) {
        ("", Ok(generated)) => {
            let (_, rust) = generated[0]
                .rust
                .split_once("\n\n")
                .expect("a header and an item");
            rust.to_owned()
        }
        ("bad", Err(Error::Rejected(mistakes))) => mistakes.to_string(),
        (_, Ok(_)) => panic!("accepted, but called bad:\n{text}"),
        (_, Err(error)) => panic!("{error}\nin:\n{text}"),
    }
}

/// Cuts a page into what is between the blocks and the blocks.
fn blocks(page: &str) -> Vec<(&str, Option<Block<'_>>)> {
    let mut parts = Vec::new();
    let mut rest = page;
    while let Some(start) = rest.find("```") {
        let (outside, fenced) = rest.split_at(start);
        let (kind, body) = fenced[3..].split_once('\n').expect("a fence has a line");
        let end = body.find("```\n").expect("a block is closed");
        parts.push((
            outside,
            Some(Block {
                kind,
                text: &body[..end],
            }),
        ));
        rest = &body[end + 4..];
    }
    parts.push((rest, None));
    parts
}
