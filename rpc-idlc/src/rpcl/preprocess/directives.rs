//! Lines that begin with `#`.

use super::{Preprocessor, condition};
use crate::diag::{Code, Diagnostic};
use crate::rpcl::files::Found;
use crate::rpcl::lexer::{Kind, Token};
use crate::source::Span;
use crate::suggest::closest;

/// An `#if` with its `#elif`s and its `#else`.
#[derive(Debug)]
pub(super) struct Condition {
    pub(super) at: Span,
    /// What is being read belongs to the file.
    pub(super) active: bool,
    /// What is around it does.
    outer: bool,
    /// One of its parts did, so no other will.
    taken: bool,
    /// `#else` was there.
    last: bool,
}

const WORDS: [&str; 16] = [
    "define", "undef", "include", "if", "ifdef", "ifndef", "elif", "else", "endif", "error",
    "warning", "pragma", "ident", "line", "import", "sccs",
];

impl Preprocessor<'_, '_> {
    pub(super) fn directive(
        &mut self,
        hash: Span,
        line: &[Token],
        conditions: &mut Vec<Condition>,
    ) {
        let comments = |token: &&Token| token.kind != Kind::Comment;
        let tokens: Vec<Token> = line.iter().filter(comments).copied().collect();
        // `#` alone is allowed, and does nothing.
        let Some((first, rest)) = tokens.split_first() else {
            return;
        };
        let word = self.files.text(first.text).to_owned();
        let at = hash.to(first.at);
        match word.as_str() {
            "if" | "ifdef" | "ifndef" => self.open_condition(&word, at, rest, conditions),
            "elif" | "else" | "endif" => self.turn(&word, at, rest, conditions),
            _ if conditions.last().is_some_and(|condition| !condition.active) => {}
            "define" => {
                let comments = line.iter().filter(|token| token.kind == Kind::Comment);
                let comments: Vec<Span> = comments.map(|token| token.at).collect();
                self.define(at, rest, &comments);
            }
            "undef" => {
                if let Some(name) = self.name(at, rest) {
                    self.macros.remove(&name);
                }
            }
            "include" => self.include_line(at, rest),
            "error" => {
                let said = rest.first().zip(rest.last());
                let said = said.map_or("", |(a, b)| self.files.text(a.at.to(b.at)));
                let title = format!("the file refuses this: {said}");
                let problem = Diagnostic::new(Code::ErrorLine, title, at, "");
                self.diags
                    .report(problem.help("`-D NAME` or `-D NAME=VALUE` defines what it asks for"));
            }
            // `# 12 "file"`, by which a preprocessor says where a line comes from.
            _ if first.kind == Kind::Number => {}
            _ if WORDS.contains(&word.as_str()) => {}
            _ => self.unknown(&word, hash, first),
        }
    }

    /// No directive: either one that is misspelt, or a comment as the shell has them.
    fn unknown(&mut self, word: &str, hash: Span, first: &Token) {
        let at = hash.to(first.at);
        let meant = closest(word, WORDS).filter(|near| near.len().abs_diff(word.len()) <= 1);
        match meant {
            Some(near) if hash.end == first.at.start => {
                let title = format!("there is no directive `#{word}`");
                let problem = Diagnostic::new(Code::Directive, title, at, "");
                self.diags
                    .report(problem.help(format!("did you mean `#{near}`?")));
            }
            // Such lines come in blocks: one is enough.
            _ if self.commented.contains(&hash.file) => {}
            _ => {
                self.commented.push(hash.file);
                let title = "this is taken for a comment";
                let problem = Diagnostic::new(Code::CommentLine, title, at, "");
                self.diags.warn(problem.help("write it as `/* … */`"));
            }
        }
    }

    /// The name that `#ifdef`, `#define` or `#undef` is about.
    fn name(&mut self, at: Span, rest: &[Token]) -> Option<String> {
        match rest.first() {
            Some(token) if token.kind == Kind::Word => Some(self.files.text(token.text).to_owned()),
            other => {
                let at = other.map_or(at, |token| token.at);
                self.error(Code::Directive, "this directive needs a name", at);
                None
            }
        }
    }

    fn open_condition(
        &mut self,
        word: &str,
        at: Span,
        rest: &[Token],
        conditions: &mut Vec<Condition>,
    ) {
        let outer = conditions.last().is_none_or(|condition| condition.active);
        let holds = outer
            && match word {
                "if" => self.holds(at, rest),
                _ => {
                    let name = self.name(at, rest);
                    name.is_some_and(|name| self.macros.contains_key(&name) == (word == "ifdef"))
                }
            };
        conditions.push(Condition {
            at,
            active: holds,
            outer,
            taken: holds,
            last: false,
        });
    }

    fn turn(&mut self, word: &str, at: Span, rest: &[Token], conditions: &mut Vec<Condition>) {
        let Some(condition) = conditions.last_mut() else {
            let problem =
                Diagnostic::new(Code::Condition, format!("`#{word}` without `#if`"), at, "");
            self.diags.report(problem);
            return;
        };
        if word == "endif" {
            conditions.pop();
            return;
        }
        if condition.last {
            let title = format!("`#{word}` behind `#else`");
            let problem = Diagnostic::new(Code::Condition, title, at, "");
            self.diags
                .report(problem.also(condition.at, "the condition begins here"));
        }
        condition.last |= word == "else";
        condition.active = false;
        if !condition.outer || condition.taken {
            return;
        }
        let holds = word == "else" || self.holds(at, rest);
        condition.active = holds;
        condition.taken = holds;
    }

    fn holds(&mut self, at: Span, rest: &[Token]) -> bool {
        match condition::value(self, at, rest) {
            Ok(value) => value != 0,
            Err((at, title)) => {
                self.error(Code::ConditionValue, title, at);
                false
            }
        }
    }

    fn include_line(&mut self, at: Span, rest: &[Token]) {
        let expanded;
        let rest = match rest.first() {
            Some(token) if token.kind == Kind::Word => {
                expanded = self.expanded(rest);
                &expanded[..]
            }
            _ => rest,
        };
        let (Some(first), Some(last)) = (rest.first(), rest.last()) else {
            return self.error(Code::Directive, "`#include` needs the name of a file", at);
        };
        let whole = first.text.to(last.text);
        let text = match first.text.file == last.text.file {
            true => self.files.text(whole).to_owned(),
            false => String::new(),
        };
        let Some((name, _)) = quoted(&text) else {
            return self.error(
                Code::Directive,
                "the name of a file stands in `\"` or in `<>`",
                first.at,
            );
        };
        let here = self.open.last().copied().unwrap_or(at.file);
        match self.files.find(here, name) {
            Found::At(path) => self.include(&path, first.at.to(last.at)),
            Found::Nowhere(_) if self.files.origin(here, name, true).is_some() => {
                let path = self.files.origin(here, name, true);
                self.named.extend(path.map(|path| (path, at)));
            }
            Found::Nowhere(tried) => {
                let title = format!("there is no file `{name}`");
                let span = first.at.to(last.at);
                let mut problem = Diagnostic::new(Code::ImportMissing, title, span, "");
                for path in &tried {
                    problem = problem.help(format!("looked for {}", path.display()));
                }
                problem = problem.help("`-I DIR` names another folder to look in");
                if name.ends_with(".h") {
                    problem = problem.help("`%#include` leaves a header to the C compiler");
                }
                self.diags.report(problem);
            }
        }
    }
}

/// What stands in `"…"` or `<…>` at the beginning of a text, and whether in quotes.
pub(super) fn quoted(text: &str) -> Option<(&str, bool)> {
    let (close, quoted) = match text.chars().next()? {
        '"' => ('"', true),
        '<' => ('>', false),
        _ => return None,
    };
    let (name, _) = text[1..].split_once(close)?;
    (!name.is_empty()).then_some((name, quoted))
}
