//! Constants that a unit uses and that only a `#define` line makes.

use super::comments::{Comment, said};
use super::lexer::{Kind, Token};
use super::parser;
use super::preprocess::{Constant, Constants, Tokens};
use super::tree::{Item, ItemKind};
use super::walk::{self, Visit};
use crate::ast::Ident;
use crate::source::{FileId, Sources};
use std::collections::HashSet;

/// Defines the constants that the unit names and does not define, as far as a `#define` does.
pub(super) fn complete(items: &mut Vec<Item>, constants: &Constants, sources: &Sources) {
    let mut names = Names::default();
    for item in items.iter() {
        names
            .known
            .extend(item.name().map(|name| name.text.clone()));
        walk::item(item, &mut names);
    }
    let mut made = Vec::new();
    while let Some(name) = names.used.pop() {
        if !names.known.insert(name.clone()) {
            continue;
        }
        let constant = constants.get(&name);
        if let Some(item) = constant.and_then(|constant| made_of(name, constant, sources)) {
            walk::item(&item, &mut names);
            made.push(item);
        }
    }
    put(made, items);
}

/// Puts each where its line is in its file.
fn put(made: Vec<Item>, items: &mut Vec<Item>) {
    let place = |item: &Item| item.name().map(|name| (name.span.file, name.span.start));
    let mut places: Vec<_> = items.iter().map(place).zip(0..).collect();
    places.sort_unstable();
    let mut ranked: Vec<(usize, Item)> = Vec::new();
    for item in made {
        let at = place(&item);
        let next = places.get(places.partition_point(|(other, _)| *other < at));
        let same_file =
            |(other, _): &&(Option<(FileId, u32)>, usize)| other.map(|o| o.0) == at.map(|a| a.0);
        ranked.push((
            next.filter(same_file).map_or(usize::MAX, |(_, rank)| *rank),
            item,
        ));
    }
    ranked.sort_by_key(|(rank, item)| (*rank, place(item)));
    let mut ranked = ranked.into_iter().peekable();
    for (rank, item) in std::mem::take(items).into_iter().enumerate() {
        while let Some((_, made)) = ranked.next_if(|(before, _)| *before <= rank) {
            items.push(made);
        }
        items.push(item);
    }
    items.extend(ranked.map(|(_, item)| item));
}

/// The names of a unit.
#[derive(Default)]
struct Names {
    /// They are defined, or were looked for.
    known: HashSet<String>,
    /// They are in values.
    used: Vec<String>,
}

impl Visit for Names {
    fn name(&mut self, name: &str) {
        self.used.push(name.to_owned());
    }

    fn enumerator(&mut self, name: &Ident) {
        self.known.insert(name.text.clone());
    }
}

/// The constant that a `#define` makes, if it stands for a value.
fn made_of(name: String, constant: &Constant, sources: &Sources) -> Option<Item> {
    let place = constant.at.after();
    let end = Token {
        kind: Kind::End,
        text: place,
        at: place,
    };
    let tokens = Tokens {
        list: constant.body.iter().copied().chain([end]).collect(),
        comments: Vec::new(),
    };
    let value = parser::value(&tokens, sources)?;
    let comments = constant.comments.iter();
    let comments: Vec<Comment> = comments
        .map(|span| Comment {
            before: 0,
            span: *span,
        })
        .collect();
    let name = Ident {
        text: name,
        span: constant.at,
    };
    Some(Item {
        docs: said(&comments, sources),
        namespace: None,
        kind: ItemKind::Const(name, value),
    })
}
