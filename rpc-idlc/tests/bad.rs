//! What the compiler says to each kind of mistake, to the letter.
//!
//! With `RPC_TESTS_REGENERATE=1` the expected files are written instead of compared.

mod common;

use common::{check_expected, fixtures};
use rpc_idlc::{Compiler, Error};

#[test]
fn every_mistake_gets_the_message_beside_it() {
    for path in fixtures("bad") {
        let text = std::fs::read_to_string(&path).expect("a fixture is text");
        let name = path.file_name().expect("a fixture has a name");
        match Compiler::new().text(name, text).generate() {
            Err(Error::Rejected(mistakes)) => {
                check_expected(&path.with_extension("txt"), &mistakes.to_string());
            }
            other => panic!("{}: {other:?}", path.display()),
        }
    }
}

#[test]
fn every_message_names_its_place() {
    for path in fixtures("bad") {
        let Err(Error::Rejected(mistakes)) = Compiler::new().file(&path).check() else {
            panic!("{} was accepted", path.display());
        };
        let message = mistakes.to_string();
        let errors = message
            .lines()
            .filter(|line| line.starts_with("error[E"))
            .count();
        let place = format!("--> {}:", path.display());
        let places = message
            .lines()
            .filter(|line| line.trim_start().starts_with(&place))
            .count();
        assert_eq!(errors, places, "{message}");
    }
}
