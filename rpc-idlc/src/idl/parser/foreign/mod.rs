//! What other languages write: recognised, so that the message can say how it is written here.

mod methods;
mod types;

pub(super) use types::is_type;

use super::{Parse, Parser};
use crate::ast::Semantics;
use crate::casing::camel;
use crate::diag::{Code, Diagnostic, Reported};
use crate::idl::lexer::TokenKind;
use crate::source::Span;
use types::list;

/// The word of ours that begins what `word` begins elsewhere.
fn keyword(word: &str) -> Option<&'static str> {
    Some(match word {
        "message" | "class" | "record" => "struct",
        "exception" => "error",
        "service" | "trait" | "protocol" => "interface",
        "using" | "alias" => "type",
        "define" | "static" | "let" => "const",
        _ => return None,
    })
}

/// How to write what `word` begins elsewhere, if more than the word is different.
fn advice(word: &str) -> Option<&'static str> {
    Some(match word {
        "typedef" => "write `type NAME = TYPE;`",
        "program" => "write `interface NAME { program NUMBER; version NUMBER; … }`",
        "fn" | "def" | "func" | "function" | "rpc" | "void" | "async" => {
            "methods stand in an `interface`: `name(argument: TYPE) -> TYPE = 1;`"
        }
        "package" | "module" | "mod" => "write `namespace NAME;`, first in the file",
        "include" | "use" | "require" => "write `import \"FILE.idl\";`",
        "syntax" | "option" | "edition" => "leave this out",
        "impl" => "an interface says what there is; how it works is written in Rust",
        _ if Semantics::ALL.iter().any(|s| s.word() == word) => "methods stand in an `interface`",
        _ => return None,
    })
}

/// Words that say here what is said without them.
fn needless(word: &str) -> bool {
    matches!(
        word,
        "pub" | "public" | "private" | "export" | "abstract" | "virtual" | "final" | "mut" | "var"
    )
}

impl<'a> Parser<'a> {
    /// A definition as another language begins it: the word for it here, or how it is written here.
    /// Nothing if no other language is recognised.
    pub(super) fn foreign_item(&mut self) -> Option<Parse<&'static str>> {
        let (word, span) = (self.word(0)?, self.span());
        let title = format!("`{word}` begins nothing here");
        let problem = Diagnostic::new(Code::OtherLanguage, title, span, "");
        if let Some(ours) = keyword(word).filter(|_| self.word(1).is_some()) {
            self.bump();
            let problem = problem.help(format!("write `{ours}`")).edit(span, ours);
            self.diags.report(problem);
            return Some(Ok(ours));
        }
        if word == "typedef"
            && let Some(problem) = self.typedef(span)
        {
            return Some(Err(self.diags.report(problem)));
        }
        let advice = advice(word)?;
        Some(Err(self.diags.report(problem.help(advice))))
    }

    /// `typedef TYPE NAME;`, with its mending.
    fn typedef(&self, start: Span) -> Option<Diagnostic> {
        let declared = self.declaration(1)?;
        let whole = start.to(self.nth(declared.end - 1).span);
        let mended = format!("type {} = {}", declared.name, declared.ty);
        let title = "`typedef` is written `type` here";
        let problem = Diagnostic::new(Code::OtherLanguage, title, whole, "");
        let problem = problem.help(format!("write `{mended};`"));
        Some(problem.edit(whole, mended))
    }

    /// Passes over `pub` and the like, once told.
    pub(super) fn leave_out_needless(&mut self) {
        while let Some(word) = self.word(0).filter(|word| needless(word)) {
            if self.word(1).is_none() {
                return;
            }
            self.leave_out(word);
        }
    }

    /// Reports the word that stands here and passes over it.
    fn leave_out(&mut self, word: &str) {
        let span = self.bump().span;
        let title = format!("`{word}` is not written here");
        let whole = Span {
            end: self.span().start,
            ..span
        };
        let problem = Diagnostic::new(Code::OtherLanguage, title, span, "");
        self.diags
            .report(problem.help("leave it out").edit(whole, ""));
    }

    /// A field or argument as another language writes it, `TYPE NAME` for the most part; goes behind it.
    pub(super) fn foreign_field(&mut self) -> Option<Reported> {
        let numbered = self.kind() == TokenKind::Int && self.nth(1).kind == TokenKind::Punct(':');
        let start = if numbered { 2 } else { 0 };
        if !numbered && self.nth(1).kind == TokenKind::Punct(':') {
            return None;
        }
        let declared = self.declaration(start)?;
        let whole = self.span().to(self.nth(declared.end - 1).span);
        let mended = format!("{}: {}", declared.name, declared.ty);
        let title = "a name comes before its type";
        let problem = Diagnostic::new(Code::OtherLanguage, title, whole, "");
        let mut problem = problem.help(format!("write `{mended}`"));
        // A `;` behind it is of that language too.
        let behind = self.nth(declared.end);
        problem = match behind.kind {
            TokenKind::Punct(';') => problem.edit(whole.to(behind.span), mended + ","),
            _ => problem.edit(whole, mended),
        };
        if declared.numbered || numbered {
            problem =
                problem.help("fields have no numbers: they are sent in the order of the file");
        }
        self.at += declared.end;
        Some(self.diags.report(problem))
    }

    /// An arm as another language writes it.
    pub(super) fn foreign_arm(&mut self) -> Option<Reported> {
        let next = self.nth(1).kind;
        if let Some(declared) = self.declaration(0).filter(|declared| declared.numbered) {
            let number = self.text_of(self.nth(declared.end - 1));
            let mended = format!("{}({}) = {number}", camel(declared.name), declared.ty);
            let whole = self.span().to(self.nth(declared.end - 1).span);
            let title = "an arm begins with its name";
            let problem = Diagnostic::new(Code::OtherLanguage, title, whole, "");
            self.at += declared.end;
            let problem = problem.help(format!("write `{mended}`"));
            return Some(self.diags.report(problem.edit(whole, mended)));
        }
        let title = match self.kind() {
            TokenKind::Ident if self.at_word("case") && !matches!(next, TokenKind::Punct(_)) => {
                "arms are not written with `case`"
            }
            TokenKind::Int if next == TokenKind::Punct(':') => "an arm begins with its name",
            _ => return None,
        };
        let problem = Diagnostic::new(Code::OtherLanguage, title, self.span(), "");
        let help = "write the arm's name, what it holds, and its number: `Cash(u64) = 1`";
        Some(self.complain(problem.help(help)))
    }

    /// `TYPE NAME`, with what may stand around it elsewhere, from the `n`th token on.
    fn declaration(&self, mut n: usize) -> Option<Declared<'a>> {
        let (mut many, mut perhaps) = (false, false);
        while let Some(word) = self.word(n).filter(|_| self.word(n + 1).is_some()) {
            match word {
                "repeated" => many = true,
                "optional" => perhaps = true,
                "required" | "const" | "struct" | "enum" => {}
                _ if needless(word) => {}
                _ => break,
            }
            n += 1;
        }
        let (mut ty, after) = self.foreign_type(n, 0)?;
        let name = self.word(after)?;
        // `name Type` is a forgotten colon, and no other language.
        let first = self.word(n).unwrap_or_default();
        let plain = !many && !perhaps && after == n + 1;
        if plain && !is_type(first) && !first.starts_with(|c: char| c.is_ascii_uppercase()) {
            return None;
        }
        let mut end = after + 1;
        (ty, end) = self.length_behind(ty, end)?;
        ty = match (many, perhaps) {
            (true, _) => list(&ty),
            (_, true) => format!("optional<{ty}>"),
            _ => ty,
        };
        let numbered = self.nth(end).kind == TokenKind::Punct('=');
        if numbered {
            end += 2;
        }
        let ends = matches!(self.nth(end).kind, TokenKind::Punct(',' | ';' | '}' | ')'));
        (ends || self.nth(end).kind == TokenKind::End).then_some(Declared {
            name,
            ty,
            numbered,
            end,
        })
    }

    /// `[N]`, `<N>` or `<>` behind the name.
    fn length_behind(&self, ty: String, n: usize) -> Option<(String, usize)> {
        let close = match self.nth(n).kind {
            TokenKind::Punct('[') => TokenKind::Punct(']'),
            TokenKind::Punct('<') => TokenKind::Punct('>'),
            _ => return Some((ty, n)),
        };
        let fixed = close == TokenKind::Punct(']');
        if self.nth(n + 1).kind == close {
            let own = ty == "string" || ty == "bytes";
            return Some((if own { ty } else { list(&ty) }, n + 2));
        }
        let length = self.text_of(self.nth(n + 1));
        if self.nth(n + 2).kind != close {
            return None;
        }
        let ty = match (ty.as_str(), fixed) {
            ("string", _) => format!("string<{length}>"),
            ("bytes" | "u8" | "i8", false) => format!("bytes<{length}>"),
            ("bytes" | "u8" | "i8", true) => format!("bytes[{length}]"),
            (_, true) => format!("{ty}[{length}]"),
            (_, false) => format!("list<{ty}, {length}>"),
        };
        Some((ty, n + 3))
    }
}

/// What another language declares, as it is written here.
struct Declared<'a> {
    name: &'a str,
    ty: String,
    /// It has a number, or a value, behind a `=`.
    numbered: bool,
    /// How many tokens from here it ends.
    end: usize,
}
