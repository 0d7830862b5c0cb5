//! Rust and C made from one `.x` file write the same bytes: `classic.x` through `idlc rust`, with strings as bytes and
//! as text, and through `rpcgen`.

use crate::compare::{Row, VALUES, again, compare};
use crate::{Scratch, missing_tool};
use contract::{bytes, utf8};
use rpc_core::describe::Describe;
use std::collections::BTreeSet;
use std::path::Path;

/// What the build script makes of it: `bytes` and `utf8`.
#[allow(dead_code, missing_docs, reason = "the test takes the types of it")]
mod contract {
    include!(concat!(env!("OUT_DIR"), "/classic.rs"));
}

/// What C has for an item of a list: it, and those behind it.
#[derive(rpc_core::Xdr)]
struct Linked<T> {
    item: T,
    #[xdr(chain)]
    rest: Vec<T>,
}

/// The types by their names in C and in Rust. Values are made for text, since C ends strings at a zero byte.
fn rows() -> Vec<Row> {
    macro_rules! row {
        ($name:literal, $bytes:ty, $utf8:ty) => {
            Row {
                name: $name,
                ty: <$utf8 as Describe>::describe,
                again: vec![again::<$bytes>, again::<$utf8>],
            }
        };
        ($name:literal $ty:ident) => {
            row!($name, bytes::$ty, utf8::$ty)
        };
        ($name:literal list of $ty:ident) => {
            row!($name, Linked<bytes::$ty>, Linked<utf8::$ty>)
        };
    }
    macro_rules! rows {
        ($($($words:ident)* $name:literal $ty:ident;)*) => { vec![$(row!($name $($words)* $ty)),*] };
    }
    rows! {
        "numbers" Numbers;
        "whole" Whole;
        "serial" Serial;
        "weights" Weights;
        "flag" Flag;
        "flags" Flags;
        "colour" Colour;
        "level" Level;
        "kind" Kind;
        "key" Key;
        "cover" Cover;
        "thumbnail" Thumbnail;
        "title" Title;
        "remark" Remark;
        "texts" Texts;
        "keys" Keys;
        "titles" Titles;
        "grid_row" GridRow;
        "grid" Grid;
        "palette" Palette;
        "arrays" Arrays;
        "point" Point;
        "maybe_point" MaybePoint;
        "maybe_whole" MaybeWhole;
        "optional" Optional;
        list of "entry" Entry;
        "chain" Chain;
        list of "link" Link;
        "directory" Directory;
        "middle" Middle;
        "branches" Branches;
        "tree" Tree;
        "ping" Ping;
        "pong" Pong;
        "item" Item;
        "outcome" Outcome;
        "counted" Counted;
        "perhaps_point" PerhapsPoint;
        "otherwise" Otherwise;
        "leveled" Leveled;
        "only_one" OnlyOne;
        "type" Type;
        "camel_case" CamelCase;
        "CamelCase" CamelCase_;
        "early" Early;
        "late" Late;
    }
}

#[test]
fn c_and_rust_of_one_x_file_write_the_same_bytes() {
    if let Some(missing) = missing_tool() {
        return testkit::skip("c_and_rust_of_one_x_file_write_the_same_bytes", &missing);
    }
    let folder = Scratch::new("classic");
    let contract = Path::new(env!("CARGO_MANIFEST_DIR")).join("contracts/classic.x");
    std::fs::copy(contract, folder.0.join("classic.x")).expect("the contract can be copied");
    let rows = rows();
    compare(&folder.0, "classic", &rows, VALUES);
    let made = std::fs::read_to_string(folder.0.join("classic_xdr.c")).expect("rpcgen wrote it");
    let functions = made.lines().filter_map(|line| line.strip_prefix("xdr_"));
    let types: BTreeSet<&str> = functions
        .filter_map(|line| Some(line.split_once(' ')?.0))
        .collect();
    assert_eq!(
        types,
        rows.iter().map(|row| row.name).collect(),
        "C has other types than the table"
    );
}
