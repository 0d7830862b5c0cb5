//! From the model to definitions of C: what cannot be said in one declaration is given a name.

use super::names::Names;
use super::tree::{Arm, Base, Body, Declaration, Def, DefId, Shape, Union};
use super::{empty, values};
use crate::ast::Scalar;
use crate::casing::{screaming, snake};
use crate::model::{
    self, Case, Enumerator, Field, Item, ItemId, ItemKind, Labels, Length, Model, Type,
};
use std::collections::HashMap;

pub(super) struct Lowering<'a> {
    pub(super) model: &'a Model,
    pub(super) names: Names,
    /// Those of the file come first, in their places; then those that had to be introduced.
    pub(super) defs: Vec<Def>,
    /// By item: takes no bytes.
    pub(super) empty: Vec<bool>,
    /// By enum, the names of its values.
    values: HashMap<ItemId, Vec<String>>,
    /// The introduced types, by what they stand for.
    introduced: HashMap<String, DefId>,
}

impl<'a> Lowering<'a> {
    /// Gives all definitions of the file their names, so that what is introduced yields to them.
    pub(super) fn new(model: &'a Model) -> Self {
        let mut names = Names::new();
        let constant = |item: &Item| matches!(item.kind, ItemKind::Const(_));
        let interface = |item: &Item| matches!(item.kind, ItemKind::Interface(_));
        let mut found: Vec<String> = vec![String::new(); model.items.len()];
        let types = |(_, item): &(usize, &Item)| !constant(item) && !interface(item);
        for (id, item) in model.items.iter().enumerate().filter(types) {
            found[id] = names.of_type(&item.name);
        }
        for (id, item) in model
            .items
            .iter()
            .enumerate()
            .filter(|(_, item)| constant(item))
        {
            found[id] = names.of_value(&screaming(&item.name));
        }
        let mut values = HashMap::new();
        for (id, item) in model.items.iter().enumerate() {
            if let Some(all) = values::of(&item.kind) {
                let prefix = screaming(&item.name);
                let name = |value: &str| names.of_value(&format!("{prefix}_{}", screaming(value)));
                values.insert(id, all.into_iter().map(name).collect());
            }
        }
        let blank = |name: String| Def {
            docs: Vec::new(),
            name,
            body: Body::Nothing,
        };
        Lowering {
            model,
            names,
            defs: found.into_iter().map(blank).collect(),
            empty: empty::items(model),
            values,
            introduced: HashMap::new(),
        }
    }

    /// Lowers all types and constants, each into the place of its item.
    pub(super) fn items(&mut self) {
        let model = self.model;
        for (id, item) in model.items.iter().enumerate() {
            // An interface is written as the version of a program.
            if matches!(item.kind, ItemKind::Interface(_)) {
                continue;
            }
            let mut docs = values::said(&item.docs, &item.notes);
            let body = self.item(id, item);
            if matches!(body, Body::Nothing) {
                let name = &item.name;
                docs.push(format!("`{name}` takes no bytes, so it is left out."));
            } else if self.defs[id].name != item.name {
                docs.push(format!("`{}` in the contract.", item.name));
            }
            self.defs[id].docs = docs;
            self.defs[id].body = body;
        }
    }

    fn item(&mut self, id: ItemId, item: &Item) -> Body {
        match &item.kind {
            ItemKind::Const(constant) => {
                values::constant(constant, |of| self.defs[of].name.clone())
            }
            ItemKind::Interface(_) => Body::Nothing,
            _ if self.empty[id] => Body::Nothing,
            ItemKind::Alias(Type::Tuple(types)) => self.tuple(types),
            ItemKind::Alias(ty) => {
                let name = self.defs[id].name.clone();
                Body::Typedef(self.declare(name, ty))
            }
            ItemKind::Struct(fields) => self.structure(fields),
            ItemKind::Enum(all) => self.enumeration(id, all),
            ItemKind::Union(union) => self.union(id, item, union),
        }
    }

    pub(super) fn structure(&mut self, fields: &[Field]) -> Body {
        let fields: Vec<&Field> = fields.iter().filter(|f| !self.is_empty(&f.ty)).collect();
        let names = self
            .names
            .of_fields(fields.iter().map(|field| field.name.as_str()));
        let fields = fields.into_iter().zip(names).map(|(field, name)| {
            let mut declaration = self.declare(name, &field.ty);
            declaration.docs = values::said(&field.docs, &field.notes);
            note_name(&mut declaration, &field.name);
            declaration
        });
        Body::Struct(fields.collect())
    }

    fn tuple(&mut self, types: &[Type]) -> Body {
        let types: Vec<&Type> = types.iter().filter(|ty| !self.is_empty(ty)).collect();
        let fields = types.into_iter().enumerate();
        Body::Struct(
            fields
                .map(|(n, ty)| self.declare(format!("value{}", n + 1), ty))
                .collect(),
        )
    }

    fn enumeration(&self, id: ItemId, all: &[Enumerator]) -> Body {
        let names = &self.values[&id];
        let value = |(value, name): (&Enumerator, &String)| {
            (
                values::said(&value.docs, &value.notes),
                name.clone(),
                value.value,
            )
        };
        Body::Enum(all.iter().zip(names).map(value).collect())
    }

    fn union(&mut self, id: ItemId, item: &Item, union: &model::Union) -> Body {
        if let Some(numbers) = values::plain(union) {
            let values = union.arms.iter().zip(&self.values[&id]).zip(numbers);
            let value = |((arm, name), number): ((&model::Arm, &String), i32)| {
                (values::said(&arm.docs, &arm.notes), name.clone(), number)
            };
            return Body::Enum(values.map(value).collect());
        }
        let names: Vec<String> = union.arms.iter().map(|arm| field_name(&arm.name)).collect();
        let names = self.names.of_fields(names.iter().map(String::as_str));
        let arms: Vec<Arm> = union
            .arms
            .iter()
            .zip(names)
            .map(|(arm, name)| self.arm(item, arm, name))
            .collect();
        let base = match &union.switch {
            Some(ty) => self.simple(ty),
            None => Base::Word("int"),
        };
        // rpcgen takes no union of nothing but a default arm; what it holds follows the number anyway.
        if let [
            Arm {
                labels: None,
                value,
                ..
            },
        ] = &arms[..]
        {
            let kind = plain_declaration("kind", base);
            return Body::Struct(std::iter::once(kind).chain(value.clone()).collect());
        }
        let switch = (base, "kind");
        Body::Union(Union { switch, arms })
    }

    fn arm(&mut self, item: &Item, arm: &model::Arm, name: String) -> Arm {
        let labels = match &arm.labels {
            Labels::Default => None,
            Labels::Cases(cases) => Some(cases.iter().map(|case| self.label(case)).collect()),
        };
        let held = arm.payload.types().into_iter();
        let held: Vec<&Type> = held.filter(|ty| !self.is_empty(ty)).collect();
        let value = match held[..] {
            [] => None,
            [ty] => Some(self.declare(name, ty)),
            _ => Some(plain_declaration(&name, self.arm_struct(item, arm))),
        };
        let mut docs = values::said(&arm.docs, &arm.notes);
        if value.is_none() {
            docs.push(arm.name.clone());
        }
        Arm {
            docs,
            labels,
            value,
        }
    }

    /// Several values in one arm are a struct.
    fn arm_struct(&mut self, item: &Item, arm: &model::Arm) -> Base {
        let name = self.names.of_type(&format!("{}_{}", item.name, arm.name));
        let body = match &arm.payload {
            model::Payload::Fields(fields) => self.structure(fields),
            model::Payload::Types(types) => self.tuple(types),
            model::Payload::None => Body::Nothing,
        };
        let docs = vec![format!("What `{}` of `{}` holds.", arm.name, item.name)];
        Base::Def(self.define(docs, name, body))
    }

    fn label(&self, case: &Case) -> String {
        match case {
            Case::Number(number) => number.to_string(),
            Case::Bool(true) => "TRUE".to_owned(),
            Case::Bool(false) => "FALSE".to_owned(),
            Case::Enumerator { of, index } => self.values[of][*index].clone(),
        }
    }

    pub(super) fn define(&mut self, docs: Vec<String>, name: String, body: Body) -> DefId {
        self.defs.push(Def { docs, name, body });
        self.defs.len() - 1
    }

    pub(super) fn is_empty(&self, ty: &Type) -> bool {
        empty::ty(ty, &self.empty)
    }
}

/// Says what the field is called in the contract, if C needs another name.
fn note_name(declaration: &mut Declaration, name: &str) {
    if name.len() > 60 {
        declaration.docs.push(format!("`{name}` in the contract."));
    } else if declaration.name != name {
        let remark = match declaration.remark.is_empty() {
            true => format!("`{name}` in the contract"),
            false => format!("`{name}` in the contract; {}", declaration.remark),
        };
        declaration.remark = remark;
    }
}

pub(super) fn plain_declaration(name: &str, base: Base) -> Declaration {
    Declaration {
        docs: Vec::new(),
        name: name.to_owned(),
        base,
        shape: Shape::Plain,
        remark: String::new(),
    }
}

/// What is in an `optional`, which is a pointer and so a box already.
fn unboxed(inner: &Type) -> &Type {
    match inner {
        Type::Boxed(inner) => inner,
        inner => inner,
    }
}

/// What an arm is called among the fields of a C union.
fn field_name(arm: &str) -> String {
    snake(arm).trim_start_matches("r#").to_owned()
}

impl Lowering<'_> {
    /// Whatever the type is, in one declaration.
    pub(super) fn declare(&mut self, name: String, ty: &Type) -> Declaration {
        let (base, shape, remark) = self.declarator(ty);
        Declaration {
            remark: remark.to_owned(),
            shape,
            ..plain_declaration(&name, base)
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
            Type::FixedBytes(length) => {
                (Base::Word("opaque"), Shape::Fixed(self.length(length)), "")
            }
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
                (base, Shape::Fixed(self.length(length)), "")
            }
            Type::Optional(inner) if self.is_empty(inner) => (
                Base::Word("bool"),
                Shape::Plain,
                "whether it is there; it takes no bytes",
            ),
            Type::Optional(inner) => (self.simple(unboxed(inner)), Shape::Optional, ""),
            Type::Boxed(_) | Type::Tuple(_) => (self.introduce(ty), Shape::Plain, ""),
            Type::Named(id) => (Base::Def(*id), Shape::Plain, ""),
        }
    }

    fn scalar(&mut self, scalar: Scalar) -> (Base, Shape, &'static str) {
        let number = |word, remark| (Base::Word(word), Shape::Plain, remark);
        let opaque = |length: &str, remark| {
            (
                Base::Word("opaque"),
                Shape::Fixed(length.to_owned()),
                remark,
            )
        };
        match scalar {
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
