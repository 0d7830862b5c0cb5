//! Compiles both contracts of each change in `changes.md`: `changes::NAME::{old, new}`; and those of the file server.

use std::fmt::Write;
use std::path::Path;

include!("src/changes.rs");

fn main() {
    for contract in ["../idl/nfs3.x", "../idl/mount3.x"] {
        rpc_idlc::build(&[contract]);
    }
    println!("cargo::rerun-if-changed=changes.md");
    let page = std::fs::read_to_string("changes.md").expect("the changes are there");
    let mut modules = String::new();
    for change in changes(&page) {
        let (old, new) = (compile(&change.old), compile(&change.new));
        let name = change.name;
        // Writing to a string cannot fail.
        let _ = write!(
            modules,
            "pub mod {name} {{\npub mod old {{\n{old}\n}}\npub mod new {{\n{new}\n}}\n}}\n"
        );
    }
    let folder = std::env::var_os("OUT_DIR").expect("Cargo says where to write");
    std::fs::write(Path::new(&folder).join("changes.rs"), modules).expect("it can be written");
}

fn compile(contract: &str) -> String {
    let compiled = rpc_idlc::Compiler::new()
        .text("row.idl", contract)
        .generate();
    compiled
        .unwrap_or_else(|error| panic!("{error}"))
        .remove(0)
        .rust
}
