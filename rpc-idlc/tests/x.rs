//! One fixture for each construct of the RPC language: what it becomes in Rust, to the letter. `compiled.rs` shows
//! that rustc takes it, `x_bytes.rs` what is on the wire.
//!
//! With `RPC_TESTS_REGENERATE=1` the expected files are written instead of compared.

mod common;

use common::{check_expected, x_files};
use rpc_idlc::{Compiler, Error, Format, Strings};

#[test]
fn every_construct_becomes_the_rust_beside_it() {
    for path in x_files("x") {
        let generated = Compiler::new().file(&path).generate();
        let generated = generated.unwrap_or_else(|error| panic!("{}:\n{error}", path.display()));
        check_expected(&path.with_extension("rs"), &generated[0].rust);
    }
}

/// Names, numbers, documentation, fingerprints: the tests of rpcgen see that it takes what is written.
#[test]
fn written_anew_a_file_says_the_same() {
    for path in x_files("x").into_iter().chain(x_files("x_read")) {
        let again = Compiler::new().file(&path).generate_x();
        let again = again.unwrap_or_else(|error| panic!("{}:\n{error}", path.display()));
        let second = || Compiler::new().text("again.x", &again[0].text);
        let compared = Compiler::new().file(&path).text("again.x", &again[0].text);
        let compared = compared.diff();
        let compared = compared.unwrap_or_else(|error| panic!("{}:\n{error}", again[0].text));
        // Which is which, `idlc diff` cannot tell where a file describes a version of a program twice.
        if path
            .file_stem()
            .is_none_or(|name| name != "program_constants")
        {
            let told = compared.render(Format::Plain);
            assert!(compared.is_empty(), "{}:\n{told}", path.display());
        }
        let first = Compiler::new().file(&path).json();
        let first = described(&first.expect("the file is good"));
        let second = described(&second().json().expect("the file is good"));
        assert_eq!(first, second, "{}", path.display());
    }
}

/// The definitions and namespaces of `idlc json`, without the places, in the order of their texts: C has what is
/// needed before what needs it.
fn described(json: &str) -> Vec<String> {
    let mut found = vec![String::new()];
    let mut within_place = None;
    for line in json.lines() {
        let indent = line.len() - line.trim_start().len();
        if line.trim_start().starts_with("\"at\": {") {
            within_place = Some(indent);
        }
        if within_place.is_none() && indent > 6 {
            let last = found.last_mut().expect("it has one");
            last.push_str(&format!("{line}\n"));
            if indent == 8 && line.trim_start().starts_with('}') {
                *last = last.trim_end_matches([',', '\n']).to_owned();
                found.push(String::new());
            }
        }
        if within_place == Some(indent) && line.trim_start().starts_with('}') {
            within_place = None;
        }
    }
    found.sort();
    found
}

#[test]
fn two_versions_of_a_file_are_compared() {
    let file = "struct pair { int a; int b; }; program P { version V { int F(pair) = 1; } = 1; } = 0x20000001;";
    let compared = Compiler::new()
        .text("old.x", file)
        .text("new.x", file.replace("int b;", "hyper b;"))
        .diff()
        .expect("both are good");
    assert_eq!(compared.verdicts().len(), 1);
    let told = compared.render(Format::Plain);
    let line = "wire, source: field `b` of struct `pair` is `i64` and was `i32`";
    assert!(told.contains(line), "{told}");
}

#[test]
fn strings_are_text_for_who_says_so() {
    let file = "struct s { string a<5>; string b<>; }; program P { version V { string F(string) = 1; } = 1; } = 2;";
    let generated = Compiler::new()
        .text("s.x", file)
        .strings(Strings::Utf8)
        .generate();
    let rust = &generated.expect("the file is good")[0].rust;
    for expected in [
        "pub a: rpc_core::Bounded<String, 5>,",
        "pub b: String,",
        "arg: &str) -> String;",
    ] {
        assert!(rust.contains(expected), "{rust}");
    }
}

/// Text that is no UTF-8, as in old files: C has these bytes, and so has whatever is made of the file.
#[test]
fn bytes_of_text_stay_what_they_are() {
    for (literal, rust) in [
        (r#""Gr\374\337e""#, r#"&[u8] = b"Gr\xFC\xDFe""#),
        (r#""Gr\303\274\303\237e""#, r#"&str = "Grüße""#),
    ] {
        let file = format!("const A = {literal}; const B = A;");
        let compiler = || Compiler::new().text("a.x", &file);
        let generated = compiler().generate().expect("the file is good");
        let expected = format!("pub const A: {rust};");
        assert!(generated[0].rust.contains(&expected), "{generated:?}");
        let again = compiler().generate_x().expect("the file is good");
        assert!(again[0].text.contains(literal), "{}", again[0].text);
        let compared = compiler().text("b.x", &again[0].text).diff();
        let told = compared.expect("both are good").render(Format::Plain);
        assert!(!told.contains("constant"), "{told}");
    }
    let compiler = Compiler::new().text("a.x", r#"const A = "\374\337";"#);
    let json = compiler.json().expect("the file is good");
    let compact: String = json.split_whitespace().collect();
    let expected = r#""type":{"kind":"bytes"},"value":[252,223]"#;
    assert!(compact.contains(expected), "{json}");
}

#[test]
fn what_is_elsewhere_is_named_and_not_written() {
    let file = "enum kind { ONE = 1 }; typedef int number; struct s { kind k; unknown_t u; number n; }; \
                union u switch (kind k) { case ONE: unknown_t *x; };";
    let generated = Compiler::new()
        .text("s.x", file)
        .extern_path("kind", "crate::other::Kind")
        .extern_path("unknown_t", "other_crate::Unknown")
        .generate();
    let rust = &generated.expect("the file is good")[0].rust;
    for expected in [
        "pub k: crate::other::Kind,",
        "pub u: other_crate::Unknown,",
        "#[xdr(case = crate::other::Kind::One)]",
        "One(Option<other_crate::Unknown>),",
        "#[derive(Debug, Clone, PartialEq, rpc_core::Xdr)]\npub struct S",
    ] {
        assert!(rust.contains(expected), "{rust}");
    }
    assert!(
        !rust.contains("enum Kind") && !rust.contains("struct Unknown"),
        "{rust}"
    );
}

#[test]
fn nothing_is_written_over_what_it_is_made_of() {
    let folder = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("x-over");
    std::fs::create_dir_all(&folder).expect("a test has a folder");
    let file = folder.join("a.x");
    std::fs::write(&file, "const A = 1;").expect("a fixture can be written");
    let refused = Compiler::new().file(&file).out_dir(&folder).compile_x();
    assert!(
        matches!(refused, Err(Error::Overwrites { .. })),
        "{refused:?}"
    );
    let refused = rpc_idlc::format_file(&file);
    assert!(
        matches!(refused, Err(Error::NotFormatted { .. })),
        "{refused:?}"
    );
    let text = std::fs::read_to_string(&file).expect("the file is there");
    assert_eq!(text, "const A = 1;");
}

/// In Rust all of these are `AB`. Each name is found without trying those that were given before.
#[test]
fn of_thousands_that_would_have_one_name_each_has_its_own() {
    let one = |n| format!("struct a{}b {{ int x; }};\n", "_".repeat(n));
    let text: String = (1..1_500).map(one).collect();
    let generated = Compiler::new().text("a.x", text).generate();
    let rust = &generated.expect("the file is good")[0].rust;
    for name in ["AB", "AB_", "AB____", "AB5", "AB1498"] {
        let expected = format!("pub struct {name} {{");
        assert_eq!(rust.matches(&expected).count(), 1, "{name}");
    }
}

/// Thousands of definitions, each of which names others, and a union with as many arms.
#[test]
fn a_large_file_is_compiled_as_well() {
    use std::fmt::Write;
    let mut text = String::from("enum e {");
    for n in 0..3_000 {
        let _ = write!(text, "{} E{n}", if n == 0 { "" } else { "," });
    }
    text.push_str("};\n");
    for n in 0..3_000 {
        let _ = writeln!(
            text,
            "struct s{n} {{ s{} *other; t{n} held; s{n} *next; }};",
            (n * 7 + 1) % 3_000
        );
        let _ = writeln!(text, "typedef s{} t{n}<E{n}>;", (n + 1) % 3_000);
        let _ = writeln!(
            text,
            "const C{n} = {};",
            if n == 2_999 {
                "1".to_owned()
            } else {
                format!("C{}", n + 1)
            }
        );
    }
    text.push_str("union u switch (e x) {");
    for n in 0..3_000 {
        let _ = write!(text, "case E{n}: s{n} *a{n};");
    }
    text.push_str("};\n");
    Compiler::new()
        .text("large.x", text)
        .generate()
        .expect("the file is good");
}
