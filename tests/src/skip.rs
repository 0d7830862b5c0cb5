//! Skipping a test in the open.

use std::fs::OpenOptions;
use std::io::Write;

/// Says that `test` cannot run here and why. The caller returns right after.
///
/// The line goes to the test's output and to the file named by `RPC_TESTS_SKIPPED`, from which `cargo xtask test`
/// makes its summary: the output of a passing test is not shown.
///
/// # Panics
/// Under `RPC_TESTS_NO_SKIP=1`, as in continuous integration, where every test must run. Also when the file cannot
/// be written: a skip that nobody hears of would pass for a success.
#[track_caller]
pub fn skip(test: &str, reason: &str) {
    println!("SKIPPED: {test}: {reason}");
    if let Some(path) = std::env::var_os("RPC_TESTS_SKIPPED") {
        // One write of one line in append mode: tests skip at the same time from several processes.
        let line = format!("{test}: {}\n", reason.replace('\n', " "));
        let file = OpenOptions::new().append(true).create(true).open(&path);
        if let Err(error) = file.and_then(|mut file| file.write_all(line.as_bytes())) {
            panic!("{} cannot be written: {error}", path.display());
        }
    }
    let forbidden = std::env::var_os("RPC_TESTS_NO_SKIP").is_some_and(|value| value == "1");
    assert!(
        !forbidden,
        "{test} was skipped, and RPC_TESTS_NO_SKIP=1 forbids that: {reason}"
    );
}
