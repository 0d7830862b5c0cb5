//! What C says with pointers, and Rust in another way: lists, and what may be absent. And bytes that take
//! four each on the wire, which Rust's arrays of bytes do not. All of it is for `.x` files only.

use crate::ast::Scalar;
use crate::check::components;
use crate::model::{Case, Item, ItemId, ItemKind, Labels, Language, Model, Type, Union};

/// How a field is encoded if not as its type is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Coding {
    Plain,
    /// `#[xdr(chain)]`: a list of these.
    Chain(ItemId),
    /// `#[xdr(words)]`
    Words,
}

pub(super) struct Shapes<'m> {
    items: &'m [Item],
    is_x: bool,
    /// By item: a union over `bool` of something and nothing, which is an `Option`.
    options: Vec<bool>,
    /// By item: a struct that ends with a pointer to the next of its kind, and is reached by pointers only.
    /// It is written without that pointer, and what points at it is a `Vec`.
    links: Vec<bool>,
}

impl<'m> Shapes<'m> {
    pub(super) fn new(model: &'m Model) -> Self {
        let items = &model.items[..];
        let mut shapes = Shapes {
            items,
            is_x: model.language != Language::Idl,
            options: vec![false; items.len()],
            links: vec![false; items.len()],
        };
        if shapes.is_x {
            shapes.options = shapes.find_options();
            shapes.links = shapes.find_links();
            shapes.options = shapes.without_lists();
        }
        shapes
    }

    /// What the union holds if its discriminant is true, if it is to be an `Option`.
    pub(super) fn option(&self, id: ItemId) -> Option<&'m Type> {
        match &self.items[id].kind {
            ItemKind::Union(union) if self.options[id] => self.something(union),
            _ => None,
        }
    }

    /// Whether the last field of the struct is the pointer to the next.
    pub(super) fn is_link(&self, id: ItemId) -> bool {
        self.links[id]
    }

    /// How a field of this type is encoded.
    pub(super) fn coding(&self, ty: &Type) -> Coding {
        match ty {
            _ if !self.is_x => Coding::Plain,
            Type::Optional(inner) => match self.behind(inner) {
                Type::Named(id) if self.links[*id] => Coding::Chain(*id),
                _ => Coding::Plain,
            },
            Type::Large(inner) => self.coding(inner),
            Type::List(element, _) | Type::Array(element, _) => {
                match (&**element, self.behind(element)) {
                    (_, Type::Scalar(Scalar::U8)) => Coding::Words,
                    // Rows of the same declaration: one with a name is a type that says it of itself.
                    (Type::Array(..) | Type::Large(_), _) => self.coding(element),
                    _ => Coding::Plain,
                }
            }
            _ => Coding::Plain,
        }
    }

    /// The same for a definition: what its field is, if Rust needs a type with one field for it.
    pub(super) fn coding_of(&self, id: ItemId) -> Coding {
        match &self.items[id].kind {
            ItemKind::Alias(ty) => self.coding(ty),
            _ => match self.option(id).map(|inner| self.behind(inner)) {
                Some(Type::Named(to)) if self.links[*to] => Coding::Chain(*to),
                _ => Coding::Plain,
            },
        }
    }

    /// A type without boxes and names of typedefs.
    fn behind<'t>(&self, mut ty: &'t Type) -> &'t Type
    where
        'm: 't,
    {
        loop {
            match ty {
                Type::Boxed(inner) | Type::Large(inner) => ty = inner,
                Type::Named(id) => match &self.items[*id].kind {
                    ItemKind::Alias(to) => ty = to,
                    _ => return ty,
                },
                _ => return ty,
            }
        }
    }

    fn something(&self, union: &'m Union) -> Option<&'m Type> {
        let bool = |ty| matches!(self.behind(ty), Type::Scalar(Scalar::Bool));
        let [one, other] = &union.arms[..] else {
            return None;
        };
        if !union.switch.as_ref().is_some_and(bool) {
            return None;
        }
        let holds = |labels: &Labels| *labels == Labels::Cases(vec![Case::Bool(true)]);
        let (full, empty) = match holds(&one.labels) {
            true => (one, other),
            false => (other, one),
        };
        let types = full.payload.types();
        let [ty] = types[..] else { return None };
        (holds(&full.labels) && empty.payload.types().is_empty()).then_some(ty)
    }

    /// All that can be an `Option`, but those that would only stand for themselves: Rust takes the name of
    /// an `Option` for what it stands for.
    fn find_options(&self) -> Vec<bool> {
        let held = |item: &'m Item| match &item.kind {
            ItemKind::Union(union) => {
                let ty = self.something(union)?;
                (self.coding(ty) == Coding::Plain).then_some(ty)
            }
            _ => None,
        };
        let mut options: Vec<bool> = self.items.iter().map(|i| held(i).is_some()).collect();
        let alias =
            |id: &ItemId| options[*id] || matches!(self.items[*id].kind, ItemKind::Alias(_));
        let edges = self
            .items
            .iter()
            .map(|item| match (&item.kind, held(item)) {
                (ItemKind::Alias(ty), _) | (_, Some(ty)) => ty.named().filter(alias).collect(),
                _ => Vec::new(),
            });
        let edges: Vec<Vec<ItemId>> = edges.collect();
        for component in components(&edges) {
            let turns = component.len() > 1 || edges[component[0]].contains(&component[0]);
            for id in component.into_iter().filter(|_| turns) {
                options[id] = false;
            }
        }
        options
    }

    /// The same without those of a list: what may be absent is then no item, but a whole list, and an `Option`
    /// cannot say how that is encoded.
    fn without_lists(&self) -> Vec<bool> {
        let held = |id| self.option(id).map(|ty| self.coding(ty));
        let lists = |id| matches!(held(id), Some(Coding::Chain(_)));
        let kept = (0..self.items.len()).map(|id| self.options[id] && !lists(id));
        kept.collect()
    }

    /// The struct at which a value of this type may point.
    fn target(&self, ty: &Type) -> Option<ItemId> {
        match self.behind(ty) {
            Type::Optional(inner) => match self.behind(inner) {
                Type::Named(id) => Some(*id),
                _ => None,
            },
            Type::Named(id) => match self.behind(self.option(*id)?) {
                Type::Named(id) => Some(*id),
                _ => None,
            },
            _ => None,
        }
    }

    fn find_links(&self) -> Vec<bool> {
        let mut links: Vec<bool> = (0..self.items.len())
            .map(|id| self.ends_in_itself(id))
            .collect();
        let mut pointed_at = vec![false; self.items.len()];
        for (id, item) in self.items.iter().enumerate() {
            let own = |to: &ItemId| *to == id;
            match &item.kind {
                // Another name for it is no use of it.
                ItemKind::Alias(Type::Named(_)) => continue,
                ItemKind::Interface(_) => {
                    for ty in item.types() {
                        self.by_value(ty, &mut links);
                        if let (Type::Optional(_), Some(to)) = (ty, self.target(ty)) {
                            links[to] = false;
                        }
                    }
                    continue;
                }
                _ => {}
            }
            let option = self.option(id);
            for ty in item.types() {
                let through = |to| {
                    option
                        .is_some_and(|held| std::ptr::eq(held, ty))
                        .then_some(to)
                };
                let pointed = match (ty, self.behind(ty)) {
                    (Type::Optional(_), _) => self.target(ty),
                    (_, Type::Named(to)) => through(*to),
                    _ => None,
                };
                match pointed {
                    Some(to) if links[to] && own(&to) => {}
                    Some(to) => pointed_at[to] = true,
                    None => self.by_value(ty, &mut links),
                }
            }
        }
        links
            .iter()
            .zip(pointed_at)
            .map(|(link, used)| *link && used)
            .collect()
    }

    /// Whether the last field of a struct, and no other, points at such a struct.
    fn ends_in_itself(&self, id: ItemId) -> bool {
        let ItemKind::Struct(fields) = &self.items[id].kind else {
            return false;
        };
        let back = |ty: &Type| self.target(ty) == Some(id);
        match fields.split_last() {
            Some((last, others)) => back(&last.ty) && !others.iter().any(|field| back(&field.ty)),
            None => false,
        }
    }

    /// Takes those out that a value of this type holds in place, or in an array.
    fn by_value(&self, ty: &Type, links: &mut [bool]) {
        for layer in ty.layers() {
            if let Type::Named(id) = self.behind(layer) {
                links[*id] = false;
            }
        }
    }
}
