//! Rust and C made from one contract write the same bytes: `everything.idl` through `idlc rust`, and through
//! `idlc x` and `rpcgen`.

use crate::contracts::{WARNINGS, rpcgen};
use crate::{HEADERS, Scratch, missing_tool, run};
use rpc_core::describe::{Describe, Interface, TypeFn};
use rpc_core::xdr::{Decoder, Encoder, Limits};
use rpc_core::{Decode, Encode};
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use testkit::values::Values;

/// What `idlc rust` makes of the contract; `tests/generated.rs` keeps it so.
#[allow(dead_code, missing_docs, reason = "the test takes the types of it")]
mod everything {
    include!(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/contracts/everything.rs"
    ));
}

/// Random values of each type.
const VALUES: u64 = 1000;

/// A type by its name in C, how it is described, and what Rust makes of the bytes of a value.
struct Row {
    name: &'static str,
    ty: TypeFn,
    again: fn(&[u8]) -> Vec<u8>,
}

/// Decodes a value and encodes it again.
fn again<T: for<'a> Decode<'a> + Encode>(bytes: &[u8]) -> Vec<u8> {
    let mut input = Decoder::new(bytes, Limits::default());
    let value = T::decode(&mut input).expect("Rust takes the value");
    input.finish().expect("nothing is left over");
    let mut out = Encoder::new();
    value.encode(&mut out).expect("Rust writes the value");
    out.into_vec()
}

fn rows() -> Vec<Row> {
    use everything::*;
    use std::collections::BTreeMap;
    type Id = u64;
    macro_rules! rows {
        ($($name:literal $ty:ty;)*) => { vec![$(Row {
            name: $name,
            ty: <$ty as Describe>::describe,
            again: again::<$ty>,
        }),*] };
    }
    rows! {
        "Id" Id;
        "Digest" Digest;
        "Name" Name;
        "Flags" Flags;
        "Names" Names;
        "Grid" Grid;
        "Colour" Colour;
        "Numbers" Numbers;
        "Texts" Texts;
        "Lists" Lists;
        "Sorted" Sorted;
        "Moments" Moments;
        "Almost" Almost;
        "Folder" Folder;
        "Shape" Shape;
        "Paint" Paint;
        "Presence" Presence;
        "Status" Status;
        "Refusal" Refusal;
        "Closed" Closed;
        "Everything_numbers_args" (Numbers, u8);
        "Everything_numbers_result" Result<Numbers, Refusal>;
        "Everything_texts_args" (String, Vec<u8>, Texts);
        "Everything_lists_result" Result<Vec<Vec<u64>>, Refusal>;
        "Everything_sorted_args" (Sorted, std::collections::BTreeSet<u16>);
        "Id_to_Name" BTreeMap<Id, Name>;
        "Everything_moments_args" (Moments, std::time::Duration);
        "Everything_moments_result" Result<(std::time::SystemTime, rpc_core::Uuid), Closed>;
        "Everything_folder_args" (Folder, Option<u32>);
        "Folder_optional" Option<Box<Folder>>;
        "Everything_shapes_args" (Shape, Paint);
        "Everything_shapes_result" Result<Shape, Refusal>;
        "Everything_presence_args" (Presence, Status, Almost);
        "Everything_presence_result" Result<(), Refusal>;
        "Everything_note_args" (rpc_core::Bounded<String, 100>, u64);
        "Everything_flags_args" (Flags, u128);
    }
}

#[test]
fn c_made_by_rpcgen_and_rust_write_the_same_bytes() {
    let test = "c_made_by_rpcgen_and_rust_write_the_same_bytes";
    if let Some(missing) = missing_tool() {
        return testkit::skip(test, &missing);
    }
    let folder = Scratch::new("bytes");
    let rows = rows();
    build(&folder.0, &rows);
    let mut sent = Vec::new();
    for (number, row) in rows.iter().enumerate() {
        for seed in 0..VALUES {
            let bytes = Values::new(seed ^ (number as u64) << 32).bytes(row.ty);
            assert_eq!(
                (row.again)(&bytes),
                bytes,
                "Rust, {} of seed {seed}",
                row.name
            );
            sent.push((number as u32, bytes));
        }
    }
    let answers = ask(&folder.0.join("reader"), &sent);
    assert_eq!(answers.len(), sent.len(), "C answers each value");
    for (n, ((number, bytes), (status, found))) in sent.iter().zip(&answers).enumerate() {
        let (name, seed) = (rows[*number as usize].name, n as u64 % VALUES);
        assert_eq!(*status, 0, "C, {name} of seed {seed}: {bytes:02x?}");
        assert_eq!(found, bytes, "C, {name} of seed {seed}");
    }
}

/// Each type of the contract, each argument and each result is in the table, or C has another word for it.
#[test]
fn every_type_is_compared() {
    let interface: &Interface = everything::EverythingClient::INTERFACE;
    let rows = rows();
    let has = |name: &str| rows.iter().any(|row| row.name == name);
    for method in interface.methods {
        let fails = matches!((method.result)(), rpc_core::describe::Type::Result(..));
        assert!(
            !fails || has(&format!("Everything_{}_result", method.name)),
            "{}",
            method.name
        );
        let several = method.args.len() > 1;
        assert!(
            !several || has(&format!("Everything_{}_args", method.name)),
            "{}",
            method.name
        );
    }
    let contract = std::fs::read_to_string(contract()).expect("the contract is there");
    for line in contract.lines() {
        let mut words = line.split([' ', ';']);
        let kind = words.next().unwrap_or_default();
        if ["type", "enum", "struct", "union", "error"].contains(&kind) {
            let name = words.next().unwrap_or_default();
            // A struct without fields is not in C.
            assert!(has(name) || name == "Nothing", "{name} is not compared");
        }
    }
}

fn contract() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("contracts/everything.idl")
}

/// Makes the C program `reader` from the contract.
fn build(folder: &Path, rows: &[Row]) {
    let made = rpc_idlc::Compiler::new()
        .file(contract())
        .out_dir(folder)
        .compile_x();
    made.expect("the contract is good");
    rpcgen(folder, "everything");
    let table = rows
        .iter()
        .map(|Row { name, .. }| format!("\t{{ sizeof({name}), (xdrproc_t)xdr_{name} }},\n"));
    let types = format!(
        "#include \"everything.h\"\n\nstatic const struct {{\n\tsize_t size;\n\txdrproc_t proc;\n}} types[] = {{\n{}}};\n",
        table.collect::<String>()
    );
    std::fs::write(folder.join("types.h"), types).expect("the folder can be written to");
    let reader = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/rpcgen/reader.c");
    std::fs::copy(reader, folder.join("reader.c")).expect("the fixture can be copied");
    let words = [
        "-I",
        HEADERS,
        "reader.c",
        "everything_xdr.c",
        "-o",
        "reader",
        "-ltirpc",
    ];
    run(folder, "gcc", &[&WARNINGS[..], &words[..]].concat());
}

/// What the program answers to each value.
fn ask(program: &Path, values: &[(u32, Vec<u8>)]) -> Vec<(u32, Vec<u8>)> {
    let mut command = Command::new(program);
    let piped = command.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = piped.spawn().expect("the program starts");
    let mut input = child.stdin.take().expect("it has an input");
    let output = std::thread::scope(|scope| {
        // It answers while it reads, and would wait for ever if nobody took the answers.
        scope.spawn(move || {
            for (number, bytes) in values {
                let head = [number.to_be_bytes(), (bytes.len() as u32).to_be_bytes()].concat();
                // When the program ended early, its output says why the test fails.
                let _ = input.write_all(&head).and_then(|()| input.write_all(bytes));
            }
        });
        child.wait_with_output().expect("the program ends")
    });
    assert!(output.status.success(), "the C program: {}", output.status);
    answers(&output.stdout)
}

fn answers(mut bytes: &[u8]) -> Vec<(u32, Vec<u8>)> {
    let mut answers = Vec::new();
    while let Some((head, rest)) = bytes.split_first_chunk::<8>() {
        let [a, b, c, d, e, f, g, h] = *head;
        let status = u32::from_be_bytes([a, b, c, d]);
        let length = u32::from_be_bytes([e, f, g, h]) as usize;
        let (body, rest) = rest.split_at(length);
        answers.push((status, body.to_vec()));
        bytes = rest;
    }
    answers
}
