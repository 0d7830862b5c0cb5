//! Compiles the contracts that the examples use.

fn main() {
    rpc_idlc::build(&["../idl/bank.idl"]);
}
