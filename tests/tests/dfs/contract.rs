//! What our compiler makes of the contracts of the example.

#[allow(clippy::enum_variant_names, reason = "they are the names of RFC 1813")]
pub mod nfs3 {
    include!(concat!(env!("OUT_DIR"), "/nfs3.rs"));
}

#[allow(clippy::enum_variant_names, reason = "they are the names of RFC 1813")]
pub mod mount3 {
    include!(concat!(env!("OUT_DIR"), "/mount3.rs"));
}
