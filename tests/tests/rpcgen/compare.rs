//! Rust and the C of rpcgen, given the same values, write the same bytes.

use crate::contracts::{WARNINGS, rpcgen};
use crate::{HEADERS, run};
use rpc_core::describe::TypeFn;
use rpc_core::xdr::{Decoder, Encoder, Limits};
use rpc_core::{Decode, Encode};
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use testkit::values::Values;

/// How many random values of each type there are where they are small.
pub const VALUES: u64 = 1000;

/// A type by its name in C, how it is described, and what Rust makes of the bytes of a value.
pub struct Row {
    pub name: &'static str,
    pub ty: TypeFn,
    pub again: Vec<Again>,
}

/// Decodes a value and encodes it again, as a type of Rust.
pub type Again = fn(&[u8]) -> Vec<u8>;

/// [`Again`] as `T`.
pub fn again<T: for<'a> Decode<'a> + Encode>(bytes: &[u8]) -> Vec<u8> {
    let mut input = Decoder::new(bytes, Limits::default());
    let value = T::decode(&mut input).expect("Rust takes the value");
    input.finish().expect("nothing is left over");
    let mut out = Encoder::new();
    value.encode(&mut out).expect("Rust writes the value");
    out.into_vec()
}

/// Makes C of `NAME.x`, which is in the folder, and compares what it and Rust make of so many random values of each type.
pub fn compare(folder: &Path, name: &str, rows: &[Row], values: u64) {
    build(folder, name, rows);
    let mut sent = Vec::new();
    for (number, row) in rows.iter().enumerate() {
        for seed in 0..values {
            let bytes = Values::new(seed ^ (number as u64) << 32).bytes(row.ty);
            for again in &row.again {
                assert_eq!(again(&bytes), bytes, "Rust, {} of seed {seed}", row.name);
            }
            sent.push((number as u32, bytes));
        }
    }
    let answers = ask(&folder.join("reader"), &sent);
    assert_eq!(answers.len(), sent.len(), "C answers each value");
    for (n, ((number, bytes), (status, found))) in sent.iter().zip(&answers).enumerate() {
        let (name, seed) = (rows[*number as usize].name, n as u64 % values);
        assert_eq!(*status, 0, "C, {name} of seed {seed}: {bytes:02x?}");
        assert_eq!(found, bytes, "C, {name} of seed {seed}");
    }
}

/// Makes the C program `reader`.
fn build(folder: &Path, contract: &str, rows: &[Row]) {
    rpcgen(folder, contract);
    let table = rows
        .iter()
        .map(|Row { name, .. }| format!("\t{{ sizeof({name}), (xdrproc_t)xdr_{name} }},\n"));
    let types = format!(
        "#include \"{contract}.h\"\n\nstatic const struct {{\n\tsize_t size;\n\txdrproc_t proc;\n}} types[] = {{\n{}}};\n",
        table.collect::<String>()
    );
    std::fs::write(folder.join("types.h"), types).expect("the folder can be written to");
    let reader = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/rpcgen/reader.c");
    std::fs::copy(reader, folder.join("reader.c")).expect("the fixture can be copied");
    let made = format!("{contract}_xdr.c");
    let words = ["-I", HEADERS, "reader.c", &made, "-o", "reader", "-ltirpc"];
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
