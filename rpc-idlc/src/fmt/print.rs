//! Pieces to text: which groups stay on one line.

/// The longest line, in characters, where something can be done about it.
pub(super) const WIDTH: usize = 100;

const STEP: usize = 4;

/// A part of the output, in order.
#[derive(Debug)]
pub(super) enum Piece<'a> {
    /// Without a line end.
    Text(&'a str),
    /// A block comment, which may have several lines.
    Block(&'a str),
    /// What the width does not count: a comment behind everything else on its line.
    Aside(&'a str),
    /// A group begins, a step further in if it is broken. One that need not be broken is if it is too wide and may be.
    Open { broken: bool, breakable: bool },
    /// The indentation goes back: what follows is the closing bracket.
    Dedent,
    /// The group ends.
    Close,
    /// The end of a line in a broken group; this text in another.
    Line { flat: &'static str, blank: bool },
    /// The comma behind the last element of a broken group.
    Comma,
    /// The end of a line. `hang`: the next one is a step further in.
    Hard { blank: bool, hang: bool },
}

pub(super) fn print(pieces: &[Piece<'_>]) -> String {
    let mut printer = Printer {
        pieces,
        out: String::new(),
        column: 0,
        indent: 0,
        broken: Vec::new(),
    };
    for at in 0..pieces.len() {
        printer.piece(at);
    }
    printer.out
}

struct Printer<'a> {
    pieces: &'a [Piece<'a>],
    out: String,
    /// How many characters the line has.
    column: usize,
    indent: usize,
    /// Of the open groups, outermost first.
    broken: Vec<bool>,
}

impl Printer<'_> {
    fn piece(&mut self, at: usize) {
        match &self.pieces[at] {
            Piece::Text(text) | Piece::Aside(text) => self.text(text),
            Piece::Block(text) => self.block(text),
            Piece::Open { broken, breakable } => {
                let broken = *broken || (*breakable && !self.fits(at + 1));
                self.broken.push(broken);
                self.indent += if broken { STEP } else { 0 };
            }
            Piece::Dedent => self.indent -= if self.is_broken() { STEP } else { 0 },
            Piece::Close => drop(self.broken.pop()),
            Piece::Line { flat, blank } => match self.is_broken() {
                true => self.line(*blank, self.indent),
                false => self.text(flat),
            },
            Piece::Comma if self.is_broken() => self.text(","),
            Piece::Comma => {}
            Piece::Hard { blank, hang } => {
                let hang = if *hang { STEP } else { 0 };
                self.line(*blank, self.indent + hang);
            }
        }
    }

    fn is_broken(&self) -> bool {
        self.broken.last().copied().unwrap_or(true)
    }

    fn text(&mut self, text: &str) {
        // Indentation is written with what it is for, so that no line ends with it.
        if self.out.ends_with('\n') {
            self.out.extend(std::iter::repeat_n(' ', self.column));
        }
        self.out.push_str(text);
        self.column += text.chars().count();
    }

    fn line(&mut self, blank: bool, indent: usize) {
        let length = self.out.trim_end_matches(' ').len();
        self.out.truncate(length);
        self.out.push('\n');
        if blank {
            self.out.push('\n');
        }
        self.column = indent;
    }

    /// The lines of a comment that all begin with `*` are put under each other; others stay as they are.
    fn block(&mut self, text: &str) {
        let mut lines = text.lines().map(str::trim_end);
        let start = self.column;
        self.text(lines.next().unwrap_or_default());
        let starred = text
            .lines()
            .skip(1)
            .all(|line| line.trim_start().starts_with('*'));
        for line in lines {
            self.out.push('\n');
            if starred {
                self.column = start + 1;
                self.text(line.trim_start());
            } else {
                self.out.push_str(line);
                self.column = line.chars().count();
            }
        }
    }

    /// Does what follows fit on the line, up to where the line ends in any case?
    fn fits(&self, from: usize) -> bool {
        let mut column = self.column;
        // How many groups that began here are open, and how many of those around are still.
        let (mut depth, mut around) = (1, self.broken.len());
        for piece in &self.pieces[from..] {
            let outer = depth == 0 && (around == 0 || self.broken[around - 1]);
            match piece {
                Piece::Text(text) => column += text.chars().count(),
                Piece::Block(text) => {
                    let first = text.lines().next().unwrap_or_default();
                    column += first.trim_end().chars().count();
                    if first.len() < text.len() {
                        break;
                    }
                }
                Piece::Hard { .. } | Piece::Open { broken: true, .. } => break,
                Piece::Line { .. } if outer => break,
                Piece::Line { flat, .. } => column += flat.len(),
                Piece::Comma if outer => column += 1,
                Piece::Open { .. } => depth += 1,
                Piece::Close if depth > 0 => depth -= 1,
                Piece::Close => around = around.saturating_sub(1),
                Piece::Aside(_) | Piece::Comma | Piece::Dedent => {}
            }
            if column > WIDTH {
                return false;
            }
        }
        column <= WIDTH
    }
}
