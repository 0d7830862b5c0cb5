//! Compiles both contracts of each change in `changes.md`: `changes::NAME::{old, new}`; those of the file server, of real
//! daemons and of large arrays; and `classic.x`, with strings as bytes and as text: `bytes` and `utf8`.

use rpc_idlc::{Compiler, Generated, Strings};
use std::fmt::Write;
use std::path::{Path, PathBuf};

include!("src/changes.rs");

fn main() {
    let contracts = [
        "../idl/nfs3.x",
        "../idl/mount3.x",
        "contracts/daemons.x",
        "contracts/large.x",
    ];
    for contract in contracts {
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
    write("changes.rs", &modules);
    classic();
}

fn classic() {
    let contract = Path::new("contracts/classic.x");
    println!("cargo::rerun-if-changed={}", contract.display());
    let mut modules = String::new();
    for (name, strings) in [("bytes", Strings::Bytes), ("utf8", Strings::Utf8)] {
        let rust = rust(&Compiler::new().file(contract).strings(strings));
        let _ = write!(modules, "pub mod {name} {{\n{rust}\n}}\n");
    }
    write("classic.rs", &modules);
}

fn compile(contract: &str) -> String {
    rust(&Compiler::new().text("row.idl", contract))
}

fn rust(compiler: &Compiler) -> String {
    let compiled: Vec<Generated> = compiler
        .generate()
        .unwrap_or_else(|error| panic!("{error}"));
    compiled.into_iter().map(|one| one.rust).collect()
}

fn write(name: &str, text: &str) {
    let folder = std::env::var_os("OUT_DIR").expect("Cargo says where to write");
    std::fs::write(PathBuf::from(folder).join(name), text).expect("it can be written");
}
