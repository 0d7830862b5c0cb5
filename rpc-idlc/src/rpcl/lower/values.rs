//! The values of constants and of enums, wherever in the unit they are defined.

use super::super::tree::{Expr, ExprKind, Operator};
use super::Lowering;
use super::builtin;
use super::collect::Kind;
use super::names::ValueId;
use crate::diag::{Code, Diagnostic};
use crate::model::{ItemId, Length};
use crate::source::Span;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Value {
    Int { value: i128, hex: bool },
    Str(Vec<u8>),
}

#[derive(Debug, Clone)]
pub(super) enum State {
    Unseen,
    /// On the way that is being followed.
    Open,
    Known(Value),
    Wrong,
}

/// The least and the largest number that an enum, or an `int`, is in C: 32 bits, with a sign or without.
const WORD: std::ops::RangeInclusive<i128> = i32::MIN as i128..=u32::MAX as i128;

/// What 32 bits make of it.
pub(super) fn as_word(value: i128) -> Option<i32> {
    WORD.contains(&value).then_some(value as u32 as i32)
}

impl<'t> Lowering<'t, '_> {
    /// Finds the values of all constants and of all values of enums.
    pub(super) fn evaluate(&mut self) {
        let states = self.definitions.iter().map(|definition| {
            let count = match definition.kind {
                Kind::Const(_) => 1,
                Kind::Enum(values) => values.len(),
                // Its program, itself, and its procedures.
                Kind::Version(_, version) => 2 + version.procedures.len(),
                Kind::Broken => return vec![State::Wrong],
                _ => 0,
            };
            vec![State::Unseen; count]
        });
        self.values = states.collect();
        for id in 0..self.values.len() {
            for index in 0..self.values[id].len() {
                self.settle((id, index));
            }
        }
    }

    /// Finds one value, and before it those that it is made of; with a list of its own, since the way may
    /// be as long as the file.
    fn settle(&mut self, start: ValueId) {
        let mut way = vec![start];
        while let Some(&(id, index)) = way.last() {
            match self.values[id][index] {
                State::Known(_) | State::Wrong => {
                    way.pop();
                    continue;
                }
                State::Open => {
                    let value = self.value_of((id, index));
                    self.values[id][index] = value.map_or(State::Wrong, State::Known);
                    continue;
                }
                State::Unseen => self.values[id][index] = State::Open,
            }
            for (of, at) in self.needs((id, index)) {
                match self.values[of][at] {
                    State::Unseen => way.push((of, at)),
                    State::Open => {
                        self.circle((id, index));
                        self.values[id][index] = State::Wrong;
                    }
                    _ => {}
                }
            }
        }
    }

    fn circle(&mut self, (id, index): ValueId) {
        let (name, span) = self.name_of((id, index));
        let title = format!("`{name}` is defined by itself");
        self.error(Code::ConstantCircle, title, span);
    }

    /// What a value is called, and where.
    pub(super) fn name_of(&self, (id, index): ValueId) -> (&str, Span) {
        let name = match self.definitions[id].kind {
            Kind::Enum(values) => &values[index].name,
            Kind::Version(program, version) => {
                let procedures = version.procedures.iter().map(|procedure| &procedure.name);
                let mut names = [&program.name, &version.name].into_iter().chain(procedures);
                names.nth(index).unwrap_or(&version.name)
            }
            _ => return (&self.definitions[id].name, self.definitions[id].at),
        };
        (&name.text, name.span)
    }

    /// What a value is made of: the value before it, or what its expression names.
    fn needs(&self, (id, index): ValueId) -> Vec<ValueId> {
        let space = self.definitions[id].space;
        let Some(expr) = self.written((id, index)) else {
            let before = index.checked_sub(1);
            return before.map(|before| (id, before)).into_iter().collect();
        };
        let mut names = Vec::new();
        let mut todo = vec![expr];
        while let Some(expr) = todo.pop() {
            match &expr.kind {
                ExprKind::Name(name) => names.extend(self.names.find_value(name, space)),
                ExprKind::Binary(_, left, right) => todo.extend([&**left, &**right]),
                _ => {}
            }
        }
        names
    }

    /// What stands behind the name of a value, if anything.
    fn written(&self, (id, index): ValueId) -> Option<&'t Expr> {
        match self.definitions[id].kind {
            Kind::Const(expr) => Some(expr),
            Kind::Enum(values) => values[index].value.as_ref(),
            Kind::Version(program, version) => Some(match index {
                0 => &program.number,
                1 => &version.number,
                _ => &version.procedures[index - 2].number,
            }),
            _ => None,
        }
    }

    fn value_of(&mut self, (id, index): ValueId) -> Option<Value> {
        let space = self.definitions[id].space;
        let Kind::Enum(values) = self.definitions[id].kind else {
            return self.value(self.written((id, index))?, space);
        };
        let (value, hex, span) = match &values[index].value {
            Some(expr) => match self.value(expr, space)? {
                Value::Int { value, hex } => (value, hex, expr.span),
                Value::Str(_) => return self.no_number(expr.span),
            },
            None => {
                let before = index.checked_sub(1).map(|before| &self.values[id][before]);
                let value = match before {
                    None => 0,
                    Some(State::Known(Value::Int { value, .. })) => value + 1,
                    Some(_) => return None,
                };
                (value, false, values[index].name.span)
            }
        };
        if as_word(value).is_none() {
            let title = format!("{value} is out of range: the values of an enum have 32 bits");
            self.error(Code::OutOfRange, title, span);
            return None;
        }
        Some(Value::Int { value, hex })
    }

    /// The value of an expression; recursion is as deep as the parser lets it be.
    pub(super) fn value(&mut self, expr: &Expr, space: usize) -> Option<Value> {
        match &expr.kind {
            ExprKind::Int { value, hex } => Some(Value::Int {
                value: *value,
                hex: *hex,
            }),
            ExprKind::Str(text) => Some(Value::Str(text.clone())),
            ExprKind::Name(name) => self.named(name, expr.span, space),
            ExprKind::Binary(operator, left, right) => {
                let (left, right) = (self.integer(left, space), self.integer(right, space));
                let (left, right) = (left?, right?);
                let Some(value) = apply(*operator, left, right) else {
                    self.error(Code::OutOfRange, "this has no value", expr.span);
                    return None;
                };
                Some(Value::Int { value, hex: false })
            }
        }
    }

    fn named(&mut self, name: &str, span: Span, space: usize) -> Option<Value> {
        if let Some((id, index)) = self.names.find_value(name, space) {
            self.uses.push(((id, index), span));
            return match &self.values[id][index] {
                State::Known(value) => Some(value.clone()),
                _ => None,
            };
        }
        if let Some(value) = builtin::constant(name) {
            return Some(Value::Int { value, hex: false });
        }
        if self.names.find_type(name, space).is_some() {
            let title = format!("`{name}` is a type, not a constant");
            self.error(Code::NotAConstant, title, span);
            return None;
        }
        let title = format!("unknown constant `{name}`");
        let near = self.diags.near(name, self.names.values());
        let problem = Diagnostic::new(Code::UnknownConstant, title, span, "").meant(near);
        self.unknown(match near {
            Some(_) => problem,
            None => problem.help(format!(
                "if a C header defines it, say `-D {name}=VALUE`; if another .x file does, name that file as well"
            )),
        });
        None
    }

    fn no_number<T>(&mut self, span: Span) -> Option<T> {
        self.error(Code::WrongValue, "expected a number", span);
        None
    }

    pub(super) fn integer(&mut self, expr: &Expr, space: usize) -> Option<i128> {
        match self.value(expr, space)? {
            Value::Int { value, .. } => Some(value),
            Value::Str(_) => self.no_number(expr.span),
        }
    }

    /// A number of a program, version or procedure, which has its value already.
    pub(super) fn number(&mut self, (id, index): ValueId) -> Option<u32> {
        let span = self.written((id, index))?.span;
        let value = match self.values[id][index] {
            State::Known(Value::Int { value, .. }) => value,
            State::Known(Value::Str(_)) => return self.no_number(span),
            _ => return None,
        };
        let number = u32::try_from(value).ok();
        if number.is_none() {
            let title = format!(
                "{value} is out of range: a number goes from 0 to {}",
                u32::MAX
            );
            self.error(Code::OutOfRange, title, span);
        }
        number
    }

    /// A length or bound, and the constant that it is written as.
    pub(super) fn length(&mut self, expr: &Expr, space: usize) -> Option<Length> {
        let value = self.integer(expr, space)?;
        let Ok(value) = u32::try_from(value) else {
            let title = format!("a length goes from 0 to {}; this is {value}", u32::MAX);
            self.error(Code::OutOfRange, title, expr.span);
            return None;
        };
        let of = match &expr.kind {
            ExprKind::Name(name) => self.constant_item(name, space),
            _ => None,
        };
        Some(Length { value, of })
    }

    /// The constant of that name, if it is one and not a value of an enum.
    pub(super) fn constant_item(&self, name: &str, space: usize) -> Option<ItemId> {
        let (id, _) = self.names.find_value(name, space)?;
        matches!(self.definitions[id].kind, Kind::Const(_)).then_some(id)
    }
}

fn apply(operator: Operator, left: i128, right: i128) -> Option<i128> {
    let bits = u32::try_from(right).ok().filter(|&bits| bits < 64);
    match operator {
        Operator::Add => left.checked_add(right),
        Operator::Subtract => left.checked_sub(right),
        Operator::Multiply => left.checked_mul(right),
        Operator::Divide => left.checked_div(right),
        Operator::Remainder => left.checked_rem(right),
        Operator::ShiftLeft => left.checked_mul(1i128.checked_shl(bits?)?),
        Operator::ShiftRight => left.checked_shr(bits?),
        Operator::Or => Some(left | right),
        Operator::And => Some(left & right),
        Operator::Xor => Some(left ^ right),
    }
}
