//! The one checker: from the tree of any front end to the model, or to messages.

mod annotations;
mod consts;
mod containment;
mod enums;
mod free;
mod graph;
mod interfaces;
mod keys;
mod names;
mod places;
mod scope;
mod sizes;
mod types;

pub(crate) use containment::check as contain;
pub(crate) use enums::DISCRIMINANT;
pub(crate) use graph::{components, reaching};
pub(crate) use keys::{edges, held, holding_floats, in_keys};
pub(crate) use scope::Part;
pub(crate) use sizes::sizes_of;
#[cfg(test)]
pub(crate) use types::MADE_OF_OTHERS;
pub(crate) use types::foreign;

use crate::ast;
use crate::diag::{Code, Diagnostic, Diagnostics};
use crate::model::{Const, Field, Item, ItemId, ItemKind, Language, Model, Notes, Type};
use crate::source::Span;
use scope::Scope;
use std::collections::HashMap;

/// Checks a file with all that it imports, itself first. All mistakes are reported; if there was none,
/// and none before in these files, which `incomplete` says, here is their model.
pub(crate) fn check(
    parts: &[Part<'_>],
    incomplete: bool,
    diags: &mut Diagnostics,
) -> Option<Model> {
    let scope = Scope::new(parts);
    names::unique(parts, &scope, diags);
    let mut checker = Checker {
        scope: &scope,
        incomplete,
        consts: Vec::new(),
        ends: Vec::new(),
        values: HashMap::new(),
        programs: HashMap::new(),
        keys: Vec::new(),
        diags,
    };
    checker.consts = consts::evaluate(&mut checker);
    checker.ends = types::alias_ends(&checker);
    let mut items = Vec::with_capacity(scope.items.len());
    for (id, item) in scope.items.iter().enumerate() {
        // What was wrong with it is told; for the others it counts as something harmless.
        let kind = checker
            .item(id, item)
            .unwrap_or(ItemKind::Struct(Vec::new()));
        items.push(Item {
            namespace: scope.of[id],
            docs: item.docs.clone(),
            notes: checker.notes(&item.annotations),
            name: item.name.text.clone(),
            at: item.name.span,
            kind,
        });
    }
    keys::check(&scope, &items, &checker.keys, checker.diags);
    let places = |id: ItemId| places::of_types(scope.items[id]);
    contain(&mut items, places, INDIRECT, checker.diags);
    let good = checker.diags.count() == 0 && !incomplete;
    good.then_some(Model {
        items,
        namespaces: scope.namespaces,
        language: Language::Idl,
    })
}

const INDIRECT: &str = "put `optional<…>` or `list<…>` around one of the types on the way";

/// What the passes know of the files.
struct Checker<'a> {
    scope: &'a Scope<'a>,
    /// Parts of the files could not be read.
    incomplete: bool,
    /// By item; `None` for what is no constant, or a wrong one.
    consts: Vec<Option<Const>>,
    /// By item: for an alias, the item or the alias of a built-in type where its chain ends;
    /// `None` in a chain without end.
    ends: Vec<Option<ItemId>>,
    /// By enum: its values by name.
    values: HashMap<ItemId, HashMap<&'a str, usize>>,
    /// The first interface with a program and version.
    programs: HashMap<(u32, u32), &'a ast::Ident>,
    /// All keys of maps and elements of sets.
    keys: Vec<(Span, Type)>,
    diags: &'a mut Diagnostics,
}

impl<'a> Checker<'a> {
    fn item(&mut self, id: ItemId, item: &'a ast::Item) -> Option<ItemKind> {
        Some(match &item.kind {
            ast::ItemKind::Const { .. } => ItemKind::Const(self.consts[id].clone()?),
            ast::ItemKind::Alias(ty) => ItemKind::Alias(self.ty(ty)?),
            ast::ItemKind::Struct(fields) => {
                self.unique(fields.iter().map(|f| &f.name), "field");
                ItemKind::Struct(self.fields(fields)?)
            }
            ast::ItemKind::Enum(enumerators) => {
                ItemKind::Enum(self.enumeration(&item.name, enumerators)?)
            }
            ast::ItemKind::Union(union) => ItemKind::Union(self.union(&item.name, union)?),
            ast::ItemKind::Interface(interface) => {
                ItemKind::Interface(self.interface(&item.name, interface)?)
            }
            ast::ItemKind::Broken => return None,
        })
    }

    /// Lowers all fields, so that each mistake is told; `None` if there was one.
    fn fields(&mut self, fields: &'a [ast::Field]) -> Option<Vec<Field>> {
        let fields: Vec<_> = fields
            .iter()
            .map(|field| {
                let notes = self.notes(&field.annotations);
                self.field(field, notes)
            })
            .collect();
        fields.into_iter().collect()
    }

    fn field(&mut self, field: &'a ast::Field, notes: Notes) -> Option<Field> {
        let ty = self.ty(&field.ty)?;
        Some(Field {
            docs: field.docs.clone(),
            notes,
            name: field.name.text.clone(),
            at: field.name.span,
            ty,
        })
    }

    fn error(
        &mut self,
        code: Code,
        title: impl Into<String>,
        span: Span,
        label: impl Into<String>,
    ) {
        self.diags.report(Diagnostic::new(code, title, span, label));
    }

    fn report(&mut self, diagnostic: Diagnostic) {
        self.diags.report(diagnostic);
    }
}
