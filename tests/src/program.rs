//! The workspace's own programs, as the tests start them.

use std::path::{Path, PathBuf};
use std::process::{Child, Command};

/// The path of a program of this workspace, built from the sources as they are now, in the test's own profile.
///
/// # Panics
/// When it does not build.
#[track_caller]
pub fn program(package: &str, name: &str) -> PathBuf {
    let folder = profile_folder();
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.args(["build", "--quiet", "--package", package, "--bin", name]);
    cargo
        .arg("--manifest-path")
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("../Cargo.toml"));
    if folder.ends_with("release") {
        cargo.arg("--release");
    }
    if let Some(target) = folder.parent() {
        cargo.arg("--target-dir").arg(target);
    }
    let status = cargo.status().expect("cargo starts");
    assert!(status.success(), "{name} of {package} does not build");
    folder.join(name)
}

/// `target/debug` or `target/release`: the folder above the one that this test's executable is in.
fn profile_folder() -> PathBuf {
    let here = std::env::current_exe().expect("a running test has a path");
    let folder = here
        .ancestors()
        .nth(2)
        .expect("cargo puts tests in target/PROFILE/deps");
    folder.to_owned()
}

/// A child process that does not outlive the test: it is killed and waited for when this is dropped.
#[derive(Debug)]
pub struct Running(pub Child);

impl Drop for Running {
    fn drop(&mut self) {
        // Both fail only when the child has ended already, which is what is wanted.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
