//! Tokens to the tree. A mistake costs the definition it is in, and parsing goes on behind it.

mod declarations;
mod enums;
mod expressions;
mod items;
mod programs;

use super::comments::{Comment, above, behind};
use super::cover;
use super::lexer::{Flaw, Kind, Token};
use super::preprocess::Tokens;
use super::tree::{Expr, Item, ItemKind};
use crate::ast::{Docs, Ident};
use crate::diag::{Code, Diagnostic, Diagnostics, Reported};
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

    /// Whether another definition begins here, with all of its head: what is open was never closed.
    fn unclosed(&mut self, opened: Span) -> Parse<()> {
        if !self.at_definition() && !self.at_end() {
            return Ok(());
        }
        let head = match self.word(0) {
            Some("struct" | "enum") => self.nth(2).kind == Kind::Punct('{'),
            Some("union") => self.word(2) == Some("switch"),
            _ => true,
        };
        if !head {
            return Ok(());
        }
        let title = "this `{` is never closed";
        let problem = Diagnostic::new(Code::Unclosed, title, opened, "");
        Err(self.complain(match self.at_end() {
            true => problem,
            false => problem.also(self.span(), "expected `}` before this"),
        }))
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

    /// The `;` behind a definition or a declaration. If the line ends without one it was forgotten.
    fn semicolon(&mut self) -> Parse<()> {
        if self.eat(';') {
            return Ok(());
        }
        let forgotten = !self.same_line() || self.at_punct('}') || self.at_end();
        if self.at_punct(',') {
            let title = "expected `;`, found `,`";
            let problem = Diagnostic::new(Code::Unexpected, title, self.span(), "");
            return Err(self.complain(problem.help("each declaration has one name")));
        }
        if !forgotten || matches!(self.kind(), Kind::Bad(_)) {
            return Err(self.expected("`;`"));
        }
        self.sloppy("a `;` is missing", self.previous().after(), ";");
        Ok(())
    }

    /// A slip that leaves no doubt what was meant.
    fn sloppy(&mut self, title: &str, place: Span, instead: &str) {
        let problem = Diagnostic::new(Code::Sloppy, title, place, "");
        self.diags.warn(problem.edit(place, instead));
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

    // Complaining.

    fn found(&self) -> String {
        match self.kind() {
            Kind::End => "the end of the file".to_owned(),
            Kind::Str => "a string".to_owned(),
            _ => format!("`{}`", self.text_of(self.nth(0))),
        }
    }

    /// "expected WHAT, found …", at what was found.
    fn expected(&mut self, what: &str) -> Reported {
        let problem = Diagnostic::new(
            Code::Unexpected,
            format!("expected {what}, found {}", self.found()),
            self.span(),
            format!("expected {what}"),
        );
        self.complain(problem)
    }

    /// Reports `problem`, or what is wrong with the token itself.
    fn complain(&mut self, problem: Diagnostic) -> Reported {
        let Kind::Bad(flaw) = self.kind() else {
            return self.diags.report(problem);
        };
        let (code, title) = match flaw {
            Flaw::Comment => (Code::UnclosedComment, "this comment has no end"),
            Flaw::String => (Code::UnclosedString, "this has no end on its line"),
            Flaw::Word => (
                Code::BadName,
                "names are made of the letters a to z, digits and `_`",
            ),
            Flaw::Macro => (
                Code::MacroParameters,
                "macros with parameters are not expanded",
            ),
            Flaw::Character => (Code::UnexpectedCharacter, "unexpected character"),
        };
        let problem = Diagnostic::new(code, title, self.span(), "");
        self.diags.report(match flaw {
            Flaw::Comment => problem.help("close it with `*/`"),
            Flaw::Macro => problem.help("write here what it stands for"),
            _ => problem,
        })
    }

    fn deeper(&mut self) -> Parse<()> {
        self.depth += 1;
        if self.depth <= MAX_DEPTH {
            return Ok(());
        }
        let title = format!("this is nested more than {MAX_DEPTH} deep");
        let problem = Diagnostic::new(Code::TooDeep, title, self.span(), "one too many");
        Err(self.complain(problem))
    }

    // Definitions.

    /// Reads a definition, or skips it.
    fn item(&mut self) {
        let start = self.at;
        self.naming = None;
        let depth = self.depth;
        if self.definition().is_err() {
            self.depth = depth;
            if let Some(name) = self.naming.take() {
                self.add(Docs::new(), ItemKind::Broken(name));
            }
            self.skip_item(start);
        }
    }

    fn add(&mut self, docs: Docs, kind: ItemKind) {
        let namespace = self.namespaces.last().cloned();
        self.items.push(Item {
            docs,
            namespace,
            kind,
        });
    }

    /// Goes behind the definition that begins at the token `start`.
    fn skip_item(&mut self, start: usize) {
        let mut open = 0usize;
        for token in &self.tokens[start..self.at] {
            open = braces(open, token.kind);
        }
        while !self.at_end() {
            if self.at > start && self.at_definition() {
                return;
            }
            if open == 0 && self.at_punct('}') && !self.namespaces.is_empty() {
                return;
            }
            let kind = self.bump().kind;
            open = braces(open, kind);
            if open == 0 && kind == Kind::Punct(';') {
                return;
            }
        }
    }
}

fn braces(open: usize, kind: Kind) -> usize {
    match kind {
        Kind::Punct('{') => open + 1,
        Kind::Punct('}') => open.saturating_sub(1),
        _ => open,
    }
}
