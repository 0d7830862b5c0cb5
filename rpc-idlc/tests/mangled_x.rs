//! No `.x` file, however mangled, makes the compiler panic, hang or take without measure, and what it
//! accepts becomes Rust.

#![allow(clippy::unwrap_used, reason = "what is unwrapped was made here")]

mod common;

use common::mangling::{changes, mangle, word};
use common::{each_ends, x_files};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use rpc_idlc::{Compiler, Error};
use std::path::Path;

/// Compiles `text`: either there are messages, or there is Rust that can be parsed.
fn compile(text: &str) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/x_read");
    let compiler = Compiler::new().include(folder).text("mangled.x", text);
    match compiler.generate() {
        Ok(generated) => {
            let rust = &generated[0].rust;
            assert!(
                syn::parse_file(rust).is_ok(),
                "{text}\n became no Rust:\n{rust}"
            );
        }
        Err(Error::Rejected(mistakes)) => {
            assert!(mistakes.to_string().contains("error[E"), "{mistakes}")
        }
        Err(other) => panic!("{other}"),
    }
}

fn all_fixtures() -> Vec<String> {
    let paths = x_files("x_read").into_iter().chain(x_files("x_bad"));
    // Those that are not UTF-8 come through here as something else, which is as good.
    paths
        .map(|path| String::from_utf8_lossy(&std::fs::read(path).unwrap()).into_owned())
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

const WORDS: &[&str] = &[
    "const",
    "typedef",
    "enum",
    "struct",
    "union",
    "switch",
    "case",
    "default",
    "program",
    "version",
    "namespace",
    "void",
    "bool",
    "int",
    "unsigned",
    "hyper",
    "float",
    "double",
    "quadruple",
    "opaque",
    "string",
    "char",
    "short",
    "long",
    "A",
    "B",
    "a",
    "b",
    "u_int",
    "netobj",
    "TRUE",
    "AUTH_SYS",
    "{",
    "}",
    "(",
    ")",
    "[",
    "]",
    "<",
    ">",
    "*",
    ";",
    ",",
    ":",
    "::",
    "=",
    "-",
    "+",
    "/",
    "|",
    "&",
    "^",
    "~",
    "!",
    "?",
    "0",
    "1",
    "-1",
    "08",
    "0x10",
    "4294967296",
    "99999999999999999999999999999999999999999",
    "\"a\"",
    "\"",
    "'",
    "\\",
    "\\\n",
    "\n",
    "\r\n",
    "\n%",
    "\n#",
    "\n#if ",
    "\n#ifdef A\n",
    "\n#else\n",
    "\n#endif\n",
    "\n#define A ",
    "\n#define B A A\n",
    "\n#undef A\n",
    "\n#include \"a\"\n",
    "\n#include \"include.x\"\n",
    "\n%#include \"header.h\"\n",
    "\n%#define A B+1\n",
    "defined(A)",
    "/*",
    "*/",
    "//",
    "\0",
    "\u{1a}",
    "é",
    "\u{feff}",
    "\u{202e}",
    "\u{a0}",
];

/// Words in an order that is likelier to be understood than any order.
fn definition() -> impl Strategy<Value = String> {
    let name = select(&["A", "B", "C", "D", "Ab", "ab"][..]);
    let ty = select(
        &[
            "A", "B", "C", "struct D", "ab", "int", "bool", "opaque", "string", "netobj",
        ][..],
    );
    let shape = select(&["a", "*a", "a[2]", "a<>", "a<C>", "a[C][2]", "next"][..]);
    (name, ty, shape, 0..8).prop_map(|(name, ty, shape, kind)| match kind {
        0 => format!("const {name} = 4;\n"),
        1 => format!("#define {name} (B + 1)\n"),
        2 => format!(
            "typedef {ty} {};\n",
            shape.replace('a', name).replace("next", name)
        ),
        3 => format!("struct {name} {{ int b; {ty} {shape}; }};\n"),
        4 => format!("enum {name} {{ {name}_A, {name}_B = 4 }};\n"),
        5 => format!("union {name} switch (A b) {{ case 0: {ty} {shape}; case C: void; }};\n"),
        6 => format!(
            "union {name} switch (bool b) {{ case TRUE: {ty} {shape}; case FALSE: void; }};\n"
        ),
        _ => {
            format!("program {name} {{ version V {{ {ty} GET({ty} {shape}) = 1; }} = C; }} = 7;\n")
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
    fn any_change_to_a_file_is_judged(
        text in select(all_fixtures()),
        changes in changes(WORDS),
    ) {
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
    const DEEP: usize = 30_000;
    let lines = |line: fn(usize) -> String| (0..MANY).map(line).collect::<String>();
    let texts = [
        ("nested structs", "struct a { struct ".repeat(DEEP)),
        (
            "nested anonymous structs",
            format!("struct a {}", "{ struct ".repeat(DEEP)),
        ),
        (
            "nested unions",
            format!(
                "struct a {{ {}",
                "union switch (int a) { case 1: ".repeat(DEEP)
            ),
        ),
        ("nested namespaces", "namespace a {\n".repeat(DEEP)),
        ("parentheses", format!("const A = {}", "(".repeat(DEEP))),
        ("minuses", format!("const A = {}1;", "-".repeat(DEEP))),
        ("a long sum", format!("const A = 1{};", "+1".repeat(DEEP))),
        (
            "a long sum in a condition",
            format!("#if 1{}\n#endif", "+1".repeat(DEEP)),
        ),
        (
            "parentheses in a condition",
            format!("#if {}\n#endif", "(".repeat(DEEP)),
        ),
        (
            "exclamation marks",
            format!("#if {}1\n#endif", "!".repeat(DEEP)),
        ),
        ("choices", format!("#if {}1\n#endif", "1?1:".repeat(DEEP))),
        ("conditions in conditions", "#if 1\n".repeat(DEEP)),
        (
            "skipped conditions",
            format!("#if 0\n{}", "#if 1\n".repeat(DEEP)),
        ),
        ("lengths", format!("typedef int a{};", "[1]".repeat(MANY))),
        (
            "labels",
            format!(
                "union a switch (int b) {{ {} void; }};",
                lines(|n| format!("case {n}:"))
            ),
        ),
        (
            "the same label",
            format!(
                "union a switch (int b) {{ {} void; }};",
                "case 1:".repeat(MANY)
            ),
        ),
        (
            "arguments",
            format!(
                "program P {{ version V {{ int A(int{}) = 1; }} = 1; }} = 1;",
                ",int".repeat(MANY)
            ),
        ),
        (
            "a chain of macros",
            lines(|n| format!("#define A{n} A{}\n", n + 1)) + "const B = A0;",
        ),
        (
            "a circle of macros",
            lines(|n| format!("#define A{n} A{}\n", (n + 1) % MANY)) + "const B = A0;",
        ),
        (
            "a chain of sums",
            lines(|n| format!("#define A{n} (A{} + 1)\n", n + 1)) + "const B = A0;",
        ),
        (
            "macros of nothing",
            (0..60)
                .map(|n| format!("#define A{n} A{} A{0}\n", n + 1))
                .collect::<String>()
                + "#define A60\nA0",
        ),
        (
            "macros of much",
            (0..60)
                .map(|n| format!("#define A{n} A{} A{0}\n", n + 1))
                .collect::<String>()
                + "A0",
        ),
        (
            "macros in a condition",
            (0..60)
                .map(|n| format!("#define A{n} A{}+A{0}\n", n + 1))
                .collect::<String>()
                + "#if A0\n#endif",
        ),
        (
            "constants of macros",
            lines(|n| format!("#define A{n} 1\nconst B{n} = A{n};\n")),
        ),
        (
            "a chain of constants",
            lines(|n| format!("const A{n} = A{};\n", n + 1)) + "const A10000 = 1;",
        ),
        (
            "a circle of constants",
            lines(|n| format!("const A{n} = A{};\n", (n + 1) % MANY)),
        ),
        (
            "a chain of types",
            lines(|n| format!("typedef A{} A{n};\n", n + 1)) + "typedef int A10000;",
        ),
        (
            "a circle of types",
            lines(|n| format!("typedef A{} A{n};\n", (n + 1) % MANY)),
        ),
        (
            "a chain of structs",
            lines(|n| format!("struct A{n} {{ A{} a; }};\n", n + 1)) + "struct A10000 { int a; };",
        ),
        (
            "a circle of structs",
            lines(|n| format!("struct A{n} {{ A{} *a; }};\n", (n + 1) % MANY)),
        ),
        (
            "a circle without end",
            lines(|n| format!("struct A{n} {{ A{} a; }};\n", (n + 1) % MANY)),
        ),
        (
            "values without numbers",
            format!("enum A {{ B = 1, {} C }};", lines(|n| format!("A{n},"))),
        ),
        (
            "values that follow each other",
            format!(
                "enum A {{ {} A10000 }};",
                lines(|n| format!("A{n} = A{} - 1,", n + 1))
            ),
        ),
        ("one name", "struct A { int a; };\n".repeat(MANY)),
        (
            "names that become one",
            lines(|n| format!("struct {}A {{ int a; }};\n", "_".repeat(n % 100))),
        ),
        (
            "unknown types",
            lines(|n| format!("struct A{n} {{ B{n} a; }};\n")),
        ),
        ("comments", "/* a */ ".repeat(DEEP)),
        ("lines of comments", "// a\n".repeat(DEEP) + "const A = 1;"),
        ("semicolons", ";".repeat(DEEP)),
        ("commas", format!("enum A {{ B{} }};", ",".repeat(DEEP))),
        ("lines of C", "%a\n".repeat(DEEP)),
        ("a long line of C", "%\\\n".repeat(DEEP)),
        (
            "defines for C",
            lines(|n| format!("%#define A{n} A{}+1\n", n + 1)) + "const B = A0;",
        ),
        ("open braces", "struct a { ".repeat(MANY)),
        ("broken definitions", "struct a b;\n".repeat(MANY)),
        ("misspelt words", lines(|n| format!("stuct{n} a;\n"))),
        ("a long name", format!("const {} = 1;", "a".repeat(DEEP))),
        ("a long number", format!("const A = {};", "9".repeat(DEEP))),
        (
            "a long string",
            format!("const A = \"{}\";", "a".repeat(DEEP)),
        ),
        (
            "procedures",
            format!(
                "program P {{ version V {{ {} }} = 1; }} = 1;",
                lines(|n| format!("int A{n}(int) = {n};"))
            ),
        ),
        (
            "versions",
            format!(
                "program P {{ {} }} = 1;",
                lines(|n| format!("version V{n} {{ int A(int) = 1; }} = {n};"))
            ),
        ),
    ];
    each_ends(texts, compile);
}
