//! Rust and C made from one contract write the same bytes: `everything.idl` through `idlc rust`, and through
//! `idlc x` and `rpcgen`.

use crate::compare::{Row, VALUES, again, compare};
use crate::{Scratch, missing_tool};
use rpc_core::describe::{Describe, Interface};
use std::path::Path;

/// What `idlc rust` makes of the contract; `tests/generated.rs` keeps it so.
#[allow(dead_code, missing_docs, reason = "the test takes the types of it")]
mod everything {
    include!(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/contracts/everything.rs"
    ));
}

fn rows() -> Vec<Row> {
    use everything::*;
    use std::collections::BTreeMap;
    type Id = u64;
    macro_rules! rows {
        ($($name:literal $ty:ty;)*) => { vec![$(Row {
            name: $name,
            ty: <$ty as Describe>::describe,
            again: vec![again::<$ty>],
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
    let made = rpc_idlc::Compiler::new()
        .file(contract())
        .out_dir(&folder.0)
        .compile_x();
    made.expect("the contract is good");
    compare(&folder.0, "everything", &rows(), VALUES);
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
