//! Fixtures and their expected output.

#![allow(dead_code, reason = "each test takes what it needs of it")]

pub mod mangling;

use std::path::{Path, PathBuf};
use std::sync::mpsc::channel;
use std::time::Duration;

/// All `.idl` files of a folder of fixtures, in the order of their names.
pub fn fixtures(folder: &str) -> Vec<PathBuf> {
    let paths = folder_of(folder);
    assert!(paths.len() > 10, "too few fixtures in {folder}");
    paths
}

/// The same, however few there are.
pub fn folder_of(folder: &str) -> Vec<PathBuf> {
    files(folder, "idl")
}

/// All `.x` files of a folder of fixtures.
pub fn x_files(folder: &str) -> Vec<PathBuf> {
    let paths = files(folder, "x");
    assert!(paths.len() > 10, "too few fixtures in {folder}");
    paths
}

fn files(folder: &str, extension: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fixtures")
        .join(folder);
    let entries = std::fs::read_dir(&folder).expect("the fixtures are there");
    let paths = entries.map(|entry| entry.expect("a fixture can be read").path());
    let mut paths: Vec<_> = paths
        .filter(|path| path.extension().is_some_and(|e| e == extension))
        .collect();
    paths.sort();
    assert!(!paths.is_empty(), "no fixtures in {}", folder.display());
    paths
}

/// Compares with a file, or writes it with `RPC_TESTS_REGENERATE=1`.
pub fn check_expected(path: &Path, found: &str) {
    if std::env::var_os("RPC_TESTS_REGENERATE").is_some_and(|value| value == "1") {
        std::fs::write(path, found).expect("the expected text can be written");
        return;
    }
    let expected = std::fs::read_to_string(path).unwrap_or_default();
    assert!(
        expected == found,
        "{} differs (RPC_TESTS_REGENERATE=1 writes it):\n--- expected\n{expected}\n--- found\n{found}",
        path.display()
    );
}

/// Compiles each text on a thread of its own, which has to end: a compiler that hangs is found within a minute.
pub fn each_ends(
    texts: impl IntoIterator<Item = (&'static str, String)>,
    compile: impl Fn(&str) + Copy + Send + 'static,
) {
    for (what, text) in texts {
        let (done, finished) = channel();
        let worker = std::thread::spawn(move || {
            compile(&text);
            let _ = done.send(());
        });
        let waited = finished.recv_timeout(Duration::from_secs(60));
        assert!(
            waited.is_ok() && worker.join().is_ok(),
            "{what}: {waited:?}"
        );
    }
}
