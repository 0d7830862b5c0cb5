//! The names in a part of the tree.

use super::tree::{Declaration, Enumerator, Expr, ExprKind, Item, ItemKind, Shape, Spec, Union};
use crate::ast::Ident;

/// What is done with what is found.
pub(super) trait Visit {
    /// A name in a value.
    fn name(&mut self, name: &str);
    /// The name of a type.
    fn ty(&mut self, name: &str);
    /// An enumerator, which is a constant in all of the unit.
    fn enumerator(&mut self, name: &Ident);
}

pub(super) fn item(item: &Item, visit: &mut impl Visit) {
    match &item.kind {
        ItemKind::Const(_, value) => expr(value, visit),
        ItemKind::Typedef(declared) => declaration(declared, visit),
        ItemKind::Enum(_, values) => enumerators(values, visit),
        ItemKind::Struct(_, fields) => fields.iter().for_each(|field| declaration(field, visit)),
        ItemKind::Union(_, of) => union(of, visit),
        ItemKind::Program(program) => {
            expr(&program.number, visit);
            for version in &program.versions {
                expr(&version.number, visit);
                for procedure in &version.procedures {
                    expr(&procedure.number, visit);
                    declaration(&procedure.result, visit);
                    procedure
                        .args
                        .iter()
                        .for_each(|arg| declaration(arg, visit));
                }
            }
        }
        ItemKind::Broken(_) => {}
    }
}

fn declaration(declared: &Declaration, visit: &mut impl Visit) {
    match &declared.ty {
        Spec::Struct(fields) => fields.iter().for_each(|field| declaration(field, visit)),
        Spec::Enum(values) => enumerators(values, visit),
        Spec::Union(of) => union(of, visit),
        Spec::Named(name) => visit.ty(&name.text),
        _ => {}
    }
    match &declared.shape {
        Shape::Fixed(lengths) => lengths.iter().for_each(|length| expr(length, visit)),
        Shape::Variable(Some(most)) => expr(most, visit),
        Shape::Variable(None) | Shape::Plain | Shape::Pointer => {}
    }
}

fn enumerators(values: &[Enumerator], visit: &mut impl Visit) {
    for value in values {
        visit.enumerator(&value.name);
        if let Some(value) = &value.value {
            expr(value, visit);
        }
    }
}

fn union(of: &Union, visit: &mut impl Visit) {
    declaration(&of.switch, visit);
    for arm in &of.arms {
        arm.labels.iter().for_each(|label| expr(label, visit));
        if let Some(payload) = &arm.payload {
            declaration(payload, visit);
        }
    }
}

fn expr(value: &Expr, visit: &mut impl Visit) {
    match &value.kind {
        ExprKind::Name(name) => visit.name(name),
        ExprKind::Binary(_, left, right) => {
            expr(left, visit);
            expr(right, visit);
        }
        ExprKind::Int { .. } | ExprKind::Str(_) => {}
    }
}
