//! What the macros say about mistakes, and what they must not trip over.
//!
//! After a change of a message, `TRYBUILD=overwrite cargo test -p tests --test ui` writes the expectations anew: read
//! the difference before it is committed.

use std::process::Command;

/// The compiler whose words `ui/compiler` expects.
const COMPILER: &str = env!("CARGO_PKG_RUST_VERSION");

#[test]
fn the_macros_point_at_mistakes() {
    let cases = trybuild::TestCases::new();
    cases.pass("ui/pass/*.rs");
    cases.compile_fail("ui/rpc/*.rs");
    cases.compile_fail("ui/xdr/*.rs");
    if let Some(reason) = other_compiler() {
        testkit::skip("the compiler points at mistakes", &reason);
    } else {
        cases.compile_fail("ui/compiler/*.rs");
    }
}

/// Mistakes that the compiler finds in what the macros wrote are marked on the right token too, but each compiler has
/// its own words for them.
fn other_compiler() -> Option<String> {
    let output = Command::new("rustc")
        .arg("--version")
        .output()
        .expect("rustc has just built this test");
    let version = String::from_utf8_lossy(&output.stdout);
    let number = version.split(' ').nth(1).unwrap_or_default();
    let is_same = number == COMPILER || number.starts_with(&format!("{COMPILER}."));
    (!is_same).then(|| {
        format!(
            "its words are those of rustc {COMPILER}, and this is {}",
            version.trim()
        )
    })
}
