//! Who deprecates a method, a trait or a type is not warned of what the macros make of it.

#![deny(warnings)]
#![allow(dead_code)]

use rpc_core::{Xdr, rpc};

/// Old.
#[rpc(program = 0x2000_0012, version = 1)]
#[deprecated(note = "use `New`")]
pub trait Old {
    #[deprecated]
    #[rpc(exactly_once, deadline = "1s")]
    fn oldest(&self, entry: u32) -> u32;
}

/// New.
#[rpc(program = 0x2000_0012, version = 2)]
pub trait New {
    #[deprecated = "use `take`"]
    fn put(&self, entry: &Entry) -> Entry;
    fn take(&self) -> Entry;
}

/// One.
#[derive(Xdr)]
pub struct Entry {
    #[deprecated]
    pub old: u32,
    pub new: u32,
}

fn main() {}
