//! What each definition and each value of an enum is called in C.

use super::lower::own_name;
use super::names::Names;
use super::renamed::Kept;
use super::values;
use crate::casing::screaming;
use crate::model::{Item, ItemId, ItemKind, Language, Model};
use std::collections::{HashMap, HashSet};

pub(super) struct Named {
    pub(super) names: Names,
    /// By item; interfaces have none.
    pub(super) items: Vec<String>,
    /// By enum, the names of its values.
    pub(super) values: HashMap<ItemId, Vec<String>>,
}

/// Gives all definitions of the contract their names, so that what is introduced yields to them.
pub(super) fn named(model: &Model) -> Named {
    match model.language {
        Language::Idl => of_idl(model),
        Language::X(_) => of_x(model),
    }
}

fn of_idl(model: &Model) -> Named {
    let mut names = Names::new(None);
    let mut items = vec![String::new(); model.items.len()];
    for (id, item) in types(model) {
        items[id] = names.of_type(&own_name(model, item));
    }
    for (id, item) in constants(model) {
        items[id] = names.of_value(&screaming(&own_name(model, item)));
    }
    let mut found = HashMap::new();
    for (id, item) in model.items.iter().enumerate() {
        if let Some(all) = values::of(&item.kind) {
            let prefix = screaming(&own_name(model, item));
            let name = |value: &str| names.of_value(&format!("{prefix}_{}", screaming(value)));
            found.insert(id, all.into_iter().map(name).collect());
        }
    }
    Named {
        names,
        items,
        values: found,
    }
}

fn of_x(model: &Model) -> Named {
    let mut kept = Kept::new(model);
    let hidden = in_namespaces(model);
    let mut items = vec![String::new(); model.items.len()];
    for (id, item) in types(model).chain(constants(model)) {
        let (own, front) = path(model, item.namespace, &item.name);
        // From within a namespace, what is in it comes first.
        let own = match item.namespace == 0 && hidden.contains(item.name.as_str()) {
            true => format!("::{own}"),
            false => own,
        };
        items[id] = match item.kind {
            ItemKind::Const(_) => kept.definition(&item.name, &own, &front),
            _ => kept.of_type(&item.name, &own, &front),
        };
    }
    let mut found = HashMap::new();
    for (id, item) in model.items.iter().enumerate() {
        if let ItemKind::Enum(all) = &item.kind {
            let names = all.iter().map(|value| &value.name);
            let names = names.map(|name| kept.definition(name, name, &items[id]));
            found.insert(id, names.collect());
        }
    }
    Named {
        names: Names::new(Some(kept)),
        items,
        values: found,
    }
}

/// A name with its namespace as `.x` files have it, and what C has in front of it instead.
pub(super) fn path(model: &Model, namespace: usize, name: &str) -> (String, String) {
    match model.namespaces[namespace].name.as_str() {
        "" => (name.to_owned(), String::new()),
        namespace => (
            format!("{}::{name}", namespace.replace('.', "::")),
            namespace.replace('.', "_"),
        ),
    }
}

/// The names of all that is in a namespace.
fn in_namespaces(model: &Model) -> HashSet<&str> {
    let items = model.items.iter().filter(|item| item.namespace != 0);
    let names = items.flat_map(|item| {
        let values = values::of(&item.kind).unwrap_or_default();
        values.into_iter().chain([item.name.as_str()])
    });
    names.collect()
}

fn types(model: &Model) -> impl Iterator<Item = (ItemId, &Item)> {
    let is_type = |item: &Item| !matches!(item.kind, ItemKind::Const(_) | ItemKind::Interface(_));
    let items = model.items.iter().enumerate();
    items.filter(move |(_, item)| is_type(item))
}

fn constants(model: &Model) -> impl Iterator<Item = (ItemId, &Item)> {
    let items = model.items.iter().enumerate();
    items.filter(|(_, item)| matches!(item.kind, ItemKind::Const(_)))
}
