//! What the README and the pages under `docs/` say, as far as a program can tell.

use std::fs;
use std::path::{Path, PathBuf};

#[test]
fn the_first_service_of_the_readme_is_the_echo_example() {
    let example = read("examples/src/bin/echo.rs");
    assert_eq!(first_block(&read("README.md"), "rust"), example);
    assert!(example.lines().count() < 30);
}

#[test]
fn what_the_readme_shows_of_exactly_once_is_compiled() {
    let compiled = [
        "examples/src/bin/bank/main.rs",
        "examples/src/bin/bank/ledger.rs",
        "rpc-core/tests/exactly_once_page.rs",
    ]
    .map(|file| trimmed(&read(file)))
    .concat();
    let readme = read("README.md");
    let (_, section) = readme
        .split_once("\n## Exactly once\n")
        .expect("there is such a section");
    let section = section.split("\n## ").next().unwrap_or_default();
    assert_shown_code_is_in(&compiled, section);
}

#[test]
fn the_contract_of_the_readme_compiles() {
    let contract = first_block(&read("README.md"), "idl").to_owned();
    let checked = rpc_idlc::Compiler::new()
        .text("README.md", contract)
        .check();
    if let Err(error) = checked {
        panic!("{error}");
    }
}

#[test]
fn what_the_page_on_exactly_once_shows_is_compiled_and_run() {
    let compiled = ["exactly_once_page.rs", "service_page.rs"]
        .map(|file| trimmed(&read(&format!("rpc-core/tests/{file}"))))
        .concat();
    let page = read("docs/exactly-once.md");
    assert_shown_code_is_in(&compiled, &page);
}

#[test]
fn what_is_shown_of_awaiting_is_compiled_and_run() {
    let compiled = trimmed(&read("tests/tests/awaiting.rs"));
    assert_shown_code_is_in(&compiled, &read("docs/client.md"));
    let readme = read("README.md");
    let (_, section) = readme
        .split_once("\n## Awaiting\n")
        .expect("there is such a section");
    let section = section.split("\n## ").next().unwrap_or_default();
    assert_shown_code_is_in(&compiled, section);
}

#[test]
fn what_the_page_on_c_programs_shows_is_compiled_and_run() {
    let compiled = trimmed(&read("tests/tests/onc/page.rs"));
    assert_shown_code_is_in(&compiled, &read("docs/interop.md"));
}

#[track_caller]
fn assert_shown_code_is_in(compiled: &str, page: &str) {
    let blocks: Vec<_> = page.split("```rust\n").skip(1).collect();
    assert!(!blocks.is_empty(), "the page shows no Rust");
    for block in blocks {
        let shown = trimmed(block.split("```").next().unwrap_or_default());
        assert!(
            compiled.contains(&shown),
            "this is nowhere compiled:\n{shown}"
        );
    }
}

/// The lines without their indentation.
fn trimmed(text: &str) -> String {
    text.lines()
        .map(|line| format!("{}\n", line.trim()))
        .collect()
}

#[test]
fn every_link_to_a_file_leads_somewhere() {
    for page in pages() {
        let folder = page.parent().expect("a page is in a folder");
        let text = fs::read_to_string(&page).expect("a page can be read");
        for link in links(&text) {
            let file = link.split('#').next().unwrap_or(link);
            let there = file.is_empty() || folder.join(file).exists();
            assert!(there, "{} links to {link}", page.display());
        }
    }
}

/// The Markdown pages of the top folder and of `docs/`.
fn pages() -> Vec<PathBuf> {
    let pages: Vec<PathBuf> = [top(), top().join("docs")]
        .iter()
        .flat_map(|folder| fs::read_dir(folder).expect("the folder can be read"))
        .map(|entry| entry.expect("the entry can be read").path())
        .filter(|path| path.extension().is_some_and(|kind| kind == "md"))
        .collect();
    assert!(
        pages.len() > 5,
        "these are not the project's pages: {pages:?}"
    );
    pages
}

/// Where `[text](target)` leads, addresses elsewhere left out.
fn links(text: &str) -> impl Iterator<Item = &str> {
    text.split("](")
        .skip(1)
        .filter_map(|rest| rest.split(')').next())
        .filter(|link| !link.contains("://"))
}

/// What stands in the first block of this language.
#[track_caller]
fn first_block<'a>(page: &'a str, language: &str) -> &'a str {
    page.split(&format!("```{language}\n"))
        .nth(1)
        .and_then(|rest| rest.split("```").next())
        .unwrap_or_else(|| panic!("the page shows no {language}"))
}

#[track_caller]
fn read(name: &str) -> String {
    fs::read_to_string(top().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn top() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}
