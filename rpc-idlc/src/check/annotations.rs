//! Annotations: those of the language mean something where they stand, those of tools are kept.

use super::Checker;
use crate::ast::{self, SettingKind};
use crate::diag::{Code, Diagnostic};
use crate::model::{Annotation, Deadline, Notes};
use crate::suggest::closest;

/// The annotations of the language.
const OURS: [&str; 2] = ["deprecated", "deadline"];

impl<'a> Checker<'a> {
    /// What the annotations of something say that is neither a method nor an argument.
    pub(super) fn notes(&mut self, annotations: &'a [ast::Annotation]) -> Notes {
        let (notes, deadline) = self.annotations(annotations);
        self.only_for_methods(deadline);
        notes
    }

    /// The same for an argument, which callers cannot leave out.
    pub(super) fn argument_notes(&mut self, annotations: &'a [ast::Annotation]) -> Notes {
        if let Some(annotation) = annotations.iter().find(|a| a.name.text == "deprecated") {
            let title = "an argument cannot be deprecated: every call has it";
            let problem =
                Diagnostic::new(Code::MisplacedAnnotation, title, annotation.name.span, "");
            self.report(problem.help("deprecate the method, and add one without the argument"));
        }
        self.notes(annotations)
    }

    /// What the annotations of a method say.
    pub(super) fn method_notes(
        &mut self,
        annotations: &'a [ast::Annotation],
    ) -> (Notes, Option<Deadline>) {
        let (notes, deadline) = self.annotations(annotations);
        (
            notes,
            deadline.and_then(|annotation| self.deadline(annotation)),
        )
    }

    /// Takes annotations apart; that of a deadline is for the caller to judge.
    fn annotations(
        &mut self,
        annotations: &'a [ast::Annotation],
    ) -> (Notes, Option<&'a ast::Annotation>) {
        let mut notes = Notes::default();
        let (mut deprecated, mut deadline) = (None, None);
        for annotation in annotations {
            let seen = match annotation.name.text.as_str() {
                "deprecated" => &mut deprecated,
                "deadline" => &mut deadline,
                tool if tool.contains('.') => {
                    notes.of_tools.push(Annotation {
                        name: tool.to_owned(),
                        values: annotation.values.iter().map(|v| v.kind.clone()).collect(),
                    });
                    continue;
                }
                _ => {
                    self.unknown_annotation(annotation);
                    continue;
                }
            };
            match seen {
                None => *seen = Some(annotation),
                Some(first) => {
                    let title = format!("there are two `@{}` here", first.name.text);
                    let first = first.name.span;
                    let span = annotation.name.span;
                    let problem =
                        Diagnostic::new(Code::AnnotationTwice, title, span, "this is the second");
                    self.report(problem.also(first, "the first is here"));
                }
            }
        }
        notes.deprecated = deprecated.and_then(|annotation| self.deprecated(annotation));
        (notes, deadline)
    }

    fn unknown_annotation(&mut self, annotation: &ast::Annotation) {
        let name = &annotation.name;
        let title = format!("unknown annotation `@{}`", name.text);
        let problem = Diagnostic::new(Code::UnknownAnnotation, title, name.span, "");
        self.report(match closest(&name.text, OURS) {
            Some(near) => problem.help(format!("did you mean `@{near}`?")),
            None => problem.help(
                "there are `@deprecated` and `@deadline`; those of tools have a dot, as in `@audit.level`",
            ),
        });
    }

    fn deprecated(&mut self, annotation: &ast::Annotation) -> Option<String> {
        match &annotation.values[..] {
            [] => Some(String::new()),
            [
                ast::Setting {
                    kind: SettingKind::Str(text),
                    ..
                },
            ] => Some(text.clone()),
            _ => {
                self.wrong_values(annotation, "`@deprecated(\"use transfer_v2\")`");
                None
            }
        }
    }

    fn deadline(&mut self, annotation: &ast::Annotation) -> Option<Deadline> {
        let [ast::Setting { span, kind }] = &annotation.values[..] else {
            self.wrong_values(annotation, "`@deadline(2s)`");
            return None;
        };
        let SettingKind::Duration { millis, text } = kind else {
            self.wrong_values(
                annotation,
                "`@deadline(2s)`; the units are `ms`, `s`, `min` and `h`",
            );
            return None;
        };
        let title = match u32::try_from(*millis) {
            Ok(0) => "no call is answered in no time",
            Ok(millis) => {
                return Some(Deadline {
                    millis,
                    text: text.clone(),
                });
            }
            Err(_) => "a deadline is 1193 hours at most: it travels as 32 bits of milliseconds",
        };
        self.error(Code::AnnotationValues, title, *span, "");
        None
    }

    fn wrong_values(&mut self, annotation: &ast::Annotation, example: &str) {
        let name = &annotation.name;
        let title = format!("`@{}` does not take these values", name.text);
        let span = annotation
            .values
            .last()
            .map_or(name.span, |last| name.span.to(last.span));
        let problem = Diagnostic::new(Code::AnnotationValues, title, span, "");
        self.report(problem.help(format!("it is written {example}")));
    }

    fn only_for_methods(&mut self, deadline: Option<&ast::Annotation>) {
        if let Some(annotation) = deadline {
            let title = "only a method has a deadline";
            let span = annotation.name.span;
            let problem = Diagnostic::new(Code::MisplacedAnnotation, title, span, "");
            self.report(problem.help("put it before each method that it is for"));
        }
    }
}
