//! No name of the user's can change what the macros write.

#![allow(non_camel_case_types, dead_code)]

use rpc_core::{Xdr, rpc};

pub struct Result;
pub struct Option;
pub struct Vec;
pub struct Box;
pub struct Ok;
pub struct Err;
pub struct Some;
pub struct None;
#[derive(Xdr)]
pub struct T;
pub struct i32;
pub struct u32;
pub trait Clone {}
pub trait Send {}
pub trait Sync {}
pub trait Encode {}
pub trait Decode {}
pub const METHODS: std::primitive::u32 = 5;
pub const INTERFACE: std::primitive::u32 = 6;
pub const out: std::primitive::u32 = 7;
pub const input: std::primitive::u32 = 8;
pub const args: std::primitive::u32 = 9;
pub const value: std::primitive::i32 = 10;

mod core {}
mod std_ {}
mod rpc {}

#[derive(Debug, Xdr)]
pub struct String {
    pub out: std::string::String,
    pub input: std::primitive::u32,
}

#[derive(Xdr)]
pub enum Kind {
    A,
    B,
}

#[derive(Xdr)]
pub enum Shape {
    #[xdr(case = value)]
    A(String),
    #[xdr(default)]
    B { value: std::primitive::i32, out: Generic<std::primitive::u8> },
}

#[derive(Xdr)]
pub struct Generic<T> {
    pub input: T,
}

#[rpc(program = METHODS, version = INTERFACE)]
pub trait Shadow {
    fn take(&self, out_: String, service: &str, endpoint: &[std::primitive::u8], t: &T) -> Shape;
    fn kind(&self, channel: Kind, procedure: bool, reply: &String) -> std::result::Result<(), Kind>;
}

fn main() {}
