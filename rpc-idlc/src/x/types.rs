//! Types: what can be said in one declaration, and what needs a name of its own.

use super::lower::{Lowering, plain_declaration};
use super::tree::{Base, Body, Declaration, Shape};
use super::values;
use crate::ast::Scalar;
use crate::model::{Length, Type};

impl Lowering<'_> {
    /// Whatever the type is, in one declaration.
    pub(super) fn declare(&mut self, name: String, ty: &Type) -> Declaration {
        let (base, shape, remark) = self.declarator(ty);
        let helped = matches!(base, Base::Def(id) if self.defs[id].only_c);
        Declaration {
            remark: remark.to_owned(),
            shape,
            own: helped.then(|| self.in_full(ty)),
            ..plain_declaration(&name, base)
        }
    }

    /// The same where C takes nothing but a word.
    pub(super) fn said_by_a_word(&mut self, name: String, ty: &Type) -> Declaration {
        let base = self.simple(ty);
        let helped = matches!(base, Base::Def(id) if self.defs[id].only_c);
        Declaration {
            own: helped.then(|| self.in_full(ty)),
            ..plain_declaration(&name, base)
        }
    }

    /// What a `.x` file says without a name for a part of it, which C needs.
    fn in_full(&mut self, ty: &Type) -> (Base, Shape) {
        match ty {
            Type::Boxed(inner) | Type::Large(inner) => self.in_full(inner),
            Type::Optional(inner) => (self.element(inner), Shape::Optional),
            Type::List(element, max) => (self.element(element), self.bound(max.as_ref())),
            Type::Array(element, length) => {
                let mut lengths = vec![self.length(length)];
                let mut element = &**element;
                loop {
                    match element {
                        Type::Large(inner) => element = inner,
                        Type::Array(inner, length) => {
                            lengths.push(self.length(length));
                            element = inner;
                        }
                        _ => break,
                    }
                }
                (self.element(element), Shape::Fixed(lengths))
            }
            ty => {
                let (base, shape, _) = self.declarator(ty);
                (base, shape)
            }
        }
    }

    /// What stands before a name with something around it.
    fn element(&mut self, ty: &Type) -> Base {
        match ty {
            Type::Boxed(inner) | Type::Large(inner) => self.element(inner),
            Type::Scalar(Scalar::Bool) => Base::Word("bool"),
            // The only types of a `.x` file that are a word there and none here.
            Type::FixedBytes(_) => Base::Word("quadruple"),
            Type::Bytes(_) => Base::Word("netobj"),
            ty => self.simple(ty),
        }
    }

    fn declarator(&mut self, ty: &Type) -> (Base, Shape, &'static str) {
        let count = (
            Base::Word("unsigned int"),
            Shape::Plain,
            "how many; they take no bytes",
        );
        match ty {
            Type::Scalar(scalar) => self.scalar(*scalar),
            Type::String(max) => (Base::Word("string"), self.bound(max.as_ref()), ""),
            Type::Bytes(max) => (Base::Word("opaque"), self.bound(max.as_ref()), ""),
            Type::FixedBytes(length) => (
                Base::Word("opaque"),
                Shape::Fixed(vec![self.length(length)]),
                "",
            ),
            Type::List(element, _) | Type::Set(element, _) if self.is_empty(element) => count,
            Type::List(element, max) => (self.simple(element), self.bound(max.as_ref()), ""),
            Type::Set(element, max) => (self.simple(element), self.bound(max.as_ref()), "a set"),
            Type::Map(key, value, _) if self.is_empty(key) && self.is_empty(value) => count,
            Type::Map(key, value, max) => {
                (self.entry(key, value), self.bound(max.as_ref()), "a map")
            }
            Type::Array(element, length) => {
                // rpcgen writes C that does not compile for an array of `bool`.
                let base = match &**element {
                    Type::Scalar(Scalar::Bool) => self.introduce(element),
                    element => self.simple(element),
                };
                (base, Shape::Fixed(vec![self.length(length)]), "")
            }
            Type::Optional(inner) if self.is_empty(inner) => (
                Base::Word("bool"),
                Shape::Plain,
                "whether it is there; it takes no bytes",
            ),
            Type::Optional(inner) => (self.simple(unboxed(inner)), Shape::Optional, ""),
            // Who wrote the file saw to it that C can have it.
            Type::Boxed(inner) if self.is_x() => self.declarator(inner),
            Type::Large(inner) => self.declarator(inner),
            Type::Boxed(_) | Type::Tuple(_) => (self.introduce(ty), Shape::Plain, ""),
            Type::Named(id) => (Base::Def(*id), Shape::Plain, ""),
        }
    }

    fn scalar(&mut self, scalar: Scalar) -> (Base, Shape, &'static str) {
        let number = |word, remark| (Base::Word(word), Shape::Plain, remark);
        let opaque = |length: &str, remark| {
            (
                Base::Word("opaque"),
                Shape::Fixed(vec![length.to_owned()]),
                remark,
            )
        };
        match scalar {
            Scalar::U8 if self.is_x() => number("unsigned char", ""),
            Scalar::U16 if self.is_x() => number("unsigned short", ""),
            Scalar::I8 if self.is_x() => number("char", ""),
            Scalar::I16 if self.is_x() => number("short", ""),
            Scalar::Bool => number("bool", ""),
            Scalar::U8 => number("unsigned int", "u8: 0 to 255"),
            Scalar::U16 => number("unsigned int", "u16: 0 to 65535"),
            Scalar::I8 => number("int", "i8: -128 to 127"),
            Scalar::I16 => number("int", "i16: -32768 to 32767"),
            Scalar::U32 => number("unsigned int", ""),
            Scalar::I32 => number("int", ""),
            Scalar::U64 => number("unsigned hyper", ""),
            Scalar::I64 => number("hyper", ""),
            Scalar::F32 => number("float", ""),
            Scalar::F64 => number("double", ""),
            Scalar::U128 => opaque("16", "u128, the most significant byte first"),
            Scalar::I128 => opaque("16", "i128, the most significant byte first"),
            Scalar::Uuid => opaque("16", "uuid"),
            Scalar::Ipv4 => opaque("4", "ipv4"),
            Scalar::Ipv6 => opaque("16", "ipv6"),
            Scalar::Duration | Scalar::Time | Scalar::Ip => {
                (self.introduce(&Type::Scalar(scalar)), Shape::Plain, "")
            }
        }
    }

    /// A type that is said by a word: with nothing around the name.
    pub(super) fn simple(&mut self, ty: &Type) -> Base {
        match self.declarator(ty) {
            (base, Shape::Plain, _) => base,
            _ => self.introduce(ty),
        }
    }

    fn bound(&self, max: Option<&Length>) -> Shape {
        Shape::List(max.map(|max| self.length(max)).unwrap_or_default())
    }

    fn length(&self, length: &Length) -> String {
        match length.of {
            Some(of) => self.defs[of].name.clone(),
            None => length.value.to_string(),
        }
    }

    /// A type of its own for what has no name in the contract; the same one each time.
    fn introduce(&mut self, ty: &Type) -> Base {
        let key = self.key(ty);
        if let Some(&id) = self.introduced.get(&key) {
            return Base::Def(id);
        }
        let wanted = match ty {
            Type::Scalar(Scalar::Duration) => "Duration".to_owned(),
            Type::Scalar(Scalar::Time) => "Time".to_owned(),
            Type::Scalar(Scalar::Ip) => "Ip".to_owned(),
            Type::Scalar(Scalar::Bool) => "boolean".to_owned(),
            _ => self.spoken(ty),
        };
        let name = self.names.of_type(&wanted);
        let id = self.define(Vec::new(), name.clone(), Body::Nothing);
        // It is known before it is whole, since it may be inside itself.
        self.introduced.insert(key, id);
        let body = match ty {
            Type::Scalar(scalar @ (Scalar::Duration | Scalar::Time | Scalar::Ip)) => {
                values::built_in(*scalar)
            }
            Type::Tuple(types) => self.tuple(types),
            Type::Boxed(inner) => Body::Boxed(self.simple(inner)),
            ty => Body::Typedef(self.declare(name, ty)),
        };
        self.defs[id].docs = values::docs(ty);
        self.defs[id].body = body;
        Base::Def(id)
    }

    /// A key and its value.
    fn entry(&mut self, key: &Type, value: &Type) -> Base {
        let found = format!("entry({},{})", self.key(key), self.key(value));
        if let Some(&id) = self.introduced.get(&found) {
            return Base::Def(id);
        }
        let name = format!("{}_to_{}_entry", self.spoken(key), self.spoken(value));
        let name = self.names.of_type(&name);
        let id = self.define(Vec::new(), name, Body::Nothing);
        self.introduced.insert(found, id);
        let mut fields = Vec::new();
        for (name, ty) in [("key", key), ("value", value)] {
            if !self.is_empty(ty) {
                fields.push(self.declare(name.to_owned(), ty));
            }
        }
        self.defs[id].body = Body::Struct(fields);
        Base::Def(id)
    }

    /// What a type is, in a text that no other type has.
    fn key(&self, ty: &Type) -> String {
        let bound = |max: &Option<Length>| max.map(|max| max.value.to_string()).unwrap_or_default();
        match ty {
            Type::Scalar(scalar) => scalar.name().to_owned(),
            Type::String(max) => format!("string<{}>", bound(max)),
            Type::Bytes(max) => format!("bytes<{}>", bound(max)),
            Type::FixedBytes(length) => format!("bytes[{}]", length.value),
            Type::List(element, max) => format!("list<{},{}>", self.key(element), bound(max)),
            Type::Set(element, max) => format!("set<{},{}>", self.key(element), bound(max)),
            Type::Map(key, value, max) => {
                format!("map<{},{},{}>", self.key(key), self.key(value), bound(max))
            }
            Type::Array(element, length) => format!("{}[{}]", self.key(element), length.value),
            Type::Optional(inner) => format!("optional<{}>", self.key(unboxed(inner))),
            Type::Boxed(inner) => format!("box<{}>", self.key(inner)),
            Type::Large(inner) => self.key(inner),
            Type::Tuple(types) => {
                let types: Vec<String> = types.iter().map(|ty| self.key(ty)).collect();
                format!("({})", types.join(","))
            }
            Type::Named(id) => format!("#{id}"),
        }
    }

    /// The same for people, for a name.
    fn spoken(&self, ty: &Type) -> String {
        let bound =
            |max: &Option<Length>| max.map(|max| format!("_{}", max.value)).unwrap_or_default();
        let text = match ty {
            Type::Scalar(scalar) => scalar.name().to_owned(),
            Type::String(None) => "any_string".to_owned(),
            Type::String(max) => format!("string{}", bound(max)),
            Type::Bytes(None) => "any_bytes".to_owned(),
            Type::Bytes(max) => format!("bytes{}", bound(max)),
            Type::FixedBytes(length) => format!("bytes_of_{}", length.value),
            Type::List(element, max) => format!("{}_list{}", self.spoken(element), bound(max)),
            Type::Set(element, max) => format!("{}_set{}", self.spoken(element), bound(max)),
            Type::Map(key, value, max) => {
                format!(
                    "{}_to_{}{}",
                    self.spoken(key),
                    self.spoken(value),
                    bound(max)
                )
            }
            Type::Array(element, length) => {
                format!("{}_array_{}", self.spoken(element), length.value)
            }
            Type::Optional(inner) => format!("{}_optional", self.spoken(unboxed(inner))),
            Type::Boxed(inner) => format!("{}_box", self.spoken(inner)),
            Type::Large(inner) => self.spoken(inner),
            Type::Tuple(types) => {
                let types: Vec<String> = types.iter().map(|ty| self.spoken(ty)).collect();
                types.join("_and_")
            }
            Type::Named(id) => self.defs[*id].name.clone(),
        };
        // Longer ones are cut in the end; so they do not grow on the way either.
        text.chars().take(200).collect()
    }
}

/// What is in an `optional`, which is a pointer and so a box already.
fn unboxed(inner: &Type) -> &Type {
    match inner {
        Type::Boxed(inner) => inner,
        inner => inner,
    }
}
