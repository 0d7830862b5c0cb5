//! `.x` files through `idlc x`: what it writes is taken by `rpcgen`, and read again it becomes the same Rust.

use crate::contracts::PARTS;
use crate::{Scratch, missing_tool};
use rpc_idlc::Compiler;
use std::path::{Path, PathBuf};
use std::process::Command;

/// One has a field that is called `program`, which is a word of rpcgen's.
const NOT_FOR_RPCGEN: [&str; 1] = ["x_read/anonymous"];

/// What becomes other Rust, with the same bytes: structs without fields are left out, a union with nothing but a default is
/// a struct, namespaces are in front of the names, rows of arrays and arrays of `bool` have names, and labels that
/// are C's are numbers.
const OTHERWISE: [&str; 10] = [
    "x/empty",
    "x/namespaces",
    "x/only_default",
    "x/typedefs",
    "x_read/arrays",
    "x_read/c_names",
    "x_read/empty",
    "x_read/namespaces",
    "x_read/programs",
    "x_read/unions",
];

/// Describes one program twice, which is one program in what is written; two versions with one number cannot be in that.
const REFUSED: [&str; 1] = ["x_read/program_constants"];

#[test]
fn what_is_written_anew_is_taken_by_rpcgen_and_becomes_the_same_rust() {
    let test = "what_is_written_anew_is_taken_by_rpcgen_and_becomes_the_same_rust";
    if let Some(missing) = missing_tool() {
        return testkit::skip(test, &missing);
    }
    let folder = Scratch::new("anew");
    let (mut not_taken, mut otherwise, mut refused) = (Vec::new(), Vec::new(), Vec::new());
    for (name, path) in fixtures() {
        let first = || Compiler::new().file(&path);
        let again = first().generate_x().expect("the fixture is good");
        let file = format!("{}.x", name.replace('/', "_"));
        std::fs::write(folder.0.join(&file), &again[0].text).expect("the folder can be written to");
        if !is_taken(&folder.0, &file) {
            not_taken.push(name.clone());
        }
        let first = first().generate().expect("the fixture is good");
        match Compiler::new().text(&file, &again[0].text).generate() {
            Ok(second) if said(&second[0].rust) == said(&first[0].rust) => {}
            Ok(_) => otherwise.push(name),
            Err(_) => refused.push(name),
        }
    }
    assert_eq!(not_taken, NOT_FOR_RPCGEN);
    assert_eq!(otherwise, OTHERWISE);
    assert_eq!(refused, REFUSED);
}

/// Whether rpcgen makes all parts of the file.
fn is_taken(folder: &Path, file: &str) -> bool {
    PARTS.iter().all(|(option, part)| {
        let mut command = Command::new("rpcgen");
        let words = ["-N", option, "-o", &format!("{file}{part}"), file];
        let made = command.args(words).current_dir(folder).output();
        made.expect("the program starts").status.success()
    })
}

/// The lines of a file but its documentation, in whatever order: `idlc x` puts what is needed before what needs it.
fn said(rust: &str) -> Vec<&str> {
    let comment = |line: &&str| line.trim_start().starts_with("//") || line.is_empty();
    let mut lines: Vec<&str> = rust.lines().filter(|line| !comment(line)).collect();
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
