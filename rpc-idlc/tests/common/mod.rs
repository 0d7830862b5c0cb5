//! Fixtures and their expected output.

#![allow(dead_code, reason = "each test takes what it needs of it")]

use std::path::{Path, PathBuf};

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
