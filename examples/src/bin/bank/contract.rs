//! What `idlc` made of `idl/bank.idl`: the types, the trait [`Bank`], its client and its service.

include!(concat!(env!("OUT_DIR"), "/bank.rs"));
