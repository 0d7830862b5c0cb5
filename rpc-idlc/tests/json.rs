//! What tools get of a contract: the checked files as JSON, to the letter.
//!
//! With `RPC_TESTS_REGENERATE=1` the expected files are written instead of compared.

mod common;

use common::check_expected;
use rpc_idlc::Compiler;
use std::path::Path;

#[test]
fn every_construct_is_described() {
    for name in [
        "annotations",
        "constants",
        "errors",
        "maps",
        "namespaces",
        "tuples",
        "unions_with_switch",
    ] {
        // Tests run in the folder of the package, so that the paths in the text are always the same.
        let file = format!("tests/fixtures/good/{name}.idl");
        let json = Compiler::new().file(&file).json();
        let json = json.unwrap_or_else(|error| panic!("{file}:\n{error}"));
        let expected = format!("tests/fixtures/json/{name}.json");
        check_expected(Path::new(&expected), &json);
    }
}

#[test]
fn places_are_lines_and_columns_of_characters() {
    for (text, line, column) in [
        ("type A = u8;", 1, 6),
        ("\u{feff}type A = u8;", 1, 6),
        ("/* é🦀 */ type A = u8;", 1, 15),
        ("\n\r\n  type\nA = u8;", 4, 1),
    ] {
        let json = Compiler::new().text("a.idl", text).json();
        let json = json.unwrap_or_else(|error| panic!("{error}"));
        let expected = format!("\"line\": {line},\n            \"column\": {column}\n");
        assert!(json.contains(&expected), "{text}: {json}");
    }
}
