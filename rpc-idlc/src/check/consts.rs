//! The values of constants, wherever in the file they are defined.

use super::Checker;
use crate::ast::{Expr, ExprKind, ItemKind, Scalar, TypeExpr, TypeKind};
use crate::diag::{Code, Diagnostic};
use crate::model::{Const, ConstType, ItemId, Length, Value};
use crate::source::Span;

/// Evaluates all constants; `None` where there is none, or a wrong one.
pub(super) fn evaluate(checker: &mut Checker<'_>) -> Vec<Option<Const>> {
    let mut state = vec![State::Unseen; checker.scope.items.len()];
    for id in 0..state.len() {
        chain(checker, id, &mut state);
    }
    state
        .into_iter()
        .map(|state| match state {
            State::Known(value) => Some(value),
            _ => None,
        })
        .collect()
}

#[derive(Clone)]
enum State {
    Unseen,
    /// On the chain that is being followed.
    Open,
    Known(Const),
    Wrong,
}

/// Follows `const A = B; const B = C;` to its end and fills in the values on the way back; with a
/// list of its own, since a chain may be as long as the file.
fn chain(checker: &mut Checker<'_>, start: ItemId, state: &mut [State]) {
    let mut path = Vec::new();
    let mut next = Some(start);
    while let Some(id) = next {
        let ItemKind::Const { value, .. } = &checker.scope.items[id].kind else {
            break;
        };
        match state[id] {
            State::Unseen => state[id] = State::Open,
            State::Open => {
                let name = &checker.scope.items[id].name;
                let title = format!("`{}` is defined by itself", name.text);
                checker.error(Code::ConstantCircle, title, value.span, "");
                state[id] = State::Wrong;
                break;
            }
            State::Known(_) | State::Wrong => break,
        }
        path.push(id);
        next = match &value.kind {
            ExprKind::Name(name) => checker.scope.find(name, value.span),
            _ => None,
        };
    }
    while let Some(id) = path.pop() {
        if !matches!(state[id], State::Wrong) {
            state[id] = constant(checker, id, state).map_or(State::Wrong, State::Known);
        }
    }
}

fn constant(checker: &mut Checker<'_>, id: ItemId, state: &[State]) -> Option<Const> {
    let ItemKind::Const { ty, value: expr } = &checker.scope.items[id].kind else {
        return None;
    };
    let (value, of) = match &expr.kind {
        ExprKind::Int { value, hex } => (
            Value::Int {
                value: *value,
                hex: *hex,
            },
            None,
        ),
        ExprKind::Str(text) => (Value::Str(text.clone()), None),
        ExprKind::Bool(value) => (Value::Bool(*value), None),
        ExprKind::Name(name) => {
            let of = checker.constant_named(name, expr.span)?;
            let State::Known(value) = &state[of] else {
                return None;
            };
            (value.value.clone(), Some((of, value.ty)))
        }
    };
    let ty = match (ty, of) {
        (Some(ty), _) => declared(checker, ty)?,
        (None, Some((_, ty))) => ty,
        (None, None) => natural(checker, &value, expr.span)?,
    };
    fits(checker, &value, ty, expr.span)?;
    Some(Const {
        ty,
        value,
        of: of.map(|(id, _)| id),
    })
}

fn declared(checker: &mut Checker<'_>, ty: &TypeExpr) -> Option<ConstType> {
    match &ty.kind {
        TypeKind::String(None) => Some(ConstType::String),
        TypeKind::Scalar(scalar) if *scalar == Scalar::Bool || scalar.limits().is_some() => {
            Some(ConstType::Scalar(*scalar))
        }
        _ => {
            let problem = Diagnostic::new(
                Code::NotForConstants,
                "a constant cannot have this type",
                ty.span,
                "",
            );
            checker.report(problem.help("it is an integer of at most 64 bits, `bool` or `string`"));
            None
        }
    }
}

/// The type of a constant that names none: lengths are `u32`, so that comes first.
fn natural(checker: &mut Checker<'_>, value: &Value, span: Span) -> Option<ConstType> {
    let value = match value {
        Value::Str(_) => return Some(ConstType::String),
        Value::Bytes(_) => return Some(ConstType::Bytes),
        Value::Bool(_) => return Some(ConstType::Scalar(Scalar::Bool)),
        Value::Int { value, .. } => *value,
    };
    let types = [Scalar::U32, Scalar::I32, Scalar::U64, Scalar::I64];
    let fitting = types.into_iter().find(|ty| holds(*ty, value));
    if fitting.is_none() {
        checker.error(
            Code::OutOfRange,
            "no integer has more than 64 bits",
            span,
            "",
        );
    }
    fitting.map(ConstType::Scalar)
}

fn holds(ty: Scalar, value: i128) -> bool {
    ty.limits()
        .is_some_and(|(least, most)| (least..=most).contains(&value))
}

fn fits(checker: &mut Checker<'_>, value: &Value, ty: ConstType, span: Span) -> Option<()> {
    let (code, title) = match (value, ty) {
        (Value::Str(_), ConstType::String) | (Value::Bool(_), ConstType::Scalar(Scalar::Bool)) => {
            return Some(());
        }
        (Value::Int { value, .. }, ConstType::Scalar(ty)) if ty.limits().is_some() => {
            if holds(ty, *value) {
                return Some(());
            }
            (Code::OutOfRange, out_of_range(*value, ty))
        }
        (_, ConstType::String | ConstType::Bytes) => {
            (Code::WrongValue, "expected a string in quotes".to_owned())
        }
        (_, ConstType::Scalar(Scalar::Bool)) => {
            (Code::WrongValue, "expected `true` or `false`".to_owned())
        }
        (_, ConstType::Scalar(ty)) => (
            Code::WrongValue,
            format!("expected a number, for {}", ty.name()),
        ),
    };
    checker.error(code, title, span, "");
    None
}

fn out_of_range(value: i128, ty: Scalar) -> String {
    let (least, most) = ty.limits().unwrap_or_default();
    format!(
        "{value} is out of range: {} goes from {least} to {most}",
        ty.name()
    )
}

impl Checker<'_> {
    /// The constant called `name`, or a message.
    fn constant_named(&mut self, name: &str, span: Span) -> Option<ItemId> {
        match self.scope.find(name, span) {
            Some(id) => {
                let kind = &self.scope.items[id].kind;
                match kind {
                    ItemKind::Const { .. } => return Some(id),
                    ItemKind::Broken => return None,
                    _ => {}
                }
                let title = format!("`{name}` is {}, not a constant", kind.describe());
                self.error(Code::NotAConstant, title, span, "");
            }
            None => {
                let problem = Diagnostic::new(
                    Code::UnknownConstant,
                    format!("unknown constant `{name}`"),
                    span,
                    "",
                );
                let constant = |kind: &ItemKind| matches!(kind, ItemKind::Const { .. });
                let problem = self.suggest(problem, (name, span), constant, &[]);
                self.report(problem);
            }
        }
        None
    }

    /// A whole number that `ty` can hold, written as such or as a constant.
    pub(super) fn number(&mut self, expr: &Expr, ty: Scalar) -> Option<(i128, Option<ItemId>)> {
        let (value, of) = self.integer(expr)?;
        if !holds(ty, value) {
            self.error(Code::OutOfRange, out_of_range(value, ty), expr.span, "");
            return None;
        }
        Some((value, of))
    }

    /// A whole number, and the constant that it was written as.
    fn integer(&mut self, expr: &Expr) -> Option<(i128, Option<ItemId>)> {
        let ExprKind::Name(name) = &expr.kind else {
            if let ExprKind::Int { value, .. } = &expr.kind {
                return Some((*value, None));
            }
            self.error(Code::WrongValue, "expected a number", expr.span, "");
            return None;
        };
        let of = self.constant_named(name, expr.span)?;
        let what = match self.consts[of].as_ref()?.value {
            Value::Int { value, .. } => return Some((value, Some(of))),
            Value::Str(_) | Value::Bytes(_) => "a string",
            Value::Bool(_) => "a bool",
        };
        let title = format!("`{name}` is {what}, not a number");
        let problem = Diagnostic::new(Code::WrongValue, title, expr.span, "");
        let defined = self.scope.items[of].name.span;
        self.report(problem.also(defined, "it is defined here"));
        None
    }

    /// A length or bound: at least 1, and what a length on the wire can be.
    pub(super) fn length(&mut self, expr: &Expr) -> Option<Length> {
        let (value, of) = self.integer(expr)?;
        let (code, title) = match u32::try_from(value) {
            Ok(1..) => {
                let value = value as u32;
                return Some(Length { value, of });
            }
            Ok(0) => (Code::ZeroLength, "a length is at least 1".to_owned()),
            Err(_) if value < 0 => (
                Code::OutOfRange,
                format!("a length is at least 1, not {value}"),
            ),
            Err(_) => (
                Code::OutOfRange,
                format!("a length is at most {}, not {value}", u32::MAX),
            ),
        };
        self.error(code, title, expr.span, "");
        None
    }
}
