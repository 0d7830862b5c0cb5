//! Definitions: what stands at the top of a file, and what is inside them.

use super::foreign::is_type;
use super::header::HEADER;
use super::{Parse, Parser};
use crate::ast::{
    Arm, Docs, Enumerator, Field, File, Ident, Item, ItemKind, Labels, Payload, Union,
};
use crate::diag::{Code, Diagnostic};
use crate::idl::lexer::TokenKind;
use crate::suggest::closest;

/// The words that begin a definition. None is reserved: they are words only where one can stand.
pub(super) const KEYWORDS: [&str; 7] = [
    "const",
    "type",
    "struct",
    "enum",
    "union",
    "error",
    "interface",
];

const BRACES: (char, char) = ('{', '}');
pub(super) const PARENS: (char, char) = ('(', ')');

/// What a `;` ends a part of.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Within {
    File,
    Interface,
}

impl Parser<'_> {
    pub(super) fn file(&mut self) -> File {
        let mut file = File::default();
        loop {
            let docs = self.docs();
            if self.at_end() {
                self.stray_docs(&docs);
                return file;
            }
            let start = self.at;
            let read = match self.at_header() {
                true => self.header(docs, &mut file),
                false => self.item(docs).map(|item| file.items.push(item)),
            };
            if read.is_err() {
                self.skip_item(start);
            }
        }
    }

    /// Does a definition begin here (with its doc comment)? Asked where none may, to find the end
    /// of one that lacks its brace; so it looks at three tokens, lest a field named `type` is one.
    pub(super) fn at_item(&self) -> bool {
        let mut n = 0;
        while self.nth(n).kind == TokenKind::Doc {
            n += 1;
        }
        n = self.behind_annotations(n);
        let keyword = self.word(n).is_some_and(|word| KEYWORDS.contains(&word));
        keyword
            && self.word(n + 1).is_some()
            && (matches!(self.nth(n + 2).kind, TokenKind::Punct('{' | '=' | ':'))
                || self.word(n + 2) == Some("switch"))
    }

    /// Goes behind the `;` or the braces of what could not be read.
    fn skip_item(&mut self, start: usize) {
        let mut depth = 0i32;
        while !self.at_end() && (self.at == start || !self.at_item()) {
            depth += match self.kind() {
                TokenKind::Punct('{') => 1,
                TokenKind::Punct('}') => -1,
                _ => 0,
            };
            let ends = depth <= 0 && self.at_any(";}");
            self.skip();
            if ends {
                // As behind the braces of a `program` of rpcgen.
                if self.at_punct('=') {
                    while !self.at_end() && !self.at_item() && !self.eat(';') {
                        self.skip();
                    }
                }
                return;
            }
        }
    }

    fn item(&mut self, docs: Docs) -> Parse<Item> {
        let annotations = self.annotations();
        if self.at_end() || self.at_header() {
            self.stray_annotations(&annotations);
            if let Some(reported) = self.diags.before() {
                return Err(reported);
            }
        }
        self.leave_out_needless();
        let keyword = self.keyword()?;
        let name = self.ident("a name")?;
        let start = self.at;
        let kind = self.body(keyword).unwrap_or_else(|_| {
            self.skip_item(start);
            ItemKind::Broken
        });
        if !matches!(kind, ItemKind::Const { .. } | ItemKind::Alias(_)) {
            self.no_semicolon();
        }
        Ok(Item {
            docs,
            annotations,
            name,
            kind,
        })
    }

    fn body(&mut self, keyword: &str) -> Parse<ItemKind> {
        Ok(match keyword {
            "const" => self.constant()?,
            "type" => {
                self.expect('=')?;
                let ty = self.type_expr()?;
                self.semicolon(Within::File);
                ItemKind::Alias(ty)
            }
            "struct" => ItemKind::Struct(self.list(BRACES, Self::field)?),
            "enum" => ItemKind::Enum(self.list(BRACES, Self::enumerator)?),
            "interface" => ItemKind::Interface(self.interface()?),
            _ => ItemKind::Union(self.union(keyword == "error")?),
        })
    }

    /// The word that begins a definition. One that is misspelt, or of another language, is reported and
    /// taken for what was meant.
    fn keyword(&mut self) -> Parse<&'static str> {
        if let Some(keyword) = KEYWORDS.into_iter().find(|word| self.at_word(word)) {
            self.bump();
            return Ok(keyword);
        }
        if let Some(foreign) = self.foreign_item() {
            return foreign;
        }
        if self.at_any("})];") {
            let title = format!("this {} belongs to nothing", self.found());
            let problem = Diagnostic::new(Code::NoDefinition, title, self.span(), "");
            return Err(self
                .diags
                .report(problem.help("remove it").edit(self.span(), "")));
        }
        let title = format!("expected a definition, found {}", self.found());
        let problem = Diagnostic::new(Code::NoDefinition, title, self.span(), "");
        let near = self
            .word(0)
            .and_then(|word| closest(word, KEYWORDS.into_iter().chain(HEADER)));
        let Some(keyword) = near else {
            let words = KEYWORDS.join(", ");
            return Err(
                self.complain(problem.help(format!("a definition begins with one of: {words}")))
            );
        };
        let reported = self.complain(problem.meant(near));
        if self.word(1).is_none() || HEADER.contains(&keyword) {
            return Err(reported);
        }
        self.bump();
        Ok(keyword)
    }

    pub(super) fn semicolon(&mut self, within: Within) {
        if self.eat(';') {
            return;
        }
        self.missing("`;`");
        if self.forgotten() {
            return;
        }
        // What follows on the same line belongs to the mistake: not a definition, nor the brace that ends an interface.
        let mut depth = 0u32;
        while self.same_line() && !self.at_end() && !self.at_item() {
            match self.kind() {
                TokenKind::Punct('}') if depth == 0 && within == Within::Interface => return,
                TokenKind::Punct('{') => depth += 1,
                TokenKind::Punct('}') => depth = depth.saturating_sub(1),
                _ => {}
            }
            if self.bump().kind == TokenKind::Punct(';') {
                return;
            }
        }
    }

    fn no_semicolon(&mut self) {
        if self.at_punct(';') {
            let problem = Diagnostic::new(
                Code::NeedlessSemicolon,
                "no `;` is needed behind `}`",
                self.span(),
                "remove this",
            );
            self.diags.report(problem);
            self.bump();
        }
    }

    fn constant(&mut self) -> Parse<ItemKind> {
        let ty = if self.eat(':') {
            Some(self.type_expr()?)
        } else {
            None
        };
        self.expect('=')?;
        let value = self.expr("a value")?;
        self.semicolon(Within::File);
        Ok(ItemKind::Const { ty, value })
    }

    pub(super) fn field(&mut self) -> Parse<Field> {
        let (docs, annotations) = self.preamble()?;
        if let Some(reported) = self.foreign_field() {
            return Err(reported);
        }
        self.leave_out_needless();
        let name = self.ident("a name")?;
        if !self.eat(':') {
            return Err(self.no_colon(&name));
        }
        let ty = self.type_expr()?;
        Ok(Field {
            docs,
            annotations,
            name,
            ty,
        })
    }

    fn no_colon(&mut self, name: &Ident) -> crate::diag::Reported {
        let title = format!("expected `:` and a type, found {}", self.found());
        let problem = Diagnostic::new(Code::NoColon, title, self.span(), "expected `:`");
        let problem = match self.word(0) {
            Some(next) if is_type(next) || next.starts_with(|c: char| c.is_ascii_uppercase()) => {
                problem
                    .help(format!("write `{}: {next}`", name.text))
                    .edit(name.span.after(), ":")
            }
            _ if is_type(&name.text) => problem.help(format!("write `NAME: {}`", name.text)),
            _ => problem.help(format!("write `{}: TYPE`", name.text)),
        };
        self.complain(problem)
    }

    fn enumerator(&mut self) -> Parse<Enumerator> {
        let (docs, annotations) = self.preamble()?;
        let name = self.ident("a name")?;
        let value = if self.eat('=') {
            Some(self.expr("a number")?)
        } else {
            None
        };
        Ok(Enumerator {
            docs,
            annotations,
            name,
            value,
        })
    }

    fn union(&mut self, error: bool) -> Parse<Union> {
        let switch = match self.eat_word("switch") {
            true if self.at_punct('(') => return Err(self.union_of_xdr()),
            true => Some(self.type_expr()?),
            false => None,
        };
        let arms = self.list(BRACES, Self::arm)?;
        Ok(Union {
            switch,
            arms,
            error,
        })
    }

    fn union_of_xdr(&mut self) -> crate::diag::Reported {
        let title = "this is how XDR writes a union";
        let problem = Diagnostic::new(Code::OtherLanguage, title, self.span(), "");
        let help = "write `union NAME switch TYPE { Arm(TYPE) = VALUE, … }`, without parentheses";
        self.complain(problem.help(help))
    }

    fn arm(&mut self) -> Parse<Arm> {
        let (docs, annotations) = self.preamble()?;
        let start = self.span();
        let default = self.at_word("default") && self.word(1).is_some();
        if default {
            self.bump();
        } else if let Some(reported) = self.foreign_arm() {
            return Err(reported);
        }
        let name = self.ident("a name")?;
        let payload = self.payload()?;
        let labels = if default {
            Labels::Default(start)
        } else {
            self.labels()?
        };
        Ok(Arm {
            docs,
            annotations,
            name,
            payload,
            labels,
        })
    }

    fn payload(&mut self) -> Parse<Payload> {
        Ok(match self.kind() {
            TokenKind::Punct('(') => Payload::Types(self.list(PARENS, Self::type_expr)?),
            TokenKind::Punct('{') => Payload::Fields(self.list(BRACES, Self::field)?),
            _ => Payload::None,
        })
    }

    fn labels(&mut self) -> Parse<Labels> {
        if !self.eat('=') {
            return Ok(Labels::Missing);
        }
        let mut cases = vec![self.expr("a number or a name")?];
        while self.eat('|') {
            cases.push(self.expr("a number or a name")?);
        }
        Ok(Labels::Cases(cases))
    }
}
