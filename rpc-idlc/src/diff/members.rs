//! Which of two lists of named members belong together.

use std::collections::{HashMap, HashSet};

/// What became of the members.
#[derive(Debug, Default)]
pub(super) struct Pairing {
    /// The places of those that are in both, under one name or renamed.
    pub(super) pairs: Vec<(usize, usize)>,
    pub(super) removed: Vec<usize>,
    pub(super) added: Vec<usize>,
    /// Those under one name do not stand in one order.
    pub(super) moved: bool,
}

/// Pairs members by name. One whose name is gone is taken for renamed if `alike` finds its place taken by a new name.
pub(super) fn pair(old: &[&str], new: &[&str], alike: impl Fn(usize, usize) -> bool) -> Pairing {
    let mut pairing = Pairing::default();
    let mut last = 0;
    // Of two under one name the first counts, which is put in last.
    let places: HashMap<&str, usize> = new
        .iter()
        .enumerate()
        .rev()
        .map(|(at, name)| (*name, at))
        .collect();
    let known: HashSet<&str> = old.iter().copied().collect();
    for (at, name) in old.iter().enumerate() {
        match places.get(name) {
            Some(&place) => {
                pairing.moved |= place < last;
                last = place;
                pairing.pairs.push((at, place));
            }
            None => pairing.removed.push(at),
        }
    }
    let fresh = |at: &usize| !known.contains(new[*at]);
    pairing.added = (0..new.len()).filter(fresh).collect();
    for at in std::mem::take(&mut pairing.removed) {
        match pairing.added.iter().position(|&other| alike(at, other)) {
            Some(found) => {
                let other = pairing.added.remove(found);
                pairing.pairs.push((at, other));
            }
            None => pairing.removed.push(at),
        }
    }
    pairing.pairs.sort_unstable();
    pairing
}
