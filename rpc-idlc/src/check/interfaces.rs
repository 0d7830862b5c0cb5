//! Interfaces: numbers, names, and what a method may promise.

use super::Checker;
use super::free::propose;
use super::types::is_built_in;
use crate::ast::{self, Ident, ItemKind, Scalar, Semantics, Union};
use crate::diag::{Code, Diagnostic};
use crate::model::{Interface, ItemId, Method};
use std::collections::HashMap;

impl<'a> Checker<'a> {
    pub(super) fn interface(
        &mut self,
        name: &'a Ident,
        interface: &'a ast::Interface,
    ) -> Option<Interface> {
        self.unique(interface.methods.iter().map(|m| &m.name), "method");
        self.headless(name, interface);
        let program = self.header(interface.program.as_ref());
        let version = self.header(interface.version.as_ref());
        if let Some(numbers) = program.zip(version) {
            self.new_program(name, numbers, interface.version.as_ref());
        }
        let procedures = self.procedures(&interface.methods);
        let methods = interface.methods.iter().zip(procedures);
        let methods: Vec<_> = methods
            .map(|(m, procedure)| self.method(m, procedure))
            .collect();
        let methods = methods.into_iter().collect::<Option<_>>()?;
        Some(Interface {
            program: program?,
            version: version?,
            methods,
            written: None,
        })
    }

    /// Says which of the two numbers an interface has not.
    fn headless(&mut self, name: &Ident, interface: &ast::Interface) {
        let (missing, example) = match (&interface.program, &interface.version) {
            (None, None) => (
                "`program` and no `version`",
                "program 0x20000001; version 1;",
            ),
            (None, Some(_)) => ("`program`", "program 0x20000001;"),
            (Some(_), None) => ("`version`", "version 1;"),
            (Some(_), Some(_)) => return,
        };
        let title = format!("`{}` has no {missing}", name.text);
        let problem = Diagnostic::new(Code::NoProgramOrVersion, title, name.span, "");
        self.report(problem.help(format!("write `{example}` first in the braces")));
    }

    fn header(&mut self, expr: Option<&ast::Expr>) -> Option<u32> {
        let (number, _) = self.number(expr?, Scalar::U32)?;
        Some(number as u32)
    }

    /// No two interfaces of a file may have the same program and version: nothing else tells a
    /// server which of them a call is for.
    fn new_program(&mut self, name: &'a Ident, numbers: (u32, u32), version: Option<&ast::Expr>) {
        let Some(first) = self.programs.insert(numbers, name) else {
            return;
        };
        let title = format!(
            "`{}` and `{}` have the same program and version",
            first.text, name.text
        );
        let span = version.map_or(name.span, |version| version.span);
        let problem = Diagnostic::new(Code::SameProgram, title, span, "")
            .also(first.span, "the first is here");
        self.report(problem.help("give a new version of an interface a new number"));
    }

    fn procedures(&mut self, methods: &'a [ast::Method]) -> Vec<Option<u32>> {
        let mut seen: HashMap<u32, &ast::Method> = HashMap::new();
        let mut numbers = Vec::new();
        for method in methods {
            let number = self.procedure(method, methods);
            numbers.push(number);
            let Some(number) = number else { continue };
            let Some(first) = seen.insert(number, method) else {
                continue;
            };
            let title = format!(
                "`{}` and `{}` are both procedure {number}",
                first.name.text, method.name.text
            );
            let span = method
                .procedure
                .as_ref()
                .map_or(method.name.span, |expr| expr.span);
            let earlier = first
                .procedure
                .as_ref()
                .map_or(first.name.span, |expr| expr.span);
            let problem = Diagnostic::new(Code::SameProcedure, title, span, "")
                .also(earlier, "the first is here");
            let free = self.free_procedure(methods);
            self.report(match &method.procedure {
                Some(taken) => propose(problem, taken, free),
                None => problem,
            });
        }
        numbers
    }

    fn free_procedure(&self, methods: &[ast::Method]) -> Option<i128> {
        let numbers = methods.iter().filter_map(|m| m.procedure.as_ref());
        self.free(numbers, Scalar::U32, 1)
    }

    fn procedure(&mut self, method: &'a ast::Method, methods: &[ast::Method]) -> Option<u32> {
        let Some(expr) = &method.procedure else {
            let free = self.free_procedure(methods);
            let number = free.map_or("NUMBER".to_owned(), |free| free.to_string());
            let title = format!("`{}` has no number", method.name.text);
            let problem = Diagnostic::new(Code::NoNumber, title, method.name.span, "");
            let help = format!("write `= {number}` before the `;`: the number goes on the wire");
            self.report(problem.help(help));
            return None;
        };
        let number = self.number(expr, Scalar::U32)?.0 as u32;
        if number == 0 {
            let problem =
                Diagnostic::new(Code::ProcedureZero, "procedure 0 is taken", expr.span, "");
            self.report(problem.help("every program answers it with nothing; count from 1"));
            return None;
        }
        Some(number)
    }

    fn method(&mut self, method: &'a ast::Method, procedure: Option<u32>) -> Option<Method> {
        self.unique(method.args.iter().map(|arg| &arg.name), "argument");
        self.oneway(method);
        let (notes, deadline) = self.method_notes(&method.annotations);
        let args: Vec<_> = method
            .args
            .iter()
            .map(|arg| {
                let notes = self.argument_notes(&arg.annotations);
                self.field(arg, notes)
            })
            .collect();
        let result = method.result.as_ref().map(|ty| self.ty(ty));
        let throws = method.throws.as_ref().map(|name| self.thrown(name));
        Some(Method {
            docs: method.docs.clone(),
            notes,
            deadline,
            semantics: method.semantics.map(|(semantics, _)| semantics),
            name: method.name.text.clone(),
            at: method.name.span,
            args: args.into_iter().collect::<Option<_>>()?,
            result: result.map_or(Some(None), |ty| ty.map(Some))?,
            throws: throws.map_or(Some(None), |id| id.map(Some))?,
            procedure: procedure?,
        })
    }

    /// Nobody waits for a oneway method, so it has nothing to say.
    fn oneway(&mut self, method: &ast::Method) {
        let Some((Semantics::Oneway, word)) = method.semantics else {
            return;
        };
        let (what, span) = match (&method.result, &method.throws) {
            (Some(ty), _) => ("return a value", ty.span),
            (None, Some(error)) => ("throw an error", error.span),
            (None, None) => return,
        };
        let title = format!("`{}` is oneway, so it cannot {what}", method.name.text);
        let problem = Diagnostic::new(Code::OnewayReplies, title, span, "nobody would receive it");
        let problem = problem.also(word, "no reply is ever sent");
        self.report(problem.help("remove `oneway`, or let the method give nothing back"));
    }

    fn thrown(&mut self, name: &Ident) -> Option<ItemId> {
        let items = &self.scope.items;
        let error = |kind: &ItemKind| matches!(kind, ItemKind::Union(Union { error: true, .. }));
        let found = self.scope.find(&name.text, name.span);
        if let Some(id) = found.filter(|&id| error(&items[id].kind)) {
            return Some(id);
        }
        let problem = match found {
            Some(id) if matches!(items[id].kind, ItemKind::Broken) => return None,
            Some(id) => {
                let title = format!(
                    "`{}` is {}, not an error",
                    name.text,
                    items[id].kind.describe()
                );
                let help = format!("declare it as `error {} {{ … }}`", name.text);
                Diagnostic::new(Code::NotAnError, title, name.span, "").help(help)
            }
            None if is_built_in(&name.text) => {
                let title = format!("`{}` is a type, not an error", name.text);
                let help = "declare an error and name it, such as `error NAME { Failed(u32) = 1 }`: \
                            its arms may hold values";
                Diagnostic::new(Code::NotAnError, title, name.span, "").help(help)
            }
            None => {
                let problem = Diagnostic::new(
                    Code::UnknownError,
                    format!("unknown error `{}`", name.text),
                    name.span,
                    "",
                );
                self.suggest(problem, (&name.text, name.span), error, &[])
            }
        };
        self.report(problem);
        None
    }
}
