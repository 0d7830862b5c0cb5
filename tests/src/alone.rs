//! Tests that need a host of their own, since what they start answers at fixed places.

use std::path::{Path, PathBuf};
use std::process::Command;

/// What keeps this process from making networks, if anything.
pub fn obstacle() -> Option<String> {
    let made = Command::new("unshare")
        .args(["-n", "-m", "-p", "-f", "ip", "link", "set", "lo", "up"])
        .output();
    match made {
        Ok(output) if output.status.success() => None,
        Ok(output) => Some(format!(
            "no network of its own can be made: {}",
            String::from_utf8_lossy(&output.stderr).trim()
        )),
        Err(_) => Some("unshare is not installed".to_owned()),
    }
}

/// Whether this process has a network, a `/run` and process numbers of its own. If not, it runs `test`, a test of this very
/// program by its whole name, in another one that has, and the caller returns. `taken` are variables for its environment.
///
/// # Panics
/// When the test fails there, or does not run.
#[track_caller]
pub fn alone(test: &str, taken: impl FnOnce() -> Vec<(&'static str, PathBuf)>) -> bool {
    if is_alone() {
        return true;
    }
    let taken = taken();
    let this = std::env::current_exe().expect("a running test has a path");
    let script =
        "ip link set lo up && mount -t tmpfs none /run && \"$0\" --exact \"$1\" --nocapture";
    let mut command = Command::new("unshare");
    command
        .args(["-n", "-m", "-p", "-f", "--kill-child", "sh", "-c", script])
        .arg(this)
        .arg(test)
        .env(ALONE, "1")
        .envs(taken);
    let output = command.output().expect("unshare starts");
    let (said, errors) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    assert!(
        output.status.success() && said.contains("test result: ok. 1 passed"),
        "{test}, on a host of its own:\n{said}\n{errors}"
    );
    false
}

/// Whether this process is on a host of its own.
pub fn is_alone() -> bool {
    std::env::var_os(ALONE).is_some()
}

/// The first of these programs that is not installed.
pub fn missing_program(programs: &[&str]) -> Option<String> {
    let folders = ["/usr/sbin", "/usr/bin", "/sbin", "/bin"];
    let is_there = |program: &&&str| {
        let mut folders = folders.iter();
        !folders.any(|folder| Path::new(folder).join(program).exists())
    };
    let missing = programs.iter().find(is_there)?;
    Some(format!("{missing} is not installed"))
}

const ALONE: &str = "RPC_TESTS_ALONE";
