//! The text as a tree of brackets, with every comment at the token that it stands before.
//!
//! It knows hardly anything of the grammar, so a new construct is laid out like those that are there.

use crate::ast::Comment;
use crate::idl::{Token, TokenKind};

/// A comment that is no doc comment.
#[derive(Debug, Clone, Copy)]
pub(super) struct Remark<'a> {
    pub(super) text: &'a str,
    /// The first on its line.
    pub(super) first: bool,
    /// An empty line stands above it.
    pub(super) blank: bool,
}

impl Remark<'_> {
    pub(super) fn is_line(&self) -> bool {
        self.text.starts_with("//")
    }
}

/// A token, and the comments before it.
#[derive(Debug, Clone)]
pub(super) struct Lexeme<'a> {
    pub(super) kind: TokenKind,
    pub(super) text: &'a str,
    pub(super) remarks: Vec<Remark<'a>>,
    pub(super) first: bool,
    pub(super) blank: bool,
}

impl Lexeme<'_> {
    pub(super) fn is(&self, c: char) -> bool {
        self.kind == TokenKind::Punct(c)
    }
}

/// Gives each token its comments; the last one is the end of the file.
pub(super) fn lexemes<'a>(
    text: &'a str,
    tokens: &[Token],
    comments: &[Comment],
) -> Vec<Lexeme<'a>> {
    let mut comments = comments.iter().peekable();
    let mut end = 0;
    // Where something stands: is it the first on its line, is an empty line above it?
    let mut stand = |range: std::ops::Range<usize>| {
        let lines = text[end..range.start].matches('\n').count();
        let first = lines > 0 || end == 0;
        end = range.end;
        (text[range].trim_end(), first, lines > 1)
    };
    let mut lexemes: Vec<Lexeme<'a>> = Vec::with_capacity(tokens.len());
    for token in tokens {
        let mut remarks = Vec::new();
        while let Some(comment) = comments.next_if(|c| c.span.start < token.span.start) {
            let (text, first, blank) = stand(comment.span.range());
            remarks.push(Remark { text, first, blank });
        }
        let (text, first, blank) = stand(token.span.range());
        lexemes.push(Lexeme {
            kind: token.kind,
            text,
            remarks,
            first,
            blank,
        });
    }
    past_separators(&mut lexemes);
    lexemes
}

/// A line comment before a `,` or `;` goes behind it, and so do comments that follow it.
fn past_separators(lexemes: &mut [Lexeme<'_>]) {
    for at in 0..lexemes.len().saturating_sub(1) {
        let (before, behind) = lexemes.split_at_mut(at + 1);
        let (separator, next) = (&mut before[at], &mut behind[0]);
        let line = separator.remarks.iter().position(Remark::is_line);
        if let Some(line) = line.filter(|_| separator.is(',') || separator.is(';')) {
            let moved = separator.remarks.split_off(line);
            next.remarks.splice(0..0, moved);
        }
    }
}

/// A token, by its place in the list, or what is in brackets.
#[derive(Debug)]
pub(super) enum Node {
    Leaf(usize),
    Group(Group),
}

impl Node {
    pub(super) fn start(&self) -> usize {
        match self {
            Node::Leaf(at) => *at,
            Node::Group(group) => group.open,
        }
    }

    pub(super) fn end(&self) -> usize {
        match self {
            Node::Leaf(at) => *at,
            Node::Group(group) => group.close,
        }
    }
}

#[derive(Debug)]
pub(super) struct Group {
    pub(super) kind: Kind,
    pub(super) open: usize,
    pub(super) close: usize,
    pub(super) elements: Vec<Element>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// The methods of an interface.
    Interface,
    /// The arms of a union or an error.
    Arms,
    /// Anything else in braces.
    Braces,
    Parens,
    /// What is behind the name of an annotation.
    Values,
    /// `<…>` and `[…]`.
    Parameters,
}

/// What stands between two separators.
#[derive(Debug)]
pub(super) struct Element {
    pub(super) nodes: Vec<Node>,
    /// The `,` or `;` behind it.
    pub(super) separator: Option<usize>,
    /// How many of the nodes are doc comments and annotations.
    pub(super) prefix: usize,
}

/// All items of a file that was parsed without a mistake. Recursion is as deep as types are written,
/// which the parser limits.
pub(super) fn items(lexemes: &[Lexeme<'_>]) -> Vec<Element> {
    Grower { lexemes, at: 0 }.elements(true)
}

struct Grower<'a> {
    lexemes: &'a [Lexeme<'a>],
    at: usize,
}

impl Grower<'_> {
    /// Reads up to the closing bracket, or the end, which stays.
    fn elements(&mut self, top: bool) -> Vec<Element> {
        let mut elements = Vec::new();
        let mut nodes = Vec::new();
        loop {
            let lexeme = &self.lexemes[self.at];
            let at = self.at;
            match lexeme.kind {
                TokenKind::End | TokenKind::Punct('}' | ')' | ']' | '>') => {
                    self.end_element(&mut elements, nodes, None);
                    return elements;
                }
                TokenKind::Punct(',' | ';') => {
                    self.at += 1;
                    self.end_element(&mut elements, std::mem::take(&mut nodes), Some(at));
                }
                TokenKind::Punct('{' | '(' | '[' | '<') => {
                    let group = self.group(&nodes, top);
                    let item = top && self.lexemes[at].is('{');
                    nodes.push(Node::Group(group));
                    if item {
                        self.end_element(&mut elements, std::mem::take(&mut nodes), None);
                    }
                }
                _ => {
                    self.at += 1;
                    nodes.push(Node::Leaf(at));
                }
            }
        }
    }

    fn end_element(&self, elements: &mut Vec<Element>, nodes: Vec<Node>, separator: Option<usize>) {
        if !nodes.is_empty() || separator.is_some() {
            elements.push(Element {
                prefix: self.prefix(&nodes),
                nodes,
                separator,
            });
        }
    }

    fn group(&mut self, before: &[Node], top: bool) -> Group {
        let open = self.at;
        let kind = self.kind(before, top);
        self.at += 1;
        let elements = self.elements(false);
        let close = self.at;
        if self.lexemes[close].kind != TokenKind::End {
            self.at += 1;
        }
        Group {
            kind,
            open,
            close,
            elements,
        }
    }

    fn kind(&self, before: &[Node], top: bool) -> Kind {
        match self.lexemes[self.at].kind {
            TokenKind::Punct('{') if top => match self.word(before) {
                Some("interface") => Kind::Interface,
                Some("union" | "error") => Kind::Arms,
                _ => Kind::Braces,
            },
            TokenKind::Punct('{') => Kind::Braces,
            TokenKind::Punct('(') if self.annotated(before) => Kind::Values,
            TokenKind::Punct('(') => Kind::Parens,
            _ => Kind::Parameters,
        }
    }

    /// The first word behind doc comments and annotations.
    fn word(&self, nodes: &[Node]) -> Option<&str> {
        match nodes.get(self.prefix(nodes)) {
            Some(Node::Leaf(at)) => Some(self.lexemes[*at].text),
            _ => None,
        }
    }

    /// Do the nodes end with `@name` or `@name.name`?
    fn annotated(&self, nodes: &[Node]) -> bool {
        let mut back = nodes.iter().rev().map(|node| match node {
            Node::Leaf(at) => self.lexemes[*at].kind,
            Node::Group(_) => TokenKind::Bad,
        });
        while back.next() == Some(TokenKind::Ident) {
            match back.next() {
                Some(TokenKind::Punct('@')) => return true,
                Some(TokenKind::Punct('.')) => {}
                _ => return false,
            }
        }
        false
    }

    fn prefix(&self, nodes: &[Node]) -> usize {
        let mut at = 0;
        while let Some(Node::Leaf(leaf)) = nodes.get(at) {
            match self.lexemes[*leaf].kind {
                TokenKind::Doc => at += 1,
                TokenKind::Punct('@') => at += self.annotation(&nodes[at..]),
                _ => break,
            }
        }
        at.min(nodes.len())
    }

    /// How many nodes the annotation has that begins here.
    fn annotation(&self, nodes: &[Node]) -> usize {
        let leaf = |at: usize| match nodes.get(at) {
            Some(Node::Leaf(leaf)) => Some(self.lexemes[*leaf].kind),
            _ => None,
        };
        let mut length = 2;
        while leaf(length) == Some(TokenKind::Punct('.')) {
            length += 2;
        }
        match nodes.get(length) {
            Some(Node::Group(group)) if group.kind == Kind::Values => length + 1,
            _ => length,
        }
    }
}
