//! The tree to pieces: where lines may end, where they must, and where comments go.

use super::print::Piece;
use super::tree::{Element, Group, Kind, Lexeme, Node, Remark};
use crate::idl::TokenKind;

pub(super) fn layout<'a>(lexemes: &'a [Lexeme<'a>], items: &[Element]) -> Vec<Piece<'a>> {
    let mut layout = Layout {
        lexemes,
        pieces: Vec::new(),
    };
    layout.file(items);
    layout.pieces
}

struct Layout<'a> {
    lexemes: &'a [Lexeme<'a>],
    pieces: Vec<Piece<'a>>,
}

/// The place between two elements, or between an element and a bracket.
#[derive(Clone, Copy)]
struct Gap {
    /// Nothing stands before it: an opening bracket, or the beginning of the file.
    opening: bool,
    /// Nothing stands behind it: a closing bracket, or the end of the file.
    closing: bool,
    blank: Blank,
    /// What stands there if the line need not end; nothing if it must.
    flat: Option<&'static str>,
    /// Comments behind the last element count for the width, since the line may go on.
    counted: bool,
}

impl Gap {
    /// Where the line ends in any case.
    fn hard(blank: Blank) -> Self {
        Gap {
            opening: false,
            closing: false,
            blank,
            flat: None,
            counted: false,
        }
    }
}

/// The empty line in a gap.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Blank {
    Never,
    AsWritten,
    Always,
}

impl<'a> Layout<'a> {
    fn file(&mut self, items: &[Element]) {
        let mut before: Option<&Element> = None;
        for item in items {
            let gap = Gap {
                opening: before.is_none(),
                ..Gap::hard(between_items(before, item))
            };
            // The first line of a file does not end another.
            let first = before.is_none() && self.start_of(item).remarks.is_empty();
            if !first {
                self.gap(self.first_of(item), gap);
            }
            self.element(item, true);
            if let Some(at) = item.separator {
                self.before_separator(at);
                self.pieces.push(Piece::Text(self.lexemes[at].text));
            }
            before = Some(item);
        }
        let end = self.lexemes.len() - 1;
        let empty = items.is_empty() && self.lexemes[end].remarks.is_empty();
        if !empty {
            self.gap(
                end,
                Gap {
                    opening: items.is_empty(),
                    closing: true,
                    ..Gap::hard(Blank::AsWritten)
                },
            );
        }
    }

    fn first_of(&self, element: &Element) -> usize {
        let first = element.nodes.first().map(Node::start);
        first.or(element.separator).unwrap_or(0)
    }

    fn start_of(&self, element: &Element) -> &'a Lexeme<'a> {
        &self.lexemes[self.first_of(element)]
    }

    /// An element without the gap before it. `lines`: annotations stand on lines of their own.
    fn element(&mut self, element: &Element, lines: bool) {
        for (at, node) in element.nodes.iter().enumerate() {
            if at > 0 {
                let from = element.nodes[at - 1].end();
                match self.ends_line(element, at, lines) {
                    true => self.gap(node.start(), Gap::hard(Blank::Never)),
                    false => self.inside(from, node.start()),
                }
            }
            match node {
                Node::Leaf(leaf) => self.pieces.push(Piece::Text(self.lexemes[*leaf].text)),
                Node::Group(group) => self.group(group),
            }
        }
    }

    /// Does the line end before this node: behind a doc comment or an annotation?
    fn ends_line(&self, element: &Element, at: usize, lines: bool) -> bool {
        let kind = |node: &Node| self.lexemes[node.start()].kind;
        let begins = at == element.prefix || kind(&element.nodes[at]) == TokenKind::Punct('@');
        kind(&element.nodes[at - 1]) == TokenKind::Doc || (lines && at <= element.prefix && begins)
    }

    /// What stands between two tokens of one element.
    fn inside(&mut self, from: usize, to: usize) {
        let (before, next) = (&self.lexemes[from], &self.lexemes[to]);
        let mut line = false;
        for remark in &next.remarks {
            if !line {
                self.pieces.push(Piece::Text(" "));
            }
            line = self.remark(remark);
            if line {
                let (blank, hang) = (false, true);
                self.pieces.push(Piece::Hard { blank, hang });
            }
        }
        if !line && (!next.remarks.is_empty() || spaced(before, next)) {
            self.pieces.push(Piece::Text(" "));
        }
    }

    /// Writes a comment; is it one that ends its line?
    fn remark(&mut self, remark: &Remark<'a>) -> bool {
        self.pieces.push(match remark.is_line() {
            true => Piece::Text(remark.text),
            false => Piece::Block(remark.text),
        });
        remark.is_line()
    }

    fn group(&mut self, group: &Group) {
        let (open, close) = (&self.lexemes[group.open], &self.lexemes[group.close]);
        self.pieces.push(Piece::Text(open.text));
        let broken = self.is_broken(group);
        if group.elements.is_empty() && !broken {
            self.empty(group);
        } else {
            let breakable = !matches!(group.kind, Kind::Values | Kind::Parameters);
            self.pieces.push(Piece::Open { broken, breakable });
            self.elements(group, broken);
            self.pieces.push(Piece::Close);
        }
        self.pieces.push(Piece::Text(close.text));
    }

    /// Brackets around nothing but comments that need no line of their own.
    fn empty(&mut self, group: &Group) {
        let remarks = &self.lexemes[group.close].remarks;
        let space = self.lexemes[group.open].is('{') && !remarks.is_empty();
        for (at, remark) in remarks.iter().enumerate() {
            if space || at > 0 {
                self.pieces.push(Piece::Text(" "));
            }
            self.remark(remark);
        }
        if space {
            self.pieces.push(Piece::Text(" "));
        }
    }

    fn elements(&mut self, group: &Group, broken: bool) {
        let braces = self.lexemes[group.open].is('{');
        let flat = if braces { " " } else { "" };
        let gap = Gap {
            counted: !broken,
            flat: Some(flat),
            ..Gap::hard(Blank::AsWritten)
        };
        for (at, element) in group.elements.iter().enumerate() {
            let before = at.checked_sub(1).map(|at| &group.elements[at]);
            let here = Gap {
                opening: before.is_none(),
                flat: Some(if before.is_none() { flat } else { " " }),
                blank: before.map_or(Blank::Never, |before| self.between(group, before, element)),
                ..gap
            };
            self.gap(self.first_of(element), here);
            self.element(element, braces);
            self.separator(group, element, at + 1 == group.elements.len());
        }
        let here = Gap {
            opening: group.elements.is_empty(),
            closing: true,
            ..gap
        };
        self.gap(group.close, here);
    }

    fn separator(&mut self, group: &Group, element: &Element, last: bool) {
        let comma = matches!(group.kind, Kind::Arms | Kind::Braces | Kind::Parens);
        if let Some(at) = element.separator {
            self.before_separator(at);
        }
        match element.separator {
            Some(at) if !last || self.lexemes[at].is(';') => {
                self.pieces.push(Piece::Text(self.lexemes[at].text));
            }
            _ if last && comma => self.pieces.push(Piece::Comma),
            _ => {}
        }
    }

    fn before_separator(&mut self, at: usize) {
        for remark in &self.lexemes[at].remarks {
            self.pieces.push(Piece::Text(" "));
            self.remark(remark);
        }
    }

    /// The empty line between two members of a group.
    fn between(&self, group: &Group, before: &Element, next: &Element) -> Blank {
        if group.kind != Kind::Interface {
            return Blank::AsWritten;
        }
        match (self.is_header(before), self.is_header(next)) {
            (true, true) if self.start_of(next).remarks.is_empty() => Blank::Never,
            (true, false) => Blank::Always,
            (false, false) if next.prefix > 0 => Blank::Always,
            _ => Blank::AsWritten,
        }
    }

    /// `program N;` or `version N;`.
    fn is_header(&self, member: &Element) -> bool {
        let word = matches!(self.start_of(member).text, "program" | "version");
        word && !matches!(member.nodes.get(1), Some(Node::Group(_)))
    }

    /// The gap before the token `to`, with its comments. Those that stand behind something stay there.
    fn gap(&mut self, to: usize, gap: Gap) {
        let next = &self.lexemes[to];
        let remarks = &next.remarks;
        let behind = trailing(next, gap);
        for remark in &remarks[..behind] {
            self.pieces.push(Piece::Text(" "));
            match (gap.counted, remark.is_line()) {
                (true, _) => drop(self.remark(remark)),
                (false, true) => self.pieces.push(Piece::Aside(remark.text)),
                (false, false) => self.pieces.push(Piece::Block(remark.text)),
            }
        }
        let own = &remarks[behind..];
        let written = gap.blank != Blank::Never;
        let mut add = gap.blank == Blank::Always
            && !(own.iter().any(|remark| remark.blank) || (next.blank && !gap.closing));
        let mut line = true;
        for (at, remark) in own.iter().enumerate() {
            // Nothing precedes the first comment of a file.
            let begin = gap.opening && to_is_outside(&self.pieces);
            if at == 0 && begin {
            } else if at == 0 || remark.first || line {
                let blank =
                    (remark.blank && (written || at > 0) && !(gap.opening && at == 0)) || add;
                self.end_line(
                    gap,
                    blank,
                    if at == 0 {
                        gap.flat
                    } else {
                        gap.flat.map(|_| " ")
                    },
                );
                add = false;
            } else {
                self.pieces.push(Piece::Text(" "));
            }
            line = self.remark(remark);
        }
        if own.is_empty() || next.first || line || gap.closing {
            let keep = next.blank && !gap.closing && (written || !own.is_empty());
            let flat = if own.is_empty() {
                gap.flat
            } else {
                gap.flat.map(|_| " ")
            };
            let blank = (keep && !(gap.opening && own.is_empty())) || add;
            if gap.closing && flat.is_some() {
                self.pieces.push(Piece::Dedent);
            }
            self.end_line(gap, blank, flat);
        } else {
            self.pieces.push(Piece::Text(" "));
        }
    }

    fn end_line(&mut self, gap: Gap, blank: bool, flat: Option<&'static str>) {
        debug_assert_eq!(gap.flat.is_some(), flat.is_some());
        self.pieces.push(match flat {
            Some(flat) => Piece::Line { flat, blank },
            None => Piece::Hard { blank, hang: false },
        });
    }

    /// Must this group have a line for each element, however short it is?
    fn is_broken(&self, group: &Group) -> bool {
        let inner = &self.lexemes[group.open + 1..=group.close];
        let long = |remark: &Remark<'_>| remark.is_line() || remark.text.contains('\n');
        let alone = |at: usize| self.lexemes[at].remarks.iter().any(|remark| remark.first);
        let annotated = |element: &Element| element.prefix > 0 && self.lexemes[group.open].is('{');
        let holds = |element: &Element| {
            let nodes = &element.nodes[element.prefix..];
            nodes
                .iter()
                .any(|node| matches!(node, Node::Group(group) if group.kind != Kind::Parameters))
        };
        group.kind == Kind::Interface
            || (group.kind == Kind::Arms && group.elements.iter().any(holds))
            || inner.iter().any(|lexeme| lexeme.kind == TokenKind::Doc)
            || inner.iter().any(|lexeme| lexeme.remarks.iter().any(long))
            || alone(group.close)
            || group
                .elements
                .iter()
                .any(|e| annotated(e) || alone(self.first_of(e)))
            || group
                .elements
                .iter()
                .flat_map(|e| &e.nodes)
                .any(|node| matches!(node, Node::Group(inner) if self.is_broken(inner)))
    }
}

/// Has nothing been written yet?
fn to_is_outside(pieces: &[Piece<'_>]) -> bool {
    pieces.is_empty()
}

/// How many of the comments before `next` stay on the line of what is before them.
fn trailing(next: &Lexeme<'_>, gap: Gap) -> usize {
    let on_line = next.remarks.iter().take_while(|remark| !remark.first);
    // Behind a line comment nothing stands on the line.
    let line = on_line.clone().position(Remark::is_line);
    let behind = line.map_or_else(|| on_line.count(), |line| line + 1);
    let same_line = behind == next.remarks.len();
    let before_next = !gap.closing && same_line && !next.first;
    // Behind an opening bracket a comment is about what follows, unless it fills the line.
    let inside = gap.opening && gap.counted;
    if before_next && !next.remarks.iter().any(Remark::is_line) || inside {
        0
    } else {
        behind
    }
}

/// The empty line between two items. Constants, types and the like may stand close together.
fn between_items(before: Option<&Element>, next: &Element) -> Blank {
    let short = |item: &Element| item.separator.is_some();
    match before {
        None => Blank::AsWritten,
        Some(before) if short(before) && short(next) && next.prefix == 0 => Blank::AsWritten,
        Some(_) => Blank::Always,
    }
}

/// Is there a space between these two tokens of one element?
fn spaced(before: &Lexeme<'_>, next: &Lexeme<'_>) -> bool {
    let sticks = matches!(before.kind, TokenKind::Punct('.' | '@' | '-'));
    match next.kind {
        _ if sticks => false,
        TokenKind::Punct(':' | '.' | '[' | '<' | ',' | ';') => false,
        TokenKind::Punct('(') => before.kind != TokenKind::Ident,
        _ => true,
    }
}
