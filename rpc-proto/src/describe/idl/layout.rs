//! The style of `idlc fmt`, as far as what is written here needs it: no comments, no documentation.

/// The longest line, in characters, where something can be done about it.
const WIDTH: usize = 100;

const STEP: usize = 4;

/// A part of a line that may have to be broken.
#[derive(Debug, Clone)]
pub(super) enum Part {
    Text(String),
    Group(Group),
}

/// Elements in brackets: on one line, or each on its own with a comma behind it.
#[derive(Debug, Clone)]
pub(super) struct Group {
    open: &'static str,
    close: &'static str,
    elements: Vec<Item>,
    /// Never broken itself; what is in it may be.
    stiff: bool,
    /// Broken however short it is.
    broken: bool,
}

/// The parts of one definition, member or type.
pub(super) type Item = Vec<Part>;

pub(super) fn text(text: impl Into<String>) -> Part {
    Part::Text(text.into())
}

/// `open element, element close`; broken if it is too wide.
pub(super) fn group(open: &'static str, close: &'static str, elements: Vec<Item>) -> Part {
    Part::Group(Group {
        open,
        close,
        elements,
        stiff: false,
        broken: false,
    })
}

/// `<element, element>`, which is never broken.
pub(super) fn parameters(elements: Vec<Item>) -> Part {
    Part::Group(Group {
        open: "<",
        close: ">",
        elements,
        stiff: true,
        broken: false,
    })
}

/// Elements in braces, each on a line.
pub(super) fn lines(elements: Vec<Item>) -> Part {
    Part::Group(Group {
        open: "{",
        close: "}",
        elements,
        stiff: false,
        broken: true,
    })
}

/// The item as one or more lines, from this column on.
pub(super) fn line(item: &Item, indent: usize, end: &str) -> String {
    let mut writer = Writer {
        out: " ".repeat(indent),
        column: indent,
    };
    writer.item(item, indent, end.chars().count());
    writer.out + end + "\n"
}

struct Writer {
    out: String,
    column: usize,
}

impl Writer {
    /// `behind`: how many characters follow on the line in any case.
    fn item(&mut self, item: &[Part], indent: usize, behind: usize) {
        for (at, part) in item.iter().enumerate() {
            match part {
                Part::Text(text) => self.text(text),
                Part::Group(group) => {
                    self.group(group, indent, width(&item[at + 1..]) + behind);
                }
            }
        }
    }

    fn text(&mut self, text: &str) {
        self.out.push_str(text);
        self.column += text.chars().count();
    }

    fn group(&mut self, group: &Group, indent: usize, behind: usize) {
        let fits = self.column + group_width(group) + behind <= WIDTH;
        self.text(group.open);
        if group.broken || !(fits || group.stiff || group.elements.is_empty()) {
            for element in &group.elements {
                self.end_line(indent + STEP);
                self.item(element, indent + STEP, 1);
                self.text(",");
            }
            self.end_line(indent);
        } else {
            let space = if group.open == "{" && !group.elements.is_empty() {
                " "
            } else {
                ""
            };
            self.text(space);
            for (at, element) in group.elements.iter().enumerate() {
                let rest = &group.elements[at + 1..];
                self.text(if at > 0 { ", " } else { "" });
                let after: usize = rest.iter().map(|element| width(element) + 2).sum();
                let close = space.len() + group.close.len();
                self.item(element, indent, after + close + behind);
            }
            self.text(space);
        }
        self.text(group.close);
    }

    fn end_line(&mut self, indent: usize) {
        self.out.push('\n');
        self.out.push_str(&" ".repeat(indent));
        self.column = indent;
    }
}

/// How wide the parts are on one line.
fn width(parts: &[Part]) -> usize {
    let widths = parts.iter().map(|part| match part {
        Part::Text(text) => text.chars().count(),
        Part::Group(group) => group_width(group),
    });
    widths.sum()
}

fn group_width(group: &Group) -> usize {
    let elements: usize = group
        .elements
        .iter()
        .map(|element| width(element) + 2)
        .sum();
    let space = if group.open == "{" { 2 } else { 0 };
    match group.elements.is_empty() {
        true => 2,
        false => 2 + space + elements - 2,
    }
}
