//! The simulations' checkers bite: each patch in `mutants/` plants one fault in a scratch copy of the workspace, and a
//! simulation has to find it: that of the session machines, `simulate`, unless the patch says `Caught by:` another.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// A fault that is not found in so many seeds is not caught.
const SEEDS: &str = "20000";
/// The simulation of the session machines.
const MACHINES: &str = "simulate";

#[test]
fn every_mutant_is_caught() {
    let scratch = Scratch::new();
    for simulation in [MACHINES, "simulate-disk"] {
        let sound = scratch.simulate(simulation, "300");
        assert!(
            sound.status.success(),
            "{simulation} without any fault: {}",
            text(&sound)
        );
    }
    let patches = patches();
    assert!(patches.len() >= 8, "only {} mutants", patches.len());
    let mut missed = Vec::new();
    for (name, patch) in patches {
        let before = scratch.apply(&name, &patch);
        let outcome = scratch.simulate(catcher(&patch), SEEDS);
        scratch.restore(before);
        let said = String::from_utf8_lossy(&outcome.stdout);
        // A fault may also show as something that is never seen any more, but that would be luck: a checker has to bite.
        match said.lines().find(|line| line.contains(" fails: ")) {
            Some(line) if !outcome.status.success() => println!("{name}: {line}"),
            _ => missed.push(format!("{name}: {}", text(&outcome))),
        }
    }
    assert!(missed.is_empty(), "not caught:\n{}", missed.join("\n"));
}

/// The simulation that has to find the fault.
fn catcher(patch: &str) -> &str {
    let named = patch
        .lines()
        .find_map(|line| line.strip_prefix("# Caught by: "));
    named.unwrap_or(MACHINES)
}

fn patches() -> BTreeMap<String, String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("mutants");
    let entries = fs::read_dir(folder).expect("the mutants are there");
    entries
        .map(|entry| entry.expect("a folder can be read").path())
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "patch")
        })
        .map(|path| {
            let name = path.file_stem().expect("a patch has a name");
            let patch = fs::read_to_string(&path).expect("a patch can be read");
            (name.to_string_lossy().into_owned(), patch)
        })
        .collect()
}

/// A copy of the workspace that is built again and again with one fault or another.
struct Scratch {
    workspace: PathBuf,
    target: PathBuf,
}

impl Scratch {
    fn new() -> Self {
        let here = Path::new(env!("CARGO_MANIFEST_DIR"));
        let original = here.parent().expect("the workspace");
        let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("mutants");
        let workspace = folder.join("workspace");
        if workspace.exists() {
            fs::remove_dir_all(&workspace).expect("the last copy can be removed");
        }
        copy(original, &workspace);
        let target = folder.join("target");
        Self { workspace, target }
    }

    /// Changes the one file that a patch names, and gives what it was before.
    fn apply(&self, name: &str, patch: &str) -> (PathBuf, String) {
        let file = patch
            .lines()
            .find_map(|line| line.strip_prefix("+++ b/"))
            .unwrap_or_else(|| panic!("{name} names no file"));
        let path = self.workspace.join(file.trim());
        let before = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{name}: {error}"));
        let mut after = before.clone();
        for (old, new) in hunks(patch) {
            let places = after.matches(&old).count();
            assert_eq!(
                places, 1,
                "{name} does not apply to {file} any more:\n{old}"
            );
            after = after.replacen(&old, &new, 1);
        }
        assert_ne!(before, after, "{name} changes nothing");
        fs::write(&path, after).expect("the copy can be changed");
        (path, before)
    }

    fn restore(&self, (path, before): (PathBuf, String)) {
        fs::write(path, before).expect("the copy can be changed");
    }

    fn simulate(&self, simulation: &str, seeds: &str) -> Output {
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        Command::new(cargo)
            .args(["run", "--quiet", "--release", "--package", "tests"])
            .args(["--bin", simulation, "--", "--seeds", seeds])
            .current_dir(&self.workspace)
            .env("CARGO_TARGET_DIR", &self.target)
            // Quick to build again after a small change, and small on the disk.
            .env("CARGO_PROFILE_RELEASE_INCREMENTAL", "true")
            .env("CARGO_PROFILE_RELEASE_DEBUG", "0")
            .env("CARGO_INCREMENTAL", "1")
            .output()
            .expect("cargo starts")
    }
}

/// What each hunk takes away and what it puts there, both with the lines around.
fn hunks(patch: &str) -> Vec<(String, String)> {
    let mut hunks = Vec::new();
    for line in patch.lines() {
        if line.starts_with("@@") {
            hunks.push((String::new(), String::new()));
        } else if let Some((old, new)) = hunks.last_mut() {
            let (mark, rest) = line.split_at(line.len().min(1));
            if mark != "+" {
                old.extend([rest, "\n"]);
            }
            if mark != "-" {
                new.extend([rest, "\n"]);
            }
        }
    }
    hunks
}

/// Copies a folder without what is built and what git keeps.
fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder can be made");
    for entry in fs::read_dir(from).expect("a folder can be read") {
        let entry = entry.expect("a folder can be read");
        let (path, name) = (entry.path(), entry.file_name());
        if path.is_dir() {
            if name != "target" && name != ".git" {
                copy(&path, &to.join(name));
            }
        } else if path.is_file() {
            fs::copy(&path, to.join(name)).expect("a file can be copied");
        }
    }
}

fn text(output: &Output) -> String {
    let both = [&output.stdout[..], &output.stderr[..]].concat();
    let text = String::from_utf8_lossy(&both);
    let end: Vec<&str> = text.lines().rev().take(12).collect();
    end.into_iter().rev().collect::<Vec<_>>().join("\n")
}
