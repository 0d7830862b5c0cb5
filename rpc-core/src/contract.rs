//! A trait's contract as a file under version control.
//!
//! A test of one line keeps `.idl` text of the traits beside them. Whoever changes a trait changes the file, so the
//! change is seen in review, and `idlc diff` says of any two versions of the file for whom it breaks.

use std::path::Path;
use std::{fs, io};

use crate::Interface;
use crate::describe::to_idl;

/// Set to `1`, [`assert_contract`] writes files instead of comparing them.
const WRITE: &str = "RPC_WRITE_CONTRACTS";

/// Asserts that the file says what these interfaces are, in the words of [`to_idl`]. The path is relative to the
/// folder of the package, where Cargo runs tests.
///
/// ```no_run
/// # use rpc_core::rpc;
/// #[rpc(program = 0x2000_0bab, version = 1)]
/// pub trait Bank {
///     #[rpc(readonly)]
///     fn balance(&self, account: u64) -> u64;
/// }
///
/// #[test]
/// fn the_contract_is_written_down() {
///     rpc_core::contract::assert_contract("contracts/bank.idl", &[BankClient::INTERFACE]);
/// }
/// # fn main() {}
/// ```
///
/// With `RPC_WRITE_CONTRACTS=1 cargo test` the file is written instead, which is how it comes to be.
///
/// # Panics
///
/// If the file says something else, is not there, or cannot be read or written.
#[track_caller]
pub fn assert_contract(path: impl AsRef<Path>, interfaces: &[&Interface]) {
    let write = std::env::var_os(WRITE).is_some_and(|value| value == "1");
    if let Err(problem) = hold(path.as_ref(), &to_idl(interfaces), write) {
        panic!("{problem}");
    }
}

fn hold(path: &Path, text: &str, write: bool) -> Result<(), String> {
    let shown = path.display();
    let written = match fs::read_to_string(path) {
        Ok(written) => written,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            if write {
                return put(path, text);
            }
            return Err(format!(
                "there is no contract {shown} yet: write it with {WRITE}=1 cargo test"
            ));
        }
        Err(error) => return Err(format!("cannot read the contract {shown}: {error}")),
    };
    match written == text {
        true => Ok(()),
        false if write => put(path, text),
        false => Err(format!(
            "the contract {shown} is another than that of the traits; {}\n\
             If that is meant, write the file anew with {WRITE}=1 cargo test; `idlc diff OLD NEW` says for whom the \
             change breaks.",
            first_difference(&written, text)
        )),
    }
}

fn put(path: &Path, text: &str) -> Result<(), String> {
    let made = path.parent().map_or(Ok(()), fs::create_dir_all);
    made.and_then(|()| fs::write(path, text))
        .map_err(|error| format!("cannot write the contract {}: {error}", path.display()))
}

fn first_difference(file: &str, traits: &str) -> String {
    let common = file.lines().zip(traits.lines());
    let line = common.take_while(|(file, traits)| file == traits).count();
    let shown = |text: &str| {
        text.lines()
            .nth(line)
            .map_or("its end".to_owned(), |line| format!("`{}`", line.trim()))
    };
    format!(
        "in line {} it has {} where the traits say {}.",
        line + 1,
        shown(file),
        shown(traits)
    )
}

#[cfg(test)]
mod tests {
    use super::hold;
    use std::fs;
    use std::path::Path;

    #[test]
    fn a_contract_is_written_then_held_to() {
        let folder = std::env::temp_dir().join(format!("rpc-contract-{}", std::process::id()));
        let file = folder.join("deep/a.idl");
        let said = |text: &str, write| hold(&file, text, write).err();
        assert!(said("one\n", false).is_some_and(|said| said.contains("RPC_WRITE_CONTRACTS=1")));
        assert_eq!(said("one\n", true), None);
        assert_eq!(said("one\n", false), None);
        let problem = said("one\n  two\n", false).unwrap_or_default();
        assert!(
            problem.contains("in line 2 it has its end where the traits say `two`"),
            "{problem}"
        );
        assert_eq!(fs::read_to_string(&file).ok().as_deref(), Some("one\n"));
        assert_eq!(said("two\n", true), None);
        assert_eq!(fs::read_to_string(&file).ok().as_deref(), Some("two\n"));
        fs::remove_dir_all(&folder).ok();
        assert!(hold(Path::new("."), "", false).is_err());
    }
}
