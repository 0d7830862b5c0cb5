//! In which order C can read the definitions: what is held in place comes first, what is only
//! pointed at may come later if it is a `struct`.

use super::tree::{Base, Body, Def, DefId, Shape};
use crate::check::components;
use std::collections::HashMap;

/// The order to write the definitions in: that of the file, as far as C allows.
///
/// C has no order for an array of a type that points at that array's name. Such a name is made a
/// `struct` around the array, which has the same bytes.
pub(super) fn arrange(defs: &mut [Def]) -> Vec<DefId> {
    let circles = components(&edges(defs, false));
    let turning = |c: &&Vec<DefId>| c.len() > 1;
    let members: Vec<DefId> = circles.iter().filter(turning).flatten().copied().collect();
    for id in members {
        put_in_struct(&mut defs[id]);
    }
    let needed = components(&edges(defs, false)).into_iter().flatten();
    let mut rank = vec![0; defs.len()];
    needed.enumerate().for_each(|(n, id)| rank[id] = n);
    // Where nothing turns in a circle, what is pointed at comes first too, as people write it.
    let mut order = components(&edges(defs, true));
    for circle in &mut order {
        circle.sort_by_key(|&id| rank[id]);
    }
    order.into_iter().flatten().collect()
}

/// `typedef T name[N]` becomes `struct name { T items[N]; }`.
fn put_in_struct(def: &mut Def) {
    if let Body::Typedef(array) = &def.body
        && matches!(array.shape, Shape::Fixed(_))
    {
        let mut items = array.clone();
        items.name = "items".to_owned();
        def.body = Body::Struct(vec![items]);
    }
}

/// By definition, those that must stand before it; with those that it only points at, if `all`.
fn edges(defs: &[Def], all: bool) -> Vec<Vec<DefId>> {
    let ends = ends(defs);
    let constants = constants(defs);
    let edges = defs.iter().map(|def| {
        let shapes = def.declarations().into_iter().map(|of| &of.shape);
        let lengths = shapes.flat_map(lengths);
        let mut before: Vec<DefId> = lengths.filter_map(|l| constants.get(l).copied()).collect();
        let mut add = |base: &Base, whole: bool| {
            let &Base::Def(to) = base else { return };
            if whole {
                // Behind a name for it, the type itself must be known too.
                before.extend([to, ends[to]]);
            } else if all || !defs[to].is_tagged() {
                before.push(to);
            }
        };
        let alias = matches!(def.body, Body::Typedef(_));
        for declaration in def.declarations() {
            let whole = match declaration.shape {
                Shape::Plain => !alias,
                Shape::Fixed(_) => true,
                Shape::List(_) | Shape::Optional => false,
            };
            add(&declaration.base, whole);
        }
        match &def.body {
            Body::Union(union) => add(&union.switch.0, true),
            Body::Boxed(base) => add(base, false),
            _ => {}
        }
        before
    });
    edges.collect()
}

/// The constants, by their names: an array's length has to be known.
fn constants(defs: &[Def]) -> HashMap<&str, DefId> {
    let is_constant = |def: &Def| matches!(def.body, Body::Const(_) | Body::Define(_));
    let found = defs.iter().enumerate().filter(|(_, def)| is_constant(def));
    found.map(|(id, def)| (def.name.as_str(), id)).collect()
}

fn lengths(shape: &Shape) -> impl Iterator<Item = &str> {
    let lengths = match shape {
        Shape::Fixed(lengths) => &lengths[..],
        Shape::List(most) => std::slice::from_ref(most),
        Shape::Plain | Shape::Optional => &[],
    };
    lengths.iter().map(String::as_str)
}

/// By definition, what it is another name for, or itself.
fn ends(defs: &[Def]) -> Vec<DefId> {
    let next = |id: DefId| match &defs[id].body {
        Body::Typedef(to) if to.shape == Shape::Plain => match to.base {
            Base::Def(to) => Some(to),
            Base::Word(_) => None,
        },
        _ => None,
    };
    let mut ends: Vec<Option<DefId>> = vec![None; defs.len()];
    for id in 0..defs.len() {
        let mut chain = vec![id];
        let mut at = id;
        while let (None, Some(to)) = (ends[at], next(at)) {
            chain.push(to);
            at = to;
        }
        let end = ends[at].unwrap_or(at);
        chain.into_iter().for_each(|link| ends[link] = Some(end));
    }
    ends.into_iter()
        .enumerate()
        .map(|(id, end)| end.unwrap_or(id))
        .collect()
}
