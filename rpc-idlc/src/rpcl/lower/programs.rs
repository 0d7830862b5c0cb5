//! Programs: each version is an interface.

use super::super::tree::{Declaration, Procedure, Program, Spec, Version};
use super::Lowering;
use super::collect::{Definition, Kind};
use crate::ast::{Ident, Semantics};
use crate::diag::{Code, Diagnostic};
use crate::model::{Field, Interface, ItemId, Method, Notes, Type, Written};
use crate::source::Span;
use crate::suggest::closest;
use std::collections::{HashMap, HashSet};

impl<'t> Lowering<'t, '_> {
    pub(super) fn interface(
        &mut self,
        id: ItemId,
        program: &'t Program,
        version: &'t Version,
    ) -> Option<Interface> {
        let numbers = (self.number((id, 0)), self.number((id, 1)));
        if let Some(number) = numbers.1 {
            self.new_version(program, version, number);
        }
        let methods = self.methods(id, version);
        Some(Interface {
            program: numbers.0?,
            version: numbers.1?,
            methods: methods?,
            written: Some(Written {
                program: program.name.text.clone(),
                version: version.name.text.clone(),
            }),
        })
    }

    /// Two programs may have one number, as an old and a new description of one program have.
    fn new_version(&mut self, program: &'t Program, version: &'t Version, number: u32) {
        let Some(first) = self
            .versions
            .insert((program.name.span, number), &version.name)
        else {
            return;
        };
        let title = format!(
            "`{}` and `{}` have the same program and version",
            first.text, version.name.text
        );
        let span = version.number.span;
        let problem = Diagnostic::new(Code::SameProgram, title, span, "");
        self.report(
            problem
                .also(first.span, "the first is here")
                .help("give a new version a new number"),
        );
    }

    fn methods(&mut self, id: ItemId, version: &'t Version) -> Option<Vec<Method>> {
        let space = self.definitions[id].space;
        let mut seen: HashMap<u32, &Ident> = HashMap::new();
        let mut methods = Vec::new();
        let mut good = true;
        for (index, procedure) in version.procedures.iter().enumerate() {
            let number = self.number((id, 2 + index));
            if let Some(number) = number
                && let Some(first) = seen.insert(number, &procedure.name)
            {
                let title = format!(
                    "`{}` and `{}` are both procedure {number}",
                    first.text, procedure.name.text
                );
                let span = procedure.number.span;
                let problem = Diagnostic::new(Code::SameProcedure, title, span, "");
                self.report(problem.also(first.span, "the first is here"));
            }
            let method = self.method(procedure, number, space);
            match (number, method) {
                // Every program answers it, as the framework does by itself.
                (Some(0), Some(method)) if method.args.is_empty() && method.result.is_none() => {}
                (Some(0), Some(_)) => self.procedure_zero(procedure),
                (_, method) => {
                    good &= method.is_some();
                    methods.extend(method);
                }
            }
        }
        good.then_some(methods)
    }

    fn procedure_zero(&mut self, procedure: &Procedure) {
        let title = format!("`{}` is left out", procedure.name.text);
        let label = "procedure 0 takes nothing and gives nothing";
        let span = procedure.number.span;
        let problem = Diagnostic::new(Code::LeftOut, title, span, label);
        let help = "every program answers it with nothing; count from 1";
        self.diags.warn(problem.help(help));
        self.left_out.insert(procedure.name.span);
    }

    fn method(
        &mut self,
        procedure: &'t Procedure,
        number: Option<u32>,
        space: usize,
    ) -> Option<Method> {
        let (docs, semantics) = self.semantics(procedure);
        let args: Vec<&Declaration> = procedure.args.iter().filter(|arg| !is_void(arg)).collect();
        let several = args.len() > 1;
        let args: Vec<_> = args
            .into_iter()
            .enumerate()
            .map(|(n, arg)| self.argument(arg, several.then_some(n + 1), space))
            .collect();
        let result = match is_void(&procedure.result) {
            true => Some(None),
            false => self.ty(&procedure.result, space).map(Some),
        };
        if let (Some(Semantics::Oneway), Some(Some(_))) = (semantics, &result) {
            let title = format!(
                "`{}` is oneway, so it cannot return a value",
                procedure.name.text
            );
            self.error(Code::OnewayReplies, title, procedure.result.span);
        }
        Some(Method {
            docs,
            notes: Notes::default(),
            semantics,
            deadline: None,
            name: procedure.name.text.clone(),
            at: procedure.name.span,
            args: args.into_iter().collect::<Option<_>>()?,
            result: result?,
            throws: None,
            procedure: number?,
        })
    }

    fn argument(
        &mut self,
        declared: &'t Declaration,
        number: Option<usize>,
        space: usize,
    ) -> Option<Field> {
        let ty: Type = self.ty(declared, space)?;
        let number = number.map(|n| n.to_string()).unwrap_or_default();
        Some(Field {
            docs: declared.docs.clone(),
            notes: Notes::default(),
            name: match &declared.name {
                Some(name) => name.text.clone(),
                None => format!("arg{number}"),
            },
            at: declared.span,
            ty,
        })
    }

    /// What the comment before a procedure says, without the line that says how often a call may run.
    fn semantics(&mut self, procedure: &Procedure) -> (Vec<String>, Option<Semantics>) {
        let mut found = None;
        let mut docs = Vec::new();
        for line in &procedure.docs {
            match line.trim().strip_prefix('@').map(word) {
                Some(Word::Semantics(semantics)) => found = Some(semantics),
                Some(Word::Misspelt(near)) => {
                    let title = format!("unknown call semantics `{}`", line.trim());
                    let span = procedure.name.span;
                    let problem = Diagnostic::new(Code::UnknownSemantics, title, span, "");
                    self.report(problem.help(format!("did you mean `@{near}`?")));
                }
                // Other tools have words of their own.
                Some(Word::Other) | None => docs.push(line.clone()),
            }
        }
        (docs, found)
    }
}

enum Word {
    Semantics(Semantics),
    Misspelt(&'static str),
    Other,
}

fn word(word: &str) -> Word {
    let word = word.trim_end_matches('.');
    let words = Semantics::ALL.map(Semantics::word);
    match Semantics::ALL.into_iter().find(|s| s.word() == word) {
        Some(semantics) => Word::Semantics(semantics),
        None => closest(word, words).map_or(Word::Other, Word::Misspelt),
    }
}

fn is_void(declaration: &Declaration) -> bool {
    matches!(declaration.ty, Spec::Void)
}

/// Names each interface after its version, and after its program as well where the version's name says
/// nothing (`V1`, `VERS_2`), or where another program has a version of the same name.
pub(super) fn name_interfaces(definitions: &mut [Definition<'_>]) {
    let mut seen = HashSet::new();
    let mut twice = HashSet::new();
    for definition in definitions.iter() {
        if let Kind::Version(..) = definition.kind
            && !seen.insert((definition.space, definition.name.clone()))
        {
            twice.insert((definition.space, definition.name.clone()));
        }
    }
    for definition in definitions {
        if let Kind::Version(program, version) = definition.kind {
            let name = &version.name.text;
            if says_nothing(name) || twice.contains(&(definition.space, name.clone())) {
                definition.name = format!("{}_{name}", program.name.text);
            }
        }
    }
}

fn says_nothing(version: &str) -> bool {
    let letters = |c: &char| !c.is_ascii_digit() && *c != '_';
    let stem: String = version.chars().filter(letters).collect();
    let stem = stem.to_ascii_uppercase();
    ["", "V", "VER", "VERS", "VERSION", "PROGVERS", "PROGV"].contains(&stem.as_str())
}

/// Where the types of a version are written, in the order of the model.
pub(super) fn places(version: &Version, left_out: &HashSet<Span>) -> Vec<Span> {
    let procedures = version.procedures.iter();
    let procedures = procedures.filter(|procedure| !left_out.contains(&procedure.name.span));
    let places = procedures.flat_map(|procedure| {
        let types = procedure.args.iter().chain([&procedure.result]);
        types.filter(|ty| !is_void(ty)).map(|ty| ty.span)
    });
    places.collect()
}
