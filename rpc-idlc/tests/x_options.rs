//! What the user says about `.x` files: several as one unit, `-D`, `-I`, `--extern`, `--strings`.

use rpc_idlc::{Compiler, Error, Strings};

fn rust(compiler: &Compiler) -> String {
    let generated = compiler.generate();
    let generated = generated.unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(generated.len(), 1, "a unit becomes one file");
    generated[0].rust.clone()
}

#[test]
fn several_files_are_one_unit_which_the_first_one_names() {
    let compiler = Compiler::new()
        .text(
            "service.x",
            "struct request { id what; };\nconst MAX = LATER;",
        )
        .text(
            "types.x",
            "typedef hyper id;\nenum when { NOW, LATER = 7 };",
        );
    let generated = compiler.generate().expect("both are good together");
    assert_eq!(generated.len(), 1);
    assert_eq!(generated[0].file_name, "service.rs");
    for part in [
        "pub what: Id",
        "pub type Id = i64;",
        "pub const MAX: u32 = 7;",
    ] {
        assert!(
            generated[0].rust.contains(part),
            "{part}: {}",
            generated[0].rust
        );
    }
}

#[test]
fn each_file_starts_with_the_macros_of_the_options_only() {
    let one = "#ifdef SEEN\n#error seen\n#endif\n#define SEEN\nconst A = 1;";
    let two = one.replace("const A", "const B");
    rust(&Compiler::new().text("one.x", one).text("two.x", two));
}

#[test]
fn a_header_stands_for_a_file_that_was_named() {
    let compiler = Compiler::new()
        .text(
            "a.x",
            "%#include <made/b.h>\n%#include \"a.h\"\nstruct a { b b; };",
        )
        .text("b.x", "%#include \"a.h\"\ntypedef int b;");
    assert!(rust(&compiler).contains("pub b: B"));
}

#[test]
fn a_definition_of_the_options_is_a_constant_and_a_condition() {
    let text = "#if LEVEL > 2\nstruct a { int b[LEVEL]; string c<MAX>; };\n#endif";
    let compiler = Compiler::new().text("a.x", text);
    let compiler = compiler.define("LEVEL", "3").define("MAX", "(LEVEL + 1)");
    let rust = rust(&compiler);
    for part in ["LEVEL: u32 = 3;", "MAX: u32 = 4;", "Bounded<Vec<u8>, MAX>"] {
        assert!(rust.contains(part), "{part}: {rust}");
    }
}

#[test]
fn a_definition_that_is_none_is_shown_where_it_was_made() {
    let compiler = Compiler::new().text("a.x", "const A = 1;");
    let Err(Error::Rejected(mistakes)) = compiler.define("1", "2").check() else {
        panic!("a macro called 1 was accepted");
    };
    let message = mistakes.to_string();
    for part in ["--> <command line>:", "#define 1 2"] {
        assert!(message.contains(part), "{message}");
    }
}

#[test]
fn strings_are_bytes_unless_they_are_to_be_text() {
    let compiler = Compiler::new().text("a.x", "struct a { string b<>; string c<9>; };");
    let bytes = rust(&compiler);
    assert!(bytes.contains("pub b: Vec<u8>"), "{bytes}");
    let text = rust(&compiler.strings(Strings::Utf8));
    assert!(text.contains("pub b: String"), "{text}");
    assert!(
        text.contains("pub c: rpc_core::Bounded<String, 9>"),
        "{text}"
    );
}

#[test]
fn a_type_that_is_elsewhere_is_named_there() {
    let compiler = Compiler::new().text("a.x", "struct a { stamp when; stamp *maybe; };");
    let known = compiler.clone().extern_path("stamp", "crate::time::Stamp");
    assert!(rust(&known).contains("pub when: crate::time::Stamp"));
    let unknown = compiler.check().expect_err("nothing defines it");
    assert!(unknown.to_string().contains("--extern stamp="), "{unknown}");
    let needless = known.extern_path("stmp", "crate::Stamp").check();
    assert!(
        matches!(needless, Err(Error::Extern { .. })),
        "{needless:?}"
    );
}

#[test]
fn a_file_that_includes_another_with_what_c_defines_is_whole() {
    let compiler = Compiler::new()
        .text("whole.x", "const MAXPATH = 1024;\n#include \"real.x\"")
        .text("real.x", "typedef string path<MAXPATH>;");
    assert!(rust(&compiler).contains("pub type Path = rpc_core::Bounded<Vec<u8>, MAXPATH>;"));
}

#[test]
fn two_versions_of_a_file_are_compared() {
    let text = "program P { version V { int GET(TYPE) = 1; } = 1; } = 0x20000001;";
    let compared = Compiler::new()
        .text("old.x", text.replace("TYPE", "int"))
        .text("new.x", text.replace("TYPE", "hyper"))
        .diff()
        .expect("both are good");
    assert!(compared.breaks());
}

#[test]
fn a_warning_does_not_stop_anything_and_is_told_once() {
    let warned = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
    let told = warned.clone();
    let compiler = Compiler::new().text("a.x", "enum a { B, };");
    let compiler = compiler.on_warnings(move |warnings| {
        let mut told = told.lock().expect("nobody failed");
        told.push((warnings.count(), warnings.warnings(), warnings.lines()));
    });
    compiler.check().expect("it is good enough");
    let line = "a.x:1:11: warning[W0951]: this `,` is not needed".to_owned();
    assert_eq!(*warned.lock().expect("nobody failed"), [(0, 1, vec![line])]);
}
