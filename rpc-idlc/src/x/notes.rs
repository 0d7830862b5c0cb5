//! What C does not keep by itself, for the top of the file.

use crate::ast::{Scalar, Semantics};
use crate::model::{ItemKind, Language, Method, Model, Type};
use crate::rpcl::Strings;

/// The lines of the first comment.
pub(super) fn head(model: &Model, file: &str) -> Vec<String> {
    let mut lines = vec![
        format!("Made by idlc from {file}; do not edit."),
        String::new(),
        format!(
            "What rpcgen makes of this and what idlc makes of {file} understand each other: each \
             value has the same bytes. C does not keep all of the contract by itself, though:"
        ),
    ];
    let mut notes = calls(model);
    notes.extend(values(model));
    if notes.is_empty() {
        lines.truncate(1);
    }
    for note in notes {
        lines.push(String::new());
        lines.push(note);
    }
    lines
}

/// What a peer in C has to know of how calls are made.
fn calls(model: &Model) -> Vec<String> {
    let interfaces = model.items.iter().filter_map(|item| match &item.kind {
        ItemKind::Interface(interface) => Some(interface),
        _ => None,
    });
    let methods: Vec<&Method> = interfaces
        .flat_map(|interface| &interface.methods)
        .collect();
    let any = |semantics: &[Semantics]| {
        let of = |m: &&Method| m.semantics.unwrap_or(Semantics::AtMostOnce);
        methods.iter().any(|method| semantics.contains(&of(method)))
    };
    let mut notes = Vec::new();
    if any(&[Semantics::AtMostOnce, Semantics::ExactlyOnce]) {
        notes.push(
            "- A C client has no session, so each copy of a call that reaches the server runs. Over UDP, libtirpc \
             sends copies by itself: call what is `at_most_once` or `exactly_once` over TCP, and do not ask again.",
        );
    }
    if any(&[Semantics::ExactlyOnce]) {
        notes.push("- A C server keeps no records, so our clients refuse to call what is `exactly_once` on one.");
    }
    if any(&[Semantics::Oneway]) {
        notes.push(
            "- To what is `oneway` there is no reply. A C client sets the timeout to zero before (clnt_control with \
             CLSET_TIMEOUT), and RPC_TIMEDOUT is then success; a C server's function returns NULL.",
        );
    }
    if model.language != Language::Idl && methods.iter().any(|method| method.args.len() > 1) {
        notes.push(
            "- Some procedures have several arguments: rpcgen takes them with its option -N.",
        );
    }
    if methods.iter().any(|method| method.throws.is_some()) {
        notes.push("- What a method throws is in its result: status 0 is the value, 1 the error.");
    }
    notes.into_iter().map(str::to_owned).collect()
}

/// What values have to fulfil that C does not look at.
fn values(model: &Model) -> Vec<String> {
    let types = || {
        model
            .items
            .iter()
            .flat_map(|item| item.types())
            .flat_map(|ty| ty.layers())
    };
    let any = |wanted: fn(&Type) -> bool| types().any(wanted);
    let mut notes = Vec::new();
    let narrow = |ty: &Type| {
        matches!(
            ty,
            Type::Scalar(Scalar::U8 | Scalar::I8 | Scalar::U16 | Scalar::I16)
        )
    };
    if any(narrow) && model.language == Language::Idl {
        notes.push("- Numbers of 8 and 16 bits are an int here; one beyond its range is refused by the other side.");
    }
    if model
        .items
        .iter()
        .any(|item| matches!(item.kind, ItemKind::Enum(_)))
    {
        notes.push("- C takes every number for an enum; one that is not declared is refused by the other side.");
    }
    let bytes = model.language == Language::X(Strings::Bytes);
    if any(|ty| matches!(ty, Type::String(_))) && !bytes {
        notes.push(
            "- A string is UTF-8. In C it ends at its first zero byte, so one inside it is lost.",
        );
    }
    if any(|ty| matches!(ty, Type::Map(..) | Type::Set(..))) {
        notes.push(
            "- Sets and maps are arrays, ascending by the bytes of the encoded elements or keys, and none is \
             there twice; any other is refused by the other side.",
        );
    }
    notes.into_iter().map(str::to_owned).collect()
}
