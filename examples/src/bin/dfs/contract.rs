//! What `idlc` made of `idl/nfs3.x` and `idl/mount3.x`: types, traits, clients and services.

pub mod nfs3 {
    include!(concat!(env!("OUT_DIR"), "/nfs3.rs"));
}

pub mod mount3 {
    include!(concat!(env!("OUT_DIR"), "/mount3.rs"));
}
