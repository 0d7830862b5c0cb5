//! Compiles the contracts that the examples use.

fn main() {
    for contract in ["bank.idl", "nfs3.x", "mount3.x"] {
        // Each by itself: `.x` files that are compiled together become one.
        rpc_idlc::build(&[format!("../idl/{contract}")]);
    }
}
