//! Names of values that several enums have, or an enum and a constant. C has one space of names for all of them, so
//! which value is meant is open unless they are the same.

use super::Lowering;
use super::names::ValueId;
use super::values::{State, Value};
use crate::diag::{Code, Diagnostic};
use crate::source::Span;
use std::collections::HashMap;

impl Lowering<'_, '_> {
    /// Reports names with two values: where they are used, or else where they are defined, which is a warning, since each
    /// union finds the labels of its own enum. Each clash is the first value of a name and another one.
    pub(super) fn clashes(&mut self, clashes: &[(ValueId, ValueId)]) {
        let mut uses: HashMap<ValueId, Vec<Span>> = HashMap::new();
        for (id, span) in std::mem::take(&mut self.uses) {
            uses.entry(id).or_default().push(span);
        }
        for &(first, second) in clashes {
            let (Some(one), Some(other)) = (self.int_of(first), self.int_of(second)) else {
                continue;
            };
            if one == other {
                continue;
            }
            let (name, first_at) = self.name_of(first);
            let (_, second_at) = self.name_of(second);
            // A macro may stand for one of them, so that they are two in C.
            let in_c = [first_at, second_at].map(|at| at.range().len() == name.len());
            let title = format!("`{name}` has two values");
            let (one, other) = (format!("this one is {one}"), format!("this one is {other}"));
            let Some(used) = uses.get(&first) else {
                // In a namespace an enum's values are its own, as they are to the compilers of that dialect.
                if self.definitions[first.0].space != 0 || in_c.contains(&false) {
                    continue;
                }
                let problem = Diagnostic::new(Code::TwoValues, title, second_at, other);
                let problem = problem.also(first_at, one);
                self.diags.warn(problem.help(
                    "give one of them another name: C has one space of names for the values of all enums",
                ));
                continue;
            };
            for &span in used {
                let problem = Diagnostic::new(Code::DefinedTwice, &title, span, "which one?");
                let problem = problem.also(first_at, &one).also(second_at, &other);
                self.report(problem.help("give one of them another name, or write the number"));
            }
        }
    }

    fn int_of(&self, (id, index): ValueId) -> Option<i128> {
        match self.values[id].get(index)? {
            State::Known(Value::Int { value, .. }) => Some(*value),
            _ => None,
        }
    }
}
