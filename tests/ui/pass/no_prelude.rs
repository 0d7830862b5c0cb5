//! The macros need no prelude.

#![no_implicit_prelude]

use ::rpc_core::{Xdr, rpc};

#[derive(Xdr)]
pub struct Pair(pub u32, pub bool);

#[derive(Xdr)]
pub enum Kind {
    A = 1,
    B = 5,
}

#[derive(Xdr)]
#[xdr(switch = Kind)]
pub enum Shape {
    #[xdr(case = Kind::A)]
    One(Pair),
    #[xdr(default)]
    Other(Kind),
}

#[rpc(program = 0x2000_0000, version = 1)]
pub trait Draw {
    fn draw(&self, shape: &Shape, shapes: &[Shape], name: &str) -> Pair;
    #[rpc(oneway)]
    fn clear(&self);
}

fn main() {}
