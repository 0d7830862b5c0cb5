//! Names that `.idl` takes, each of them once.

use std::collections::HashSet;

/// The names that one place has given away: a file, the fields of a type, the methods of an interface.
#[derive(Debug, Default)]
pub(super) struct Names {
    taken: HashSet<String>,
}

impl Names {
    /// All names are free but this one.
    pub(super) fn without(taken: Option<&str>) -> Self {
        Self {
            taken: taken.map(key).into_iter().collect(),
        }
    }

    /// A name for an interface, which takes those of its client and its service too.
    pub(super) fn interface(&mut self, wanted: &str, version: u32) -> String {
        let wanted = camel(wanted);
        let all = |name: &str| ["", "Client", "Service"].map(|end| key(&format!("{name}{end}")));
        let free = |name: &String| all(name).iter().all(|key| !self.taken.contains(key));
        let versioned = [wanted.clone(), format!("{wanted}V{version}")];
        let numbered = (2u64..).map(|number| format!("{wanted}_{number}"));
        let name = versioned
            .into_iter()
            .chain(numbered)
            .find(free)
            .unwrap_or(wanted);
        self.taken.extend(all(&name));
        name
    }

    /// A name for a type.
    pub(super) fn ty(&mut self, wanted: &str) -> String {
        let wanted = camel(wanted);
        self.free(wanted, |wanted, number| format!("{wanted}{number}"))
    }

    /// A name for an enumerator or an arm.
    pub(super) fn variant(&mut self, wanted: &str) -> String {
        let wanted = sane(wanted, "Value");
        self.free(wanted, |wanted, number| format!("{wanted}{number}"))
    }

    /// A name for a field or an argument.
    pub(super) fn field(&mut self, wanted: &str) -> String {
        let wanted = sane(wanted, "field");
        self.free(wanted, |wanted, number| format!("{wanted}_{number}"))
    }

    /// A name for a method. A trait knows no bad ones but through `#[rpc(name = …)]`.
    pub(super) fn method(&mut self, wanted: &str) -> String {
        let wanted = sane(wanted, "method");
        self.free(wanted, |wanted, number| format!("{wanted}_{number}"))
    }

    fn free(&mut self, wanted: String, next: impl Fn(&str, u64) -> String) -> String {
        let others = (2u64..).map(|number| next(&wanted, number));
        let names = std::iter::once(wanted.clone()).chain(others);
        let free = names
            .into_iter()
            .find(|name| !self.taken.contains(&key(name)));
        let name = free.unwrap_or(wanted);
        self.taken.insert(key(&name));
        name
    }
}

/// Names with one key may become one name in Rust, whatever casing they get there.
fn key(name: &str) -> String {
    name.chars()
        .filter(|c| *c != '_')
        .collect::<String>()
        .to_ascii_lowercase()
}

/// The name itself if it is one, else what is left of it; `Page<u32>` is `PageU32`.
fn camel(wanted: &str) -> String {
    let mut name = String::new();
    let mut begins = true;
    for c in wanted.chars() {
        match c {
            _ if !c.is_ascii_alphanumeric() => begins = true,
            _ if begins => {
                name.push(c.to_ascii_uppercase());
                begins = false;
            }
            _ => name.push(c),
        }
    }
    sane(&name, "Type")
}

/// Letters, digits and `_`, with a letter, and no digit first; `kind` is for what is none.
fn sane(wanted: &str, kind: &str) -> String {
    let allowed = |c: char| if c.is_ascii_alphanumeric() { c } else { '_' };
    let name: String = wanted.chars().map(allowed).collect();
    let letters = name.contains(|c: char| c.is_ascii_alphabetic());
    let digit = name.starts_with(|c: char| c.is_ascii_digit());
    match (letters, digit) {
        (true, false) => name,
        _ => format!("{kind}{}", name.trim_matches('_')),
    }
}
