//! What a name means where it stands. As in C, types share one space of names and constants another,
//! in which the values of all enums are too; the dialect with namespaces has such spaces for each of them,
//! and looks into the outer ones as well.

use crate::model::{ItemId, Namespace};
use std::collections::HashMap;

/// A constant, or a value of an enum: the definition, and which of its values.
pub(super) type ValueId = (ItemId, usize);

#[derive(Debug)]
pub(super) struct Names {
    spaces: Vec<Space>,
    by_name: HashMap<String, usize>,
}

#[derive(Debug, Default)]
struct Space {
    /// With dots.
    name: String,
    outer: Option<usize>,
    types: HashMap<String, ItemId>,
    values: HashMap<String, ValueId>,
}

impl Names {
    pub(super) fn new() -> Self {
        Names {
            spaces: vec![Space::default()],
            by_name: HashMap::from([(String::new(), 0)]),
        }
    }

    /// The space of a namespace, which is written with its colons; those around it are made too.
    pub(super) fn space(&mut self, namespace: Option<&str>) -> usize {
        let mut at = 0;
        for part in namespace.unwrap_or_default().split("::") {
            let part = part.trim();
            if part.is_empty() {
                continue;
            }
            let name = join(&self.spaces[at].name, part);
            let next = self.spaces.len();
            let outer = at;
            at = *self.by_name.entry(name.clone()).or_insert(next);
            if at == next {
                self.spaces.push(Space {
                    name,
                    outer: Some(outer),
                    ..Space::default()
                });
            }
        }
        at
    }

    /// Gives a type its name, unless another has it, which is returned.
    pub(super) fn add_type(&mut self, space: usize, name: &str, id: ItemId) -> Option<ItemId> {
        let types = &mut self.spaces[space].types;
        match types.get(name) {
            Some(&first) => Some(first),
            None => {
                types.insert(name.to_owned(), id);
                None
            }
        }
    }

    /// The same for a constant.
    pub(super) fn add_value(&mut self, space: usize, name: &str, id: ValueId) -> Option<ValueId> {
        let values = &mut self.spaces[space].values;
        match values.get(name) {
            Some(&first) => Some(first),
            None => {
                values.insert(name.to_owned(), id);
                None
            }
        }
    }

    /// The type of this very space that has the name.
    pub(super) fn find_here(&self, space: usize, name: &str) -> Option<ItemId> {
        self.spaces[space].types.get(name).copied()
    }

    pub(super) fn find_type(&self, name: &str, from: usize) -> Option<ItemId> {
        self.find(name, from, |space, name| space.types.get(name).copied())
    }

    pub(super) fn find_value(&self, name: &str, from: usize) -> Option<ValueId> {
        self.find(name, from, |space, name| space.values.get(name).copied())
    }

    /// Looks from the inside out; `a::b` is looked for from each of the spaces on the way, `::a` only outside of all.
    fn find<T>(
        &self,
        name: &str,
        from: usize,
        look: impl Fn(&Space, &str) -> Option<T>,
    ) -> Option<T> {
        let (path, last) = name.rsplit_once("::").unwrap_or(("", name));
        let path = path.trim_start_matches("::").replace("::", ".");
        let mut at = Some(if name.starts_with("::") { 0 } else { from });
        while let Some(space) = at.map(|at| &self.spaces[at]) {
            let found = match path.is_empty() {
                true => look(space, last),
                false => {
                    let inner = self.by_name.get(&join(&space.name, &path));
                    inner.and_then(|&inner| look(&self.spaces[inner], last))
                }
            };
            if found.is_some() {
                return found;
            }
            at = space.outer;
        }
        None
    }

    /// All types, or all constants: for suggestions.
    pub(super) fn types(&self) -> impl Iterator<Item = &str> {
        let names = self.spaces.iter().flat_map(|space| space.types.keys());
        names.map(String::as_str)
    }

    pub(super) fn values(&self) -> impl Iterator<Item = &str> {
        let names = self.spaces.iter().flat_map(|space| space.values.keys());
        names.map(String::as_str)
    }

    /// Gives each definition another place.
    pub(super) fn move_to(&mut self, place: &[ItemId]) {
        for space in &mut self.spaces {
            space.types.values_mut().for_each(|id| *id = place[*id]);
            space
                .values
                .values_mut()
                .for_each(|(id, _)| *id = place[*id]);
        }
    }

    pub(super) fn into_namespaces(self) -> Vec<Namespace> {
        let spaces = self.spaces.into_iter().map(|space| Namespace {
            name: space.name,
            docs: Vec::new(),
        });
        spaces.collect()
    }
}

fn join(outer: &str, inner: &str) -> String {
    match outer.is_empty() {
        true => inner.to_owned(),
        false => format!("{outer}.{inner}"),
    }
}
