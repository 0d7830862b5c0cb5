//! Each name means one thing, in the files and in the Rust that is made of them.

use super::scope::Scope;
use super::types::is_built_in;
use super::{Checker, Part};
use crate::ast::{Ident, ItemKind};
use crate::casing::{camel, module_name, screaming, snake};
use crate::diag::{Code, Diagnostic, Diagnostics};
use std::collections::HashMap;

/// Reports definitions that are there twice, or would be in Rust.
pub(super) fn unique(parts: &[Part<'_>], scope: &Scope<'_>, diags: &mut Diagnostics) {
    let mut rust = modules(parts, diags);
    let paths: Vec<String> = scope.namespaces.iter().map(|n| module(&n.name)).collect();
    for (id, item) in scope.items.iter().enumerate() {
        let (name, number) = (&item.name, scope.of[id]);
        if let Some(first) = scope.first(id).filter(|&first| first != id) {
            let title = format!("`{}` is defined twice", name.text);
            let problem =
                Diagnostic::new(Code::DefinedTwice, title, name.span, "this is the second");
            diags.report(problem.also(scope.items[first].name.span, "the first is here"));
            continue;
        }
        if is_built_in(&name.text) && item.kind.is_type() {
            let title = format!("`{}` is a built-in type", name.text);
            let problem = Diagnostic::new(Code::BuiltInName, title, name.span, "");
            diags.report(
                problem.help("a definition of that name could not be used; choose another"),
            );
        }
        for made in rust_names(&name.text, &item.kind) {
            let taken = rust.insert((paths[number].clone(), made.clone()), name);
            if let Some(other) = taken {
                same_in_rust(name, other, &made, diags);
            }
        }
    }
}

/// The module that a namespace becomes.
fn module(namespace: &str) -> String {
    let parts = namespace.split('.').filter(|part| !part.is_empty());
    parts.map(module_name).collect::<Vec<_>>().join("::")
}

/// All modules that the namespaces become, by the module that they are in and their name.
fn modules<'a>(
    parts: &[Part<'a>],
    diags: &mut Diagnostics,
) -> HashMap<(String, String), &'a Ident> {
    let mut made: HashMap<(String, String), &Ident> = HashMap::new();
    let mut first: HashMap<(String, String), &str> = HashMap::new();
    for part in parts {
        let Some(namespace) = &part.file.namespace else {
            continue;
        };
        let (name, text) = (&namespace.name, namespace.name.text.as_str());
        let ends = text.match_indices('.').map(|(at, _)| at);
        for end in ends.chain([text.len()]) {
            let outer = text[..end].rfind('.').unwrap_or(0);
            let last = text[outer..end].trim_start_matches('.');
            let key = (module(&text[..outer]), module_name(last));
            let earlier = *first.entry(key.clone()).or_insert(&text[..end]);
            if earlier != &text[..end] {
                same_in_rust(name, made[&key], &key.1, diags);
                break;
            }
            made.insert(key, name);
        }
    }
    made
}

fn same_in_rust(name: &Ident, other: &Ident, made: &str, diags: &mut Diagnostics) {
    let (this, earlier) = (&name.text, &other.text);
    let title = format!("`{this}` and `{earlier}` would both be `{made}` in Rust");
    let problem = Diagnostic::new(Code::SameInRust, title, name.span, "");
    diags.report(problem.also(other.span, format!("`{earlier}` is here")));
}

/// All names that a definition takes at the top of the Rust module.
fn rust_names(name: &str, kind: &ItemKind) -> Vec<String> {
    match kind {
        ItemKind::Const { .. } => vec![screaming(name)],
        ItemKind::Interface(_) => {
            let name = camel(name);
            vec![format!("{name}Client"), format!("{name}Service"), name]
        }
        ItemKind::Broken => Vec::new(),
        _ => vec![camel(name)],
    }
}

impl Checker<'_> {
    /// Reports names of fields, arguments or methods that are the same, or would be in Rust.
    pub(super) fn unique<'i>(&mut self, names: impl Iterator<Item = &'i Ident>, what: &str) {
        self.unique_as(names, what, snake);
    }

    /// The same for enumerators and arms, which become variants.
    pub(super) fn unique_variants<'i>(
        &mut self,
        names: impl Iterator<Item = &'i Ident>,
        what: &str,
    ) {
        self.unique_as(names, what, camel);
    }

    fn unique_as<'i>(
        &mut self,
        names: impl Iterator<Item = &'i Ident>,
        what: &str,
        cased: fn(&str) -> String,
    ) {
        let mut seen: HashMap<String, &Ident> = HashMap::new();
        for name in names {
            let made = cased(&name.text);
            let Some(first) = seen.get(&made) else {
                seen.insert(made, name);
                continue;
            };
            let (code, title) = match first.text == name.text {
                true => (
                    Code::MemberTwice,
                    format!("there are two {what}s named `{}`", name.text),
                ),
                false => (
                    Code::SameInRust,
                    format!(
                        "`{}` and `{}` would both be `{made}` in Rust",
                        name.text, first.text
                    ),
                ),
            };
            let problem = Diagnostic::new(code, title, name.span, "this is the second");
            self.report(problem.also(first.span, "the first is here"));
        }
    }
}
