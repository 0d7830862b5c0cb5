//! Names that no definition of a unit has: constants of `#define` lines, and those of C and TI-RPC.

use super::preprocess::Tokens;
use super::preprocess::{Constant, Constants};
use super::tree::{Item, ItemKind, Spec};
use super::walk::{self, Visit};
use super::{Options, builtin, comments, parser};
use crate::ast::Ident;
use crate::diag::Diagnostics;
use crate::rpcl::comments::Comment;
use crate::rpcl::lexer::{Kind, Token, lex};
use crate::source::Sources;
use std::collections::HashSet;
use std::path::Path;

/// Defines what the unit uses and does not define, if there is a definition for it.
pub(super) fn complete(
    items: &mut Vec<Item>,
    constants: &Constants,
    options: &Options,
    sources: &mut Sources,
) {
    let mut names = Names::default();
    let elsewhere = options.elsewhere.iter().map(|(name, _)| name.clone());
    names.defined.extend(elsewhere);
    names.defined.extend(
        items
            .iter()
            .filter_map(|item| Some(item.name()?.text.clone())),
    );
    for item in items.iter_mut() {
        walk::item(item, &mut names);
    }
    let mut built_in = definitions(sources);
    let mut looked = HashSet::new();
    while let Some(name) = names.used.pop() {
        if names.defined.contains(&name) || !looked.insert(name.clone()) {
            continue;
        }
        let from_macro = constants
            .get(&name)
            .and_then(|constant| made_of(&name, constant, sources));
        let position = built_in
            .iter()
            .position(|item| item.name().is_some_and(|n| n.text == name));
        let found = from_macro.or_else(|| position.map(|at| built_in.swap_remove(at)));
        if let Some(mut item) = found {
            walk::item(&mut item, &mut names);
            items.push(item);
        }
    }
}

/// What a unit defines, and what it uses.
#[derive(Default)]
struct Names {
    defined: HashSet<String>,
    used: Vec<String>,
}

impl Visit for Names {
    fn spec(&mut self, spec: &mut Spec) {
        let Spec::Named(name) = spec else { return };
        if self.defined.contains(&name.text) {
            return;
        }
        match builtin::spec(&name.text) {
            Some(known) => *spec = known,
            None => self.used.push(name.text.clone()),
        }
    }

    fn name(&mut self, name: &str) {
        self.used.push(name.to_owned());
    }

    fn enumerator(&mut self, name: &Ident) {
        self.defined.insert(name.text.clone());
    }
}

/// The constant that a `#define` makes, if it stands for a value.
fn made_of(name: &str, constant: &Constant, sources: &Sources) -> Option<Item> {
    let end = Token {
        kind: Kind::End,
        text: constant.at.after(),
        at: constant.at.after(),
    };
    let list = constant.body.iter().copied().chain([end]).collect();
    let tokens = Tokens {
        list,
        comments: Vec::new(),
    };
    let value = parser::value(&tokens, sources)?;
    let comments = constant.comments.iter().map(|span| Comment {
        before: 0,
        span: *span,
    });
    let comments: Vec<Comment> = comments.collect();
    let name = Ident {
        text: name.to_owned(),
        span: constant.at,
    };
    Some(Item {
        docs: comments::said(&comments, sources),
        namespace: None,
        kind: ItemKind::Const(name, value),
    })
}

/// The definitions that every file may use without having them.
fn definitions(sources: &mut Sources) -> Vec<Item> {
    let text = builtin::DEFINITIONS.as_bytes().to_vec();
    let file = sources.add_old(Path::new("<built in>"), text);
    let mut tokens = Tokens::default();
    for token in lex(file, builtin::DEFINITIONS) {
        match token.kind {
            Kind::Comment => tokens.comments.push(Comment {
                before: tokens.list.len(),
                span: token.at,
            }),
            _ => tokens.list.push(token),
        }
    }
    let (mut items, mut diags) = (Vec::new(), Diagnostics::default());
    if let Some(last) = tokens.list.last().copied() {
        let kind = Kind::End;
        tokens.list.push(Token { kind, ..last });
    }
    parser::parse(&tokens, sources, &mut items, &mut diags);
    debug_assert_eq!(diags.count(), 0, "the built-in definitions are good");
    items
}
