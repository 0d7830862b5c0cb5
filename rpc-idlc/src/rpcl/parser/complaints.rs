//! What is said about a token that is not what belongs there.

use super::{MAX_DEPTH, Parse, Parser};
use crate::diag::{Code, Diagnostic, Reported};
use crate::rpcl::lexer::{Flaw, Kind};
use crate::source::Span;

impl Parser<'_> {
    pub(super) fn found(&self) -> String {
        match self.kind() {
            Kind::End => "the end of the file".to_owned(),
            Kind::Str => "a string".to_owned(),
            _ => format!("`{}`", self.text_of(self.nth(0))),
        }
    }

    /// "expected WHAT, found …", at what was found.
    pub(super) fn expected(&mut self, what: &str) -> Reported {
        let problem = Diagnostic::new(
            Code::Unexpected,
            format!("expected {what}, found {}", self.found()),
            self.span(),
            format!("expected {what}"),
        );
        self.complain(problem)
    }

    /// Reports `problem`, or what is wrong with the token itself.
    pub(super) fn complain(&mut self, problem: Diagnostic) -> Reported {
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

    pub(super) fn deeper(&mut self) -> Parse<()> {
        self.depth += 1;
        if self.depth <= MAX_DEPTH {
            return Ok(());
        }
        let title = format!("this is nested more than {MAX_DEPTH} deep");
        let problem = Diagnostic::new(Code::TooDeep, title, self.span(), "one too many");
        Err(self.complain(problem))
    }

    /// A slip that leaves no doubt what was meant.
    pub(super) fn sloppy(&mut self, title: &str, place: Span, instead: &str) {
        let problem = Diagnostic::new(Code::Sloppy, title, place, "");
        self.diags.warn(problem.edit(place, instead));
    }
}
