//! Methods as other languages write them.

use super::super::Parser;
use super::types::is_type;
use crate::ast::Semantics;
use crate::casing::snake;
use crate::diag::{Code, Diagnostic, Reported};
use crate::idl::lexer::TokenKind;
use crate::suggest::closest;

/// What is read of a method, as it is written here.
#[derive(Default)]
struct Signature {
    /// Where the next token is.
    at: usize,
    /// Something is written as it is elsewhere.
    foreign: bool,
    result: Option<String>,
    throws: Option<String>,
}

impl Parser<'_> {
    /// A whole method as another language writes it; goes behind it. `number` is one that is free.
    pub(in crate::idl::parser) fn foreign_method(&mut self, number: usize) -> Option<Reported> {
        let mut read = Signature::default();
        let semantics = self.words_before(&mut read);
        let name = self.word(read.at)?;
        read.at += 1;
        let arguments = self.foreign_arguments(&mut read)?;
        self.foreign_result(&mut read)?;
        self.foreign_throws(&mut read)?;
        let number = match self.nth(read.at).kind {
            TokenKind::Punct('=') => {
                read.at += 2;
                self.text_of(self.nth(read.at - 1)).to_owned()
            }
            _ => number.to_string(),
        };
        if !read.foreign || !self.method_ends(&mut read) {
            return None;
        }
        let semantics = semantics.map_or(String::new(), |word| format!("{word} "));
        let result = read.result.map_or(String::new(), |ty| format!(" -> {ty}"));
        let throws = read
            .throws
            .map_or(String::new(), |e| format!(" throws {e}"));
        let arguments = arguments.join(", ");
        let mended = format!("{semantics}{name}({arguments}){result}{throws} = {number};");
        let whole = self.span().to(self.nth(read.at - 1).span);
        let title = "this is how another language writes a method";
        let problem = Diagnostic::new(Code::OtherLanguage, title, whole, "");
        self.at += read.at;
        let problem = problem.help(format!("write `{mended}`"));
        // What to call an argument is for people to say.
        let certain = !mended.contains("NAME: ");
        Some(self.diags.report(match certain {
            true => problem.edit(whole, mended),
            false => problem,
        }))
    }

    /// What stands before the name. The word for how often it may run is kept.
    fn words_before(&self, read: &mut Signature) -> Option<&'static str> {
        let mut semantics = None;
        while let Some(word) = self
            .word(read.at)
            .filter(|_| self.word(read.at + 1).is_some())
        {
            let known = Semantics::ALL.iter().find(|s| s.word() == word);
            if let Some(known) = known {
                semantics = Some(known.word());
            } else if super::needless(word) || is_method(word) {
                read.foreign = true;
            } else {
                break;
            }
            read.at += 1;
        }
        let word = self.word(read.at).unwrap_or_default();
        let known = is_type(word) || word.starts_with(|c: char| c.is_ascii_uppercase());
        if let Some((ty, end)) = self.foreign_type(read.at, 0)
            && known
            && self.word(end).is_some()
        {
            read.result = Some(ty);
            read.at = end;
            read.foreign = true;
        }
        semantics
    }

    /// `(…)`
    fn foreign_arguments(&self, read: &mut Signature) -> Option<Vec<String>> {
        if self.nth(read.at).kind != TokenKind::Punct('(') {
            return None;
        }
        read.at += 1;
        let mut arguments = Vec::new();
        while self.nth(read.at).kind != TokenKind::Punct(')') {
            match self.nth(read.at).kind {
                // As `&self`, which was told already.
                TokenKind::Bad => read.at += 1,
                _ => arguments.push(self.foreign_argument(read)?),
            }
            if self.nth(read.at).kind == TokenKind::Punct(',') {
                read.at += 1;
            }
        }
        read.at += 1;
        Some(arguments)
    }

    /// `NAME: TYPE`, `TYPE NAME` or only a type.
    fn foreign_argument(&self, read: &mut Signature) -> Option<String> {
        if self.nth(read.at + 1).kind == TokenKind::Punct(':') {
            if let Some(name) = self.word(read.at) {
                let (ty, end) = self.foreign_type(read.at + 2, 0)?;
                read.at = end;
                return Some(format!("{name}: {ty}"));
            }
            read.at += 2;
        }
        if self.word(read.at) == Some("stream") {
            read.at += 1;
        }
        read.foreign = true;
        if let Some(declared) = self.declaration(read.at) {
            read.at = declared.end;
            return Some(format!("{}: {}", declared.name, declared.ty));
        }
        let (ty, end) = self.foreign_type(read.at, 0)?;
        // Else it is a forgotten colon, and no other language.
        if !matches!(self.nth(end).kind, TokenKind::Punct(',' | ')')) {
            return None;
        }
        read.at = end;
        let name = match ty.contains('<') || is_type(&ty) {
            true => "NAME".to_owned(),
            false => snake(&ty),
        };
        Some(format!("{name}: {ty}"))
    }

    /// `-> TYPE`, `returns (TYPE)` or `: TYPE`.
    fn foreign_result(&self, read: &mut Signature) -> Option<()> {
        let arrow = self.nth(read.at).kind == TokenKind::Arrow;
        let signs = (self.nth(read.at).kind, self.nth(read.at + 1).kind);
        if signs == (TokenKind::Punct('='), TokenKind::Punct('>')) {
            let (ty, end) = self.foreign_type(read.at + 2, 0)?;
            read.result = Some(ty);
            read.foreign = true;
            read.at = end;
            return Some(());
        }
        let returns = self.word(read.at) == Some("returns");
        if !arrow && !returns && self.nth(read.at).kind != TokenKind::Punct(':') {
            return Some(());
        }
        read.foreign |= !arrow;
        read.at += 1;
        let parenthesis = returns && self.nth(read.at).kind == TokenKind::Punct('(');
        read.at += usize::from(parenthesis);
        if self.word(read.at) == Some("stream") {
            read.at += 1;
        }
        let result = self.word(read.at) == Some("Result");
        if result && self.nth(read.at + 1).kind == TokenKind::Punct('<') {
            let (arguments, end) = self.arguments(read.at + 2, 0)?;
            let [ty, error] = &arguments[..] else {
                return None;
            };
            read.result = Some(ty.clone());
            read.throws = Some(error.clone());
            read.foreign = true;
            read.at = end;
            return Some(());
        }
        let (ty, end) = self.foreign_type(read.at, 0)?;
        read.at = end + usize::from(parenthesis);
        read.result = Some(ty);
        Some(())
    }

    /// `throws NAME`, `throws (1: NAME name)` or `raises (NAME)`.
    fn foreign_throws(&self, read: &mut Signature) -> Option<()> {
        let Some(word) = self.word(read.at) else {
            return Some(());
        };
        read.foreign |= word == "raises";
        if word != "raises" && closest(word, ["throws"]).is_none() {
            return None;
        }
        read.at += 1;
        if self.nth(read.at).kind != TokenKind::Punct('(') {
            read.throws = Some(self.word(read.at)?.to_owned());
            read.at += 1;
            return Some(());
        }
        read.foreign = true;
        read.at += 1;
        if self.nth(read.at).kind == TokenKind::Int {
            read.at += 2;
        }
        read.throws = Some(self.word(read.at)?.to_owned());
        read.at += 1 + usize::from(self.word(read.at + 1).is_some());
        let closed = self.nth(read.at).kind == TokenKind::Punct(')');
        read.at += 1;
        closed.then_some(())
    }

    /// `;`, `,` or `{}`, which are passed over.
    fn method_ends(&self, read: &mut Signature) -> bool {
        match (self.nth(read.at).kind, self.nth(read.at + 1).kind) {
            (TokenKind::Punct(';' | ','), _) => read.at += 1,
            (TokenKind::Punct('{'), TokenKind::Punct('}')) => read.at += 2,
            (TokenKind::Punct('}') | TokenKind::End, _) => {}
            _ => return false,
        }
        true
    }
}

/// The words that begin a method elsewhere.
fn is_method(word: &str) -> bool {
    matches!(
        word,
        "fn" | "def" | "func" | "function" | "async" | "rpc" | "void"
    )
}
