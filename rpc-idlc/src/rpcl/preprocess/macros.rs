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
    at: Span,
    body: Rc<[Token]>,
    /// `NAME(…)`
    parameters: bool,
    kept: Kept,
    /// Comments on its line.
    comments: Rc<[Span]>,
}

impl Macro {
    /// Whether it stands for something by itself.
    pub(super) fn stands(&self) -> bool {
        !self.parameters && !self.body.is_empty()
    }

    /// Whether a sign beside it may take a part of it.
    pub(super) fn tears(&self) -> bool {
        self.body.len() > 1 && self.kept != Kept::Always
    }
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

/// What the names of `#define` lines, those for the C compiler included, stand for where they are used first, or
/// at the end of the file: a name that stands for something else in another place is replaced there.
pub(in crate::rpcl) type Constants = HashMap<String, Constant>;

#[derive(Debug)]
pub(in crate::rpcl) struct Constant {
    pub(in crate::rpcl) at: Span,
    /// All other macros are replaced, unless it is nothing but the name of one.
    pub(in crate::rpcl) body: Rc<[Token]>,
    /// All are replaced.
    full: Rc<[Token]>,
    /// Comments on its line.
    pub(in crate::rpcl) comments: Rc<[Span]>,
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
        let new = Macro {
            at: first.at,
            kept: if parameters { Kept::Never } else { kept(&body) },
            body,
            parameters,
            comments: comments.into(),
        };
        self.macros.insert(name, new);
    }

    /// A name in the text, with what follows it.
    pub(super) fn word(&mut self, token: Token, next: Option<Token>) {
        if self.quiet {
            return;
        }
        let Some(known) = self.macros.get(self.files.text(token.text)) else {
            return self.word_of_c(token, next);
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
        let stays = match known.kept {
            Kept::Never => false,
            Kept::Always => true,
            Kept::Alone => !self.is_torn(next),
        };
        if stays && self.is_constant(self.files.text(token.text).to_owned()) {
            return self.push(token);
        }
        self.replace(token);
    }

    /// Whether a sign beside the name would tear apart what it stands for.
    pub(super) fn is_torn(&self, next: Option<Token>) -> bool {
        let tears =
            |token: &Token| matches!(token.kind, Kind::Punct(c) if "+-*/%|&^~()".contains(c));
        self.out.list.last().is_some_and(tears) || next.as_ref().is_some_and(tears)
    }

    /// Puts what a name stands for in its place.
    pub(super) fn replace(&mut self, token: Token) {
        for token in self.expanded(&[token]) {
            self.push(token);
        }
        self.is_full(token.at);
    }

    /// Whether a macro stands here for what it stood for where it was used first, so that it can be a constant.
    pub(super) fn is_constant(&mut self, name: String) -> bool {
        self.keeps(name, true)
    }

    /// The same; with `alias`, a macro that is nothing but another's name stays that.
    fn keeps(&mut self, name: String, alias: bool) -> bool {
        let Some(known) = self.macros.get(&name).filter(|known| known.stands()) else {
            return false;
        };
        let known = known.clone();
        let full = self.full_body(&name, &known.body);
        if self.read > MAX_TOKENS {
            return false;
        }
        if let Some(first) = self.constants.get(&name) {
            return same(&first.full, &full, |token| self.files.text(token.text));
        }
        let other = match &known.body[..] {
            [other] if other.kind == Kind::Word && alias => {
                Some(self.files.text(other.text).to_owned())
            }
            _ => None,
        };
        // A circle ends at the name that it began with, which stands for itself there.
        let own = |token: &Token| self.files.text(token.text) == name;
        let other = other.filter(|_| !full.iter().any(own));
        let body = match other.is_some_and(|other| self.keeps(other, false)) {
            true => known.body,
            false => Rc::clone(&full),
        };
        let constant = Constant {
            at: known.at,
            body,
            full,
            comments: known.comments,
        };
        self.constants.insert(name, constant);
        true
    }

    /// The body of a macro, all others in it replaced.
    fn full_body(&mut self, name: &str, body: &[Token]) -> Rc<[Token]> {
        let (mut list, mut within) = (Vec::new(), vec![name.to_owned()]);
        for token in body {
            match token.kind {
                Kind::Word => self.expand(*token, token.at, &mut within, &mut list),
                _ => list.push(*token),
            }
        }
        list.into()
    }

    /// What stands for something at the end of a file does so for whoever used it before, and for other files.
    pub(super) fn keep_constants(&mut self) {
        let known = self.macros.iter().filter(|(_, known)| known.stands());
        let names: Vec<String> = known.map(|(name, _)| name.clone()).collect();
        for name in names {
            self.is_constant(name);
        }
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
