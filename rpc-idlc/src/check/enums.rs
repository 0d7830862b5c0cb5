//! Enums and unions: every value once, every label a value that exists.

use super::Checker;
use super::free::propose;
use crate::ast::{self, Expr, ExprKind, Ident, Scalar, TypeKind};
use crate::diag::{Code, Diagnostic};
use crate::model::{Arm, Case, Enumerator, ItemId, Labels, Payload, Type, Union};
use crate::source::Span;

use std::collections::HashMap;

/// The field in which an arm with several labels keeps which of them it was.
pub(crate) const DISCRIMINANT: &str = "discriminant";

/// What tells the arms of a union apart.
#[derive(Clone, Copy)]
enum Switch<'a> {
    Number(Scalar),
    Bool,
    Enum(ItemId, &'a Ident, &'a [ast::Enumerator]),
}

impl<'a> Checker<'a> {
    pub(super) fn enumeration(
        &mut self,
        name: &Ident,
        enumerators: &'a [ast::Enumerator],
    ) -> Option<Vec<Enumerator>> {
        self.unique_variants(enumerators.iter().map(|e| &e.name), "value");
        if enumerators.is_empty() && !self.incomplete {
            self.error(
                Code::NoValues,
                format!("`{}` has no values", name.text),
                name.span,
                "",
            );
        }
        if enumerators.len() > 1 && enumerators.iter().all(|e| e.value.is_none()) {
            self.all_numberless("values", name, &enumerators[0].name);
            return None;
        }
        let numbers = || enumerators.iter().filter_map(|e| e.value.as_ref());
        let mut seen = HashMap::new();
        let mut lowered = Vec::new();
        for enumerator in enumerators {
            let notes = self.notes(&enumerator.annotations);
            let Some(expr) = &enumerator.value else {
                let free = self.free(numbers(), Scalar::I32, 0);
                self.numberless(&enumerator.name, free);
                continue;
            };
            let Some((value, _)) = self.number(expr, Scalar::I32) else {
                continue;
            };
            let value = value as i32;
            if let Some(first) = seen.insert(value, &enumerator.name) {
                let title = format!(
                    "`{}` and `{}` are both {value}",
                    first.text, enumerator.name.text
                );
                let problem = Diagnostic::new(Code::SameNumber, title, expr.span, "");
                let problem = problem.also(first.span, "the first is here");
                let free = self.free(numbers(), Scalar::I32, 0);
                self.report(propose(problem, expr, free));
            }
            let (docs, name) = (enumerator.docs.clone(), enumerator.name.text.clone());
            lowered.push(Enumerator {
                docs,
                notes,
                name,
                at: enumerator.name.span,
                value,
            });
        }
        (lowered.len() == enumerators.len()).then_some(lowered)
    }

    /// As in most other languages: one mistake, however many values there are.
    fn all_numberless(&mut self, what: &str, name: &Ident, first: &Ident) {
        let title = format!("the {what} of `{}` have no numbers", name.text);
        let problem = Diagnostic::new(Code::NoNumber, title, name.span, "");
        let first = &first.text;
        let help = format!("write `{first} = 0` and so on: the numbers go on the wire");
        self.report(problem.help(help));
    }

    fn numberless(&mut self, name: &Ident, free: Option<i128>) {
        let title = format!("`{}` has no number", name.text);
        let problem = Diagnostic::new(Code::NoNumber, title, name.span, "");
        let number = free.map_or("NUMBER".to_owned(), |free| free.to_string());
        self.report(problem.help(format!(
            "write `= {number}` behind it: the number goes on the wire"
        )));
    }

    pub(super) fn union(&mut self, name: &Ident, union: &'a ast::Union) -> Option<Union> {
        self.unique_variants(union.arms.iter().map(|arm| &arm.name), "arm");
        if union.arms.is_empty() && !self.incomplete {
            self.error(
                Code::NoValues,
                format!("`{}` has no arms", name.text),
                name.span,
                "",
            );
        }
        let missing = |arm: &ast::Arm| matches!(arm.labels, ast::Labels::Missing);
        if union.switch.is_none() && union.arms.len() > 1 && union.arms.iter().all(missing) {
            self.all_numberless("arms", name, &union.arms[0].name);
            return None;
        }
        let switch = self.switch(union.switch.as_ref());
        let ty = union.switch.as_ref().map(|ty| self.ty(ty));
        let arms: Vec<_> = union.arms.iter().map(|arm| self.payload(arm)).collect();
        let notes: Vec<_> = union
            .arms
            .iter()
            .map(|arm| self.notes(&arm.annotations))
            .collect();
        let labels = self.all_labels(switch?, &union.arms);
        let arms = union.arms.iter().zip(notes).zip(arms).zip(labels?).map(
            |(((arm, notes), payload), labels)| {
                let (docs, name) = (arm.docs.clone(), arm.name.text.clone());
                Some(Arm {
                    docs,
                    notes,
                    name,
                    at: arm.name.span,
                    payload: payload?,
                    labels,
                })
            },
        );
        Some(Union {
            switch: ty.map_or(Some(None), |ty| ty.map(Some))?,
            arms: arms.collect::<Option<_>>()?,
            error: union.error,
        })
    }

    fn switch(&mut self, ty: Option<&'a ast::TypeExpr>) -> Option<Switch<'a>> {
        let Some(ty) = ty else {
            return Some(Switch::Number(Scalar::I32));
        };
        match self.behind_aliases(ty)? {
            TypeKind::Scalar(Scalar::Bool) => return Some(Switch::Bool),
            TypeKind::Scalar(scalar @ (Scalar::I32 | Scalar::U32)) => {
                return Some(Switch::Number(*scalar));
            }
            TypeKind::Named(name) => {
                // An unknown name is reported where the type is lowered.
                let id = self.ends[self.scope.find(&name.text, name.span)?]?;
                let item = &self.scope.items[id];
                match &item.kind {
                    ast::ItemKind::Enum(values) => {
                        return Some(Switch::Enum(id, &item.name, values));
                    }
                    ast::ItemKind::Broken => return None,
                    _ => {}
                }
            }
            _ => {}
        }
        let problem = Diagnostic::new(
            Code::NotForSwitch,
            "a union cannot switch on this type",
            ty.span,
            "",
        );
        self.report(problem.help("it can on an enum, `bool`, `i32` or `u32`"));
        None
    }

    fn payload(&mut self, arm: &'a ast::Arm) -> Option<Payload> {
        Some(match &arm.payload {
            ast::Payload::None => Payload::None,
            ast::Payload::Types(types) if types.is_empty() => Payload::None,
            ast::Payload::Types(types) => {
                let types: Vec<Option<Type>> = types.iter().map(|ty| self.ty(ty)).collect();
                Payload::Types(types.into_iter().collect::<Option<_>>()?)
            }
            ast::Payload::Fields(fields) if fields.is_empty() => Payload::None,
            ast::Payload::Fields(fields) => {
                self.unique(fields.iter().map(|f| &f.name), "field");
                self.no_discriminant(arm, fields);
                Payload::Fields(self.fields(fields)?)
            }
        })
    }

    /// An arm that may have several labels gets a field that says which one it was.
    fn no_discriminant(&mut self, arm: &ast::Arm, fields: &[ast::Field]) {
        let several = match &arm.labels {
            ast::Labels::Default(_) => true,
            ast::Labels::Cases(cases) => cases.len() > 1,
            ast::Labels::Missing => false,
        };
        let taken = fields
            .iter()
            .find(|f| crate::casing::snake(&f.name.text) == DISCRIMINANT);
        if let Some(field) = taken.filter(|_| several) {
            let title = format!("this arm has a field `{DISCRIMINANT}` already");
            let problem = Diagnostic::new(Code::ReservedField, title, field.name.span, "");
            self.report(
                problem.help("it says which of the arm's numbers was sent; choose another name"),
            );
        }
    }

    fn all_labels(&mut self, switch: Switch<'a>, arms: &'a [ast::Arm]) -> Option<Vec<Labels>> {
        let mut seen: HashMap<i64, Span> = HashMap::new();
        let mut default = None;
        let mut lowered = Vec::new();
        for arm in arms {
            match &arm.labels {
                ast::Labels::Missing => self.unlabelled(switch, arm, arms, &seen),
                ast::Labels::Default(span) => {
                    if let Some(first) = default.replace(*span) {
                        let problem = Diagnostic::new(
                            Code::TwoDefaults,
                            "a union has one default arm",
                            *span,
                            "this is the second",
                        );
                        self.report(problem.also(first, "the first is here"));
                    }
                    lowered.push(Labels::Default);
                }
                ast::Labels::Cases(exprs) => {
                    let cases: Vec<_> = exprs.iter().map(|e| self.case(switch, e)).collect();
                    for (case, expr) in cases.iter().flatten().zip(exprs) {
                        if let Some(problem) = new_case(case, expr, &mut seen) {
                            let free = self.free_label(switch, arms);
                            self.report(propose(problem, expr, free));
                        }
                    }
                    if let Some(cases) = cases.into_iter().collect() {
                        lowered.push(Labels::Cases(cases));
                    }
                }
            }
        }
        self.reachable(switch, seen.len(), default);
        (lowered.len() == arms.len()).then_some(lowered)
    }

    /// A number that no arm has; those that switch on a name have names.
    fn free_label(&self, switch: Switch<'a>, arms: &[ast::Arm]) -> Option<i128> {
        match switch {
            Switch::Number(scalar) => self.free(numbers(arms), scalar, 0),
            _ => None,
        }
    }

    fn unlabelled(
        &mut self,
        switch: Switch<'a>,
        arm: &ast::Arm,
        arms: &[ast::Arm],
        seen: &HashMap<i64, Span>,
    ) {
        match switch {
            Switch::Number(scalar) => {
                let free = self.free(numbers(arms), scalar, 0);
                self.numberless(&arm.name, free);
            }
            Switch::Bool => {
                let title = format!("when is it `{}`?", arm.name.text);
                let problem = Diagnostic::new(Code::NoNumber, title, arm.name.span, "");
                self.report(problem.help("write `= true` or `= false` behind it"));
            }
            Switch::Enum(_, name, enumerators) => {
                let title = format!("`{}` has no value of `{}`", arm.name.text, name.text);
                let problem = Diagnostic::new(Code::NoNumber, title, arm.name.span, "");
                let mut free = (0..)
                    .zip(enumerators)
                    .filter(|(at, _)| !seen.contains_key(at));
                let free = self.diags.has_room().then(|| free.next()).flatten();
                self.report(match free {
                    Some((_, free)) => problem.help(format!(
                        "write for instance `= {}` behind it",
                        free.name.text
                    )),
                    None => problem.help(format!("all values of `{}` have arms", name.text)),
                });
            }
        }
    }

    fn case(&mut self, switch: Switch<'a>, expr: &'a Expr) -> Option<Case> {
        match (switch, &expr.kind) {
            (Switch::Number(scalar), _) => {
                let (value, _) = self.number(expr, scalar)?;
                Some(Case::Number(value as i64))
            }
            (Switch::Bool, ExprKind::Bool(value)) => Some(Case::Bool(*value)),
            (Switch::Bool, _) => {
                self.error(
                    Code::WrongValue,
                    "expected `true` or `false`",
                    expr.span,
                    "",
                );
                None
            }
            (Switch::Enum(of, name, enumerators), ExprKind::Name(label)) => {
                let index = self.value(of, label, enumerators);
                if index.is_none() {
                    self.undeclared(label, expr.span, name, enumerators);
                }
                Some(Case::Enumerator { of, index: index? })
            }
            (Switch::Enum(_, name, enumerators), _) => {
                let title = format!("expected the name of a value of `{}`", name.text);
                let problem = Diagnostic::new(Code::WrongValue, title, expr.span, "");
                let first = enumerators.first().map_or("", |e| e.name.text.as_str());
                self.report(problem.help(format!("for instance `{first}`")));
                None
            }
        }
    }

    /// Where an enum has a value of this name.
    fn value(&mut self, of: ItemId, name: &str, all: &'a [ast::Enumerator]) -> Option<usize> {
        let names = self.values.entry(of).or_insert_with(|| {
            let names = all.iter().map(|e| e.name.text.as_str());
            names.zip(0..).collect()
        });
        names.get(name).copied()
    }

    fn undeclared(&mut self, label: &str, span: Span, name: &Ident, values: &[ast::Enumerator]) {
        let title = format!("`{}` has no value `{label}`", name.text);
        let mut problem = Diagnostic::new(Code::UnknownValue, title, span, "");
        problem = problem.also(name.span, "the enum is here");
        let names = values.iter().map(|e| e.name.text.as_str());
        let near = self.diags.near(label, names);
        self.report(problem.meant(near));
    }

    /// A default arm is there for values that have no arm of their own.
    fn reachable(&mut self, switch: Switch<'a>, labels: usize, default: Option<Span>) {
        let values = match switch {
            Switch::Number(_) => return,
            Switch::Bool => 2,
            Switch::Enum(_, _, enumerators) => enumerators.len(),
        };
        if let Some(span) = default.filter(|_| labels >= values) {
            self.error(
                Code::NeverChosen,
                "this arm is never chosen: every value has an arm",
                span,
                "",
            );
        }
    }
}

/// All numbers that arms are written with.
fn numbers(arms: &[ast::Arm]) -> impl Iterator<Item = &Expr> {
    arms.iter().flat_map(|arm| match &arm.labels {
        ast::Labels::Cases(cases) => cases.as_slice(),
        _ => &[],
    })
}

/// Notes what an arm is chosen by; what is wrong if another arm is too.
fn new_case(case: &Case, expr: &Expr, seen: &mut HashMap<i64, Span>) -> Option<Diagnostic> {
    let key = match *case {
        Case::Number(number) => number,
        Case::Bool(value) => value.into(),
        Case::Enumerator { index, .. } => index as i64,
    };
    let first = seen.insert(key, expr.span)?;
    let title = match case {
        Case::Number(_) => "two arms have the same number",
        _ => "two arms have the same value",
    };
    let problem = Diagnostic::new(Code::SameNumber, title, expr.span, "this is the second");
    Some(problem.also(first, "the first is here"))
}
