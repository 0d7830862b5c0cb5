//! Programs, their versions and procedures (RFC 5531, section 12).

use super::{Parse, Parser};
use crate::ast::Docs;
use crate::rpcl::tree::{Declaration, Expr, ItemKind, Procedure, Program, Shape, Spec, Version};

impl Parser<'_> {
    pub(super) fn program(&mut self, mut docs: Docs) -> Parse<()> {
        self.bump();
        let name = self.naming("the name of a program")?;
        let opened = self.expect('{')?;
        self.docs_behind(&mut docs);
        let mut versions = Vec::new();
        while !self.eat('}') {
            self.unclosed(opened)?;
            versions.push(self.version()?);
        }
        let number = self.assigned()?;
        self.docs_behind(&mut docs);
        let program = Program {
            name,
            number,
            versions,
        };
        self.add(docs, ItemKind::Program(program));
        Ok(())
    }

    fn version(&mut self) -> Parse<Version> {
        let mut docs = self.docs();
        if !self.eat_word("version") {
            return Err(self.expected("`version` or `}`"));
        }
        let name = self.ident("the name of a version")?;
        let opened = self.expect('{')?;
        self.docs_behind(&mut docs);
        let mut procedures = Vec::new();
        while !self.eat('}') {
            self.unclosed(opened)?;
            procedures.push(self.procedure()?);
        }
        let number = self.assigned()?;
        self.docs_behind(&mut docs);
        Ok(Version {
            docs,
            name,
            number,
            procedures,
        })
    }

    fn procedure(&mut self) -> Parse<Procedure> {
        let mut docs = self.docs();
        let result = self.result()?;
        let name = self.ident("the name of a procedure")?;
        let args = self.arguments()?;
        let number = self.assigned()?;
        self.docs_behind(&mut docs);
        Ok(Procedure {
            docs,
            name,
            number,
            result,
            args,
        })
    }

    fn result(&mut self) -> Parse<Declaration> {
        let start = self.span();
        let ty = self.spec()?;
        let pointer = self.eat('*');
        let shape = self.shape(start, pointer)?;
        let result = Declaration {
            docs: Docs::new(),
            name: None,
            ty,
            shape,
            span: self.since(start),
        };
        self.sensible(&result)?;
        Ok(result)
    }

    /// `(void)`, `()`, `(int, string<>)`, `(int a, string b<>)`
    fn arguments(&mut self) -> Parse<Vec<Declaration>> {
        self.expect('(')?;
        let mut args = Vec::new();
        while !self.at_punct(')') {
            args.push(self.maybe_named()?);
            if !self.eat(',') {
                break;
            }
        }
        if !self.eat(')') {
            return Err(self.expected("`,` or `)`"));
        }
        // `(void)` has none; among others it would be nothing that can be sent.
        args.retain(|arg| !matches!((&arg.ty, &arg.shape), (Spec::Void, Shape::Plain)));
        Ok(args)
    }

    /// `= 3;`
    fn assigned(&mut self) -> Parse<Expr> {
        self.expect('=')?;
        let number = self.expr("a number")?;
        self.semicolon()?;
        Ok(number)
    }
}
