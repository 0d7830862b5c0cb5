//! Each name means one thing, in the file and in the Rust that is made of it.

use super::Checker;
use super::types::is_built_in;
use crate::ast::{File, Ident, ItemKind};
use crate::casing::{camel, screaming, snake};
use crate::diag::{Code, Diagnostic, Diagnostics};
use crate::model::ItemId;
use std::collections::HashMap;

/// Finds all definitions by name; the first of two counts.
pub(super) fn collect<'a>(file: &'a File, diags: &mut Diagnostics) -> HashMap<&'a str, ItemId> {
    let mut names: HashMap<&str, ItemId> = HashMap::new();
    let mut rust = HashMap::new();
    for (id, item) in file.items.iter().enumerate() {
        if let Some(&first) = names.get(item.name.text.as_str()) {
            let title = format!("`{}` is defined twice", item.name.text);
            let problem = Diagnostic::new(
                Code::DefinedTwice,
                title,
                item.name.span,
                "this is the second",
            );
            diags.report(problem.also(file.items[first].name.span, "the first is here"));
            continue;
        }
        names.insert(&item.name.text, id);
        if is_built_in(&item.name.text) && item.kind.is_type() {
            let title = format!("`{}` is a built-in type", item.name.text);
            let problem = Diagnostic::new(Code::BuiltInName, title, item.name.span, "");
            diags.report(
                problem.help("a definition of that name could not be used; choose another"),
            );
        }
        for made in rust_names(&item.name.text, &item.kind) {
            let Some(other) = rust.insert(made.clone(), &item.name) else {
                continue;
            };
            let (name, earlier) = (&item.name.text, &other.text);
            let title = format!("`{name}` and `{earlier}` would both be `{made}` in Rust");
            let problem = Diagnostic::new(Code::SameInRust, title, item.name.span, "");
            diags.report(problem.also(other.span, format!("`{earlier}` is here")));
        }
    }
    names
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
