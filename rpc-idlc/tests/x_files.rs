//! `.x` files: what each construct is read as, shown by the Rust, with the warnings, and what is said to each kind of
//! mistake, to the letter. `compiled.rs` shows that rustc takes the Rust.
//!
//! With `RPC_TESTS_REGENERATE=1` the expected files are written instead of compared.

#![allow(clippy::unwrap_used, reason = "no test holds the lock when it fails")]

mod common;

use common::{check_expected, x_files};
use rpc_idlc::{Compiler, Error};
use std::path::Path;
use std::sync::{Arc, Mutex};

/// What is said about a file, beside which are others that it may name.
fn judge(path: &Path) -> (Option<String>, String) {
    let folder = path.parent().expect("a fixture is in a folder");
    let warnings = Arc::new(Mutex::new(String::new()));
    let told = Arc::clone(&warnings);
    let compiler = Compiler::new().file(path);
    let compiler = compiler.on_warnings(move |warned| *told.lock().unwrap() = warned.to_string());
    let (rust, said) = match compiler.generate() {
        Ok(generated) => (
            Some(generated[0].rust.clone()),
            warnings.lock().unwrap().clone(),
        ),
        Err(Error::Rejected(mistakes)) => (None, mistakes.to_string()),
        Err(other) => panic!("{}: {other}", path.display()),
    };
    (rust, said.replace(&format!("{}/", folder.display()), ""))
}

#[test]
fn every_construct_becomes_the_rust_beside_it() {
    for path in x_files("x_read") {
        let (rust, said) = judge(&path);
        let rust = rust.unwrap_or_else(|| panic!("{}:\n{said}", path.display()));
        check_expected(&path.with_extension("rs"), &rust);
        if !said.is_empty() || path.with_extension("txt").exists() {
            check_expected(&path.with_extension("txt"), &said);
        }
    }
}

#[test]
fn every_mistake_gets_the_message_beside_it() {
    for path in x_files("x_bad") {
        let (rust, said) = judge(&path);
        assert_eq!(rust, None, "{} was accepted", path.display());
        check_expected(&path.with_extension("txt"), &said);
        let errors = said.lines().filter(|line| line.starts_with("error[E"));
        let places = said.lines().filter(|line| line.contains("--> "));
        assert_eq!(errors.count(), places.count(), "{said}");
    }
}
