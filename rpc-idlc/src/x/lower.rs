//! From the model to definitions of C: what cannot be said in one declaration is given a name.

use super::labels::{self, Numbers};
use super::named::{Named, named};
use super::names::Names;
use super::tree::{Arm, Base, Body, Declaration, Def, DefId, Label, Shape, Union, Value};
use super::{empty, values};
use crate::casing::snake;
use crate::model::{
    self, Case, Enumerator, Field, Item, ItemId, ItemKind, Labels, Language, Model, Type,
};
use std::collections::HashMap;

pub(super) struct Lowering<'a> {
    pub(super) model: &'a Model,
    pub(super) names: Names,
    /// Those of the file come first, in their places; then those that had to be introduced.
    pub(super) defs: Vec<Def>,
    /// By item: takes no bytes. What a `.x` file has is written all the same.
    pub(super) empty: Vec<bool>,
    /// The numbers after which arms of a `.x` file are named.
    pub(super) numbers: Numbers<'a>,
    /// By enum, the names of its values.
    pub(super) values: HashMap<ItemId, Vec<String>>,
    /// The introduced types, by what they stand for.
    pub(super) introduced: HashMap<String, DefId>,
}

impl<'a> Lowering<'a> {
    pub(super) fn new(model: &'a Model, in_headers: impl Fn(&Item) -> bool) -> Self {
        let Named {
            names,
            items,
            values,
        } = named(model);
        let blank = |(name, item): (String, &Item)| Def {
            in_headers: in_headers(item),
            ..Def::new(name)
        };
        Lowering {
            model,
            names,
            defs: items.into_iter().zip(&model.items).map(blank).collect(),
            empty: match model.language {
                Language::Idl => empty::items(model),
                Language::X(_) => vec![false; model.items.len()],
            },
            numbers: labels::numbers(model),
            values,
            introduced: HashMap::new(),
        }
    }

    /// Lowers all types and constants, each into the place of its item.
    pub(super) fn items(&mut self) {
        let model = self.model;
        for (id, item) in model.items.iter().enumerate() {
            // An interface is written as the version of a program.
            // What is elsewhere is known to who compiles it.
            if matches!(item.kind, ItemKind::Interface(_) | ItemKind::Extern) {
                continue;
            }
            let mut docs = values::said(&item.docs, &item.notes);
            let body = self.item(id, item);
            if matches!(body, Body::Nothing) {
                let name = &item.name;
                docs.push(format!("`{name}` takes no bytes, so it is left out."));
            } else if !self.is_x() && self.defs[id].name != item.name {
                docs.push(format!("`{}` in the contract.", self.full_name(item)));
            }
            self.defs[id].docs = docs;
            self.defs[id].body = body;
        }
    }

    fn item(&mut self, id: ItemId, item: &Item) -> Body {
        match &item.kind {
            ItemKind::Const(constant) => {
                values::constant(constant, self.is_x(), |of| self.defs[of].name.clone())
            }
            ItemKind::Interface(_) | ItemKind::Extern => Body::Nothing,
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
        let fields = fields.into_iter().zip(names);
        let fields = fields.map(|(field, name)| {
            let mut declaration = self.declare(name, &field.ty);
            declaration.docs = values::said(&field.docs, &field.notes);
            if !self.is_x() {
                note_name(&mut declaration, &field.name);
            }
            declaration
        });
        Body::Struct(fields.collect())
    }

    pub(super) fn tuple(&mut self, types: &[Type]) -> Body {
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
        let value = |(value, name): (&Enumerator, &String)| Value {
            docs: values::said(&value.docs, &value.notes),
            name: name.clone(),
            number: value.value,
        };
        Body::Enum(all.iter().zip(names).map(value).collect())
    }

    fn union(&mut self, id: ItemId, item: &Item, union: &model::Union) -> Body {
        if let Some(numbers) = union.plain() {
            let values = union.arms.iter().zip(&self.values[&id]).zip(numbers);
            let value = |((arm, name), number): ((&model::Arm, &String), i32)| Value {
                docs: values::said(&arm.docs, &arm.notes),
                name: name.clone(),
                number,
            };
            return Body::Enum(values.map(value).collect());
        }
        let member = |arm| self.member(arm);
        let names: Vec<String> = union.arms.iter().map(member).collect();
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
        let switch = (base, "kind");
        Body::Union(Union { switch, arms })
    }

    /// What is in an arm, as C names it.
    fn member(&self, arm: &model::Arm) -> String {
        match &arm.payload {
            model::Payload::Fields(fields) if self.is_x() && fields.len() == 1 => {
                fields[0].name.clone()
            }
            // Nothing is in it.
            _ if self.is_x() => String::new(),
            _ => field_name(&arm.name),
        }
    }

    /// Whether the contract is a `.x` file already, so that its own names and types go into the new one.
    pub(super) fn is_x(&self) -> bool {
        self.model.language != Language::Idl
    }

    fn arm(&mut self, item: &Item, arm: &model::Arm, name: String) -> Arm {
        let labels = match &arm.labels {
            Labels::Default => None,
            Labels::Cases(cases) => Some(
                cases
                    .iter()
                    .map(|case| self.label(item, &arm.name, case))
                    .collect(),
            ),
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
            // In a `.x` file its label is its name.
            docs.push(if self.is_x() {
                String::new()
            } else {
                arm.name.clone()
            });
        }
        Arm {
            docs,
            labels,
            value,
        }
    }

    /// Several values in one arm are a struct.
    fn arm_struct(&mut self, item: &Item, arm: &model::Arm) -> Base {
        let union = own_name(self.model, item);
        let name = self.names.of_type(&format!("{union}_{}", arm.name));
        let body = match &arm.payload {
            model::Payload::Fields(fields) => self.structure(fields),
            model::Payload::Types(types) => self.tuple(types),
            model::Payload::None => Body::Nothing,
        };
        let docs = vec![format!("What `{}` of `{}` holds.", arm.name, item.name)];
        Base::Def(self.define(docs, name, body))
    }

    fn label(&self, item: &Item, arm: &str, case: &Case) -> Label {
        Label::same(match case {
            Case::Number(number) if self.is_x() => {
                return self.number(arm, *number, item.namespace);
            }
            Case::Number(number) => number.to_string(),
            Case::Bool(true) => "TRUE".to_owned(),
            Case::Bool(false) => "FALSE".to_owned(),
            Case::Enumerator { of, index } => self.values[of][*index].clone(),
        })
    }

    pub(super) fn define(&mut self, docs: Vec<String>, name: String, body: Body) -> DefId {
        let def = Def::new(name);
        self.defs.push(Def {
            docs,
            body,
            only_c: self.is_x(),
            ..def
        });
        self.defs.len() - 1
    }

    /// With the namespace, if it has one.
    fn full_name(&self, item: &Item) -> String {
        match self.model.namespaces[item.namespace].name.as_str() {
            "" => item.name.clone(),
            namespace => format!("{namespace}.{}", item.name),
        }
    }

    pub(super) fn is_empty(&self, ty: &Type) -> bool {
        empty::ty(ty, &self.empty)
    }
}

/// What a definition is to be called in C. What is in another namespace than the file has that in
/// front of its name, so that two `.x` files of one program do not both define it as theirs.
pub(super) fn own_name(model: &Model, item: &Item) -> String {
    let home = model.items.first().map(|item| item.namespace);
    let namespace = &model.namespaces[item.namespace].name;
    match namespace.is_empty() || home == Some(item.namespace) {
        true => item.name.clone(),
        false => format!("{}_{}", namespace.replace('.', "_"), item.name),
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
        own: None,
        remark: String::new(),
    }
}

/// What an arm is called among the fields of a C union.
fn field_name(arm: &str) -> String {
    snake(arm).trim_start_matches("r#").to_owned()
}
