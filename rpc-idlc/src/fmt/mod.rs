//! `idlc fmt`: a file in the one canonical style.
//!
//! The tokens stay, each in its place, and so do all comments; what changes is the space between
//! them, and the comma behind the last element of a list. Both are checked before anything is written.

mod difference;
mod layout;
mod print;
mod tree;

use crate::ast::Comment;
use crate::compiler::{Error, is_x};
use crate::diag::Diagnostics;
use crate::files;
use crate::idl::{self, Token, TokenKind};
use crate::source::{FileId, MAX_BYTES, Sources};
use std::path::{Path, PathBuf};

/// A file, and what it is in the canonical style.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Formatted {
    /// The file.
    pub path: PathBuf,
    /// What it says.
    pub before: String,
    /// What it should say.
    pub after: String,
}

impl Formatted {
    /// Whether the file is not in the canonical style.
    pub fn is_changed(&self) -> bool {
        self.before != self.after
    }

    /// The lines that differ, with some around them, as `diff -u` shows them. Empty if none does.
    pub fn difference(&self) -> String {
        difference::unified(&self.path.to_string_lossy(), &self.before, &self.after)
    }

    /// Writes the file, whole or not at all, if it changes; through a symbolic link if it is one.
    pub fn write(&self) -> Result<(), Error> {
        files::rewrite(&self.path, &self.after)
    }
}

/// Brings a text into the canonical style; messages call it `name`.
///
/// ```
/// let text = rpc_idlc::format("a.idl", "struct P{x:i32,y:i32,} // a place\n")?;
/// assert_eq!(text, "struct P { x: i32, y: i32 } // a place\n");
/// # Ok::<(), rpc_idlc::Error>(())
/// ```
///
/// Only the syntax is checked: names need not be known.
pub fn format(name: impl AsRef<Path>, text: impl Into<String>) -> Result<String, Error> {
    let bytes = text.into().into_bytes();
    one(name.as_ref(), bytes).map(|formatted| formatted.after)
}

/// Formats a file and writes nothing.
pub fn format_file(path: impl AsRef<Path>) -> Result<Formatted, Error> {
    let path = path.as_ref();
    one(path, files::read(path)?)
}

/// Formats what the standard input says, which messages call `-`.
pub fn format_stdin() -> Result<Formatted, Error> {
    let path = Path::new("-");
    one(path, files::read_from(path, std::io::stdin())?)
}

fn one(path: &Path, bytes: Vec<u8>) -> Result<Formatted, Error> {
    if is_x(path) {
        return Err(Error::NotFormatted {
            path: path.to_owned(),
        });
    }
    if bytes.len() > MAX_BYTES {
        return Err(Error::TooLarge {
            path: path.to_owned(),
        });
    }
    let mut sources = Sources::default();
    let mut diags = Diagnostics::default();
    let id = sources.add(path, bytes, &mut diags);
    let before = sources.get(id).text.clone();
    if diags.count() == 0 {
        idl::parse(id, &before, &mut diags);
    }
    if diags.count() > 0 {
        return Err(Error::Rejected(diags.finish(sources)));
    }
    let after = lay_out(id, &before);
    if essence(id, &before) != essence(id, &after) {
        return Err(Error::Changed {
            path: path.to_owned(),
        });
    }
    Ok(Formatted {
        path: path.to_owned(),
        before,
        after,
    })
}

fn lay_out(id: FileId, text: &str) -> String {
    let (tokens, comments) = lex(id, text);
    let lexemes = tree::lexemes(text, &tokens, &comments);
    let items = tree::items(&lexemes);
    print::print(&layout::layout(&lexemes, &items))
}

fn lex(id: FileId, text: &str) -> (Vec<Token>, Vec<Comment>) {
    // What the lexer has to say was said when the text was parsed.
    idl::lex(id, text, &mut Diagnostics::default())
}

/// What must not change: the tokens without commas before closing brackets, and the comments without
/// the space around their lines.
fn essence(id: FileId, text: &str) -> (Vec<&str>, Vec<Vec<&str>>) {
    let (tokens, comments) = lex(id, text);
    let closes = |token: &Token| matches!(token.kind, TokenKind::Punct('}' | ')' | ']' | '>'));
    let comma = |token: &Token| token.kind == TokenKind::Punct(',');
    let following = tokens.iter().skip(1).map(Some).chain([None]);
    let kept = tokens
        .iter()
        .zip(following)
        .filter(|(token, next)| !(comma(token) && next.is_some_and(closes)));
    let words = kept.map(|(token, _)| text[token.span.range()].trim_end());
    let lines = |comment: &Comment| text[comment.span.range()].lines().map(str::trim).collect();
    (words.collect(), comments.iter().map(lines).collect())
}
