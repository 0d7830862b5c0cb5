//! What changed, definition by definition.

use super::names::{behind, is_interface, name, scalar, shown, spell, title};
use super::shape::{Of, Reads, Side, reads, same_fingerprint};
use crate::model::{Const, Enumerator, Item, ItemId, ItemKind, Model, Type};
use crate::source::Span;
use std::collections::HashMap;

/// What a change does to those that were built from the other version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Effect {
    /// Nothing on the wire.
    Silent,
    /// The shape is another one, so fingerprints tell.
    Shape,
    /// The same bytes mean something else, which no fingerprint may tell.
    Meaning,
}

/// One change, with its place in either file.
#[derive(Debug)]
pub(super) struct Change {
    pub(super) id: &'static str,
    pub(super) text: String,
    pub(super) old: Option<Span>,
    pub(super) new: Option<Span>,
    pub(super) effect: Effect,
    /// Code that uses the generated Rust must be changed.
    pub(super) source: bool,
    /// The same bytes, another promise.
    pub(super) semantics: bool,
    pub(super) of: Owner,
}

/// What a change was made to: with that, which methods it concerns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Owner {
    Items(Option<ItemId>, Option<ItemId>),
    /// The method with this program, version and number.
    Method(u32, u32, u32),
    Nothing,
}

/// The two sides, and the changes found so far.
pub(super) struct Compare<'m> {
    pub(super) old: &'m Model,
    pub(super) new: &'m Model,
    pub(super) changes: Vec<Change>,
    /// Definitions that belong together, old to new.
    pub(super) pairs: HashMap<ItemId, ItemId>,
    pub(super) back: HashMap<ItemId, ItemId>,
    open: Vec<(ItemId, ItemId)>,
    pub(super) owner: Owner,
}

impl<'m> Compare<'m> {
    pub(super) fn new(old: &'m Model, new: &'m Model) -> Self {
        Compare {
            old,
            new,
            changes: Vec::new(),
            pairs: HashMap::new(),
            back: HashMap::new(),
            open: Vec::new(),
            owner: Owner::Nothing,
        }
    }

    /// Compares all definitions but interfaces, which come before.
    pub(super) fn definitions(&mut self) {
        while let Some((one, other)) = self.open.pop() {
            self.item(one, other);
        }
        let (old, new) = (self.old, self.new);
        for (id, item) in old
            .items
            .iter()
            .enumerate()
            .filter(|(_, item)| !is_interface(item))
        {
            if !self.pairs.contains_key(&id) {
                self.owner = Owner::Items(Some(id), None);
                self.note(
                    "definition-removed",
                    format!("{} is gone", title(old, item)),
                    Some(item.at),
                    None,
                    Effect::Silent,
                    true,
                );
            }
        }
        for (id, item) in new
            .items
            .iter()
            .enumerate()
            .filter(|(_, item)| !is_interface(item))
        {
            if !self.back.contains_key(&id) {
                self.owner = Owner::Items(None, Some(id));
                self.note(
                    "definition-added",
                    format!("{} is new", title(new, item)),
                    None,
                    Some(item.at),
                    Effect::Silent,
                    false,
                );
            }
        }
    }

    /// Joins the definitions of one name.
    pub(super) fn pair_by_name(&mut self) {
        let names: HashMap<String, ItemId> = self
            .new
            .items
            .iter()
            .enumerate()
            .map(|(id, item)| (name(self.new, item), id))
            .collect();
        for (id, item) in self
            .old
            .items
            .iter()
            .enumerate()
            .filter(|(_, item)| !is_interface(item))
        {
            if let Some(&other) = names
                .get(&name(self.old, item))
                .filter(|&&other| !is_interface(&self.new.items[other]))
            {
                self.join(id, other);
            }
        }
    }

    pub(super) fn join(&mut self, old: ItemId, new: ItemId) {
        self.pairs.insert(old, new);
        self.back.insert(new, old);
        self.open.push((old, new));
    }

    pub(super) fn note(
        &mut self,
        id: &'static str,
        text: String,
        old: Option<Span>,
        new: Option<Span>,
        effect: Effect,
        source: bool,
    ) {
        let of = self.owner;
        let semantics = false;
        self.changes.push(Change {
            id,
            text,
            old,
            new,
            effect,
            source,
            semantics,
            of,
        });
    }

    pub(super) fn promise(
        &mut self,
        id: &'static str,
        text: String,
        old: Span,
        new: Span,
        effect: Effect,
        source: bool,
    ) {
        self.note(id, text, Some(old), Some(new), effect, source);
        if let Some(change) = self.changes.last_mut() {
            change.semantics = true;
        }
    }

    /// A definition may have another name now.
    pub(super) fn renaming(&mut self, old: &Item, new: &Item) {
        if name(self.old, old) != name(self.new, new) {
            let text = format!(
                "{} is called `{}` now",
                title(self.old, old),
                name(self.new, new)
            );
            self.note(
                "definition-renamed",
                text,
                Some(old.at),
                Some(new.at),
                Effect::Silent,
                true,
            );
        }
    }

    fn item(&mut self, old_id: ItemId, new_id: ItemId) {
        let (old, new) = (&self.old.items[old_id], &self.new.items[new_id]);
        self.owner = Owner::Items(Some(old_id), Some(new_id));
        let at = (old.at, new.at);
        self.renaming(old, new);
        self.deprecation(
            old.notes.deprecated.is_some(),
            new.notes.deprecated.is_some(),
            &title(self.new, new),
            at,
        );
        match (&old.kind, &new.kind) {
            (ItemKind::Const(one), ItemKind::Const(other)) => self.constant(old, one, other, at),
            (ItemKind::Alias(one), ItemKind::Alias(other)) => {
                self.ty(&title(self.old, old), one, other, at)
            }
            (ItemKind::Struct(one), ItemKind::Struct(other)) => {
                self.fields(&title(self.old, old), "field", one, other, at)
            }
            (ItemKind::Enum(one), ItemKind::Enum(other)) => {
                let value = |e: &Enumerator| (e.name.clone(), i64::from(e.value), e.at);
                let (one, other): (Vec<_>, Vec<_>) = (
                    one.iter().map(value).collect(),
                    other.iter().map(value).collect(),
                );
                self.values(&title(self.old, old), &one, &other);
            }
            (ItemKind::Union(one), ItemKind::Union(other)) => self.union(old, one, other, at),
            _ => {
                let same = self.same(&Of::Item(old_id), &Of::Item(new_id));
                let effect = if same { Effect::Silent } else { Effect::Shape };
                let text = format!("{} is {} now", title(self.old, old), title(self.new, new));
                self.note("kind-changed", text, Some(at.0), Some(at.1), effect, true);
            }
        }
    }

    pub(super) fn same(&self, old: &Of<'m>, new: &Of<'m>) -> bool {
        let (one, other) = (Side(self.old), Side(self.new));
        same_fingerprint((one, old), (other, new))
            && reads((one, old), (other, new)) == Reads::All
            && reads((other, new), (one, old)) == Reads::All
    }

    pub(super) fn deprecation(&mut self, old: bool, new: bool, what: &str, at: (Span, Span)) {
        let text = match (old, new) {
            (false, true) => format!("{what} is deprecated: those that use it are warned"),
            (true, false) => format!("{what} is no longer deprecated"),
            _ => return,
        };
        self.note(
            "deprecated",
            text,
            Some(at.0),
            Some(at.1),
            Effect::Silent,
            false,
        );
    }

    fn constant(&mut self, item: &Item, old: &Const, new: &Const, at: (Span, Span)) {
        if old.ty != new.ty {
            let text = format!("{} has another type", title(self.old, item));
            self.note(
                "constant-retyped",
                text,
                Some(at.0),
                Some(at.1),
                Effect::Silent,
                true,
            );
        }
        let (old, new) = (shown(&old.value), shown(&new.value));
        if old != new {
            let text = format!("{} is {new} and was {old}", title(self.old, item));
            self.promise("constant-changed", text, at.0, at.1, Effect::Silent, false);
        }
    }

    /// A type in the place of another one.
    pub(super) fn ty(&mut self, what: &str, old: &'m Type, new: &'m Type, at: (Span, Span)) {
        if self.written_alike(old, new) {
            return;
        }
        let same = self.same(&Of::Type(old), &Of::Type(new));
        let effect = if same { Effect::Silent } else { Effect::Shape };
        let (one, other) = (spell(self.old, old), spell(self.new, new));
        self.note(
            "type-changed",
            format!("{what} is `{other}` and was `{one}`"),
            Some(at.0),
            Some(at.1),
            effect,
            true,
        );
    }

    /// Is the Rust of these types the same, apart from changes that are told elsewhere? Aliases are what they stand for.
    pub(super) fn written_alike(&mut self, old: &'m Type, new: &'m Type) -> bool {
        let (old, new) = (behind(self.old, old), behind(self.new, new));
        match (old, new) {
            (Type::Named(one), Type::Named(other)) => {
                let known = self.pairs.get(one).copied();
                if known.is_none() && !self.back.contains_key(other) {
                    self.join(*one, *other);
                    return true;
                }
                known == Some(*other)
            }
            (Type::Named(_), _) | (_, Type::Named(_)) => false,
            _ => {
                let length = |ty: &Type| ty.length().map(|length| length.value);
                let (one, other) = (old.inner(), new.inner());
                std::mem::discriminant(old) == std::mem::discriminant(new)
                    && length(old) == length(new)
                    && scalar(old) == scalar(new)
                    && one.len() == other.len()
                    && one
                        .into_iter()
                        .zip(other)
                        .all(|(one, other)| self.written_alike(one, other))
            }
        }
    }
}
