//! What a type is on the wire, as fingerprints see it (rule E-18 of `docs/protocol.md`), and whether one side can read
//! what the other writes.

use crate::ast::Scalar;
use crate::model::{Case, ItemId, ItemKind, Labels, Method, Model, Type, Union};
use std::collections::HashSet;

/// Shapes that differ only below so many levels have one fingerprint.
const LEVELS: u32 = 64;

/// Something that is encoded.
#[derive(Debug, Clone)]
pub(super) enum Of<'m> {
    Type(&'m Type),
    /// The same without the bound that it is written with.
    Unbounded(&'m Type),
    /// One after the other: arguments, what an arm holds, nothing.
    Sequence(Vec<&'m Type>),
    /// What a method gives back.
    Outcome(&'m Method),
    Item(ItemId),
    /// What the arm of a union holds that has one definition in it.
    Arm(ItemId),
    Scalar(Scalar),
}

/// A shape without what is in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Head {
    Sequence,
    /// What it is only its name tells.
    Elsewhere(String),
    Scalar(Scalar),
    String,
    Bytes,
    Fixed(u32),
    Optional,
    List,
    Array(u32),
    Map,
    Set,
    Bounded(u32),
    Enum(Vec<i64>),
    /// The labels, and whether there is a default arm.
    Union(Vec<i64>, bool),
}

/// A shape and what is in it: of a union, the discriminant and what the arms hold, in the order of the labels.
pub(super) struct View<'m> {
    pub(super) head: Head,
    pub(super) inner: Vec<Of<'m>>,
}

/// A side of the comparison.
#[derive(Clone, Copy)]
pub(super) struct Side<'m>(pub(super) &'m Model);

impl<'m> Side<'m> {
    pub(super) fn arguments(self, method: &'m Method) -> Of<'m> {
        Of::Sequence(method.args.iter().map(|arg| &arg.ty).collect())
    }

    /// Aliases and boxes are what they stand for, and what has one field is that field.
    fn view(self, of: &Of<'m>) -> View<'m> {
        let mut of = of.clone();
        // The bound is for a type that is only itself.
        for _ in 0..LEVELS {
            let view = self.once(&of);
            match (&view.head, &view.inner[..]) {
                (Head::Sequence, [only]) if !matches!(of, Of::Sequence(_) | Of::Arm(_)) => {
                    of = only.clone()
                }
                _ => return view,
            }
        }
        self.once(&of)
    }

    fn once(self, of: &Of<'m>) -> View<'m> {
        let view = |head, inner| View { head, inner };
        match of {
            Of::Scalar(scalar) => view(Head::Scalar(*scalar), Vec::new()),
            Of::Sequence(types) => view(
                Head::Sequence,
                types.iter().map(|ty| Of::Type(ty)).collect(),
            ),
            Of::Outcome(method) => self.outcome(method),
            Of::Item(id) => self.item(*id),
            Of::Arm(id) => view(Head::Sequence, vec![Of::Item(*id)]),
            Of::Unbounded(ty) => self.unbounded(ty),
            Of::Type(ty) => match ty.bound() {
                Some(max) => view(Head::Bounded(max), vec![Of::Unbounded(ty)]),
                None => self.unbounded(ty),
            },
        }
    }

    fn unbounded(self, ty: &'m Type) -> View<'m> {
        let (head, inner) = match ty {
            Type::Scalar(scalar) => (Head::Scalar(*scalar), Vec::new()),
            Type::String(_) => (Head::String, Vec::new()),
            Type::Bytes(_) => (Head::Bytes, Vec::new()),
            Type::FixedBytes(length) => (Head::Fixed(length.value), Vec::new()),
            Type::List(inner, _) => (Head::List, vec![Of::Type(inner)]),
            Type::Map(key, value, _) => (Head::Map, vec![Of::Type(key), Of::Type(value)]),
            Type::Set(inner, _) => (Head::Set, vec![Of::Type(inner)]),
            Type::Array(inner, length) => (Head::Array(length.value), vec![Of::Type(inner)]),
            Type::Optional(inner) => (Head::Optional, vec![Of::Type(inner)]),
            Type::Boxed(inner) | Type::Large(inner) => return self.once(&Of::Type(inner)),
            Type::Tuple(inner) => (Head::Sequence, inner.iter().map(Of::Type).collect()),
            Type::Named(id) => return self.item(*id),
        };
        View { head, inner }
    }

    fn item(self, id: ItemId) -> View<'m> {
        match &self.0.items[id].kind {
            ItemKind::Alias(ty) => self.once(&Of::Type(ty)),
            ItemKind::Struct(fields) => View {
                head: Head::Sequence,
                inner: fields.iter().map(|field| Of::Type(&field.ty)).collect(),
            },
            ItemKind::Enum(values) => numbers(values.iter().map(|value| value.value.into())),
            ItemKind::Union(union) => self.union(union),
            ItemKind::Extern => View {
                head: Head::Elsewhere(self.0.items[id].name.clone()),
                inner: Vec::new(),
            },
            ItemKind::Const(_) | ItemKind::Interface(_) => numbers([].into_iter()),
        }
    }

    fn union(self, union: &'m Union) -> View<'m> {
        let mut arms: Vec<(i64, Of<'m>)> = Vec::new();
        let mut default = None;
        for arm in &union.arms {
            let held = Of::Sequence(arm.payload.types());
            match self.labels(&arm.labels) {
                Some(labels) => arms.extend(labels.into_iter().map(|label| (label, held.clone()))),
                None => default = Some(held),
            }
        }
        arms.sort_by_key(|(label, _)| *label);
        if union.plain().is_some() {
            return numbers(arms.into_iter().map(|(label, _)| label));
        }
        let switch = union
            .switch
            .as_ref()
            .map_or(Of::Scalar(Scalar::I32), Of::Type);
        let head = Head::Union(
            arms.iter().map(|(label, _)| *label).collect(),
            default.is_some(),
        );
        let held = arms.into_iter().map(|(_, held)| held).chain(default);
        View {
            head,
            inner: [switch].into_iter().chain(held).collect(),
        }
    }

    /// The numbers that choose an arm; nothing for the default.
    pub(super) fn labels(self, labels: &Labels) -> Option<Vec<i64>> {
        let number = |case: &Case| match *case {
            Case::Number(number) => number,
            Case::Bool(value) => value.into(),
            Case::Enumerator { of, index } => match &self.0.items[of].kind {
                ItemKind::Enum(values) => values[index].value.into(),
                _ => 0,
            },
        };
        match labels {
            Labels::Cases(cases) => Some(cases.iter().map(number).collect()),
            Labels::Default => None,
        }
    }

    fn outcome(self, method: &'m Method) -> View<'m> {
        let good = Of::Sequence(method.result.iter().collect());
        let Some(error) = method.throws else {
            return match &method.result {
                Some(ty) => self.once(&Of::Type(ty)),
                None => self.once(&good),
            };
        };
        View {
            head: Head::Union(vec![0, 1], false),
            inner: vec![Of::Scalar(Scalar::I32), good, Of::Arm(error)],
        }
    }
}

fn numbers<'m>(values: impl Iterator<Item = i64>) -> View<'m> {
    let mut values: Vec<i64> = values.collect();
    values.sort_unstable();
    values.dedup();
    View {
        head: Head::Enum(values),
        inner: Vec::new(),
    }
}

/// Have they one shape, as far as a fingerprint looks?
pub(super) fn same_fingerprint<'m>(old: (Side<'m>, &Of<'m>), new: (Side<'m>, &Of<'m>)) -> bool {
    same(old, new, LEVELS, &mut HashSet::new())
}

fn same<'m>(
    old: (Side<'m>, &Of<'m>),
    new: (Side<'m>, &Of<'m>),
    levels: u32,
    known: &mut HashSet<(ItemId, ItemId, u32)>,
) -> bool {
    let Some(below) = levels.checked_sub(1) else {
        return true;
    };
    if let Some((one, other)) = definitions(old.1, new.1)
        && !known.insert((one, other, levels))
    {
        return true;
    }
    let (one, other) = (old.0.view(old.1), new.0.view(new.1));
    one.head == other.head
        && one.inner.len() == other.inner.len()
        && one
            .inner
            .iter()
            .zip(&other.inner)
            .all(|(one, other)| same((old.0, one), (new.0, other), below, known))
}

fn definitions(old: &Of<'_>, new: &Of<'_>) -> Option<(ItemId, ItemId)> {
    let id = |of: &Of<'_>| match of {
        Of::Type(Type::Named(id)) | Of::Item(id) => Some(*id),
        // A type that holds itself has one there, and must be known again.
        Of::Type(Type::Boxed(inner) | Type::Large(inner)) => match **inner {
            Type::Named(id) => Some(id),
            _ => None,
        },
        _ => None,
    };
    id(old).zip(id(new))
}

/// How much of what one side writes the other reads as it was meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Reads {
    All,
    Some,
    Nothing,
}

/// What `reader` makes of the bytes that `writer` wrote, when nobody compares fingerprints.
pub(super) fn reads<'m>(writer: (Side<'m>, &Of<'m>), reader: (Side<'m>, &Of<'m>)) -> Reads {
    understood(writer, reader, &mut HashSet::new())
}

fn understood<'m>(
    writer: (Side<'m>, &Of<'m>),
    reader: (Side<'m>, &Of<'m>),
    assumed: &mut HashSet<(ItemId, ItemId)>,
) -> Reads {
    if let Some(pair) = definitions(writer.1, reader.1)
        && !assumed.insert(pair)
    {
        return Reads::All;
    }
    let (from, to) = (writer.0.view(writer.1), reader.0.view(reader.1));
    let both = |one: &Of<'m>, other: &Of<'m>, assumed: &mut HashSet<_>| {
        understood((writer.0, one), (reader.0, other), assumed)
    };
    match (&from.head, &to.head) {
        (Head::Bounded(least), Head::Bounded(most)) => {
            let fits = if least <= most {
                Reads::All
            } else {
                Reads::Some
            };
            fits.max(both(&from.inner[0], &to.inner[0], assumed))
        }
        (Head::Bounded(_), _) => both(&from.inner[0], reader.1, assumed),
        (_, Head::Bounded(_)) => Reads::Some.max(both(writer.1, &to.inner[0], assumed)),
        (Head::Union(ours, default), Head::Union(theirs, other)) => {
            arms(&from, &to, (ours, *default), (theirs, *other), |a, b| {
                both(a, b, assumed)
            })
        }
        (Head::Set, Head::List) | (Head::Map, Head::Map) | (Head::Set, Head::Set) => {
            each(&from, &to, |a, b| both(a, b, assumed))
        }
        (Head::List, Head::Set) => Reads::Some.max(each(&from, &to, |a, b| both(a, b, assumed))),
        (one, other) if one == other => each(&from, &to, |a, b| both(a, b, assumed)),
        (one, other) => plain(one, other),
    }
}

fn each<'m>(
    from: &View<'m>,
    to: &View<'m>,
    mut both: impl FnMut(&Of<'m>, &Of<'m>) -> Reads,
) -> Reads {
    if from.inner.len() != to.inner.len() {
        return Reads::Nothing;
    }
    let pairs = from.inner.iter().zip(&to.inner);
    pairs
        .map(|(one, other)| both(one, other))
        .max()
        .unwrap_or(Reads::All)
}

/// Each arm of the writer that the reader has too; one that it has not is refused, or taken by its default.
fn arms<'m>(
    from: &View<'m>,
    to: &View<'m>,
    (ours, our_default): (&[i64], bool),
    (theirs, their_default): (&[i64], bool),
    mut both: impl FnMut(&Of<'m>, &Of<'m>) -> Reads,
) -> Reads {
    let mut worst = both(&from.inner[0], &to.inner[0]);
    let mut any = false;
    for (at, label) in ours.iter().enumerate() {
        let arm = theirs.iter().position(|other| other == label);
        let reading = match arm
            .map(|arm| arm + 1)
            .or(their_default.then(|| to.inner.len() - 1))
        {
            Some(arm) => both(&from.inner[at + 1], &to.inner[arm]),
            None => Reads::Nothing,
        };
        any |= reading != Reads::Nothing;
        worst = worst.max(if reading == Reads::Nothing {
            Reads::Some
        } else {
            reading
        });
    }
    if our_default {
        let same = their_default
            && ours.iter().all(|label| theirs.contains(label))
            && ours.len() == theirs.len();
        let reading = match their_default {
            true => both(
                &from.inner[from.inner.len() - 1],
                &to.inner[to.inner.len() - 1],
            ),
            false => Reads::Some,
        };
        any = true;
        worst = worst
            .max(reading)
            .max(if same { Reads::All } else { Reads::Some });
    }
    if any { worst } else { Reads::Nothing }
}

/// Two heads that differ, by the bytes.
fn plain(from: &Head, to: &Head) -> Reads {
    if let (Some(from), Some(to)) = (Numbers::of(from), Numbers::of(to)) {
        return if from.within(&to) {
            Reads::All
        } else {
            Reads::Some
        };
    }
    match (from, to) {
        (Head::String, Head::Bytes) => Reads::All,
        (Head::Bytes, Head::String) => Reads::Some,
        _ => match (fixed(from), fixed(to)) {
            (Some(one), Some(other)) if one == other => Reads::All,
            _ => Reads::Nothing,
        },
    }
}

/// The numbers that are sent as 4 bytes.
enum Numbers {
    From(i64, i64),
    Only(Vec<i64>),
}

impl Numbers {
    fn of(head: &Head) -> Option<Self> {
        Some(match head {
            Head::Scalar(Scalar::Bool) => Numbers::Only(vec![0, 1]),
            Head::Scalar(Scalar::U64 | Scalar::I64) => return None,
            Head::Scalar(scalar) => {
                let (least, most) = scalar.limits()?;
                Numbers::From(i64::try_from(least).ok()?, i64::try_from(most).ok()?)
            }
            Head::Enum(values) => Numbers::Only(values.clone()),
            _ => return None,
        })
    }

    fn within(&self, others: &Numbers) -> bool {
        match (self, others) {
            (Numbers::From(..), Numbers::Only(_)) => false,
            (Numbers::From(a, b), Numbers::From(c, d)) => c <= a && b <= d,
            (Numbers::Only(ours), Numbers::From(c, d)) => ours.iter().all(|n| (c..=d).contains(&n)),
            (Numbers::Only(ours), Numbers::Only(theirs)) => ours.iter().all(|n| theirs.contains(n)),
        }
    }
}

/// What has always so many bytes, whatever they are.
fn fixed(head: &Head) -> Option<u32> {
    match head {
        Head::Fixed(length) => Some(*length),
        Head::Scalar(Scalar::Uuid | Scalar::Ipv6 | Scalar::U128 | Scalar::I128) => Some(16),
        Head::Scalar(Scalar::Ipv4) => Some(4),
        _ => None,
    }
}
