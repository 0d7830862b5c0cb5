//! What our compiler makes of the contracts of the example.

pub mod nfs3 {
    include!(concat!(env!("OUT_DIR"), "/nfs3.rs"));
}

pub mod mount3 {
    include!(concat!(env!("OUT_DIR"), "/mount3.rs"));
}
