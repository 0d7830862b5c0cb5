//! The protocol of rpc-core with no I/O: bytes and time in, values out.
#![forbid(unsafe_code)]
extern crate self as rpc_core;
pub mod session;
