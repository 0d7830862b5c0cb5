//! The paths that a file names, from `use` items and from code, made absolute.

use syn::visit::{self, Visit};
use syn::{Attribute, Item, ItemMod, ItemUse, UseTree};

use crate::sources::Source;

/// Every path that the file names outside its tests: `std::net::TcpStream`, `crate::session::wire`.
pub fn named_in(source: &Source) -> Vec<String> {
    if source.is_test() {
        Vec::new()
    } else {
        collect(source, false)
    }
}

/// The same, with its tests.
pub fn named_in_tests_too(source: &Source) -> Vec<String> {
    collect(source, true)
}

fn collect(source: &Source, tests_too: bool) -> Vec<String> {
    let file =
        syn::parse_file(&source.text).unwrap_or_else(|error| panic!("{}: {error}", source.name));
    let mut collector = Collector {
        module: source.module(),
        tests_too,
        found: Vec::new(),
    };
    collector.visit_file(&file);
    collector.found
}

struct Collector {
    module: Vec<String>,
    tests_too: bool,
    found: Vec<String>,
}

impl Collector {
    fn add(&mut self, segments: &[String]) {
        let mut absolute = match segments.first().map(String::as_str) {
            // rpc-proto and rpc-core call themselves `rpc_core`, so that derives work inside them.
            Some("crate" | "rpc_core") => vec!["crate".to_owned()],
            Some("self" | "super") => [vec!["crate".to_owned()], self.module.clone()].concat(),
            Some(first) => vec![first.to_owned()],
            None => return,
        };
        if segments[0] == "super" {
            absolute.pop();
        }
        for segment in &segments[1..] {
            match segment.as_str() {
                "super" => drop(absolute.pop()),
                "self" => {}
                _ => absolute.push(segment.clone()),
            }
        }
        self.found.push(absolute.join("::"));
    }

    fn add_tree(&mut self, prefix: &[String], tree: &UseTree) {
        let with = |ident: &syn::Ident| [prefix, &[ident.to_string()]].concat();
        match tree {
            UseTree::Path(path) => self.add_tree(&with(&path.ident), &path.tree),
            UseTree::Name(name) => self.add(&with(&name.ident)),
            UseTree::Rename(rename) => self.add(&with(&rename.ident)),
            UseTree::Glob(_) => self.add(prefix),
            UseTree::Group(group) => group
                .items
                .iter()
                .for_each(|tree| self.add_tree(prefix, tree)),
        }
    }
}

impl<'ast> Visit<'ast> for Collector {
    fn visit_item(&mut self, item: &'ast Item) {
        let attributes: &[Attribute] = match item {
            Item::Mod(item) => &item.attrs,
            Item::Use(item) => &item.attrs,
            Item::Fn(item) => &item.attrs,
            Item::Impl(item) => &item.attrs,
            _ => &[],
        };
        if self.tests_too || !attributes.iter().any(is_for_tests) {
            visit::visit_item(self, item);
        }
    }

    fn visit_item_mod(&mut self, module: &'ast ItemMod) {
        self.module.push(module.ident.to_string());
        visit::visit_item_mod(self, module);
        self.module.pop();
    }

    fn visit_item_use(&mut self, item: &'ast ItemUse) {
        self.add_tree(&[], &item.tree);
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let segments: Vec<String> = path
            .segments
            .iter()
            .map(|segment| segment.ident.to_string())
            .collect();
        if segments.len() > 1 {
            self.add(&segments);
        }
        visit::visit_path(self, path);
    }
}

fn is_for_tests(attribute: &Attribute) -> bool {
    attribute.path().is_ident("cfg")
        && attribute
            .parse_args::<syn::Ident>()
            .is_ok_and(|word| word == "test")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &[&str]) {
        let source = Source {
            name: "rpc-proto/src/session/client/pace.rs".into(),
            text: text.into(),
        };
        assert_eq!(named_in(&source), expected, "{text}");
    }

    #[test]
    fn uses_are_flattened_and_made_absolute() {
        check(
            "use std::{net::TcpStream, io::{self, Read}};",
            &["std::net::TcpStream", "std::io", "std::io::Read"],
        );
        check("use super::super::wire::*;", &["crate::session::wire"]);
        check(
            "use self::inner::A as B;",
            &["crate::session::client::pace::inner::A"],
        );
        check(
            "mod inner { use super::C; }",
            &["crate::session::client::pace::C"],
        );
        check("use rpc_core::xdr::Encode;", &["crate::xdr::Encode"]);
    }

    #[test]
    fn paths_in_code_count_and_tests_do_not() {
        check(
            "fn f() { std::thread::yield_now(); }",
            &["std::thread::yield_now"],
        );
        check("#[cfg(test)] mod tests { use std::thread; }", &[]);
    }
}
