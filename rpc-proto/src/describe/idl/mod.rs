//! Interfaces as `.idl` text, in the style of `idlc fmt` (`docs/idl.md`).
//!
//! Compiled again the text gives traits with the same fingerprints: the shapes on the wire stay, and names stay where
//! `.idl` has such names and no two types share one.

mod layout;
mod names;
mod types;

use super::{Interface, Method, Semantics, Type};
use layout::{Item, group, text};
use names::Names;
use std::time::Duration;
use types::{Types, is_error};

impl Interface {
    /// The interface as `.idl` text, with all the types that it reaches; see [`to_idl`].
    ///
    /// ```
    /// use rpc_proto::describe::{Describe, Field, Interface, Method, Semantics};
    ///
    /// static METHODS: [Method; 1] = [Method {
    ///     name: "add",
    ///     procedure: 1,
    ///     semantics: Semantics::Readonly,
    ///     deadline: None,
    ///     args: &[Field { name: "terms", ty: Vec::<u32>::describe }],
    ///     result: u64::describe,
    /// }];
    /// let sums = Interface { name: "Sums", program: 0x2000_0001, version: 1, methods: &METHODS };
    /// assert_eq!(sums.to_idl(), "\
    /// interface Sums {
    ///     program 0x20000001;
    ///     version 1;
    ///
    ///     readonly add(terms: list<u32>) -> u64 = 1;
    /// }
    /// ");
    /// ```
    pub fn to_idl(&self) -> String {
        to_idl(&[self])
    }
}

/// Interfaces as one `.idl` text, with all the types that they reach, each written once.
///
/// The text is a contract that `idlc` takes. What a descriptor does not keep is not in it: documentation, the names of
/// aliases and constants, deprecation. Two different types of one name get
/// numbers behind the name, in the order in which they are reached; a `Result` that is no method's own, `()` and the
/// like get types of their own. An array of length 0 and a bound of 0 have no counterpart: a comment at the top says
/// which were written as something else.
pub fn to_idl(interfaces: &[&Interface]) -> String {
    let mut names = Names::default();
    let interface_names: Vec<String> = interfaces
        .iter()
        .map(|interface| names.interface(interface.name, interface.version))
        .collect();
    let mut types = Types::new(names, interfaces);
    let mut blocks = Vec::new();
    for (interface, name) in interfaces.iter().zip(&interface_names) {
        let block = describe(interface, name, &mut types);
        blocks.append(&mut types.take_items());
        blocks.push(block);
    }
    let notes: Vec<String> = types
        .notes()
        .iter()
        .map(|note| format!("// {note}\n"))
        .collect();
    blocks.splice(0..0, (!notes.is_empty()).then(|| notes.concat()));
    blocks.join("\n")
}

fn describe(interface: &Interface, name: &str, types: &mut Types) -> String {
    let mut members = Names::default();
    let mut block = format!(
        "interface {name} {{\n    program {:#x};\n    version {};\n",
        interface.program, interface.version
    );
    for (at, method) in interface.methods.iter().enumerate() {
        let own = members.method(method.name);
        if at == 0 || method.deadline.is_some() {
            block.push('\n');
        }
        if let Some(deadline) = method.deadline {
            block.push_str(&format!("    @deadline({})\n", span(deadline)));
        }
        block.push_str(&layout::line(&signature(method, name, &own, types), 4, ";"));
    }
    block + "}\n"
}

fn signature(method: &Method, interface: &str, name: &str, types: &mut Types) -> Item {
    let outer = format!("{interface}_{name}");
    let mut item = vec![text(format!("{} {name}", word(method.semantics)))];
    item.push(group("(", ")", types.fields(method.args, &outer)));
    let (result, error) = outcome(method, types);
    if !matches!(result, Some(Type::Void) | None) {
        item.push(text(" -> "));
        item.extend(
            result
                .into_iter()
                .flat_map(|ty| types.ty(ty, &format!("{outer}_result"))),
        );
    }
    if let Some(error) = error {
        item.push(text(" throws "));
        item.extend(types.ty(error, &format!("{outer}_error")));
    }
    item.push(text(format!(" = {}", method.procedure)));
    item
}

/// What a method gives back, and what it throws if that can be an `error`.
fn outcome(method: &Method, types: &Types) -> (Option<&'static Type>, Option<&'static Type>) {
    let result = (method.result)();
    match *result {
        Type::Result(good, bad) if types.can_be_thrown(bad()) => (Some(good()), Some(bad())),
        _ if method.semantics == Semantics::Oneway => (None, None),
        _ => (Some(result), None),
    }
}

fn word(semantics: Semantics) -> &'static str {
    match semantics {
        Semantics::Oneway => "oneway",
        Semantics::Readonly => "readonly",
        Semantics::Idempotent => "idempotent",
        Semantics::AtMostOnce => "at_most_once",
        Semantics::ExactlyOnce => "exactly_once",
    }
}

/// In the largest unit that divides it; less than a millisecond is one, as for calls.
fn span(deadline: Duration) -> String {
    let milliseconds = deadline.as_nanos().div_ceil(1_000_000);
    let units = [(3_600_000, "h"), (60_000, "min"), (1_000, "s")];
    let unit = units
        .into_iter()
        .find(|(length, _)| milliseconds > 0 && milliseconds.is_multiple_of(*length));
    let (length, unit) = unit.unwrap_or((1, "ms"));
    format!("{}{unit}", milliseconds / length)
}

/// Does the method's own `Result` make this type an error, wherever else it stands?
fn thrown(interfaces: &[&Interface]) -> Vec<&'static Type> {
    let methods = interfaces.iter().flat_map(|interface| interface.methods);
    let errors = methods.filter_map(|method| match *(method.result)() {
        Type::Result(_, error) if is_error(error()) => Some(error()),
        _ => None,
    });
    errors.collect()
}
