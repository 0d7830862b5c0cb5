//! Numbers that nothing has yet, for suggestions.

use super::Checker;
use crate::ast::{Expr, ExprKind, Scalar};
use crate::diag::Diagnostic;
use crate::model::Value;
use std::collections::HashSet;

impl Checker<'_> {
    /// The number behind the largest of `numbers`, `least` if there is none, and a gap if `ty` holds no
    /// larger one. Nothing if it would not be shown any more: looking takes time on large files.
    pub(super) fn free<'e>(
        &self,
        numbers: impl Iterator<Item = &'e Expr>,
        ty: Scalar,
        least: i128,
    ) -> Option<i128> {
        if !self.diags.has_room() {
            return None;
        }
        let value = |expr: &Expr| match &expr.kind {
            ExprKind::Int { value, .. } => Some(*value),
            ExprKind::Name(name) => {
                match &self.consts[self.scope.find(name, expr.span)?]
                    .as_ref()?
                    .value
                {
                    Value::Int { value, .. } => Some(*value),
                    _ => None,
                }
            }
            _ => None,
        };
        let (_, most) = ty.limits()?;
        let taken: HashSet<i128> = numbers.filter_map(value).collect();
        let held = taken.iter().filter(|n| (least..=most).contains(n));
        let next = held.max().map_or(least, |largest| largest + 1);
        match next <= most {
            true => Some(next),
            false => (least..most).find(|n| !taken.contains(n)),
        }
    }
}

/// Proposes `free` in place of a number that is taken.
pub(super) fn propose(problem: Diagnostic, taken: &Expr, free: Option<i128>) -> Diagnostic {
    match free {
        Some(free) => problem
            .help(format!("{free} is free"))
            .edit(taken.span, free),
        None => problem,
    }
}
