//! All definitions of a unit, those without a name of their own among them.

use super::super::tree::{
    Declaration, Enumerator, Expr, Item, ItemKind, Program, Shape, Spec, Union, Unit, Version,
};
use super::names::{Names, ValueId};
use crate::ast::{Docs, Ident};
use crate::casing::camel;
use crate::diag::{Code, Diagnostic, Diagnostics};
use crate::model::ItemId;
use crate::source::Span;
use std::collections::{HashMap, HashSet};

/// What becomes an item of the model, in its place.
#[derive(Debug)]
pub(super) struct Definition<'t> {
    pub(super) docs: &'t [String],
    /// The space in which its names are looked for.
    pub(super) space: usize,
    pub(super) name: String,
    pub(super) at: Span,
    pub(super) kind: Kind<'t>,
}

#[derive(Debug, Clone, Copy)]
pub(super) enum Kind<'t> {
    Const(&'t Expr),
    Typedef(&'t Declaration),
    Enum(&'t [Enumerator]),
    Struct(&'t [Declaration]),
    Union(&'t Union),
    Version(&'t Program, &'t Version),
    /// It is used and not defined, and its Rust is elsewhere.
    Extern,
    Broken,
}

/// What a unit consists of.
#[derive(Debug)]
pub(super) struct Collected<'t> {
    pub(super) definitions: Vec<Definition<'t>>,
    pub(super) names: Names,
    /// What has no name in the file, by its place in the tree.
    pub(super) anonymous: HashMap<*const Spec, ItemId>,
    /// Constants and typedefs that are there once more: they have to say the same.
    pub(super) again: Vec<(ValueId, Definition<'t>)>,
    /// The first value of a name, and one of an enum that has the same name.
    pub(super) clashes: Vec<(ValueId, ValueId)>,
}

pub(super) fn collect<'t>(unit: &'t Unit, diags: &mut Diagnostics) -> Collected<'t> {
    let mut collector = Collector {
        collected: Collected {
            definitions: Vec::new(),
            names: Names::new(),
            anonymous: HashMap::new(),
            again: Vec::new(),
            clashes: Vec::new(),
        },
        inner: Vec::new(),
        outer: Vec::new(),
        taken: HashSet::new(),
        tried: HashMap::new(),
        diags,
    };
    for item in &unit.items {
        collector.item(item);
    }
    collector.numbers();
    let named = collector.next();
    collector.without_names();
    let order = order(named, &collector.outer);
    collector.collected.arrange(order)
}

struct Collector<'t, 'd> {
    collected: Collected<'t>,
    /// Definitions whose parts may hold types without a name. They are named when all names are known.
    inner: Vec<ItemId>,
    /// What each of those without a name is in; they come after all that have one.
    outer: Vec<ItemId>,
    /// The names in Rust of those that have one, and of those that were given one: each with its space.
    taken: HashSet<(usize, String)>,
    /// How many of the names that are made of one were tried.
    tried: HashMap<(usize, String), usize>,
    diags: &'d mut Diagnostics,
}

impl<'t> Collector<'t, '_> {
    fn item(&mut self, item: &'t Item) {
        let namespace = item.namespace.as_ref().map(|name| name.text.as_str());
        let space = self.collected.names.space(namespace);
        match &item.kind {
            ItemKind::Const(name, value) => self.constant(&item.docs, space, name, value),
            ItemKind::Typedef(declaration) => self.typedef(&item.docs, space, declaration),
            ItemKind::Enum(name, values) => {
                self.define(&item.docs, space, name, Kind::Enum(values));
            }
            ItemKind::Struct(name, fields) => {
                self.define(&item.docs, space, name, Kind::Struct(fields));
            }
            ItemKind::Union(name, union) => {
                self.define(&item.docs, space, name, Kind::Union(union));
            }
            ItemKind::Program(program) => {
                for version in &program.versions {
                    let docs = match version.docs.is_empty() {
                        true => &item.docs,
                        false => &version.docs,
                    };
                    let kind = Kind::Version(program, version);
                    self.push(
                        docs,
                        space,
                        version.name.text.clone(),
                        version.name.span,
                        kind,
                    );
                }
            }
            ItemKind::Broken(name) => {
                let id = self.next();
                let names = &mut self.collected.names;
                names.add_type(space, &name.text, id);
                names.add_value(space, &name.text, (id, 0));
                self.push(
                    &item.docs,
                    space,
                    name.text.clone(),
                    name.span,
                    Kind::Broken,
                );
            }
        }
    }

    fn next(&self) -> ItemId {
        self.collected.definitions.len()
    }

    fn push(
        &mut self,
        docs: &'t Docs,
        space: usize,
        name: String,
        at: Span,
        kind: Kind<'t>,
    ) -> ItemId {
        let definition = Definition {
            docs,
            space,
            name,
            at,
            kind,
        };
        self.collected.definitions.push(definition);
        self.next() - 1
    }

    fn constant(&mut self, docs: &'t Docs, space: usize, name: &'t Ident, value: &'t Expr) {
        let id = self.next();
        match self.collected.names.add_value(space, &name.text, (id, 0)) {
            None => {
                self.push(
                    docs,
                    space,
                    name.text.clone(),
                    name.span,
                    Kind::Const(value),
                );
            }
            Some(first) => self.again(first, docs, space, name, Kind::Const(value)),
        }
    }

    fn again(
        &mut self,
        first: ValueId,
        docs: &'t Docs,
        space: usize,
        name: &'t Ident,
        kind: Kind<'t>,
    ) {
        let definition = Definition {
            docs,
            space,
            name: name.text.clone(),
            at: name.span,
            kind,
        };
        self.collected.again.push((first, definition));
    }

    fn typedef(&mut self, docs: &'t Docs, space: usize, declaration: &'t Declaration) {
        let Some(name) = &declaration.name else {
            return;
        };
        let plain = matches!(declaration.shape, Shape::Plain);
        let kind = match (&declaration.ty, plain) {
            // `typedef struct a a;` says nothing in a `.x` file.
            (Spec::Named(of), true) if of.text == name.text => return,
            (Spec::Struct(fields), true) => Kind::Struct(fields),
            (Spec::Enum(values), true) => Kind::Enum(values),
            (Spec::Union(union), true) => Kind::Union(union),
            _ => {
                let first = self.collected.names.find_here(space, &name.text);
                if let Some(first) = first {
                    let kind = Kind::Typedef(declaration);
                    return self.again((first, 0), docs, space, name, kind);
                }
                Kind::Typedef(declaration)
            }
        };
        self.define(docs, space, name, kind);
    }

    /// A type, with the values that it brings with it.
    fn define(&mut self, docs: &'t Docs, space: usize, name: &'t Ident, kind: Kind<'t>) {
        let id = self.next();
        if let Some(first) = self.collected.names.add_type(space, &name.text, id) {
            let first = self.collected.definitions[first].at;
            self.twice(name, first);
        }
        self.push(docs, space, name.text.clone(), name.span, kind);
        self.values(id, space, kind);
        self.inner.push(id);
    }

    fn values(&mut self, id: ItemId, space: usize, kind: Kind<'t>) {
        let Kind::Enum(values) = kind else { return };
        for (index, value) in values.iter().enumerate() {
            let names = &mut self.collected.names;
            // Another of that name is another enum's: each union finds those of its own enum first.
            let first = names.add_value(space, &value.name.text, (id, index));
            if let Some(first) = first.filter(|(of, _)| *of != id) {
                self.collected.clashes.push((first, (id, index)));
            }
        }
    }

    /// Programs, versions and procedures are constants in C, unless another constant has the name.
    fn numbers(&mut self) {
        let Collected {
            definitions, names, ..
        } = &mut self.collected;
        for (id, definition) in definitions.iter().enumerate() {
            let Kind::Version(program, version) = definition.kind else {
                continue;
            };
            let procedures = version.procedures.iter().map(|procedure| &procedure.name);
            let all = [&program.name, &version.name].into_iter().chain(procedures);
            for (index, name) in all.enumerate() {
                names.add_value(definition.space, &name.text, (id, index));
            }
        }
    }

    fn twice(&mut self, name: &Ident, first: Span) {
        let title = format!("`{}` is defined twice", name.text);
        let problem = Diagnostic::new(Code::DefinedTwice, title, name.span, "this is the second");
        self.diags.report(problem.also(first, "the first is here"));
    }

    /// Names what has no name after what it is in; what is in that comes after it.
    fn without_names(&mut self) {
        let named = self.collected.definitions.iter();
        let named = named.map(|definition| (definition.space, camel(&definition.name)));
        self.taken = named.collect();
        let mut at = 0;
        while let Some(&id) = self.inner.get(at) {
            at += 1;
            let kind = self.collected.definitions[id].kind;
            match kind {
                Kind::Typedef(declaration) => self.nameless(id, declaration, "element"),
                Kind::Struct(fields) => {
                    for field in fields {
                        self.nameless(id, field, "value");
                    }
                }
                Kind::Union(union) => {
                    self.nameless(id, &union.switch, "switch");
                    for payload in union.arms.iter().filter_map(|arm| arm.payload.as_ref()) {
                        self.nameless(id, payload, "value");
                    }
                }
                _ => {}
            }
        }
    }

    fn nameless(&mut self, outer: ItemId, declaration: &'t Declaration, otherwise: &str) {
        let kind = match &declaration.ty {
            Spec::Struct(fields) => Kind::Struct(fields),
            Spec::Enum(values) => Kind::Enum(values),
            Spec::Union(union) => Kind::Union(union),
            _ => return,
        };
        let own = match (&declaration.name, self.collected.definitions[outer].kind) {
            (Some(name), Kind::Struct(_) | Kind::Union(_)) => name.text.as_str(),
            _ => otherwise,
        };
        let Definition { space, name, .. } = &self.collected.definitions[outer];
        let (space, wanted) = (*space, format!("{name}_{own}"));
        let name = self.made_up(space, &wanted);
        let id = self.next();
        self.collected.names.add_type(space, &name, id);
        let at = declaration
            .name
            .as_ref()
            .map_or(declaration.span, |name| name.span);
        self.push(&declaration.docs, space, name, at, kind);
        self.outer.push(outer);
        self.values(id, space, kind);
        self.collected
            .anonymous
            .insert(std::ptr::from_ref(&declaration.ty), id);
        self.inner.push(id);
    }

    /// The first free name. It is none of the file, so it is the one that it has in Rust, where names of the file
    /// come first.
    fn made_up(&mut self, space: usize, wanted: &str) -> String {
        // `OuterAA` is `OuterAa` once more.
        let wanted = camel(&camel(wanted));
        let tried = self.tried.entry((space, wanted.clone())).or_default();
        loop {
            let name = nth(&wanted, *tried);
            *tried += 1;
            if self.taken.insert((space, name.clone())) {
                return name;
            }
        }
    }
}

/// What a made-up name becomes: itself, then with a number, which Rust's casing keeps.
fn nth(name: &str, choice: usize) -> String {
    match choice {
        0 => name.to_owned(),
        _ if name.ends_with(|c: char| c.is_ascii_digit()) => format!("{name}_{}", choice + 1),
        _ => format!("{name}{}", choice + 1),
    }
}

/// Each definition with a name, and behind it those without that are in it; `outer` says in which.
fn order(named: usize, outer: &[ItemId]) -> Vec<ItemId> {
    let mut inner = vec![Vec::new(); named + outer.len()];
    for (n, &outer) in outer.iter().enumerate() {
        inner[outer].push(named + n);
    }
    let mut order = Vec::with_capacity(inner.len());
    for first in 0..named {
        let mut todo = vec![first];
        while let Some(id) = todo.pop() {
            order.push(id);
            todo.extend(inner[id].iter().rev());
        }
    }
    order
}

impl Collected<'_> {
    /// Puts the definitions in this order.
    fn arrange(mut self, order: Vec<ItemId>) -> Self {
        let mut place = vec![0; order.len()];
        for (new, &old) in order.iter().enumerate() {
            place[old] = new;
        }
        let mut definitions: Vec<_> = self.definitions.into_iter().zip(&place).collect();
        definitions.sort_by_key(|(_, place)| **place);
        self.definitions = definitions.into_iter().map(|(d, _)| d).collect();
        self.names.move_to(&place);
        self.anonymous.values_mut().for_each(|id| *id = place[*id]);
        let again = self.again.iter_mut().map(|((id, _), _)| id);
        let clashes = self.clashes.iter_mut();
        let clashes = clashes.flat_map(|((one, _), (other, _))| [one, other]);
        again.chain(clashes).for_each(|id| *id = place[*id]);
        self
    }
}
