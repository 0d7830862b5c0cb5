//! `.x` files through `idlc x`: what it writes is taken by `rpcgen`, and read again it becomes the same Rust. That it is
//! described by the same JSON and has the same fingerprints, `rpc-idlc/tests/x.rs` shows.

use crate::contracts::PARTS;
use crate::{HEADERS, Scratch, missing_tool};
use rpc_idlc::Compiler;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What becomes no C that gcc takes, nor did before: a list that holds itself without a pointer, names that C's headers
/// have (`send`, `CALL`, `netobj`, `authunix_parms` without `struct`), and procedures of one name in two programs.
const NOT_FOR_C: [&str; 6] = [
    "x/lists",
    "x/prelude",
    "x/versions",
    "x_read/anonymous",
    "x_read/own_names",
    "x_read/ti_rpc",
];

#[test]
fn what_is_written_anew_is_taken_by_rpcgen_and_becomes_the_same_rust() {
    let test = "what_is_written_anew_is_taken_by_rpcgen_and_becomes_the_same_rust";
    if let Some(missing) = missing_tool() {
        return testkit::skip(test, &missing);
    }
    let folder = Scratch::new("anew");
    let mut not_for_c = Vec::new();
    for (name, path) in fixtures() {
        let first = || Compiler::new().file(&path);
        let again = first().generate_x().expect("the fixture is good");
        let stem = name.replace('/', "_");
        let file = format!("{stem}.x");
        std::fs::write(folder.0.join(&file), &again[0].text).expect("the folder can be written to");
        for (option, part) in PARTS {
            let words = ["-N", option, "-o", &format!("{stem}{part}"), &file];
            assert!(succeeds(&folder.0, "rpcgen", &words), "{name} {option}");
        }
        if !is_c(&folder.0, &stem) {
            not_for_c.push(name.clone());
        }
        let first = first().generate().expect("the fixture is good");
        let second = Compiler::new().text(&file, &again[0].text).generate();
        let second = second.unwrap_or_else(|error| panic!("{name}:\n{error}"));
        assert_eq!(said(&first[0].rust), said(&second[0].rust), "{name}");
    }
    assert_eq!(not_for_c, NOT_FOR_C);
}

/// Whether gcc takes the types, and what sends them.
fn is_c(folder: &Path, stem: &str) -> bool {
    // Without a type, rpcgen makes the header only.
    let ends = ["_xdr.c", ".h"].map(|end| format!("{stem}{end}"));
    let made = ends.iter().find(|file| folder.join(file).exists());
    let made = made.expect("rpcgen makes a header");
    let words = ["-w", "-I", HEADERS, "-fsyntax-only", made];
    succeeds(folder, "gcc", &words)
}

fn succeeds(folder: &Path, program: &str, words: &[&str]) -> bool {
    let done = Command::new(program)
        .args(words)
        .current_dir(folder)
        .output();
    done.expect("the program starts").status.success()
}

/// The lines of a file, its documentation too, in whatever order: `idlc x` puts what is needed before what needs it.
fn said(rust: &str) -> Vec<&str> {
    let text = rust.split_once("\n\n").map_or(rust, |(_, text)| text);
    let mut lines: Vec<&str> = text.lines().filter(|line| !line.is_empty()).collect();
    lines.sort_unstable();
    lines
}

/// The `.x` files that the compiler is tested with, by folder and name.
fn fixtures() -> Vec<(String, PathBuf)> {
    let mut found = Vec::new();
    for folder in ["x", "x_read"] {
        let all = Path::new(env!("CARGO_MANIFEST_DIR")).join("../rpc-idlc/tests/fixtures");
        let entries = std::fs::read_dir(all.join(folder)).expect("the fixtures are there");
        for entry in entries {
            let path = entry.expect("a fixture can be read").path();
            let stem = path.file_stem().and_then(|stem| stem.to_str());
            if let (Some(stem), true) = (stem, path.extension().is_some_and(|end| end == "x")) {
                found.push((format!("{folder}/{stem}"), path));
            }
        }
    }
    found.sort();
    assert!(found.len() > 40, "only {} fixtures", found.len());
    found
}
