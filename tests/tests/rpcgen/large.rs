//! The same for arrays that are on the heap in Rust: `large.x`.

use crate::compare::{Row, again, compare};
use crate::{Scratch, missing_tool};
use rpc_core::describe::Describe;
use std::path::Path;

/// What the build script makes of it.
#[allow(dead_code, missing_docs, reason = "the test takes the types of it")]
mod contract {
    include!(concat!(env!("OUT_DIR"), "/large.rs"));
}

/// Random values of each type: fewer, since each is large.
const VALUES: u64 = 50;

#[test]
fn c_and_rust_write_the_same_bytes_for_large_arrays() {
    let test = "c_and_rust_write_the_same_bytes_for_large_arrays";
    if let Some(missing) = missing_tool() {
        return testkit::skip(test, &missing);
    }
    let folder = Scratch::new("large");
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("contracts/large.x");
    std::fs::copy(file, folder.0.join("large.x")).expect("the contract can be copied");
    macro_rules! rows {
        ($($name:literal $ty:ident;)*) => { vec![$(Row {
            name: $name,
            ty: <contract::$ty as Describe>::describe,
            again: vec![again::<contract::$ty>],
        }),*] };
    }
    let rows = rows! {
        "block" Block;
        "table" Table;
        "letters" Letters;
        "narrow" Narrow;
        "entry" Entry;
        "volume" Volume;
        "many" Many;
        "pieces" Pieces;
        "page" Page;
        "nodes" Nodes;
    };
    compare(&folder.0, "large", &rows, VALUES);
}
