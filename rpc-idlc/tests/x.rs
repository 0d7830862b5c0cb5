//! One fixture for each construct of the RPC language: what it becomes in Rust, to the letter. `compiled.rs` shows
//! that rustc takes it, `x_bytes.rs` what is on the wire.
//!
//! With `RPC_TESTS_REGENERATE=1` the expected files are written instead of compared.

mod common;

use common::{check_expected, x_files};
use rpc_idlc::{Compiler, Strings};

#[test]
fn every_construct_becomes_the_rust_beside_it() {
    for path in x_files("x") {
        let generated = Compiler::new().file(&path).generate();
        let generated = generated.unwrap_or_else(|error| panic!("{}:\n{error}", path.display()));
        check_expected(&path.with_extension("rs"), &generated[0].rust);
    }
}
