//! The steps of `cargo xtask test`, in the order in which they run.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;
use std::{env, fs, io};

use crate::packages;
use crate::summary::{Outcome, Report};

/// One step: a cargo command, what it is for, and whether later steps make sense without it.
pub struct Step {
    pub name: &'static str,
    pub what: &'static str,
    cargo: &'static [&'static str],
    environment: &'static [(&'static str, &'static str)],
    /// A part of the toolchain that a minimal installation leaves out.
    component: Option<&'static str>,
    /// Nothing after this step can pass when it fails.
    vital: bool,
}

const PLAIN: Step = Step {
    name: "",
    what: "",
    cargo: &[],
    environment: &[],
    component: None,
    vital: false,
};

const STEPS: &[Step] = &[
    Step {
        name: "format",
        what: "the sources are as rustfmt writes them",
        cargo: &["fmt", "--all", "--check"],
        component: Some("rustfmt"),
        ..PLAIN
    },
    Step {
        name: "lints",
        what: "clippy has nothing to say",
        cargo: &[
            "clippy",
            "--workspace",
            "--all-targets",
            "--quiet",
            "--",
            "-D",
            "warnings",
        ],
        component: Some("clippy"),
        ..PLAIN
    },
    Step {
        name: "docs",
        what: "every public item is documented, every link leads somewhere",
        cargo: &["doc", "--workspace", "--no-deps", "--quiet"],
        environment: &[("RUSTDOCFLAGS", "-D warnings")],
        ..PLAIN
    },
    // Before the tests, which start these programs as processes of their own.
    Step {
        name: "build",
        what: "all programs, as the tests will start them",
        cargo: &["build", "--workspace", "--bins"],
        vital: true,
        ..PLAIN
    },
    Step {
        name: "tests",
        what: "all unit, integration and documentation tests",
        cargo: &["test", "--workspace", "--no-fail-fast", "--quiet"],
        ..PLAIN
    },
    Step {
        name: "simulation",
        what: "20,000 simulated worlds keep their promises",
        cargo: &[
            "run",
            "--release",
            "--quiet",
            "-p",
            "tests",
            "--bin",
            "simulate",
            "--",
            "--seeds",
            "20000",
        ],
        ..PLAIN
    },
    Step {
        name: "disk",
        what: "the completion store survives 4,000 disks that crash",
        cargo: &[
            "run",
            "--release",
            "--quiet",
            "-p",
            "tests",
            "--bin",
            "simulate-disk",
            "--",
            "--seeds",
            "4000",
        ],
        ..PLAIN
    },
];

/// Every step there is.
pub fn all() -> impl Iterator<Item = &'static Step> {
    STEPS.iter()
}

/// True if a step has this name.
pub fn exists(name: &str) -> bool {
    all().any(|step| step.name == name)
}

/// Runs the named steps, or all of them when none is named.
pub fn run(workspace: &Path, names: &[String]) -> Report {
    let wanted = |step: &Step| names.is_empty() || names.iter().any(|name| name == step.name);
    let mut report = Report::default();
    if wanted_tests(names) {
        packages::provide();
    }
    let skipped = match SkipList::start(workspace) {
        Ok(list) => list,
        Err(error) => {
            report.add(
                "skip list",
                Outcome::Failed(format!("cannot be written: {error}")),
                0.0,
            );
            return report;
        }
    };
    let mut broken = None;
    for step in all().filter(|step| wanted(step)) {
        let started = Instant::now();
        let outcome = match broken {
            Some(cause) => Outcome::Failed(format!("not run, since {cause} failed")),
            None => step.run(workspace, &skipped),
        };
        if step.vital && matches!(outcome, Outcome::Failed(_)) {
            broken = Some(step.name);
        }
        report.add(step.name, outcome, started.elapsed().as_secs_f64());
    }
    report.skipped_tests = skipped.lines();
    report
}

fn wanted_tests(names: &[String]) -> bool {
    names.is_empty() || names.iter().any(|name| name == "tests")
}

impl Step {
    fn run(&self, workspace: &Path, skipped: &SkipList) -> Outcome {
        if let Some(component) = self
            .component
            .filter(|_| !self.component_is_there(workspace))
        {
            return Outcome::Skipped(format!(
                "{component} is missing: rustup component add {component}"
            ));
        }
        let mut command = cargo(workspace);
        command
            .args(self.cargo)
            .envs(self.environment.iter().copied())
            .env("RPC_TESTS_SKIPPED", &skipped.path);
        println!("\n── {}: cargo {}", self.name, self.cargo.join(" "));
        match command.status() {
            Ok(status) if status.success() => Outcome::Passed,
            Ok(status) => Outcome::Failed(status.to_string()),
            Err(error) => Outcome::Failed(format!("cargo did not start: {error}")),
        }
    }

    fn component_is_there(&self, workspace: &Path) -> bool {
        let asked = cargo(workspace)
            .args(self.cargo.first())
            .arg("--version")
            .output();
        asked.is_ok_and(|output| output.status.success())
    }
}

fn cargo(workspace: &Path) -> Command {
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo")));
    command.current_dir(workspace);
    command
}

/// The file to which tests add a line when they cannot run here.
struct SkipList {
    path: PathBuf,
}

impl SkipList {
    fn start(workspace: &Path) -> io::Result<Self> {
        let target =
            env::var_os("CARGO_TARGET_DIR").map_or_else(|| workspace.join("target"), PathBuf::from);
        fs::create_dir_all(&target)?;
        let path = std::path::absolute(target)?.join("skipped-tests.txt");
        fs::write(&path, "")?;
        Ok(Self { path })
    }

    fn lines(&self) -> Vec<String> {
        let mut lines: Vec<String> = fs::read_to_string(&self.path)
            .unwrap_or_default()
            .lines()
            .map(str::to_owned)
            .collect();
        lines.sort();
        lines.dedup();
        lines
    }
}
