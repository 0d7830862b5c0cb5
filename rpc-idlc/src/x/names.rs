//! What things are called in C, where types, functions, values of enums and constants share one
//! space of names, and macros replace a name wherever it stands.

use super::renamed::Kept;
use std::collections::{BTreeMap, HashMap, HashSet};

/// Words that can be the name of nothing: keywords of C, C++ and `.x`, and macros of the headers.
/// One that ends with `*` stands for all that begin so.
const WORDS: &str = include_str!("words.txt");

/// Names that the headers declare, or that are variables in the code that rpcgen writes.
const DECLARED: &str = include_str!("declared.txt");

/// rpcgen cuts lines at 1,024 bytes, some with several names on them.
const LONGEST: usize = 60;

pub(super) struct Names {
    /// Those of a `.x` file, whose author saw to it that C takes most of them.
    kept: Option<Kept>,
    words: HashSet<&'static str>,
    families: Vec<&'static str>,
    /// Types, functions, values, constants.
    taken: HashSet<String>,
    /// Constants and numbers, which C replaces wherever they stand.
    macros: HashSet<String>,
    /// By name, the last number that was tried behind it.
    tried: HashMap<String, u32>,
}

impl Names {
    pub(super) fn new(kept: Option<Kept>) -> Self {
        let (families, words): (Vec<&str>, Vec<&str>) = WORDS
            .split_whitespace()
            .partition(|word| word.ends_with('*'));
        Names {
            kept,
            words: words.into_iter().collect(),
            families: families
                .iter()
                .map(|family| family.trim_end_matches('*'))
                .collect(),
            taken: DECLARED.split_whitespace().map(str::to_owned).collect(),
            macros: HashSet::new(),
            tried: HashMap::new(),
        }
    }

    /// A free name for a type: `wanted`, or as near to it as can be.
    pub(super) fn of_type(&mut self, wanted: &str) -> String {
        match &mut self.kept {
            Some(kept) => kept.introduced(wanted),
            None => self.claim(wanted, |name| vec![format!("xdr_{name}")]),
        }
    }

    /// A free name for a constant or the value of an enum.
    pub(super) fn of_value(&mut self, wanted: &str) -> String {
        if self.kept.is_some() {
            return wanted.to_owned();
        }
        let name = self.claim(wanted, |_| Vec::new());
        self.macros.insert(name.clone());
        name
    }

    /// The name of a program of a `.x` file, which is `own` for `idlc`.
    pub(super) fn of_program(&mut self, wanted: &str, own: &str, front: &str) -> String {
        match &mut self.kept {
            Some(kept) => kept.program(wanted, own, front),
            None => wanted.to_owned(),
        }
    }

    /// What is called otherwise than in the `.x` file, by its name in C.
    pub(super) fn into_replaced(self) -> BTreeMap<String, String> {
        self.kept.map(Kept::into_replaced).unwrap_or_default()
    }

    /// A free name for a program or procedure: rpcgen makes functions of it, one for each version.
    pub(super) fn of_number(&mut self, wanted: &str, versions: &[u32]) -> String {
        if self.kept.is_some() {
            return wanted.to_owned();
        }
        let name = self.claim(wanted, |name| {
            let name = name.to_ascii_lowercase();
            let functions = versions.iter().flat_map(|version| {
                ["", "_svc", "_freeresult", "_arg"].map(|end| format!("{name}_{version}{end}"))
            });
            functions.collect()
        });
        self.macros.insert(name.clone());
        name
    }

    /// Names for the fields of one struct, which only have to differ from each other.
    pub(super) fn of_fields<'a>(&mut self, wanted: impl Iterator<Item = &'a str>) -> Vec<String> {
        if let Some(kept) = &mut self.kept {
            return wanted.map(|wanted| kept.field(wanted)).collect();
        }
        let mut own: HashSet<String> = HashSet::new();
        let fields = wanted.map(|wanted| {
            let name = self.first_free(wanted, |name| !self.is_macro(name) && !own.contains(name));
            own.insert(name.clone());
            name
        });
        fields.collect()
    }

    fn claim(&mut self, wanted: &str, also: impl Fn(&str) -> Vec<String>) -> String {
        let from = self.tried.get(wanted).copied().unwrap_or(0);
        let free = |name: &str| {
            let own = |name: &String| !self.taken.contains(name) && !self.macros.contains(name);
            !self.is_macro(name) && !self.taken.contains(name) && also(name).iter().all(own)
        };
        let found = (from..)
            .map(|n| variant(wanted, n))
            .enumerate()
            .find(|(_, name)| free(name));
        // The numbers do not end before the names do.
        let (steps, name) = found.unwrap_or_default();
        self.tried
            .insert(wanted.to_owned(), from.saturating_add(steps as u32));
        self.taken.extend(also(&name));
        self.taken.insert(name.clone());
        name
    }

    fn first_free(&self, wanted: &str, free: impl Fn(&str) -> bool) -> String {
        let found = (0..).map(|n| variant(wanted, n)).find(|name| free(name));
        found.unwrap_or_default()
    }

    fn is_macro(&self, name: &str) -> bool {
        // Names that begin with `__`, or `_` and a capital, belong to the compiler.
        let compilers = name
            .strip_prefix('_')
            .is_some_and(|rest| rest.starts_with(|c: char| c == '_' || c.is_ascii_uppercase()));
        compilers
            || self.macros.contains(name)
            || self.words.contains(name)
            || self.families.iter().any(|family| name.starts_with(family))
    }
}

/// `name`, `name_`, `x_name`, `x_name_2`, `x_name_3` and so on. No reserved word begins with `x_`,
/// so there is always a free one.
pub(super) fn variant(wanted: &str, n: u32) -> String {
    let wanted = &wanted[..wanted.len().min(LONGEST)];
    match n {
        0 => wanted.to_owned(),
        1 => format!("{wanted}_"),
        2 => format!("x_{wanted}"),
        _ => format!("x_{wanted}_{}", n - 1),
    }
}

#[cfg(test)]
mod tests {
    use super::Names;

    #[test]
    fn names_that_c_has_for_itself_are_changed() {
        let mut names = Names::new(None);
        for (wanted, expected) in [
            ("Account", "Account"),
            ("Account", "Account_"),
            ("Account", "x_Account"),
            ("Account", "x_Account_2"),
            ("time", "time_"),
            ("struct", "struct_"),
            ("XDR", "x_XDR"),
            // libtirpc has a function `xdr_netbuf`.
            ("netbuf", "netbuf_"),
            // `xdr_Account_` is the function of `Account_`.
            ("xdr_Account", "x_xdr_Account"),
            ("_Bool", "x__Bool"),
            ("_2nd", "_2nd"),
        ] {
            assert_eq!(names.of_type(wanted), expected, "{wanted}");
        }
        assert_eq!(names.of_value("MAX"), "MAX_");
        let fields = names.of_fields(["index", "errno", "MAX_", "s6_addr", "a", "a"].into_iter());
        assert_eq!(fields, ["index", "errno_", "MAX__", "s6_addr_", "a", "a_"]);
    }
}
