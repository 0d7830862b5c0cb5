//! What `idlc x` writes is taken by the system's `rpcgen`, and the C that it makes by the compiler.

use crate::{HEADERS, Scratch, missing_tool, run};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// What rpcgen's own C is warned of: it declares `buf` in each function, whether it needs it or not.
pub const WARNINGS: [&str; 3] = ["-Wall", "-Wno-unused-variable", "-Werror"];

/// Each option of rpcgen, and the end of the name of the C file.
pub const PARTS: [(&str, &str); 4] = [
    ("-h", ".h"),
    ("-c", "_xdr.c"),
    ("-l", "_clnt.c"),
    ("-m", "_svc.c"),
];

#[test]
fn rpcgen_and_the_c_compiler_take_every_construct() {
    let test = "rpcgen_and_the_c_compiler_take_every_construct";
    if let Some(missing) = missing_tool() {
        return testkit::skip(test, &missing);
    }
    let folder = Scratch::new("contracts");
    let mut seen = 0;
    for path in fixtures() {
        let name = path.file_stem().and_then(|name| name.to_str());
        let name = name.expect("a fixture has a name");
        std::fs::copy(&path, folder.0.join(format!("{name}.x"))).expect("it can be copied");
        rpcgen(&folder.0, name);
        for (_, part) in &PARTS[1..] {
            let file = format!("{name}{part}");
            // Without a program there are no stubs, and rpcgen makes no file.
            if folder.0.join(&file).exists() {
                let words = [&WARNINGS, &["-I", HEADERS, "-c", file.as_str()][..]].concat();
                run(&folder.0, "gcc", &words);
                seen += 1;
            }
        }
    }
    assert!(seen > 30, "only {seen} files of C");
}

/// A header that declares more than it did is seen here, before somebody's contract meets it.
#[test]
fn no_name_of_the_headers_can_be_taken() {
    if let Some(missing) = missing_tool() {
        return testkit::skip("no_name_of_the_headers_can_be_taken", &missing);
    }
    let folder = Scratch::new("headers");
    let headers = [
        "rpc/rpc.h",
        "rpc/pmap_clnt.h",
        "stdio.h",
        "stdlib.h",
        "string.h",
        "sys/socket.h",
        "netinet/in.h",
        "unistd.h",
        "errno.h",
    ];
    let text: String = headers
        .iter()
        .map(|h| format!("#include <{h}>\n"))
        .collect();
    std::fs::write(folder.0.join("all.c"), text).expect("the folder can be written to");
    let macros = run(&folder.0, "gcc", &["-E", "-dM", "-I", HEADERS, "all.c"]);
    let declared = run(&folder.0, "gcc", &["-E", "-P", "-I", HEADERS, "all.c"]);
    let macros = macros
        .lines()
        .filter_map(|line| line.split([' ', '(']).nth(1));
    let mut names: BTreeSet<&str> = macros.filter(|name| !name.starts_with('_')).collect();
    assert!(names.len() > 1000, "only {} macros", names.len());
    let functions = functions(&declared);
    assert!(functions.len() > 500, "only {} functions", functions.len());
    names.extend(functions);
    let types: String = names
        .iter()
        .map(|name| format!("struct {name} {{ a: u32 }}\n"))
        .collect();
    let kept = kept(&names, &types);
    assert!(kept.is_empty(), "idlc would take these names: {kept:?}");
}

/// The names of functions and types: what stands before a parenthesis, or ends a `typedef`.
fn functions(text: &str) -> BTreeSet<&str> {
    let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let mut names = BTreeSet::new();
    for line in text.lines().filter(|line| !line.starts_with([' ', '\t'])) {
        let end = match (line.starts_with("extern "), line.starts_with("typedef ")) {
            (true, _) => line.find(" (").or_else(|| line.find('(')),
            (_, true) => line.find(';'),
            _ => None,
        };
        let Some(head) = end.map(|end| line[..end].trim_end()) else {
            continue;
        };
        let start = head.rfind(|c| !word(c)).map_or(0, |at| at + 1);
        let name = &head[start..];
        if name.starts_with(|c: char| c.is_ascii_alphabetic()) {
            names.insert(name);
        }
    }
    names
}

/// Those of the names under which a type of a contract would be written.
fn kept<'a>(names: &BTreeSet<&'a str>, types: &str) -> Vec<&'a str> {
    // Names that Rust would write alike are refused; each then has a contract of its own.
    let written = |text: &str| -> Option<String> {
        let made = rpc_idlc::Compiler::new()
            .text("names.idl", text)
            .generate_x();
        made.ok().map(|made| made[0].text.clone())
    };
    let is_kept = |name: &&&str| {
        let line = types
            .lines()
            .find(|line| line.starts_with(&format!("struct {name} ")));
        let text = line.and_then(written).unwrap_or_default();
        text.contains(&format!("\nstruct {name} {{"))
    };
    names.iter().filter(is_kept).copied().collect()
}

/// Runs rpcgen on `NAME.x`, for all parts that it has.
pub fn rpcgen(folder: &Path, name: &str) {
    let source = format!("{name}.x");
    for (option, part) in PARTS {
        run(
            folder,
            "rpcgen",
            &[option, "-o", &format!("{name}{part}"), &source],
        );
    }
}

/// The `.x` files that `idlc` makes of its fixtures, of which there is one for each construct.
fn fixtures() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../rpc-idlc/tests/fixtures/good");
    let entries = std::fs::read_dir(folder).expect("the fixtures are there");
    let paths = entries.map(|entry| entry.expect("a fixture can be read").path());
    paths
        .filter(|path| path.extension().is_some_and(|end| end == "x"))
        .collect()
}
