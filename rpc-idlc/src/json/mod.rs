//! The model as JSON, for tools; `docs/idl.md` describes it.

mod value;

use crate::ast::{Docs, Scalar, Semantics, SettingKind};
use crate::model::{
    self, Arm, Case, ConstType, Field, ItemId, ItemKind, Labels, Length, Method, Model, Notes,
    Payload, Type, Union,
};
use crate::source::{BOM, FileId, Sources, Span};
use std::collections::HashMap;
use std::path::Path;
use value::Value;

/// All contracts as one text; each is the checked file at the path beside it.
pub(crate) fn text(contracts: &[(&Path, Model)], sources: &Sources) -> String {
    let lines = contracts
        .iter()
        .flat_map(|(_, model)| lines(model, sources));
    let lines: HashMap<FileId, Vec<usize>> = lines.collect();
    let contracts = contracts.iter().map(|(path, model)| {
        let writer = Writer {
            model,
            sources,
            lines: &lines,
        };
        writer.contract(path)
    });
    Value::Object(vec![("contracts", Value::list(contracts))]).to_string() + "\n"
}

/// Where the lines begin in each file that has a definition.
fn lines(model: &Model, sources: &Sources) -> HashMap<FileId, Vec<usize>> {
    let mut lines = HashMap::new();
    for item in &model.items {
        lines.entry(item.at.file).or_insert_with(|| {
            let text = &sources.get(item.at.file).text;
            let ends = text.match_indices('\n').map(|(at, _)| at + 1);
            std::iter::once(0).chain(ends).collect()
        });
    }
    lines
}

struct Writer<'a> {
    model: &'a Model,
    sources: &'a Sources,
    lines: &'a HashMap<FileId, Vec<usize>>,
}

impl Writer<'_> {
    fn contract(&self, path: &Path) -> Value {
        let named = self.model.namespaces.iter().filter(|n| !n.name.is_empty());
        let namespaces = named.map(|namespace| {
            Value::Object(vec![
                ("name", Value::text(&namespace.name)),
                ("docs", docs(&namespace.docs)),
            ])
        });
        let items = self.model.items.iter().enumerate();
        Value::Object(vec![
            ("file", Value::text(path.to_string_lossy())),
            ("namespaces", Value::list(namespaces)),
            (
                "definitions",
                Value::list(items.map(|(id, item)| self.item(id, item))),
            ),
        ])
    }

    fn item(&self, id: ItemId, item: &model::Item) -> Value {
        let (kind, rest) = match &item.kind {
            ItemKind::Const(constant) => ("const", self.constant(constant)),
            ItemKind::Alias(ty) => ("type", vec![("type", self.ty(ty))]),
            ItemKind::Struct(fields) => ("struct", vec![("fields", self.fields(fields))]),
            ItemKind::Enum(values) => {
                let values = values.iter().map(|value| {
                    let mut members = self.about(&value.name, &value.docs, &value.notes, value.at);
                    members.push(("number", Value::Int(value.value.into())));
                    Value::Object(members)
                });
                ("enum", vec![("values", Value::list(values))])
            }
            ItemKind::Union(union) => {
                let kind = if union.error { "error" } else { "union" };
                (kind, self.union(union))
            }
            ItemKind::Interface(interface) => {
                let methods = interface.methods.iter().map(|method| self.method(method));
                let rest = vec![
                    ("program", Value::Int(interface.program.into())),
                    ("version", Value::Int(interface.version.into())),
                    ("methods", Value::list(methods)),
                ];
                ("interface", rest)
            }
            ItemKind::Extern => ("elsewhere", Vec::new()),
        };
        let mut members = vec![("kind", Value::text(kind))];
        members.extend(self.about(&self.full(id), &item.docs, &item.notes, item.at));
        members.extend(rest);
        Value::Object(members)
    }

    /// What all definitions and their parts have.
    fn about(
        &self,
        name: &str,
        text: &Docs,
        notes: &Notes,
        at: Span,
    ) -> Vec<(&'static str, Value)> {
        let annotations = notes.of_tools.iter().map(|annotation| {
            Value::Object(vec![
                ("name", Value::text(&annotation.name)),
                ("values", Value::list(annotation.values.iter().map(setting))),
            ])
        });
        let deprecated = notes.deprecated.as_ref();
        vec![
            ("name", Value::text(name)),
            ("docs", docs(text)),
            ("deprecated", deprecated.map_or(Value::Null, Value::text)),
            ("annotations", Value::list(annotations)),
            ("at", self.place(at)),
        ]
    }

    fn place(&self, at: Span) -> Value {
        let (source, start) = (self.sources.get(at.file), at.start as usize);
        let begins = self.lines.get(&at.file).map_or(&[][..], Vec::as_slice);
        let line = begins.partition_point(|&begin| begin <= start);
        let begin = line.checked_sub(1).map_or(0, |line| begins[line]);
        let before = source.text[begin..start].trim_start_matches(BOM);
        let column = before.chars().count() + 1;
        Value::Object(vec![
            ("file", Value::text(source.path.to_string_lossy())),
            ("line", Value::Int(line as i128)),
            ("column", Value::Int(column as i128)),
        ])
    }

    /// The name of a definition, with its namespace.
    fn full(&self, id: ItemId) -> String {
        let item = &self.model.items[id];
        match self.model.namespaces[item.namespace].name.as_str() {
            "" => item.name.clone(),
            namespace => format!("{namespace}.{}", item.name),
        }
    }

    fn constant(&self, constant: &model::Const) -> Vec<(&'static str, Value)> {
        let ty = match constant.ty {
            ConstType::String => "string",
            ConstType::Bytes => "bytes",
            ConstType::Scalar(scalar) => scalar.name(),
        };
        let value = match &constant.value {
            model::Value::Int { value, .. } => Value::Int(*value),
            model::Value::Str(text) => Value::text(text),
            model::Value::Bytes(bytes) => {
                Value::list(bytes.iter().map(|&byte| Value::Int(byte.into())))
            }
            model::Value::Bool(value) => Value::Bool(*value),
        };
        vec![("type", of_kind(ty, vec![])), ("value", value)]
    }

    fn fields(&self, fields: &[Field]) -> Value {
        Value::list(fields.iter().map(|field| {
            let mut members = self.about(&field.name, &field.docs, &field.notes, field.at);
            members.push(("type", self.ty(&field.ty)));
            Value::Object(members)
        }))
    }

    fn union(&self, union: &Union) -> Vec<(&'static str, Value)> {
        let switch = union.switch.as_ref().map(|ty| self.ty(ty));
        let switch = switch.unwrap_or_else(|| of_kind(Scalar::I32.name(), vec![]));
        let arms = union.arms.iter().map(|arm| self.arm(arm));
        vec![("switch", switch), ("arms", Value::list(arms))]
    }

    fn arm(&self, arm: &Arm) -> Value {
        let numbers = match &arm.labels {
            Labels::Default => Value::Null,
            Labels::Cases(cases) => Value::list(cases.iter().map(|case| self.number(case))),
        };
        let holds = match &arm.payload {
            Payload::None => Value::List(Vec::new()),
            Payload::Types(types) => Value::list(
                types
                    .iter()
                    .map(|ty| Value::Object(vec![("type", self.ty(ty))])),
            ),
            Payload::Fields(fields) => self.fields(fields),
        };
        let mut members = self.about(&arm.name, &arm.docs, &arm.notes, arm.at);
        members.extend([("numbers", numbers), ("holds", holds)]);
        Value::Object(members)
    }

    /// The number that goes on the wire.
    fn number(&self, case: &Case) -> Value {
        Value::Int(match *case {
            Case::Number(number) => number.into(),
            Case::Bool(value) => value.into(),
            Case::Enumerator { of, index } => match &self.model.items[of].kind {
                ItemKind::Enum(values) => values[index].value.into(),
                _ => return Value::Null,
            },
        })
    }

    fn method(&self, method: &Method) -> Value {
        let semantics = method.semantics.unwrap_or(Semantics::AtMostOnce);
        let deadline = method.deadline.as_ref();
        let result = method.result.as_ref();
        let throws = method.throws;
        let mut members = self.about(&method.name, &method.docs, &method.notes, method.at);
        members.extend([
            ("procedure", Value::Int(method.procedure.into())),
            ("semantics", Value::text(semantics.word())),
            (
                "deadline_ms",
                deadline.map_or(Value::Null, |d| Value::Int(d.millis.into())),
            ),
            ("arguments", self.fields(&method.args)),
            ("result", result.map_or(Value::Null, |ty| self.ty(ty))),
            (
                "throws",
                throws.map_or(Value::Null, |id| Value::Text(self.full(id))),
            ),
        ]);
        Value::Object(members)
    }

    /// Recursion is as deep as the type is written, which the parser limits.
    fn ty(&self, ty: &Type) -> Value {
        let of = |inner: &Type| ("of", self.ty(inner));
        match ty {
            Type::Scalar(scalar) => of_kind(scalar.name(), vec![]),
            Type::String(max) => of_kind("string", vec![most(max)]),
            Type::Bytes(max) => of_kind("bytes", vec![most(max)]),
            Type::FixedBytes(length) => of_kind("bytes", vec![exactly(length)]),
            Type::List(inner, max) => of_kind("list", vec![of(inner), most(max)]),
            Type::Set(inner, max) => of_kind("set", vec![of(inner), most(max)]),
            Type::Map(key, value, max) => {
                let (key, value) = (("key", self.ty(key)), ("value", self.ty(value)));
                of_kind("map", vec![key, value, most(max)])
            }
            Type::Array(inner, length) => of_kind("array", vec![of(inner), exactly(length)]),
            Type::Optional(inner) => of_kind("optional", vec![of(inner)]),
            Type::Boxed(inner) | Type::Large(inner) => self.ty(inner),
            Type::Tuple(elements) => {
                let elements = elements.iter().map(|ty| self.ty(ty));
                of_kind("tuple", vec![("of", Value::list(elements))])
            }
            Type::Named(id) => of_kind("named", vec![("name", Value::Text(self.full(*id)))]),
        }
    }
}

fn of_kind(kind: &str, rest: Vec<(&'static str, Value)>) -> Value {
    let kind = ("kind", Value::text(kind));
    Value::Object(std::iter::once(kind).chain(rest).collect())
}

fn most(max: &Option<Length>) -> (&'static str, Value) {
    let max = max.map_or(Value::Null, |max| Value::Int(max.value.into()));
    ("max", max)
}

fn exactly(length: &Length) -> (&'static str, Value) {
    ("length", Value::Int(length.value.into()))
}

/// The lines as one text, without the space that people put behind the slashes.
fn docs(lines: &Docs) -> Value {
    let lines = lines
        .iter()
        .map(|line| line.strip_prefix(' ').unwrap_or(line));
    Value::Text(lines.collect::<Vec<_>>().join("\n"))
}

fn setting(setting: &SettingKind) -> Value {
    match setting {
        SettingKind::Int(value) => Value::Int(*value),
        SettingKind::Str(text) => Value::text(text),
        SettingKind::Bool(value) => Value::Bool(*value),
        SettingKind::Name(name) => Value::Object(vec![("name", Value::text(name))]),
        SettingKind::Duration { millis, .. } => {
            Value::Object(vec![("millis", Value::Int((*millis).into()))])
        }
    }
}
