//! `idlc diff`: what changed between two versions of a contract, and for whom it breaks.

mod changes;
mod definitions;
mod interfaces;
mod members;
mod names;
mod render;
mod shape;

use crate::ast::Semantics;
use crate::compiler::{Compiler, Error};
use crate::model::{Interface, Item, ItemId, ItemKind, Method, Model};
use crate::source::Sources;
use changes::{Change, Compare, Effect, Owner};
use shape::{Of, Reads, Side};
use std::collections::HashSet;

/// What becomes of a call between programs that were built from the two versions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outcome {
    /// It works as if nothing had changed.
    Works,
    /// The client refuses it before anything is sent, or the server does: it does not run.
    Refused,
    /// It runs, and what was sent is taken for something else.
    Misread,
    /// The client does not know the method, so nobody calls it.
    Absent,
}

/// One method that old and new programs do not call as before, or that only one of them knows.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Verdict {
    /// The name of its interface.
    pub interface: String,
    /// Its name.
    pub method: String,
    /// The number of its program.
    pub program: u32,
    /// The version of its program.
    pub version: u32,
    /// Its own number.
    pub procedure: u32,
    /// A client built from the old version calls a server built from the new one.
    pub old_client: Outcome,
    /// The other way round.
    pub new_client: Outcome,
    old_bytes: Reads,
    new_bytes: Reads,
}

/// All differences between two versions of a contract.
#[derive(Debug)]
pub struct Comparison {
    sources: Sources,
    changes: Vec<Change>,
    wire: Vec<bool>,
    verdicts: Vec<Verdict>,
}

impl Comparison {
    /// Whether a change breaks anybody: on the wire, in source code, or by another promise.
    pub fn breaks(&self) -> bool {
        let mut changes = self.changes.iter().zip(&self.wire);
        changes.any(|(change, wire)| *wire || change.source || change.semantics)
    }

    /// Whether nothing changed that `idlc diff` knows of.
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }

    /// The methods that old and new programs do not call as before, in the order of their numbers.
    pub fn verdicts(&self) -> &[Verdict] {
        &self.verdicts
    }
}

impl Compiler {
    /// Compares two versions of a contract: the first input is the old one, the second the new one.
    ///
    /// ```
    /// use rpc_idlc::{Compiler, Outcome};
    ///
    /// let contract = "interface I { program 0x20000001; version 1; m(a: TYPE) = 1; }";
    /// let compared = Compiler::new()
    ///     .text("old.idl", contract.replace("TYPE", "u32"))
    ///     .text("new.idl", contract.replace("TYPE", "u64"))
    ///     .diff()?;
    /// assert!(compared.breaks());
    /// assert_eq!(compared.verdicts()[0].old_client, Outcome::Refused);
    /// # Ok::<(), rpc_idlc::Error>(())
    /// ```
    ///
    /// Fails if there are not two inputs, or one of them cannot be compiled.
    pub fn diff(&self) -> Result<Comparison, Error> {
        let (sources, models) = self.sources_and_models()?;
        match &models[..] {
            [old, new] => Ok(compare(sources, old, new)),
            _ => Err(Error::NotTwo),
        }
    }
}

fn compare(sources: Sources, old: &Model, new: &Model) -> Comparison {
    let mut compare = Compare::new(old, new);
    compare.pair_by_name();
    let pairs = interfaces(old, new, &mut compare);
    for (one, other, numbers) in &pairs {
        if let (Some(one), Some(other)) = (one, other) {
            compare.interface(one, other, *numbers);
        }
    }
    compare.definitions();
    let mut changes = compare.changes;
    changes.sort_by_key(|change| {
        let place = |span: Option<crate::source::Span>| span.map_or(u32::MAX, |span| span.start);
        (place(change.new.or(change.old)), place(change.old))
    });
    let mut verdicts: Vec<Judged> = Vec::new();
    for (one, other, numbers) in &pairs {
        verdicts.extend(judge(old, new, (*one, *other), *numbers, &changes));
    }
    let any = !pairs.is_empty();
    let wire = changes
        .iter()
        .map(|change| breaks_wire(change, &verdicts, any))
        .collect();
    let mut verdicts: Vec<Verdict> = verdicts.into_iter().map(|judged| judged.verdict).collect();
    verdicts.retain(|verdict| {
        (verdict.old_client, verdict.new_client) != (Outcome::Works, Outcome::Works)
    });
    Comparison {
        sources,
        changes,
        wire,
        verdicts,
    }
}

type Pair<'m> = (Option<&'m Item>, Option<&'m Item>, (u32, u32));

/// The interfaces that have one program and version, and those that are alone.
fn interfaces<'m>(old: &'m Model, new: &'m Model, compare: &mut Compare<'m>) -> Vec<Pair<'m>> {
    let (ours, theirs) = (all(old), all(new));
    let mut pairs: Vec<Pair<'m>> = Vec::new();
    for (item, interface) in &ours {
        let numbers = (interface.program, interface.version);
        let other = theirs
            .iter()
            .find(|(_, other)| (other.program, other.version) == numbers);
        pairs.push((Some(item), other.map(|(item, _)| *item), numbers));
        if other.is_none() {
            compare.interface_gone(item, interface, &theirs);
        }
    }
    for (item, interface) in &theirs {
        let numbers = (interface.program, interface.version);
        if !ours
            .iter()
            .any(|(_, other)| (other.program, other.version) == numbers)
        {
            pairs.push((None, Some(item), numbers));
            compare.interface_new(item, interface, &ours);
        }
    }
    pairs
}

fn all(model: &Model) -> Vec<(&Item, &Interface)> {
    let items = model.items.iter();
    let interfaces = items.filter_map(|item| match &item.kind {
        ItemKind::Interface(interface) => Some((item, interface)),
        _ => None,
    });
    interfaces.collect()
}

/// A verdict, with what decides which changes led to it.
struct Judged {
    verdict: Verdict,
    old: HashSet<ItemId>,
    new: HashSet<ItemId>,
}

impl Judged {
    fn is_reached_by(&self, change: &Change) -> bool {
        match change.of {
            Owner::Items(one, other) => {
                one.is_some_and(|id| self.old.contains(&id))
                    || other.is_some_and(|id| self.new.contains(&id))
            }
            Owner::Method(program, version, procedure) => {
                (program, version, procedure)
                    == (
                        self.verdict.program,
                        self.verdict.version,
                        self.verdict.procedure,
                    )
            }
            Owner::Nothing => false,
        }
    }
}

/// The methods of an interface; nothing else has any.
fn methods(item: &Item) -> &[Method] {
    match &item.kind {
        ItemKind::Interface(interface) => &interface.methods,
        _ => &[],
    }
}

fn judge<'m>(
    old: &'m Model,
    new: &'m Model,
    (one, other): (Option<&'m Item>, Option<&'m Item>),
    numbers: (u32, u32),
    changes: &[Change],
) -> Vec<Judged> {
    let mut procedures: Vec<u32> = [one, other]
        .into_iter()
        .flatten()
        .flat_map(methods)
        .map(|method| method.procedure)
        .collect();
    procedures.sort_unstable();
    procedures.dedup();
    let mut judged = Vec::new();
    for procedure in procedures {
        let method =
            |item: Option<&'m Item>| methods(item?).iter().find(|m| m.procedure == procedure);
        let methods = (method(one), method(other));
        let ours = methods.0.zip(one).map(|found| (old, found));
        let known = methods.1.zip(other).map(|found| (new, found)).or(ours);
        let Some((model, (named, item))) = known else {
            continue;
        };
        let verdict = Verdict {
            interface: names::name(model, item),
            method: named.name.clone(),
            program: numbers.0,
            version: numbers.1,
            procedure,
            old_client: Outcome::Works,
            new_client: Outcome::Works,
            old_bytes: Reads::All,
            new_bytes: Reads::All,
        };
        let mut one = Judged {
            verdict,
            old: reached(old, methods.0),
            new: reached(new, methods.1),
        };
        decide(
            &mut one,
            (Side(old), methods.0),
            (Side(new), methods.1),
            changes,
        );
        judged.push(one);
    }
    judged
}

/// What becomes of calls of one method, in both directions.
fn decide<'m>(
    judged: &mut Judged,
    (old, one): (Side<'m>, Option<&'m Method>),
    (new, other): (Side<'m>, Option<&'m Method>),
    changes: &[Change],
) {
    let (old_client, new_client) = match (one, other) {
        (Some(one), Some(other)) => {
            let args = (old.arguments(one), new.arguments(other));
            let results = (Of::Outcome(one), Of::Outcome(other));
            let moved = changes
                .iter()
                .any(|change| change.effect == Effect::Meaning && judged.is_reached_by(change));
            let meaning = if moved { Reads::Some } else { Reads::All };
            let there = |a, b| meaning.max(shape::reads(a, b));
            let verdict = &mut judged.verdict;
            verdict.old_bytes = there((old, &args.0), (new, &args.1))
                .max(there((new, &results.1), (old, &results.0)));
            verdict.new_bytes = there((new, &args.1), (old, &args.0))
                .max(there((old, &results.0), (new, &results.1)));
            let same = semantics(one) == semantics(other)
                && shape::same_fingerprint((old, &args.0), (new, &args.1))
                && shape::same_fingerprint((old, &results.0), (new, &results.1));
            let fate = |bytes| match (same, bytes) {
                (false, _) => Outcome::Refused,
                (true, Reads::All) => Outcome::Works,
                (true, _) => Outcome::Misread,
            };
            (
                fate(judged.verdict.old_bytes),
                fate(judged.verdict.new_bytes),
            )
        }
        (Some(_), None) => (Outcome::Refused, Outcome::Absent),
        _ => (Outcome::Absent, Outcome::Refused),
    };
    judged.verdict.old_client = old_client;
    judged.verdict.new_client = new_client;
}

fn semantics(method: &Method) -> Semantics {
    method.semantics.unwrap_or(Semantics::AtMostOnce)
}

/// All definitions that arguments and result of a method are made of.
fn reached(model: &Model, method: Option<&Method>) -> HashSet<ItemId> {
    let mut reached = HashSet::new();
    let Some(method) = method else { return reached };
    let types = method.args.iter().map(|arg| &arg.ty).chain(&method.result);
    let mut open: Vec<ItemId> = types
        .flat_map(|ty| ty.named())
        .chain(method.throws)
        .collect();
    while let Some(id) = open.pop() {
        if reached.insert(id) {
            open.extend(
                model.items[id]
                    .types()
                    .into_iter()
                    .flat_map(|ty| ty.named()),
            );
        }
    }
    reached
}

/// Does this change break calls? In files without an interface, those of whoever uses the types.
fn breaks_wire(change: &Change, verdicts: &[Judged], any: bool) -> bool {
    let broken = |judged: &Judged| {
        let outcomes = [judged.verdict.old_client, judged.verdict.new_client];
        outcomes
            .iter()
            .any(|outcome| matches!(outcome, Outcome::Refused | Outcome::Misread))
    };
    change.effect != Effect::Silent
        && (!any
            || change.of == Owner::Nothing
            || verdicts
                .iter()
                .any(|judged| broken(judged) && judged.is_reached_by(change)))
}
