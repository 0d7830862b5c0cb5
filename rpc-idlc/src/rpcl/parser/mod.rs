//! Tokens to the tree. A mistake costs the definition it is in, and parsing goes on behind it.

mod complaints;
mod declarations;
mod enums;
mod expressions;
mod habits;
mod items;
mod programs;
mod recovery;

use super::comments::{Comment, above, behind};
use super::cover;
use super::lexer::{Kind, Token};
use super::preprocess::Tokens;
use super::tree::{Expr, Item, Spec};
use crate::ast::{Docs, Ident};
use crate::diag::{Diagnostics, Reported};
use crate::source::{Sources, Span};

/// A part of the tree, or the proof that the user was told why there is none.
type Parse<T> = Result<T, Reported>;

/// How deep types, expressions and namespaces may be nested in one another. Every later pass may
/// recurse this deep.
const MAX_DEPTH: u32 = 32;

/// The words that begin a definition.
const DEFINITIONS: [&str; 7] = [
    "const",
    "typedef",
    "enum",
    "struct",
    "union",
    "program",
    "namespace",
];

/// Reads a file. What could be understood is added to `items` even when there were mistakes.
pub(super) fn parse(
    tokens: &Tokens,
    sources: &Sources,
    items: &mut Vec<Item>,
    diags: &mut Diagnostics,
) {
    let mut parser = Parser::new(tokens, sources, items, diags);
    while !parser.at_end() {
        parser.item();
    }
}

/// Reads what a `#define` stands for, if it is a value.
pub(super) fn value(tokens: &Tokens, sources: &Sources) -> Option<Expr> {
    let (mut items, mut diags) = (Vec::new(), Diagnostics::default());
    let mut parser = Parser::new(tokens, sources, &mut items, &mut diags);
    let value = parser.expr("a value").ok()?;
    parser.at_end().then_some(value)
}

/// Reads what a `#define` stands for, if it is a type.
pub(super) fn ty(tokens: &Tokens, sources: &Sources) -> Option<Spec> {
    let (mut items, mut diags) = (Vec::new(), Diagnostics::default());
    let mut parser = Parser::new(tokens, sources, &mut items, &mut diags);
    let ty = parser.spec().ok()?;
    parser.at_end().then_some(ty)
}

struct Parser<'a> {
    /// Ends with [`Kind::End`], which is never passed.
    tokens: &'a [Token],
    comments: &'a [Comment],
    sources: &'a Sources,
    at: usize,
    /// How many types and parentheses are open.
    depth: u32,
    /// The namespaces that are open.
    namespaces: Vec<Ident>,
    /// The name of the definition that is being read.
    naming: Option<Ident>,
    items: &'a mut Vec<Item>,
    diags: &'a mut Diagnostics,
}

impl<'a> Parser<'a> {
    fn new(
        tokens: &'a Tokens,
        sources: &'a Sources,
        items: &'a mut Vec<Item>,
        diags: &'a mut Diagnostics,
    ) -> Self {
        Parser {
            tokens: &tokens.list,
            comments: &tokens.comments,
            sources,
            at: 0,
            depth: 0,
            namespaces: Vec::new(),
            naming: None,
            items,
            diags,
        }
    }

    // Looking.

    fn nth(&self, n: usize) -> Token {
        self.tokens[(self.at + n).min(self.tokens.len() - 1)]
    }

    fn kind(&self) -> Kind {
        self.nth(0).kind
    }

    fn span(&self) -> Span {
        self.nth(0).at
    }

    /// What was read last.
    fn previous(&self) -> Span {
        self.tokens[self.at.saturating_sub(1)].at
    }

    /// From `start` to what was read last.
    fn since(&self, start: Span) -> Span {
        cover(start, self.previous())
    }

    fn text_of(&self, token: Token) -> &'a str {
        &self.sources.get(token.text.file).text[token.text.range()]
    }

    fn at_punct(&self, c: char) -> bool {
        self.kind() == Kind::Punct(c)
    }

    fn at_end(&self) -> bool {
        self.kind() == Kind::End
    }

    fn word(&self, n: usize) -> Option<&'a str> {
        let token = self.nth(n);
        (token.kind == Kind::Word).then(|| self.text_of(token))
    }

    fn at_word(&self, word: &str) -> bool {
        self.word(0) == Some(word)
    }

    /// Whether two tokens of this sign stand here without space between them.
    fn at_double(&self, c: char) -> bool {
        let next = self.nth(1);
        self.at_punct(c) && next.kind == Kind::Punct(c) && self.nth(0).text.end == next.text.start
    }

    /// The same line as what was read last?
    fn same_line(&self) -> bool {
        let (from, to) = (self.previous(), self.span());
        if from.file != to.file {
            return false;
        }
        let text = &self.sources.get(from.file).text;
        from.end > to.start || !text[from.end as usize..to.start as usize].contains('\n')
    }

    /// Whether what stands here begins a definition: such a word at the beginning of a line.
    fn at_definition(&self) -> bool {
        let begins = self.word(0).is_some_and(|word| DEFINITIONS.contains(&word));
        let span = self.span();
        let text = &self.sources.get(span.file).text;
        begins && (span.start == 0 || text[..span.start as usize].ends_with('\n'))
    }

    // Taking.

    fn bump(&mut self) -> Token {
        let token = self.nth(0);
        if token.kind != Kind::End {
            self.at += 1;
        }
        token
    }

    fn eat(&mut self, c: char) -> bool {
        let found = self.at_punct(c);
        if found {
            self.bump();
        }
        found
    }

    fn eat_word(&mut self, word: &str) -> bool {
        let found = self.at_word(word);
        if found {
            self.bump();
        }
        found
    }

    fn expect(&mut self, c: char) -> Parse<Span> {
        match self.at_punct(c) {
            true => Ok(self.bump().at),
            false => Err(self.expected(&format!("`{c}`"))),
        }
    }

    fn ident(&mut self, what: &str) -> Parse<Ident> {
        if self.kind() != Kind::Word {
            return Err(self.expected(what));
        }
        let token = self.bump();
        Ok(Ident {
            text: self.text_of(token).to_owned(),
            span: token.at,
        })
    }

    /// `a`, or `a::b`.
    fn path(&mut self, what: &str) -> Parse<Ident> {
        // `::a` is that of no namespace.
        let outermost = self.at_double(':');
        if outermost {
            self.at += 2;
        }
        let mut path = self.ident(what)?;
        if outermost {
            path.text.insert_str(0, "::");
        }
        while self.at_double(':') {
            self.bump();
            self.bump();
            let part = self.ident("a name behind `::`")?;
            path.text.push_str("::");
            path.text.push_str(&part.text);
            path.span = cover(path.span, part.span);
        }
        Ok(path)
    }

    // Comments.

    fn comments_before(&self, token: usize) -> &'a [Comment] {
        let from = self
            .comments
            .partition_point(|comment| comment.before < token);
        let to = self
            .comments
            .partition_point(|comment| comment.before <= token);
        &self.comments[from..to]
    }

    /// What the comment above says.
    fn docs(&self) -> Docs {
        let previous = (self.at > 0).then(|| self.previous());
        above(
            self.comments_before(self.at),
            previous,
            self.span(),
            self.sources,
        )
    }

    /// Adds what the comment at the end of the line says.
    fn docs_behind(&self, docs: &mut Docs) {
        let comments = self.comments_before(self.at);
        docs.extend(behind(comments, self.previous(), self.span(), self.sources));
    }
}
