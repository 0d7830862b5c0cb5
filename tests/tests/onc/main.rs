//! C programs as peers: what `rpcgen` and the system's ONC RPC library make of `contracts/echo.x` calls our server, our client
//! calls it, and both are found through rpcbind.
//!
//! The C programs, `client.c` and `server.c`, are built once for all tests.

mod called_by_c;
mod calling_c;
mod capture;
mod duplicates;
mod page;
mod peers;
mod registry;
mod service;
mod values;

/// What `idlc rust` makes of the contract; `tests/generated.rs` keeps it so.
#[allow(
    dead_code,
    missing_docs,
    reason = "the tests take what they need of it"
)]
mod echo {
    include!(concat!(env!("CARGO_MANIFEST_DIR"), "/contracts/echo.rs"));
}
