//! Arrays of `unsigned char` within arrays, in one declaration.

use crate::ast::Scalar;
use crate::diag::{Code, Diagnostic, Diagnostics};
use crate::model::{Item, ItemId, ItemKind, Type};
use crate::source::Span;

/// Reports them: what says that bytes take four each is an attribute of a field, which cannot reach the rows. Without it
/// they would be opaque. A row with a name is a type of its own, and has a field.
pub(super) fn check(items: &[Item], places: impl Fn(ItemId) -> Vec<Span>, diags: &mut Diagnostics) {
    for (id, item) in items.iter().enumerate() {
        if !item.types().into_iter().any(|ty| is_nested(ty, items)) {
            continue;
        }
        for (place, ty) in places(id).into_iter().zip(item.types()) {
            if is_nested(ty, items) {
                let title = "an array of arrays of `unsigned char` needs a `typedef` for its rows";
                let problem = Diagnostic::new(Code::Declaration, title, place, "");
                diags.report(problem.help("write `typedef unsigned char row[3];` and `row x[2];`"));
            }
        }
    }
}

fn is_nested(ty: &Type, items: &[Item]) -> bool {
    let Type::Array(row, _) = ty else {
        return false;
    };
    match &**row {
        Type::Array(element, _) if is_octet(element, items) => true,
        row => is_nested(row, items),
    }
}

/// Whether it is an `unsigned char`, by whatever name. No alias goes round in a circle here.
fn is_octet<'m>(mut ty: &'m Type, items: &'m [Item]) -> bool {
    while let Type::Named(id) = ty {
        match &items[*id].kind {
            ItemKind::Alias(to) => ty = to,
            _ => return false,
        }
    }
    *ty == Type::Scalar(Scalar::U8)
}
