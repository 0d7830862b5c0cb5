//! Unions: what tells the arms apart, and by which labels.

use super::super::tree::{self, Declaration, Expr, ExprKind, Shape, Spec};
use super::Lowering;
use super::builtin;
use super::collect::Kind;
use super::types::scalar;
use super::values::{State, Value, as_word};
use crate::ast::Scalar;
use crate::diag::{Code, Diagnostic};
use crate::model::{Arm, Case, ItemId, Labels, Notes, Payload, Type, Union};
use crate::source::Span;
use std::collections::HashMap;

/// What tells the arms of a union apart.
#[derive(Debug, Clone, Copy)]
enum Switch {
    Number(Scalar),
    Bool,
    Enum(ItemId),
}

/// What a label stands for.
enum Meaning {
    Case(Case),
    /// A number that the discriminant never is, which was told.
    NeverMet,
    /// Nothing that can be understood, which was told.
    Broken,
}

/// The values of an enum, by name and by number; of several with one number, the first.
#[derive(Debug, Default)]
pub(super) struct Table<'t> {
    names: HashMap<&'t str, usize>,
    numbers: HashMap<i32, usize>,
}

impl<'t> Lowering<'t, '_> {
    pub(super) fn union(
        &mut self,
        name: &str,
        at: Span,
        union: &'t tree::Union,
        space: usize,
    ) -> Option<Union> {
        if union.arms.is_empty() {
            self.error(Code::NoValues, format!("`{name}` has no arms"), at);
        }
        let declared = self.ty(&union.switch, space);
        let switch = self.switch(&union.switch, space);
        let payloads: Vec<_> = union
            .arms
            .iter()
            .map(|arm| self.payload(arm.payload.as_ref(), space))
            .collect();
        let (declared, switch) = (declared?, switch?);
        let labels = self.labels(switch, union, space)?;
        let mut arms = Vec::with_capacity(union.arms.len());
        for ((arm, payload), labels) in union.arms.iter().zip(payloads).zip(labels) {
            let Some((name, labels)) = labels else {
                continue;
            };
            arms.push(Arm {
                docs: arm.docs.clone(),
                notes: Notes::default(),
                name,
                at: arm.span,
                payload: payload?,
                labels,
            });
        }
        if arms.is_empty() && !union.arms.is_empty() {
            let title = format!("no arm of `{name}` can be met");
            self.error(Code::UnknownValue, title, at);
        }
        let ty = match switch {
            // Of whatever width it is in C, it takes 4 bytes, and Rust's `switch` takes these two.
            Switch::Number(scalar) => Type::Scalar(scalar),
            Switch::Bool | Switch::Enum(_) => declared,
        };
        Some(Union {
            switch: Some(ty),
            arms,
            error: false,
        })
    }

    fn payload(&mut self, declared: Option<&'t Declaration>, space: usize) -> Option<Payload> {
        let declared = declared.filter(|declared| !matches!(declared.ty, Spec::Void));
        match declared {
            None => Some(Payload::None),
            Some(declared) => Some(Payload::Fields(vec![self.field(declared, space)?])),
        }
    }

    /// What a discriminant is, behind the names of typedefs.
    fn switch(&mut self, declaration: &'t Declaration, space: usize) -> Option<Switch> {
        let (mut declared, mut space) = (declaration, space);
        // No chain of typedefs is longer than there are definitions.
        for _ in 0..=self.definitions.len() {
            let plain = matches!(declared.shape, Shape::Plain);
            let found = match &declared.ty {
                _ if !plain => None,
                Spec::Int(integer) => number(scalar(*integer)),
                Spec::Bool => Some(Switch::Bool),
                Spec::Enum(_) => {
                    let place = std::ptr::from_ref(&declared.ty);
                    self.anonymous.get(&place).map(|&id| Switch::Enum(id))
                }
                Spec::Named(name) => match self.names.find_type(&name.text, space) {
                    Some(id) => match self.definitions[id].kind {
                        Kind::Typedef(next) => {
                            (declared, space) = (next, self.definitions[id].space);
                            continue;
                        }
                        Kind::Enum(_) => Some(Switch::Enum(id)),
                        Kind::Broken => return None,
                        _ => None,
                    },
                    None => match builtin::ty(&name.text) {
                        Some(Type::Scalar(Scalar::Bool)) => Some(Switch::Bool),
                        Some(Type::Scalar(scalar)) => number(scalar),
                        // It is unknown, which is told where the type is lowered.
                        _ => return None,
                    },
                },
                _ => None,
            };
            if found.is_none() {
                let title = "a union cannot switch on this type";
                let span = declaration.span;
                let problem = Diagnostic::new(Code::NotForSwitch, title, span, "");
                self.report(problem.help("it can on `int`, `unsigned`, `bool` or an enum"));
            }
            return found;
        }
        // Typedefs in a circle are told where they are defined.
        None
    }

    /// The name of each arm, which is that of its first label, and its labels; none of an arm that is never met.
    fn labels(
        &mut self,
        switch: Switch,
        union: &'t tree::Union,
        space: usize,
    ) -> Option<Vec<Option<(String, Labels)>>> {
        let mut seen: HashMap<i64, Span> = HashMap::new();
        let mut default: Option<Span> = None;
        let mut broken = false;
        let mut found = Vec::with_capacity(union.arms.len());
        for arm in &union.arms {
            if arm.labels.is_empty() {
                if let Some(first) = default.replace(arm.span) {
                    let title = "a union has one default arm";
                    let problem =
                        Diagnostic::new(Code::TwoDefaults, title, arm.span, "this is the second");
                    self.report(problem.also(first, "the first is here"));
                }
                found.push(Some(("default".to_owned(), Labels::Default)));
                continue;
            }
            let mut cases = Vec::with_capacity(arm.labels.len());
            for label in &arm.labels {
                let case = match self.meaning(switch, label, space) {
                    Meaning::Case(case) => case,
                    Meaning::NeverMet => continue,
                    Meaning::Broken => {
                        broken = true;
                        continue;
                    }
                };
                let number = self.number_of(&case);
                if let Some(first) = number.and_then(|number| seen.insert(number, label.span)) {
                    let title = "two arms have the same value";
                    let problem =
                        Diagnostic::new(Code::SameNumber, title, label.span, "this is the second");
                    self.report(problem.also(first, "the first is here"));
                }
                cases.push(case);
            }
            found.push(cases.first().map(|first| {
                let name = self.arm_name(first, &arm.labels[0]);
                (name, Labels::Cases(cases.clone()))
            }));
        }
        (!broken).then_some(found)
    }

    fn meaning(&mut self, switch: Switch, label: &'t Expr, space: usize) -> Meaning {
        if let (Switch::Enum(of), ExprKind::Name(name)) = (switch, &label.kind) {
            // Its own values come before all others of that name.
            let last = name.rsplit("::").next().unwrap_or(name);
            if let Some(&index) = self.table(of).names.get(last) {
                return Meaning::Case(Case::Enumerator { of, index });
            }
        }
        let Some(value) = self.integer(label, space) else {
            return Meaning::Broken;
        };
        let word = as_word(value);
        let case = match switch {
            Switch::Bool => match value {
                0 | 1 => Some(Case::Bool(value == 1)),
                _ => {
                    self.error(Code::WrongValue, "expected `TRUE` or `FALSE`", label.span);
                    None
                }
            },
            Switch::Number(Scalar::U32) => self.in_range(word, value, label.span).map(|word| {
                // A negative number stands for what C makes of it without a sign.
                Case::Number(i64::from(word as u32))
            }),
            Switch::Number(_) => self
                .in_range(word, value, label.span)
                .map(|word| Case::Number(word.into())),
            Switch::Enum(of) => {
                let index = word.and_then(|word| self.table(of).numbers.get(&word).copied());
                let Some(index) = index else {
                    self.never_met(of, value, label.span);
                    return Meaning::NeverMet;
                };
                Some(Case::Enumerator { of, index })
            }
        };
        case.map_or(Meaning::Broken, Meaning::Case)
    }

    fn in_range(&mut self, word: Option<i32>, value: i128, span: Span) -> Option<i32> {
        if word.is_none() {
            let title = format!("{value} is out of range: labels have 32 bits");
            self.error(Code::OutOfRange, title, span);
        }
        word
    }

    fn never_met(&mut self, of: ItemId, value: i128, span: Span) {
        let name = &self.definitions[of].name;
        let title = format!("no value of `{name}` is {value}, so this label is left out");
        let problem = Diagnostic::new(Code::NeverMet, title, span, "");
        let at = self.definitions[of].at;
        self.diags.warn(problem.also(at, "the enum is here"));
    }

    fn table(&mut self, of: ItemId) -> &Table<'t> {
        let (kind, values) = (self.definitions[of].kind, &self.values);
        self.tables.entry(of).or_insert_with(|| {
            let mut table = Table::default();
            let Kind::Enum(all) = kind else { return table };
            for (index, value) in all.iter().enumerate() {
                table.names.entry(&value.name.text).or_insert(index);
                if let State::Known(Value::Int { value, .. }) = values[of][index]
                    && let Some(word) = as_word(value)
                {
                    table.numbers.entry(word).or_insert(index);
                }
            }
            table
        })
    }

    /// What is on the wire.
    fn number_of(&self, case: &Case) -> Option<i64> {
        match *case {
            Case::Number(number) => Some(number),
            Case::Bool(value) => Some(value.into()),
            Case::Enumerator { of, index } => match self.values[of][index] {
                State::Known(Value::Int { value, .. }) => as_word(value).map(i64::from),
                _ => None,
            },
        }
    }

    fn arm_name(&self, case: &Case, label: &Expr) -> String {
        match (case, &label.kind) {
            (Case::Bool(true), _) => "TRUE".to_owned(),
            (Case::Bool(false), _) => "FALSE".to_owned(),
            (Case::Enumerator { of, index }, _) => match self.definitions[*of].kind {
                Kind::Enum(values) => values[*index].name.text.clone(),
                _ => String::new(),
            },
            (Case::Number(_), ExprKind::Name(name)) => {
                name.rsplit("::").next().unwrap_or(name).to_owned()
            }
            (Case::Number(number), _) if *number < 0 => {
                format!("case_minus_{}", number.unsigned_abs())
            }
            (Case::Number(number), _) => format!("case{number}"),
        }
    }
}

/// Any of them that is 4 bytes on the wire.
fn number(scalar: Scalar) -> Option<Switch> {
    match scalar {
        Scalar::I8 | Scalar::I16 | Scalar::I32 => Some(Switch::Number(Scalar::I32)),
        Scalar::U8 | Scalar::U16 | Scalar::U32 => Some(Switch::Number(Scalar::U32)),
        _ => None,
    }
}
