//! `#define`, and what it does to names.

use super::{MAX_TOKENS, Preprocessor};
use crate::diag::Code;
use crate::rpcl::lexer::{Flaw, Kind, Token};
use crate::source::Span;
use std::collections::HashMap;
use std::rc::Rc;

/// How many macros may stand for each other.
const MAX_DEPTH: usize = 100;

#[derive(Debug, Clone)]
pub(super) struct Macro {
    body: Rc<[Token]>,
    /// `NAME(…)`
    parameters: bool,
    kept: Kept,
}

/// Whether a name stays, and becomes a constant, instead of giving way to its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kept {
    Never,
    /// `3`, `(A + 1)`
    Always,
    /// `A + 1`, if there is no sign beside it that would tear it apart.
    Alone,
}

/// What the `#define` lines of a unit, those for the C compiler included, say a name stands for. The
/// first one counts: a name that is given another value later is replaced from then on.
pub(in crate::rpcl) type Constants = HashMap<String, Constant>;

#[derive(Debug)]
pub(in crate::rpcl) struct Constant {
    pub(in crate::rpcl) at: Span,
    pub(in crate::rpcl) body: Rc<[Token]>,
    /// Comments on its line.
    pub(in crate::rpcl) comments: Vec<Span>,
}

impl Preprocessor<'_, '_> {
    /// `#define` with what is behind it.
    pub(super) fn define(&mut self, at: Span, rest: &[Token], comments: &[Span]) {
        let Some(first) = rest.first() else {
            return self.error(Code::Directive, "this directive needs a name", at);
        };
        if first.kind != Kind::Word {
            return self.error(Code::Directive, "this directive needs a name", first.at);
        }
        let name = self.files.text(first.text).to_owned();
        let opens =
            |token: &Token| token.kind == Kind::Punct('(') && token.text.start == first.text.end;
        let parameters = rest.get(1).is_some_and(opens);
        let body: Rc<[Token]> = rest[1..].into();
        let mut kept = if parameters { Kept::Never } else { kept(&body) };
        if !parameters && !body.is_empty() {
            let constant = Constant {
                at: first.at,
                body: Rc::clone(&body),
                comments: comments.to_vec(),
            };
            let known = self.constants.entry(name.clone()).or_insert(constant);
            if !same(&known.body, &body, |token| self.files.text(token.text)) {
                kept = Kept::Never;
            }
        }
        let new = Macro {
            body,
            parameters,
            kept,
        };
        self.macros.insert(name, new);
    }

    /// A name in the text, with what follows it.
    pub(super) fn word(&mut self, token: Token, next: Option<Token>) {
        let Some(known) = self.macros.get(self.files.text(token.text)) else {
            return self.push(token);
        };
        if known.parameters {
            // The parser says what is wrong with it, unless it never gets there.
            let used = next.is_some_and(|next| next.kind == Kind::Punct('('));
            let kind = if used {
                Kind::Bad(Flaw::Macro)
            } else {
                token.kind
            };
            return self.push(Token { kind, ..token });
        }
        let torn =
            |token: &Token| matches!(token.kind, Kind::Punct(c) if "+-*/%|&^~()".contains(c));
        let alone = !self.out.list.last().is_some_and(torn) && !next.as_ref().is_some_and(torn);
        if known.kept == Kept::Always || known.kept == Kept::Alone && alone {
            return self.push(token);
        }
        let mut list = Vec::new();
        self.expand(token, token.at, &mut Vec::new(), &mut list);
        for token in list {
            self.push(token);
        }
        self.is_full(token.at);
    }

    /// The tokens of a line with all that its names stand for.
    pub(super) fn expanded(&mut self, tokens: &[Token]) -> Vec<Token> {
        let mut list = Vec::new();
        for token in tokens {
            match token.kind {
                Kind::Word => self.expand(*token, token.at, &mut Vec::new(), &mut list),
                _ => list.push(*token),
            }
        }
        list
    }

    /// Adds to `list` what a name stands for. `within` are those that it is a part of: they stay.
    fn expand(&mut self, token: Token, at: Span, within: &mut Vec<String>, list: &mut Vec<Token>) {
        self.read += 1;
        let name = self.files.text(token.text);
        let known = self.macros.get(name);
        let known = known.filter(|known| !known.parameters && within.len() < MAX_DEPTH);
        let known = known.filter(|_| !within.iter().any(|outer| outer == name));
        let (Some(known), true) = (known, self.read <= MAX_TOKENS) else {
            return list.push(Token { at, ..token });
        };
        let body = Rc::clone(&known.body);
        within.push(name.to_owned());
        for inner in body.iter() {
            match inner.kind {
                Kind::Word => self.expand(*inner, at, within, list),
                _ => list.push(Token { at, ..*inner }),
            }
        }
        self.read += body.len();
        within.pop();
    }
}

/// Whether a macro with this body can be a constant.
fn kept(body: &[Token]) -> Kept {
    let value = |token: &Token| matches!(token.kind, Kind::Number | Kind::Str);
    let fits = |token: &Token| {
        value(token)
            || token.kind == Kind::Word
            || matches!(token.kind, Kind::Punct(c) if "+-*/%|&^~()<>".contains(c))
    };
    if !body.iter().all(fits) || !body.iter().any(value) {
        return Kept::Never;
    }
    match body.len() == 1 || enclosed(body) {
        true => Kept::Always,
        false => Kept::Alone,
    }
}

/// Whether the first parenthesis is closed by the last token.
fn enclosed(body: &[Token]) -> bool {
    let mut depth = 0usize;
    for (index, token) in body.iter().enumerate() {
        match token.kind {
            Kind::Punct('(') => depth += 1,
            Kind::Punct(')') => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth == 0 {
            return index > 0 && index + 1 == body.len();
        }
    }
    false
}

fn same<'t>(one: &[Token], other: &[Token], text: impl Fn(&Token) -> &'t str) -> bool {
    one.len() == other.len() && one.iter().zip(other).all(|(a, b)| text(a) == text(b))
}
