//! The examples, run as a user would run them.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use testkit::program;

#[test]
fn echo_says_back_what_it_hears() {
    let (status, out) = run("echo", &[]);
    assert_eq!(status, 0);
    assert!(out.starts_with("hello, tcp://127.0.0.1:"), "{out}");
}

#[test]
fn the_bank_keeps_balanced_books() {
    let (status, out) = run("bank", &[]);
    assert_eq!(status, 0, "{out}");
    assert!(out.contains("the books balance"), "{out}");
}

#[test]
fn the_first_service_of_the_readme_is_the_echo_example() {
    let top = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let readme = fs::read_to_string(top.join("README.md")).expect("README.md can be read");
    let example =
        fs::read_to_string(top.join("examples/src/bin/echo.rs")).expect("echo.rs can be read");
    let shown = readme
        .split("```rust\n")
        .nth(1)
        .and_then(|rest| rest.split("```").next());
    assert_eq!(shown.expect("README.md shows Rust"), example);
    assert!(example.lines().count() < 30);
}

/// The exit code of an example and what it printed.
#[track_caller]
fn run(name: &str, arguments: &[&str]) -> (i32, String) {
    let output = output(name, arguments);
    let said = String::from_utf8_lossy(&output.stderr);
    let out = String::from_utf8_lossy(&output.stdout).into_owned();
    (
        output.status.code().expect("it was not killed"),
        format!("{out}{said}"),
    )
}

#[track_caller]
fn output(name: &str, arguments: &[&str]) -> Output {
    Command::new(program("examples", name))
        .args(arguments)
        .output()
        .expect("the example starts")
}
