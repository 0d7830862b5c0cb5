//! Interfaces: those with one program number are the versions of one program.

use super::lower::{Lowering, own_name, plain_declaration};
use super::named::path;
use super::tree::{Arm, Base, Body, Declaration, Label, Union};
use super::values::said;
use crate::ast::Semantics;
use crate::casing::screaming;
use crate::model::{Interface, ItemKind, Method, Type};
use std::collections::HashMap;

#[derive(Debug)]
pub(super) struct Program<'a> {
    pub(super) name: String,
    pub(super) number: u32,
    /// From the oldest to the newest.
    pub(super) versions: Vec<Version<'a>>,
}

#[derive(Debug)]
pub(super) struct Version<'a> {
    interface: String,
    pub(super) docs: Vec<String>,
    pub(super) name: String,
    pub(super) number: u32,
    pub(super) procedures: Vec<Procedure<'a>>,
}

#[derive(Debug)]
pub(super) struct Procedure<'a> {
    pub(super) method: &'a Method,
    pub(super) docs: Vec<String>,
    pub(super) name: String,
    /// None: void. With a name, where the contract is a `.x` file and has one.
    pub(super) arguments: Vec<Declaration>,
    pub(super) result: Option<Declaration>,
}

/// The programs of the contract, without the types of their procedures: names that C replaces
/// wherever they stand have to be known before any field is named.
pub(super) fn named<'a>(lowering: &mut Lowering<'a>) -> Vec<Program<'a>> {
    let mut programs: Vec<(u32, Vec<Of<'a>>)> = Vec::new();
    let mut places: HashMap<_, usize> = HashMap::new();
    for item in &lowering.model.items {
        let ItemKind::Interface(interface) = &item.kind else {
            continue;
        };
        // A `.x` file may describe a program several times, under one name or several.
        let written = interface.written.as_ref();
        let written = written.map(|written| (item.namespace, &written.program));
        let place = places.entry((interface.program, written));
        let place = place.or_insert(programs.len());
        let is_there = |of: &Of<'_>| of.interface.version == interface.version;
        let taken = programs.get(*place);
        if taken.is_none_or(|(_, versions)| versions.iter().any(is_there)) {
            *place = programs.len();
            programs.push((interface.program, Vec::new()));
        }
        programs[*place].1.push(Of {
            name: own_name(lowering.model, item),
            docs: said(&item.docs, &item.notes),
            namespace: item.namespace,
            interface,
        });
    }
    let named = programs.into_iter().map(|(number, mut interfaces)| {
        interfaces.sort_by_key(|of| of.interface.version);
        program(lowering, number, &interfaces)
    });
    named.collect()
}

/// An interface, with what its item says.
struct Of<'a> {
    name: String,
    docs: Vec<String>,
    namespace: usize,
    interface: &'a Interface,
}

fn program<'a>(lowering: &mut Lowering<'a>, number: u32, interfaces: &[Of<'a>]) -> Program<'a> {
    let numbers: Vec<u32> = interfaces.iter().map(|of| of.interface.version).collect();
    let first = &interfaces[0];
    let name = match &first.interface.written {
        Some(written) => {
            let (own, front) = path(lowering.model, first.namespace, &written.program);
            let names = &mut lowering.names;
            names.of_program(&written.program, &own, &front)
        }
        None => {
            let name = format!("{}_PROG", base_name(&first.name));
            lowering.names.of_number(&name, &numbers)
        }
    };
    // A procedure of several versions is one constant if it has one number.
    let mut known: HashMap<(String, u32), String> = HashMap::new();
    let versions = interfaces.iter().map(|of| {
        let interface = of.interface;
        let base = base_name(&of.name);
        let version = match &interface.written {
            Some(written) => written.version.clone(),
            None => format!("{base}_V{}", interface.version),
        };
        let version = lowering.names.of_value(&version);
        let procedures = interface.methods.iter().map(|method| {
            let wanted = match &interface.written {
                Some(_) => method.name.clone(),
                None => format!("{base}_{}", screaming(&method.name)),
            };
            let name = known
                .entry((wanted.clone(), method.procedure))
                .or_insert_with(|| lowering.names.of_number(&wanted, &numbers));
            Procedure {
                method,
                docs: docs_of(method, interface.written.is_some()),
                name: name.clone(),
                arguments: Vec::new(),
                result: None,
            }
        });
        let procedures = procedures.collect();
        Version {
            interface: of.name.clone(),
            docs: of.docs.clone(),
            name: version,
            number: interface.version,
            procedures,
        }
    });
    let versions = versions.collect();
    Program {
        name,
        number,
        versions,
    }
}

/// `CLOCK` of `ClockV2`: the version is said besides.
fn base_name(interface: &str) -> String {
    let name = screaming(interface);
    let stem = name.trim_end_matches(|c: char| c.is_ascii_digit());
    match stem.strip_suffix("_V") {
        Some(base) if stem != name && !base.is_empty() => base.to_owned(),
        _ => name,
    }
}

fn docs_of(method: &Method, is_x: bool) -> Vec<String> {
    let mut docs = said(&method.docs, &method.notes);
    if let Some(deadline) = &method.deadline {
        docs.push(format!("Within {}.", deadline.text));
    }
    // Our own compiler reads this word; rpcgen has no other place for it.
    let said = method
        .semantics
        .or((!is_x).then_some(Semantics::AtMostOnce));
    docs.extend(said.map(|semantics| format!("@{}", semantics.word())));
    docs
}

/// Gives the procedures their types, once all items have theirs.
pub(super) fn typed<'a>(lowering: &mut Lowering<'a>, programs: &mut [Program<'a>]) {
    for version in programs
        .iter_mut()
        .flat_map(|program| &mut program.versions)
    {
        for procedure in &mut version.procedures {
            procedure.arguments = arguments(lowering, &version.interface, procedure.method);
            procedure.result = result(lowering, &version.interface, procedure.method);
        }
    }
}

/// Several arguments are one struct, since C procedures take one: the bytes are the same.
///
/// What a `.x` file had already stays as it was: `rpcgen -N` takes several.
fn arguments<'a>(
    lowering: &mut Lowering<'a>,
    interface: &str,
    method: &'a Method,
) -> Vec<Declaration> {
    let given = method.args.iter().filter(|arg| !lowering.is_empty(&arg.ty));
    let given: Vec<_> = given.collect();
    match given[..] {
        _ if lowering.is_x() => {
            let count = given.len();
            let given = given.into_iter().enumerate().map(|(n, arg)| {
                // What it is called if it has no name.
                let blank = match count {
                    1 => "arg".to_owned(),
                    _ => format!("arg{}", n + 1),
                };
                let name = match arg.name == blank {
                    true => String::new(),
                    false => lowering
                        .names
                        .of_fields([arg.name.as_str()].into_iter())
                        .concat(),
                };
                word(lowering, name, &arg.ty)
            });
            given.collect()
        }
        [] => Vec::new(),
        [one] => vec![plain_declaration("", lowering.simple(&one.ty))],
        _ => {
            let name = format!("{interface}_{}_args", method.name);
            let name = lowering.names.of_type(&name);
            let body = lowering.structure(&method.args);
            let docs = vec![format!("The arguments of `{}`.", method.name)];
            let base = Base::Def(lowering.define(docs, name, body));
            vec![plain_declaration("", base)]
        }
    }
}

/// An argument or a result.
fn word(lowering: &mut Lowering<'_>, name: String, ty: &Type) -> Declaration {
    match ty {
        Type::String(None) if lowering.is_x() => plain_declaration(&name, Base::Word("string")),
        ty => lowering.said_by_a_word(name, ty),
    }
}

/// What a method that throws gives back is a union: 0 with the value, 1 with the error.
fn result(lowering: &mut Lowering<'_>, interface: &str, method: &Method) -> Option<Declaration> {
    let good = method.result.as_ref().filter(|ty| !lowering.is_empty(ty));
    let Some(error) = method.throws else {
        return good.map(|ty| word(lowering, String::new(), ty));
    };
    let name = format!("{interface}_{}_result", method.name);
    let name = lowering.names.of_type(&name);
    let good = good.map(|ty| lowering.declare("value".to_owned(), ty));
    let bad = plain_declaration("error", Base::Def(error));
    let arm = |label: &str, value| Arm {
        docs: Vec::new(),
        labels: Some(vec![Label::same(label.to_owned())]),
        value,
    };
    let body = Body::Union(Union {
        switch: (Base::Word("int"), "status"),
        arms: vec![arm("0", good), arm("1", Some(bad))],
    });
    let docs = vec![format!(
        "What `{}` gives back, or the error that it throws.",
        method.name
    )];
    let base = Base::Def(lowering.define(docs, name, body));
    Some(plain_declaration("", base))
}
