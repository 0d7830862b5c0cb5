//! Types, and what is declared with them.

use super::{Parse, Parser};
use crate::ast::{Docs, Ident};
use crate::diag::{Code, Diagnostic};
use crate::rpcl::tree::{Declaration, Integer, ItemKind, Shape, Spec};
use crate::source::Span;

impl Parser<'_> {
    /// A type and a name: a field, a typedef, what is switched on. `void` has no name.
    pub(super) fn declaration(&mut self) -> Parse<Declaration> {
        self.declared(Self::ident)
    }

    /// The same with whatever reads its name, given a word for it.
    pub(super) fn declared(
        &mut self,
        name: fn(&mut Self, &str) -> Parse<Ident>,
    ) -> Parse<Declaration> {
        let declared = self.named_by(name)?;
        match (&declared.ty, &declared.name) {
            (Spec::Void, _) | (_, Some(_)) => {}
            _ => return Err(self.expected("a name")),
        }
        if let (Spec::String, Shape::Plain) = (&declared.ty, &declared.shape) {
            return Err(self.no_bound(&declared));
        }
        Ok(declared)
    }

    /// The same where the name may be missing: arguments and results.
    pub(super) fn maybe_named(&mut self) -> Parse<Declaration> {
        self.named_by(Self::ident)
    }

    fn named_by(&mut self, name: fn(&mut Self, &str) -> Parse<Ident>) -> Parse<Declaration> {
        let docs = self.docs();
        let start = self.span();
        let ty = self.spec()?;
        let pointer = self.eat('*');
        self.optional(&ty)?;
        let name = match self.word(0) {
            Some(_) => Some(name(self, "a name")?),
            None if self.at_double(':') => Some(name(self, "a name")?),
            None => None,
        };
        if name.is_none() && !pointer {
            self.brackets_first(start, &ty)?;
        }
        let shape = self.shape(start, pointer)?;
        let declared = Declaration {
            docs,
            name,
            ty,
            shape,
            span: self.since(start),
        };
        self.sensible(&declared)?;
        Ok(declared)
    }

    /// What stands behind the name: `[4]`, `<4>`, `<>`. The declaration begins at `declared`.
    pub(super) fn shape(&mut self, declared: Span, pointer: bool) -> Parse<Shape> {
        let start = self.span();
        let shape = if self.at_punct('[') {
            let mut lengths = Vec::new();
            let outer = self.depth;
            while self.eat('[') {
                self.deeper()?;
                if lengths.is_empty() {
                    self.no_length(declared)?;
                }
                lengths.push(self.expr("a length")?);
                self.expect(']')?;
            }
            self.depth = outer;
            Shape::Fixed(lengths)
        } else if self.eat('<') {
            let most = match self.at_punct('>') {
                true => None,
                false => Some(self.bound()?),
            };
            self.expect('>')?;
            Shape::Variable(most)
        } else if pointer {
            return Ok(Shape::Pointer);
        } else {
            return Ok(Shape::Plain);
        };
        if pointer {
            let problem = "an array of pointers needs a `typedef` for the pointer";
            return Err(self.meaningless(problem, self.since(start)));
        }
        Ok(shape)
    }

    pub(super) fn sensible(&mut self, declared: &Declaration) -> Parse<()> {
        self.text_of_c(declared);
        let problem = match (&declared.ty, &declared.shape) {
            (Spec::Opaque, Shape::Plain | Shape::Pointer) => {
                "`opaque` has its length behind the name, in `[]` or in `<>`"
            }
            (Spec::Opaque, Shape::Fixed(lengths)) if lengths.len() > 1 => {
                "an array of `opaque` needs a `typedef` for its elements"
            }
            (Spec::String, Shape::Fixed(_) | Shape::Pointer) => {
                return Err(self.no_bound(declared));
            }
            (Spec::Void, Shape::Plain) => return Ok(()),
            (Spec::Void, _) => "`void` is nothing, and nothing is made of it",
            _ => return Ok(()),
        };
        Err(self.meaningless(problem, declared.span))
    }

    fn no_bound(&mut self, declared: &Declaration) -> crate::diag::Reported {
        let name = declared.name.as_ref().map_or("x", |name| &name.text);
        let title = "a string has its bound behind the name";
        let problem = Diagnostic::new(Code::Declaration, title, declared.span, "");
        let help = format!("write `string {name}<>` or `string {name}<255>`");
        self.diags.report(problem.help(help))
    }

    fn meaningless(&mut self, title: &str, span: Span) -> crate::diag::Reported {
        let problem = Diagnostic::new(Code::Declaration, title, span, "");
        self.diags.report(problem)
    }

    pub(super) fn spec(&mut self) -> Parse<Spec> {
        let word = match self.word(0) {
            Some(word) => word,
            None if self.at_double(':') => return Ok(Spec::Named(self.path("a type")?)),
            None => return Err(self.expected("a type")),
        };
        let simple = match word {
            "void" => Spec::Void,
            "bool" => Spec::Bool,
            "float" => Spec::Float,
            "double" => Spec::Double,
            "quadruple" => Spec::Quadruple,
            "opaque" => Spec::Opaque,
            "string" => Spec::String,
            "struct" | "enum" | "union" => return self.composite(),
            "case" | "default" => return Err(self.expected("a type")),
            _ => {
                return match self.integer() {
                    Some(integer) => Ok(Spec::Int(integer)),
                    None => Ok(Spec::Named(self.path("a type")?)),
                };
            }
        };
        self.bump();
        Ok(simple)
    }

    /// The types of integers, as C composes their names.
    fn integer(&mut self) -> Option<Integer> {
        let unsigned = self.at_word("unsigned");
        let sign = unsigned || self.at_word("signed");
        if sign {
            self.bump();
        }
        let found = match self.word(0) {
            Some("char") => [Integer::Char, Integer::UChar],
            Some("short") => [Integer::Short, Integer::UShort],
            Some("int" | "long") => [Integer::Int, Integer::UInt],
            Some("hyper") => [Integer::Hyper, Integer::UHyper],
            _ if unsigned => return Some(Integer::UInt),
            _ if sign => return Some(Integer::Int),
            _ => return None,
        };
        let long = self.at_word("long");
        let may_go_on = long || self.at_word("short");
        self.bump();
        let long_long = long && self.eat_word("long");
        if may_go_on {
            self.eat_word("int");
        }
        let [signed, plain] = match long_long {
            true => [Integer::Hyper, Integer::UHyper],
            false => found,
        };
        Some(if unsigned { plain } else { signed })
    }

    /// `struct foo`, or a struct, an enum or a union that is described on the spot. One that has a name is
    /// a definition of its own.
    fn composite(&mut self) -> Parse<Spec> {
        let word = self.bump();
        let word = self.text_of(word);
        let name = match self.at_punct('{') || self.at_word("switch") {
            true => None,
            false => Some(self.path("a name or `{`")?),
        };
        let described = self.at_punct('{') || word == "union" && self.at_word("switch");
        match name {
            Some(name) if !described => Ok(Spec::Named(name)),
            name => {
                self.deeper()?;
                let spec = self.described(word, name)?;
                self.depth -= 1;
                Ok(spec)
            }
        }
    }

    fn described(&mut self, word: &str, name: Option<Ident>) -> Parse<Spec> {
        let mut docs = Docs::new();
        let Some(name) = name else {
            return Ok(match word {
                "enum" => Spec::Enum(self.enumerators(&mut docs)?),
                "struct" => Spec::Struct(self.fields(&mut docs)?),
                _ => Spec::Union(Box::new(self.switch(&mut docs)?)),
            });
        };
        let kind = match word {
            "enum" => ItemKind::Enum(name.clone(), self.enumerators(&mut docs)?),
            "struct" => ItemKind::Struct(name.clone(), self.fields(&mut docs)?),
            _ => ItemKind::Union(name.clone(), self.switch(&mut docs)?),
        };
        self.add(docs, kind);
        Ok(Spec::Named(name))
    }
}
