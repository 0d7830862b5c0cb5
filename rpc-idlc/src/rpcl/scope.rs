//! Names that a unit uses and does not define: constants and types that only a `#define` line makes, and structs
//! that TI-RPC's headers have.

use super::Options;
use super::comments::{Comment, said};
use super::lexer::{Kind, Token, lex};
use super::parser;
use super::preprocess::{Constant, Constants, Tokens};
use super::tree::{Declaration, Item, ItemKind, Shape};
use super::walk::{self, Visit};
use crate::ast::Ident;
use crate::diag::Diagnostics;
use crate::source::{FileId, Sources};
use std::collections::HashSet;
use std::path::Path;

/// Adds what the unit names and does not define, as far as a `#define` or TI-RPC does.
pub(super) fn complete(
    items: &mut Vec<Item>,
    constants: &Constants,
    options: &Options,
    sources: &mut Sources,
) {
    let mut names = Names::default();
    let elsewhere = options.elsewhere.iter().map(|(name, _)| name.clone());
    names.known.extend(elsewhere);
    for item in items.iter() {
        names
            .known
            .extend(item.name().map(|name| name.text.clone()));
        walk::item(item, &mut names);
    }
    let mut of_headers = definitions(sources);
    let mut made = Vec::new();
    while let Some((name, used)) = names.used.pop() {
        if !names.known.insert(name.clone()) {
            continue;
        }
        let constant = constants.get(&name);
        let is_it = |item: &Item| item.name().is_some_and(|other| other.text == name);
        let known = of_headers.iter().position(is_it);
        let item = constant.and_then(|constant| made_of(name, used, constant, sources));
        if let Some(item) = item.or_else(|| known.map(|at| of_headers.remove(at))) {
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
    used: Vec<(String, Used)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Used {
    Value,
    Type,
}

impl Visit for Names {
    fn name(&mut self, name: &str) {
        self.used.push((name.to_owned(), Used::Value));
    }

    fn ty(&mut self, name: &str) {
        self.used.push((name.to_owned(), Used::Type));
    }

    fn enumerator(&mut self, name: &Ident) {
        self.known.insert(name.text.clone());
    }
}

/// The constant that a `#define` makes, if it stands for a value, or the type, if it stands for one.
fn made_of(name: String, used: Used, constant: &Constant, sources: &Sources) -> Option<Item> {
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
    let kind = match used {
        Used::Value => ItemKind::Const(name, parser::value(&tokens, sources)?),
        Used::Type => ItemKind::Typedef(Declaration {
            docs: Vec::new(),
            span: name.span,
            name: Some(name),
            ty: parser::ty(&tokens, sources)?,
            shape: Shape::Plain,
        }),
    };
    Some(Item {
        docs: said(&comments, sources),
        namespace: None,
        kind,
    })
}

/// What libtirpc has routines for and a file may use without defining it, besides the single words, which the
/// lowering knows.
const DEFINITIONS: &str = "\
/* A transport address of TI-RPC, and how long it may become. */
struct netbuf {
    unsigned int maxlen;
    opaque buf<>;
};
/* A block of the data encryption standard. */
typedef opaque des_block[8];
/* Credentials or a verifier (RFC 5531, section 8.2). */
struct opaque_auth {
    int oa_flavor;
    opaque oa_base<400>;
};
/* What credentials of AUTH_SYS hold (RFC 5531, appendix A). */
struct authsys_parms {
    unsigned int aup_time;
    string aup_machname<255>;
    unsigned int aup_uid;
    unsigned int aup_gid;
    unsigned int aup_gids<16>;
};
typedef authsys_parms authunix_parms;
";

/// What stands for the headers of TI-RPC among the files.
const HEADERS: &str = "<TI-RPC>";

/// Whether a file is what TI-RPC has.
pub(crate) fn is_of_headers(file: FileId, sources: &Sources) -> bool {
    sources.get(file).path == Path::new(HEADERS)
}

fn definitions(sources: &mut Sources) -> Vec<Item> {
    let text = DEFINITIONS.as_bytes().to_vec();
    let file = sources.add_old(Path::new(HEADERS), text);
    let mut tokens = Tokens::default();
    for token in lex(file, DEFINITIONS) {
        match token.kind {
            Kind::Comment => tokens.comments.push(Comment {
                before: tokens.list.len(),
                span: token.at,
            }),
            _ => tokens.list.push(token),
        }
    }
    if let Some(last) = tokens.list.last().copied() {
        let kind = Kind::End;
        tokens.list.push(Token { kind, ..last });
    }
    let (mut items, mut diags) = (Vec::new(), Diagnostics::default());
    parser::parse(&tokens, sources, &mut items, &mut diags);
    debug_assert_eq!(diags.count(), 0, "the definitions are good");
    items
}
