//! One fixture for each construct: what it becomes in Rust, and for rpcgen, to the letter. `compiled.rs` shows that
//! rustc takes it.
//!
//! With `RPC_TESTS_REGENERATE=1` the expected files are written instead of compared.

mod common;

use common::{check_expected, fixtures};
use rpc_idlc::Compiler;

#[test]
fn every_construct_becomes_the_rust_beside_it() {
    for path in fixtures("good") {
        let generated = Compiler::new().file(&path).generate();
        let generated = generated.unwrap_or_else(|error| panic!("{}:\n{error}", path.display()));
        check_expected(&path.with_extension("rs"), &generated[0].rust);
    }
}

/// The system's rpcgen takes each of these, and C what it makes of them: `tests/tests/rpcgen.rs`.
#[test]
fn every_construct_becomes_the_x_file_beside_it() {
    for path in fixtures("good") {
        let generated = Compiler::new().file(&path).generate_x();
        let generated = generated.unwrap_or_else(|error| panic!("{}:\n{error}", path.display()));
        check_expected(&path.with_extension("x"), &generated[0].text);
    }
}

#[test]
fn compiling_twice_gives_the_same_text() {
    let compiler = fixtures("good")
        .iter()
        .fold(Compiler::new(), |c, path| c.file(path));
    let once = compiler.generate().expect("the fixtures are good");
    let twice = compiler.generate().expect("the fixtures are good");
    assert!(once.iter().zip(&twice).all(|(a, b)| a.rust == b.rust));
}
