//! What stands in the braces of enums, structs and unions.

use super::{Parse, Parser};
use crate::ast::Docs;
use crate::rpcl::lexer::Kind;
use crate::rpcl::tree::{Arm, Declaration, Enumerator, Spec, Union};

impl Parser<'_> {
    /// `{ A = 1, B }`. `docs` are those of the enum, which a comment behind the brace adds to.
    pub(super) fn enumerators(&mut self, docs: &mut Docs) -> Parse<Vec<Enumerator>> {
        let opened = self.expect('{')?;
        self.docs_behind(docs);
        let mut values = Vec::new();
        self.needless_commas();
        while !self.eat('}') {
            self.unclosed(opened)?;
            let mut docs = self.docs();
            let name = self.ident("a name or `}`")?;
            let value = match self.eat('=') {
                true => Some(self.expr("a value")?),
                false => None,
            };
            self.comma()?;
            self.docs_behind(&mut docs);
            values.push(Enumerator { docs, name, value });
        }
        Ok(values)
    }

    /// What stands between two values of an enum.
    fn comma(&mut self) -> Parse<()> {
        let behind = self.previous().after();
        if self.at_punct('}') {
            return Ok(());
        }
        if !self.at_punct(',') {
            if !self.at_value() {
                return Err(self.expected("`,` or `}`"));
            }
            self.sloppy("a `,` is missing", behind, ",");
            return Ok(());
        }
        let first = self.bump().at;
        if self.at_punct('}') {
            self.sloppy("this `,` is not needed", first, "");
        }
        self.needless_commas();
        Ok(())
    }

    fn needless_commas(&mut self) {
        while self.at_punct(',') {
            let place = self.bump().at;
            self.sloppy("this `,` is not needed", place, "");
        }
    }

    /// Whether another value begins here. One that is not the last of its line has to look like one; anything else is another
    /// mistake.
    fn at_value(&self) -> bool {
        let alike = matches!(self.nth(1).kind, Kind::Punct('=' | ',' | '}'));
        self.word(0).is_some() && (alike || !self.same_line())
    }

    /// `{ int a; int b; }`
    pub(super) fn fields(&mut self, docs: &mut Docs) -> Parse<Vec<Declaration>> {
        let opened = self.expect('{')?;
        self.docs_behind(docs);
        let mut fields = Vec::new();
        while !self.eat('}') {
            self.unclosed(opened)?;
            if self.at_punct(';') {
                let place = self.bump().at;
                self.sloppy("this `;` is not needed", place, "");
                continue;
            }
            let mut field = self.declaration()?;
            self.semicolon()?;
            self.docs_behind(&mut field.docs);
            // `void;` is nothing: some write it for a struct without fields.
            if !matches!(field.ty, Spec::Void) {
                fields.push(field);
            }
        }
        Ok(fields)
    }

    /// `switch (int kind) { case 1: … default: … }`
    pub(super) fn switch(&mut self, docs: &mut Docs) -> Parse<Union> {
        if !self.eat_word("switch") {
            return Err(self.expected("`switch`"));
        }
        self.expect('(')?;
        let switch = self.declaration()?;
        self.expect(')')?;
        let opened = self.expect('{')?;
        self.docs_behind(docs);
        let mut arms = Vec::new();
        while !self.eat('}') {
            self.unclosed(opened)?;
            arms.push(self.arm()?);
        }
        Ok(Union { switch, arms })
    }

    fn arm(&mut self) -> Parse<Arm> {
        let mut docs = self.docs();
        let start = self.span();
        let mut labels = Vec::new();
        let mut default = false;
        loop {
            if self.eat_word("case") {
                labels.push(self.expr("a value")?);
            } else if self.eat_word("default") {
                default = true;
            } else if labels.is_empty() && !default {
                return Err(self.no_case());
            } else {
                break;
            }
            self.expect(':')?;
            self.docs_behind(&mut docs);
        }
        let mut payload = self.declaration()?;
        self.semicolon()?;
        self.docs_behind(&mut docs);
        docs.append(&mut payload.docs);
        if default {
            // It takes the values of the labels beside it, too.
            labels.clear();
        }
        Ok(Arm {
            docs,
            labels,
            span: self.since(start),
            payload: (!matches!(payload.ty, Spec::Void)).then_some(payload),
        })
    }
}
