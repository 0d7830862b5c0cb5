//! Definitions.

use super::{Parse, Parser};
use crate::ast::{Docs, Ident};
use crate::diag::{Code, Diagnostic};
use crate::rpcl::lexer::Kind;
use crate::rpcl::tree::{Declaration, ItemKind, Shape, Spec};
use crate::suggest::closest;

impl Parser<'_> {
    pub(super) fn definition(&mut self) -> Parse<()> {
        if self.at_punct(';') {
            let place = self.bump().at;
            self.sloppy("this `;` is not needed", place, "");
            return Ok(());
        }
        let docs = self.docs();
        match self.word(0) {
            Some("const") => self.constant(docs),
            Some("typedef") => self.typedef(docs),
            Some("enum") => self.enumeration(docs),
            Some("struct") => self.structure(docs),
            Some("union") => self.union(docs),
            Some("program") => self.program(docs),
            Some("namespace") => self.namespace(),
            other => {
                let near = other.and_then(|word| closest(word, super::DEFINITIONS));
                let what = "a definition";
                let title = format!("expected {what}, found {}", self.found());
                let problem = Diagnostic::new(Code::Unexpected, title, self.span(), "");
                Err(self.complain(match near {
                    Some(near) => problem.meant(Some(near)),
                    None => problem.help(
                        "`const`, `typedef`, `enum`, `struct`, `union` or `program` begins one",
                    ),
                }))
            }
        }
    }

    /// The name of what is being defined, which may have its namespace in front: `a::b`.
    pub(super) fn naming(&mut self, what: &str) -> Parse<Ident> {
        let name = self.path(what)?;
        self.naming = Some(name.clone());
        Ok(name)
    }

    fn constant(&mut self, mut docs: Docs) -> Parse<()> {
        self.bump();
        let name = self.naming("the name of a constant")?;
        self.expect('=')?;
        let value = self.expr("a value")?;
        self.semicolon()?;
        self.docs_behind(&mut docs);
        self.add(docs, ItemKind::Const(name, value));
        Ok(())
    }

    fn typedef(&mut self, mut docs: Docs) -> Parse<()> {
        self.bump();
        let declared = self.declared(Self::path)?;
        self.semicolon()?;
        self.docs_behind(&mut docs);
        // `typedef struct foo foo;`, which C needs and this language does not.
        let again = match (&declared.ty, &declared.name, &declared.shape) {
            (Spec::Named(of), Some(name), Shape::Plain) => of.text == name.text,
            _ => false,
        };
        if !again {
            self.add(docs, ItemKind::Typedef(declared));
        }
        Ok(())
    }

    fn enumeration(&mut self, mut docs: Docs) -> Parse<()> {
        self.bump();
        let name = self.naming("the name of an enum")?;
        let values = self.enumerators(&mut docs)?;
        self.closed()?;
        self.add(docs, ItemKind::Enum(name, values));
        Ok(())
    }

    fn structure(&mut self, mut docs: Docs) -> Parse<()> {
        let start = self.bump().at;
        // `struct *list { … };` is a pointer that can be empty: RFC 1813 and RFC 1833 have such.
        let pointer = self.eat('*');
        let name = self.naming("the name of a struct")?;
        let fields = self.fields(&mut docs)?;
        self.closed()?;
        let kind = match pointer {
            false => ItemKind::Struct(name, fields),
            true => ItemKind::Typedef(Declaration {
                docs: Docs::new(),
                name: Some(name),
                ty: Spec::Struct(fields),
                shape: Shape::Pointer,
                span: self.since(start),
            }),
        };
        self.add(docs, kind);
        Ok(())
    }

    /// What is behind the `}` of a definition. RFC 5531 has a name there, which stands for nothing.
    fn closed(&mut self) -> Parse<()> {
        let next = self.nth(1).kind == Kind::Punct(';');
        if self.word(0).is_some() && next && self.same_line() {
            let place = self.bump().at;
            self.sloppy("this name is not needed", place, "");
        }
        self.semicolon()
    }

    fn union(&mut self, mut docs: Docs) -> Parse<()> {
        self.bump();
        let name = self.naming("the name of a union")?;
        let union = self.switch(&mut docs)?;
        self.closed()?;
        self.add(docs, ItemKind::Union(name, union));
        Ok(())
    }

    /// `namespace a::b { … }`, within which are definitions.
    fn namespace(&mut self) -> Parse<()> {
        self.bump();
        let mut name = self.path("the name of a namespace")?;
        if let Some(outer) = self.namespaces.last() {
            name.text = format!("{}::{}", outer.text, name.text);
        }
        let opened = self.expect('{')?;
        self.deeper()?;
        self.namespaces.push(name);
        while !self.at_end() && !self.at_punct('}') {
            self.item();
        }
        self.namespaces.pop();
        self.depth -= 1;
        self.naming = None;
        if !self.eat('}') {
            let title = "this `{` is never closed";
            let problem = Diagnostic::new(Code::Unclosed, title, opened, "");
            return Err(self.complain(problem));
        }
        self.eat(';');
        Ok(())
    }
}
