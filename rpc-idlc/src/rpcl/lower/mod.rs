//! From a unit to its model, by the rules of C: names in any order, values of enums as constants, no type
//! that contains itself without a pointer.
//!
//! All definitions are collected and named ([`collect`]), then the constants get their values
//! ([`values`]), then each definition becomes an item in its place.

mod builtin;
mod clashes;
mod collect;
mod names;
mod programs;
mod types;
mod unions;
mod values;

pub(crate) use builtin::constant;

use super::Options;
use super::tree::{Declaration, Enumerator, Missing, Spec, Unit};
use crate::ast::{Ident, Scalar};
use crate::check::contain;
use crate::diag::{Code, Diagnostic, Diagnostics};
use crate::model::{self, Const, ConstType, Field, Item, ItemId, ItemKind, Language, Model, Notes};
use crate::source::Span;
use collect::{Collected, Definition, Kind};
use names::{Names, ValueId};
use std::collections::{HashMap, HashSet};
use unions::Table;
use values::{State, Value};

/// What to do about a type without end.
const INDIRECT: &str = "make one of the types on the way a pointer, `T *x`, or an array, `T x<>`";

/// The model of a unit, unless there is a mistake in it or was one before.
pub(crate) fn lower(unit: &Unit, options: &Options, diags: &mut Diagnostics) -> Option<Model> {
    let Collected {
        mut definitions,
        names,
        anonymous,
        again,
        clashes,
    } = collect::collect(unit, diags);
    programs::name_interfaces(&mut definitions);
    let mut lowering = Lowering {
        definitions,
        names,
        anonymous,
        values: Vec::new(),
        tables: HashMap::new(),
        versions: HashMap::new(),
        left_out: HashSet::new(),
        uses: Vec::new(),
        elsewhere: &options.elsewhere,
        missing: &unit.missing,
        diags,
    };
    lowering.evaluate();
    let mut items = lowering.items();
    lowering.same(&again, &items);
    lowering.clashes(&clashes);
    let definitions = lowering.definitions;
    let left_out = lowering.left_out;
    let places = |id: ItemId| places(&definitions[id], &left_out);
    contain(&mut items, places, INDIRECT, lowering.diags);
    (lowering.diags.count() == 0).then_some(Model {
        items,
        namespaces: lowering.names.into_namespaces(),
        language: Language::X(options.strings),
    })
}

struct Lowering<'t, 'd> {
    definitions: Vec<Definition<'t>>,
    names: Names,
    anonymous: HashMap<*const Spec, ItemId>,
    /// By definition: the value of a constant, or those of an enum.
    values: Vec<Vec<State>>,
    tables: HashMap<ItemId, Table<'t>>,
    /// The first version of a program, by where that is, with a number.
    versions: HashMap<(Span, u32), &'t Ident>,
    /// The names of procedures that are no methods.
    left_out: HashSet<Span>,
    /// The values that are named somewhere, and where.
    uses: Vec<(ValueId, Span)>,
    elsewhere: &'d [(String, String)],
    missing: &'t [Missing],
    diags: &'d mut Diagnostics,
}

impl<'t> Lowering<'t, '_> {
    fn items(&mut self) -> Vec<Item> {
        let mut items = Vec::with_capacity(self.definitions.len());
        // What is used and not defined is found on the way.
        while items.len() < self.definitions.len() {
            let id = items.len();
            // What was wrong with it is told; for the others it counts as something harmless.
            let kind = self.item(id).unwrap_or(ItemKind::Struct(Vec::new()));
            let definition = &self.definitions[id];
            items.push(Item {
                namespace: definition.space,
                docs: definition.docs.to_vec(),
                notes: Notes::default(),
                name: definition.name.clone(),
                at: definition.at,
                kind,
            });
        }
        items
    }

    fn item(&mut self, id: ItemId) -> Option<ItemKind> {
        let Definition {
            space, kind, at, ..
        } = self.definitions[id];
        Some(match kind {
            Kind::Const(_) => ItemKind::Const(self.constant(id)?),
            Kind::Typedef(declaration) => ItemKind::Alias(self.ty(declaration, space)?),
            Kind::Enum(values) => ItemKind::Enum(self.enumeration(id, values)?),
            Kind::Struct(fields) => ItemKind::Struct(self.fields(fields, space)?),
            Kind::Union(union) => {
                let name = self.definitions[id].name.clone();
                ItemKind::Union(self.union(&name, at, union, space)?)
            }
            Kind::Version(program, version) => {
                ItemKind::Interface(self.interface(id, program, version)?)
            }
            Kind::Extern => ItemKind::Extern,
            Kind::Broken => return None,
        })
    }

    fn constant(&mut self, id: ItemId) -> Option<Const> {
        let (Kind::Const(expr), space) = (self.definitions[id].kind, self.definitions[id].space)
        else {
            return None;
        };
        let State::Known(value) = self.values[id][0].clone() else {
            return None;
        };
        let of = match &expr.kind {
            super::tree::ExprKind::Name(name) => self.constant_item(name, space),
            _ => None,
        };
        let (ty, value) = match value {
            Value::Str(text) => match String::from_utf8(text) {
                Ok(text) => (ConstType::String, model::Value::Str(text)),
                Err(error) => (ConstType::Bytes, model::Value::Bytes(error.into_bytes())),
            },
            Value::Int { value, hex } => {
                let ty = ConstType::Scalar(narrowest(value));
                (ty, model::Value::Int { value, hex })
            }
        };
        Some(Const { ty, value, of })
    }

    fn enumeration(
        &mut self,
        id: ItemId,
        values: &'t [Enumerator],
    ) -> Option<Vec<model::Enumerator>> {
        if values.is_empty() {
            let (title, at) = (
                format!("`{}` has no values", self.definitions[id].name),
                self.definitions[id].at,
            );
            self.error(Code::NoValues, title, at);
        }
        self.once(values.iter().map(|value| &value.name), "value");
        let lowered = values.iter().zip(&self.values[id]).map(|(value, state)| {
            let State::Known(Value::Int { value: number, .. }) = state else {
                return None;
            };
            Some(model::Enumerator {
                docs: value.docs.clone(),
                notes: Notes::default(),
                name: value.name.text.clone(),
                at: value.name.span,
                value: values::as_word(*number)?,
            })
        });
        lowered.collect()
    }

    /// Lowers all fields, so that each mistake is told; `None` if there was one.
    fn fields(&mut self, fields: &'t [Declaration], space: usize) -> Option<Vec<Field>> {
        self.once(fields.iter().filter_map(|f| f.name.as_ref()), "field");
        let fields: Vec<_> = fields.iter().map(|f| self.field(f, space)).collect();
        fields.into_iter().collect()
    }

    fn field(&mut self, field: &'t Declaration, space: usize) -> Option<Field> {
        let (name, at) = match &field.name {
            Some(name) => (name.text.clone(), name.span),
            None => ("value".to_owned(), field.span),
        };
        Some(Field {
            docs: field.docs.clone(),
            notes: Notes::default(),
            name,
            at,
            ty: self.ty(field, space)?,
        })
    }

    /// Reports names that are there twice among those of one definition.
    fn once<'i>(&mut self, names: impl Iterator<Item = &'i Ident>, what: &str) {
        let mut seen: HashMap<&str, Span> = HashMap::new();
        for name in names {
            let Some(first) = seen.insert(&name.text, name.span) else {
                continue;
            };
            let title = format!("there are two {what}s named `{}`", name.text);
            let problem =
                Diagnostic::new(Code::MemberTwice, title, name.span, "this is the second");
            self.report(problem.also(first, "the first is here"));
        }
    }

    /// What is defined again has to be what it was.
    fn same(&mut self, again: &[(ValueId, Definition<'t>)], items: &[Item]) {
        for ((first, index), definition) in again {
            let same = match (definition.kind, &items[*first].kind) {
                (Kind::Const(expr), _) => {
                    let known = match self.values[*first].get(*index) {
                        Some(State::Known(value)) => value.clone(),
                        _ => continue,
                    };
                    let Some(value) = self.value(expr, definition.space) else {
                        continue;
                    };
                    is_same(&known, &value)
                }
                (Kind::Typedef(declaration), ItemKind::Alias(ty)) => {
                    let Some(other) = self.ty(declaration, definition.space) else {
                        continue;
                    };
                    *ty == other
                }
                _ => false,
            };
            if !same {
                let title = format!("`{}` is defined twice", definition.name);
                let at = definition.at;
                let problem = Diagnostic::new(Code::DefinedTwice, title, at, "this is the second");
                self.report(
                    problem.also(items[*first].at, "the first is here, and says otherwise"),
                );
            }
        }
    }

    /// Whether the user says where the Rust of this type is.
    fn is_elsewhere(&self, name: &str) -> bool {
        self.elsewhere.iter().any(|(of, _)| of == name)
    }

    /// Reports a name that nothing defines, and the files that may define it.
    fn unknown(&mut self, mut problem: Diagnostic) {
        /// More would hide the rest.
        const MOST: usize = 3;
        for Missing { line, name } in self.missing.iter().take(MOST) {
            problem = problem.also(
                *line,
                format!("`{name}`, which may define it, was not found"),
            );
        }
        if !self.missing.is_empty() {
            problem = problem.help("`-I DIR` names another folder to look in");
        }
        self.report(problem);
    }

    fn error(&mut self, code: Code, title: impl Into<String>, span: Span) {
        self.diags.report(Diagnostic::new(code, title, span, ""));
    }

    fn report(&mut self, diagnostic: Diagnostic) {
        self.diags.report(diagnostic);
    }
}

/// The type of a constant, which C does not say: lengths are `u32`, so that comes first.
fn narrowest(value: i128) -> Scalar {
    let types = [Scalar::U32, Scalar::I32, Scalar::U64, Scalar::I64];
    let holds = |ty: &Scalar| {
        let limits = ty.limits();
        limits.is_some_and(|(least, most)| (least..=most).contains(&value))
    };
    let rest = if value < 0 {
        Scalar::I128
    } else {
        Scalar::U128
    };
    types.into_iter().find(holds).unwrap_or(rest)
}

fn is_same(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Int { value: one, .. }, Value::Int { value: other, .. }) => one == other,
        _ => one == other,
    }
}

/// Where the types of a definition are written, in the order of the model.
fn places(definition: &Definition<'_>, left_out: &HashSet<Span>) -> Vec<Span> {
    match definition.kind {
        Kind::Typedef(declaration) => vec![declaration.span],
        Kind::Struct(fields) => fields.iter().map(|field| field.span).collect(),
        Kind::Union(union) => {
            let payloads = union.arms.iter().filter_map(|arm| arm.payload.as_ref());
            let payloads = payloads.filter(|payload| !matches!(payload.ty, Spec::Void));
            let places = payloads.chain([&union.switch]).map(|place| place.span);
            places.collect()
        }
        Kind::Version(_, version) => programs::places(version, left_out),
        Kind::Const(_) | Kind::Enum(_) | Kind::Extern | Kind::Broken => Vec::new(),
    }
}
