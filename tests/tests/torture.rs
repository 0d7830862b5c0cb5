//! A short torture: real processes, killed with SIGKILL. `cargo run --release -p tests --bin torture` is the long one.

use std::process::{Command, Output};

#[test]
fn twenty_kills_double_nothing_and_lose_nothing() {
    let output = torture(&["--kills", "20", "--seed", "3"]);
    let told = told(&output);
    assert!(output.status.success(), "{told}");
    assert!(told.contains("The bank was killed 20 times"), "{told}");
    assert!(told.contains("As promised"), "{told}");
}

/// What nothing can survive, so this shows that the audit looks.
#[test]
fn a_backup_that_is_put_back_is_found_out() {
    let folder = std::env::temp_dir().join(format!("torture-backup-{}", std::process::id()));
    let place = folder.display().to_string();
    let output = torture(&[
        "--kills",
        "12",
        "--seed",
        "3",
        "--restore-backup",
        "--folder",
        &place,
    ]);
    std::fs::remove_dir_all(&folder).expect("it was made");
    let told = told(&output);
    assert_eq!(output.status.code(), Some(1), "{told}");
    assert!(told.contains("NOT AS PROMISED"), "{told}");
    assert!(
        told.contains("was answered, and nothing is left of it"),
        "{told}"
    );
}

fn torture(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_torture"))
        .args(arguments)
        .output()
        .expect("it starts")
}

fn told(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}
