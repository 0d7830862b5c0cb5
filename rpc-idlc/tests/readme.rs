//! The project that the README builds from a contract: its contract compiles, and its program runs.
//!
//! With `RPC_TESTS_REGENERATE=1` the Rust of the contract is written instead of compared.

mod common;

use common::check_expected;
use rpc_idlc::Compiler;
use std::path::Path;

#[allow(missing_docs, reason = "a program that is shown, not documented")]
mod bank {
    include!(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/fixtures/readme/bank.rs"
    ));
}

include!(concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/tests/fixtures/readme/program.rs"
));

#[test]
fn the_project_of_the_readme_runs_as_it_is_written_there() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let readme = std::fs::read_to_string(folder.join("../README.md")).expect("the README is there");
    let (_, section) = readme
        .split_once("\n## From a contract\n")
        .expect("there is such a section");
    let block = |kind: &str| {
        let (_, text) = section
            .split_once(&format!("```{kind}\n"))
            .expect("a block");
        text.split("```").next().unwrap_or_default()
    };
    let rust = Compiler::new().text("bank.idl", block("idl")).generate();
    let rust = rust.unwrap_or_else(|error| panic!("{error}"));
    let fixtures = folder.join("tests/fixtures/readme");
    check_expected(&fixtures.join("bank.rs"), &rust[0].rust);
    let program = format!(
        "mod bank {{\n    {INCLUDE}\n}}\n\n{}",
        include_str!("fixtures/readme/program.rs")
    );
    assert_eq!(block("rust"), program);
    main().expect("the program runs");
}

/// What a crate with a build script includes.
const INCLUDE: &str = "include!(concat!(env!(\"OUT_DIR\"), \"/bank.rs\"));";
