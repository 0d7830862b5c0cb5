//! No text, however mangled, makes the compiler panic or hang, and what it accepts becomes Rust.

#![allow(clippy::unwrap_used, reason = "what is unwrapped was made here")]

mod common;

use common::mangling::{changes, mangle, word};
use common::{each_ends, fixtures};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use rpc_idlc::{Compiler, Error};

/// Compiles `text`: either there are messages, or there is Rust that can be parsed.
fn compile(text: &str) {
    // What the formatter cannot read it refuses, and it never changes what a text says.
    let formatted = rpc_idlc::format("mangled.idl", text);
    assert!(
        matches!(formatted, Ok(_) | Err(Error::Rejected(_))),
        "{formatted:?}"
    );
    match Compiler::new().text("mangled.idl", text).generate() {
        Ok(generated) => {
            let parsed = syn::parse_file(&generated[0].rust);
            assert!(
                parsed.is_ok(),
                "{text}\n became no Rust:\n{}",
                generated[0].rust
            );
        }
        Err(Error::Rejected(mistakes)) => {
            assert!(mistakes.to_string().contains("error[E"), "{mistakes}")
        }
        Err(other) => panic!("{other}"),
    }
}

fn all_fixtures() -> Vec<String> {
    let paths = fixtures("good").into_iter().chain(fixtures("bad"));
    paths
        .map(|path| std::fs::read_to_string(path).unwrap())
        .collect()
}

#[test]
fn a_file_may_end_anywhere() {
    for text in all_fixtures() {
        for (end, _) in text.char_indices() {
            compile(&text[..end]);
        }
    }
}

#[test]
fn a_file_may_begin_anywhere() {
    for text in all_fixtures() {
        for (start, _) in text.char_indices() {
            compile(&text[start..]);
        }
    }
}

const WORDS: &[&str] = &[
    "const",
    "type",
    "struct",
    "enum",
    "union",
    "error",
    "interface",
    "program",
    "version",
    "switch",
    "default",
    "throws",
    "oneway",
    "readonly",
    "idempotent",
    "exactly_once",
    "list",
    "map",
    "set",
    "optional",
    "namespace",
    "import",
    "uuid",
    "u128",
    "@",
    ".",
    "@deprecated",
    "@deadline(2s)",
    "@audit.level(3)",
    "message",
    "repeated",
    "unsigned",
    "typedef",
    "rpc",
    "returns",
    "fn",
    "pub",
    "string",
    "bytes",
    "u8",
    "u32",
    "f64",
    "bool",
    "A",
    "B",
    "a",
    "b",
    "self",
    "Self",
    "true",
    "_",
    "{",
    "}",
    "(",
    ")",
    "[",
    "]",
    "<",
    ">",
    ",",
    ";",
    ":",
    "=",
    "|",
    "-",
    "->",
    "0",
    "1",
    "-1",
    "2",
    "0x10",
    "4294967295",
    "99999999999999999999",
    "0x",
    "08",
    "\"text\"",
    "\"",
    "\\",
    "/// doc\n",
    "// comment\n",
    "/*",
    "*/",
    "\n",
    "\r\n",
    "\t",
    " ",
    "\0",
    "\u{1b}[31m",
    "é",
    "漢",
    "\u{feff}",
    "\u{202e}",
    "🦀",
    "\u{301}",
    "#",
    "'",
];

/// Words in an order that is likelier to be understood than any order.
fn definition() -> impl Strategy<Value = String> {
    let name = select(&["A", "B", "C", "D", "Ab", "ab"][..]);
    let ty = prop_oneof![
        select(
            &[
                "A", "B", "C", "D", "ab", "u8", "u32", "f32", "bool", "string", "bytes"
            ][..]
        )
        .prop_map(str::to_owned)
    ]
    .prop_recursive(4, 16, 1, |inner| {
        (inner, 0..8).prop_map(|(inner, shape)| match shape {
            0 => format!("list<{inner}>"),
            1 => format!("list<{inner}, C>"),
            2 => format!("optional<{inner}>"),
            3 => format!("{inner}[2]"),
            4 => format!("map<{inner}, {inner}>"),
            5 => format!("set<{inner}, 3>"),
            6 => format!("({inner}, {inner})"),
            _ => format!("{inner}[C]"),
        })
    });
    let types = (vec(ty, 1..4), name).prop_map(|(types, name)| (types, name.to_owned()));
    (types, 0..7).prop_map(|((types, name), shape)| {
        let (first, last) = (&types[0], &types[types.len() - 1]);
        match shape {
            0 => format!("const {name} = 4;\n"),
            1 => format!("type {name} = {first};\n"),
            2 => format!("struct {name} {{ a: {first}, b: {last} }}\n"),
            3 => format!("enum {name} {{ A = 1, B = 2 }}\n"),
            4 => format!("union {name} {{ A = 0, B({first}) = 1, default C {{ a: {last} }} }}\n"),
            5 => format!("error {name} switch A {{ A({first}, {last}) = A | B }}\n"),
            _ => format!(
                "interface {name} {{ program 1; version 1; a(a: {first}) -> {last} throws B = 1; }}\n"
            ),
        }
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_is_judged(text in any::<String>()) {
        compile(&text);
    }

    #[test]
    fn any_words_are_judged(words in vec(word(WORDS), 0..80), space in select(&["", " "][..])) {
        compile(&words.join(space));
    }

    #[test]
    fn any_bytes_are_judged(bytes in vec(any::<u8>(), 0..300)) {
        compile(&String::from_utf8_lossy(&bytes));
    }

    #[test]
    fn any_change_to_a_file_is_judged(text in select(all_fixtures()), changes in changes(WORDS)) {
        compile(&mangle(text, &changes));
    }

    #[test]
    fn any_definitions_are_judged(definitions in vec(definition(), 1..8)) {
        compile(&definitions.concat());
    }
}

/// Far more than anyone writes; a pass whose time or stack grew faster than the text would show.
#[test]
fn large_texts_are_judged_in_time() {
    const MANY: usize = 10_000;
    const DEEP: usize = 100_000;
    let lines = |line: fn(usize) -> String| (0..MANY).map(line).collect::<String>();
    let texts = [
        (
            "nested types",
            format!("type A = {}u8{};", "list<".repeat(DEEP), ">".repeat(DEEP)),
        ),
        (
            "nested tuples",
            format!("type A = {}", "(u8, ".repeat(DEEP)),
        ),
        (
            "nested maps",
            format!("type A = {}", "map<u8, ".repeat(DEEP)),
        ),
        ("nested brackets", format!("type A = {}", "[".repeat(DEEP))),
        (
            "foreign types",
            format!("struct A {{ {} }}", "Vec<".repeat(DEEP)),
        ),
        (
            "foreign arguments",
            format!(
                "interface A {{ fn a({}) }}",
                "unsigned int a, ".repeat(DEEP)
            ),
        ),
        (
            "foreign methods without end",
            format!("interface A {{ {} }}", "fn a(u64, ".repeat(MANY)),
        ),
        (
            "words",
            format!("interface A {{ {} }}", "pub ".repeat(DEEP)),
        ),
        ("annotations", "@a.b(1) ".repeat(DEEP)),
        (
            "alike names",
            lines(|n| format!("struct Known{n} {{}}\n"))
                + &lines(|n| format!("struct A{n} {{ a: Knonw{n} }}\n")),
        ),
        (
            "one number for all",
            format!("enum A {{ {} }}", lines(|n| format!("A{n} = 1,"))),
        ),
        (
            "missing numbers",
            format!("enum A {{ B = 1, {} }}", lines(|n| format!("A{n},"))),
        ),
        (
            "one procedure for all",
            format!(
                "interface A {{ program 1; version 1; {} }}",
                lines(|n| format!("a{n}() = 1;"))
            ),
        ),
        (
            "many lengths",
            format!("type A = u8{};", "[1]".repeat(MANY)),
        ),
        ("open braces", "struct A { ".repeat(MANY)),
        ("open arms", format!("union A {}", "{ B ".repeat(MANY))),
        (
            "open parentheses",
            format!("union A {{ B {}", "(".repeat(MANY)),
        ),
        ("closed braces", "}".repeat(MANY)),
        ("doc comments", "/// doc\n".repeat(MANY)),
        (
            "doc comments in the wrong place",
            format!("const {}", "/// doc\n".repeat(MANY)),
        ),
        ("stray characters", "# ".repeat(MANY)),
        ("a line without end", "a ".repeat(MANY * 10)),
        (
            "a long name",
            format!("type {} = u8;", "a".repeat(MANY * 10)),
        ),
        (
            "a long number",
            format!("const A = {};", "9".repeat(MANY * 10)),
        ),
        (
            "a chain of constants",
            lines(|n| format!("const A{n} = A{};\n", n + 1)) + &format!("const A{MANY} = 1;"),
        ),
        (
            "a circle of constants",
            lines(|n| format!("const A{n} = A{};\n", (n + 1) % MANY)),
        ),
        (
            "a chain of aliases",
            lines(|n| format!("type A{n} = A{};\n", n + 1)) + &format!("type A{MANY} = u8;"),
        ),
        (
            "a circle of aliases",
            lines(|n| format!("type A{n} = list<A{}>;\n", (n + 1) % MANY)),
        ),
        (
            "a chain of structs",
            lines(|n| format!("struct A{n} {{ a: A{}[2] }}\n", n + 1))
                + &format!("struct A{MANY} {{}}"),
        ),
        (
            "a circle of structs",
            lines(|n| format!("struct A{n} {{ a: A{} }}\n", (n + 1) % MANY)),
        ),
        (
            "a circle that ends",
            lines(|n| format!("struct A{n} {{ a: optional<A{}> }}\n", (n + 1) % MANY)),
        ),
        ("one name", "struct A { a: u8 }\n".repeat(MANY)),
        (
            "unknown types",
            lines(|n| format!("struct Known{n} {{ a: Unknown{n} }}\n")),
        ),
        (
            "unknown labels",
            format!(
                "enum E {{ {} }}\nunion U switch E {{ {} }}",
                lines(|n| format!("E{n} = {n},")),
                lines(|n| format!("E{n} = F{n},"))
            ),
        ),
        (
            "known labels",
            format!(
                "enum E {{ {} }}\nunion U switch E {{ {} }}",
                lines(|n| format!("E{n} = {n},")),
                lines(|n| format!("E{n} = E{n},"))
            ),
        ),
        (
            "methods",
            format!(
                "interface A {{ program 1; version 1; {} }}",
                lines(|n| format!("a{n}() = {n};"))
            ),
        ),
        (
            "methods without numbers",
            format!(
                "interface A {{ program 1; version 1; {} }}",
                lines(|n| format!("a{n}();"))
            ),
        ),
    ];
    each_ends(texts, compile);
}
