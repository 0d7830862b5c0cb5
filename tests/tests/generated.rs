//! Generated code that is committed is what the compiler writes today.

use rpc_idlc::Compiler;
use std::fs;
use std::path::Path;

/// The contract, and the file that is made of it.
const COMMITTED: [(&str, &str); 4] = [
    ("idl/matchmaker.idl", "rpc-core/src/matchmaker/generated.rs"),
    ("idl/rpcbind.x", "rpc-core/src/rpcbind/generated.rs"),
    (
        "tests/contracts/everything.idl",
        "tests/contracts/everything.rs",
    ),
    ("tests/contracts/echo.x", "tests/contracts/echo.rs"),
];

/// Write the files anew with `RPC_TESTS_REGENERATE=1 cargo test -p tests --test generated`.
#[test]
fn committed_code_is_what_idlc_writes() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    for (contract, file) in COMMITTED {
        let generated = Compiler::new().file(root.join(contract)).generate();
        let generated = generated.unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(generated.len(), 1);
        if std::env::var_os("RPC_TESTS_REGENERATE").is_some_and(|value| value == "1") {
            fs::write(root.join(file), &generated[0].rust).unwrap();
        }
        let committed = fs::read_to_string(root.join(file)).unwrap();
        assert!(
            committed == generated[0].rust,
            "{file} is not what idlc makes of {contract}; write it anew with RPC_TESTS_REGENERATE=1"
        );
    }
}
