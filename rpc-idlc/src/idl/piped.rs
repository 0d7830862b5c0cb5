//! Whether a text without a name is a `.x` file.

use super::lexer::{Token, TokenKind, lex};
use crate::diag::Diagnostics;
use crate::source::{FileId, Span};

/// What only a `.x` file has, in a text that has nothing before it which only an `.idl` file has: a line for the
/// preprocessor or for C in the beginning, a `typedef`, a `program` with versions, a `union` with C's `switch`, or a
/// `struct` whose fields begin with their types.
pub(crate) fn sign_of_x(file: FileId, text: &str) -> Option<Span> {
    // What is wrong with it as an .idl file is told by who reads it as one.
    let (tokens, _) = lex(file, text, &mut Diagnostics::default());
    let first = tokens.first()?;
    if text[first.span.range()].starts_with(['%', '#']) {
        let end = first.span.start + 1;
        return Some(Span { end, ..first.span });
    }
    let told = (0..tokens.len()).find_map(|at| is_x(&tokens[at..], text));
    told.flatten()
}

/// What the next tokens tell: nothing, that it is no `.x` file, or where it is seen that it is one.
fn is_x(tokens: &[Token], text: &str) -> Option<Option<Span>> {
    let word = |at: usize| {
        let named = tokens
            .get(at)
            .filter(|token| token.kind == TokenKind::Ident);
        named.map(|token| &text[token.span.range()])
    };
    let sign = |at: usize, sign: &str| {
        let token = tokens.get(at);
        token.is_some_and(|token| text[token.span.range()].starts_with(sign))
    };
    word(1)?;
    let is_x = match word(0)? {
        "typedef" => true,
        "program" if sign(2, "{") => true,
        "union" if sign(2, "switch") && sign(3, "(") => true,
        "struct" if sign(2, "{") && word(3).is_some() && sign(4, ":") => false,
        "struct" if sign(2, "{") && word(3).is_some() && (word(4).is_some() || sign(4, "*")) => {
            true
        }
        "interface" | "error" | "type" => false,
        _ => return None,
    };
    Some(is_x.then(|| tokens[0].span))
}

#[cfg(test)]
mod tests {
    use super::sign_of_x;
    use crate::diag::Diagnostics;
    use crate::source::Sources;
    use std::path::Path;

    #[test]
    fn the_first_sign_of_either_language_counts() {
        for (text, sign) in [
            ("/* a */\n// b\n\n%#include <a.h>", Some("%")),
            ("#define A 1", Some("#")),
            (
                "const A = 1; enum e { B = A }; typedef int a;",
                Some("typedef"),
            ),
            ("program A { version B {} = 1; } = 2;", Some("program")),
            ("struct a { int b; };", Some("struct")),
            ("struct a { b *c; };", Some("struct")),
            ("union a switch (int b) {};", Some("union")),
            ("", None),
            ("const A = 1; enum e { B = A };", None),
            ("type A = u8; typedef int a;", None),
            ("struct A { b: u8 } struct a { int b; };", None),
            ("/// A.\nerror A { B = 1 }\n# C", None),
            (
                "interface A { program 1; version 2; typedef(a: u8) = 1; }",
                None,
            ),
        ] {
            let mut sources = Sources::default();
            let file = sources.add(Path::new("-"), text.into(), &mut Diagnostics::default());
            let found = sign_of_x(file, text).map(|span| &text[span.range()]);
            assert_eq!(found, sign, "{text}");
        }
    }
}
