//! Keys of maps and elements of sets: they have an order, which floats lack.

use super::graph::{reachable, reaching};
use super::scope::Scope;
use crate::ast::Scalar;
use crate::diag::{Code, Diagnostic, Diagnostics};
use crate::model::{Item, ItemId, ItemKind, Type};
use crate::source::Span;

pub(super) fn check(
    scope: &Scope<'_>,
    items: &[Item],
    keys: &[(Span, Type)],
    diags: &mut Diagnostics,
) {
    let floats = holding_floats(items);
    for (span, key) in keys {
        let through = key.named().find(|&id| floats[id]);
        if through.is_none() && !is_float_in(key) {
            continue;
        }
        let title = "a key cannot hold a float: floats have no order";
        let mut problem = Diagnostic::new(Code::FloatInKey, title, *span, "");
        if let Some(id) = through {
            let name = &scope.items[id].name;
            problem = problem.also(name.span, format!("`{}` holds one", name.text));
        }
        diags.report(problem.help("use an integer, or a list in place of the map or set"));
    }
}

fn is_float_in(ty: &Type) -> bool {
    let float = |ty: &Type| matches!(ty, Type::Scalar(Scalar::F32 | Scalar::F64));
    ty.layers().into_iter().any(float)
}

/// By item: whether its values may hold a float.
pub(crate) fn holding_floats(items: &[Item]) -> Vec<bool> {
    // Of what is elsewhere nothing is known.
    let elsewhere = |id: &ItemId| matches!(items[*id].kind, ItemKind::Extern);
    let holds = |id: &ItemId| elsewhere(id) || held(&items[*id]).into_iter().any(is_float_in);
    reaching(&edges(items), (0..items.len()).filter(holds).collect())
}

/// By item: whether its values may be in a key.
pub(crate) fn in_keys(items: &[Item]) -> Vec<bool> {
    let types = items.iter().flat_map(Item::types);
    let keys = types.flat_map(Type::layers).filter_map(|ty| match ty {
        Type::Map(key, ..) | Type::Set(key, _) => Some(key),
        _ => None,
    });
    reachable(&edges(items), keys.flat_map(|key| key.named()).collect())
}

/// By item: which items its values may hold.
pub(crate) fn edges(items: &[Item]) -> Vec<Vec<ItemId>> {
    let named = |item| held(item).into_iter().flat_map(Type::named).collect();
    items.iter().map(named).collect()
}

/// The types that a value of an item may hold.
pub(crate) fn held(item: &Item) -> Vec<&Type> {
    match item.kind {
        ItemKind::Interface(_) => Vec::new(),
        _ => item.types(),
    }
}
