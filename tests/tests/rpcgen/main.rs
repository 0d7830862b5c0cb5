//! C programs made by `rpcgen` as the second opinion on our bytes.

mod anew;
mod bytes;
mod classic;
mod compare;
mod contracts;
mod large;

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Where `libtirpc-dev` puts the headers of ONC RPC.
const HEADERS: &str = "/usr/include/tirpc";

/// Rules E-1 to E-14 and M-2 to M-6: the golden vectors, to which `rpc-proto` is held, are what C writes too.
#[test]
fn a_c_program_writes_the_bytes_of_the_golden_vectors() {
    if let Some(missing) = missing_tool() {
        return testkit::skip(
            "a_c_program_writes_the_bytes_of_the_golden_vectors",
            &missing,
        );
    }
    let folder = Scratch::new("vectors");
    let vectors = Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors");
    for file in ["vectors.x", "vectors.c"] {
        std::fs::copy(vectors.join(file), folder.0.join(file)).expect("the fixture can be copied");
    }
    let written = run(&folder.0, build(&folder.0), &[]);
    let (found, mut expected) = (rows(&written), BTreeMap::new());
    for file in ["values.txt", "messages.txt"] {
        let text = std::fs::read_to_string(vectors.join(file)).expect("the vectors can be read");
        expected.extend(rows(&text));
    }
    let differing: Vec<_> = expected
        .iter()
        .filter(|(name, bytes)| found.get(*name) != Some(bytes))
        .collect();
    assert!(
        differing.is_empty(),
        "C writes otherwise: {differing:#?}\n{written}"
    );
    assert_eq!(
        found.len(),
        expected.len(),
        "C writes rows that no file has: {written}"
    );
}

/// What has to be installed first, if anything.
fn missing_tool() -> Option<String> {
    for tool in ["rpcgen", "gcc"] {
        if Command::new(tool).arg("--version").output().is_err() {
            return Some(format!("{tool} is not installed"));
        }
    }
    (!Path::new(HEADERS).exists()).then(|| "libtirpc-dev is not installed".to_owned())
}

/// Compiles `vectors.x` and `vectors.c` of the folder.
fn build(folder: &Path) -> PathBuf {
    run(
        folder,
        "rpcgen",
        &["-C", "-h", "-o", "vectors.h", "vectors.x"],
    );
    run(
        folder,
        "rpcgen",
        &["-C", "-c", "-o", "vectors_xdr.c", "vectors.x"],
    );
    let sources = ["vectors.c", "vectors_xdr.c", "-o", "vectors", "-ltirpc"];
    run(
        folder,
        "gcc",
        &[&["-w", "-I", HEADERS], &sources[..]].concat(),
    );
    folder.join("vectors")
}

/// Runs a program in `folder`, which must succeed, and gives its output.
#[track_caller]
fn run(folder: &Path, program: impl AsRef<OsStr>, words: &[&str]) -> String {
    let mut command = Command::new(&program);
    let output = command
        .args(words)
        .current_dir(folder)
        .output()
        .expect("the program starts");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "{command:?}: {}\n{errors}",
        output.status
    );
    String::from_utf8(output.stdout).expect("the output is text")
}

/// The names and bytes of `name | value | bytes` lines.
fn rows(text: &str) -> BTreeMap<String, String> {
    let lines = text
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'));
    let row = |line: &str| {
        let mut parts = line.split('|').map(str::trim);
        let name = parts.next().expect("a line has a name");
        (
            name.to_owned(),
            parts.next_back().expect("a line has bytes").to_owned(),
        )
    };
    lines.map(row).collect()
}

/// A folder of this test's own, which goes with it.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str) -> Self {
        let folder =
            Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}-{}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("the folder can be made");
        Self(folder)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // A folder that stays behind harms nobody, and a panic here would hide the test's own.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
