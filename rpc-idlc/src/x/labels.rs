//! The labels of a `.x` file's unions that switch on a number: the constants after which its arms are named.

use super::lower::Lowering;
use super::named::path;
use super::tree::Label;
use crate::model::{Item, ItemId, ItemKind, Model, Value};
use crate::rpcl::constant;
use std::collections::HashMap;

/// By name, what it may be: which definition it is of, and its number.
pub(super) type Numbers<'a> = HashMap<&'a str, Vec<(ItemId, i128)>>;

/// All names of numbers: constants, values of enums, and the parts of programs.
pub(super) fn numbers(model: &Model) -> Numbers<'_> {
    let mut numbers = Numbers::new();
    for (id, item) in model.items.iter().enumerate() {
        for (name, number) in named(item) {
            numbers.entry(name).or_default().push((id, number));
        }
    }
    numbers
}

fn named(item: &Item) -> Vec<(&str, i128)> {
    match &item.kind {
        ItemKind::Const(constant) => match constant.value {
            Value::Int { value, .. } => vec![(&item.name, value)],
            _ => Vec::new(),
        },
        ItemKind::Enum(values) => {
            let values = values.iter();
            values.map(|v| (v.name.as_str(), v.value.into())).collect()
        }
        ItemKind::Interface(interface) => {
            let methods = interface.methods.iter();
            let methods = methods.map(|m| (m.name.as_str(), m.procedure.into()));
            let written = interface.written.iter().flat_map(|written| {
                let program = (written.program.as_str(), interface.program.into());
                [program, (&written.version, interface.version.into())]
            });
            methods.chain(written).collect()
        }
        _ => Vec::new(),
    }
}

impl Lowering<'_> {
    /// The label of an arm with this name, in a union that is in a namespace.
    pub(super) fn number(&self, arm: &str, number: i64, within: usize) -> Label {
        let number = i128::from(number);
        let known = self.numbers.get(arm).into_iter().flatten();
        let mut known = known.filter(|(_, value)| *value == number);
        match known.next() {
            Some(&(of, _)) => self.constant_label(arm, of, within),
            None if constant(arm) == Some(number) => Label::same(arm.to_owned()),
            None => Label::same(number.to_string()),
        }
    }

    fn constant_label(&self, name: &str, of: ItemId, within: usize) -> Label {
        let item = &self.model.items[of];
        let c = match &item.kind {
            // Its name is another one for `idlc` already, if that is needed.
            ItemKind::Const(_) => return Label::same(self.defs[of].name.clone()),
            ItemKind::Enum(values) => {
                let index = values.iter().position(|value| value.name == name);
                index.map_or(name, |index| &self.values[&of][index])
            }
            _ => name,
        };
        let own = match (item.namespace == within, item.namespace) {
            (true, _) => c.to_owned(),
            (false, 0) => format!("::{name}"),
            (false, namespace) => path(self.model, namespace, name).0,
        };
        Label {
            c: c.to_owned(),
            own,
        }
    }
}
