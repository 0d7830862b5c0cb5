//! The project's own tasks. `cargo xtask test` is what a person runs before sending a change, and what `.ci/run` runs.

mod packages;
mod steps;
mod summary;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

const HELP: &str = "\
Usage: cargo xtask test [STEP]...

Runs every step, or only those named, and ends with a summary.
Exit code 0: nothing failed. With RPC_TESTS_NO_SKIP=1, also: nothing was skipped.

Steps:";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.split_first() {
        Some((task, names)) if task == "test" => test(names),
        Some((task, _)) if matches!(task.as_str(), "help" | "-h" | "--help") => {
            println!("{}", help());
            ExitCode::SUCCESS
        }
        _ => {
            eprintln!("{}", help());
            ExitCode::from(2)
        }
    }
}

fn test(names: &[String]) -> ExitCode {
    if let Some(unknown) = names.iter().find(|name| !steps::exists(name)) {
        eprintln!("no step is called {unknown}\n\n{}", help());
        return ExitCode::from(2);
    }
    let report = steps::run(&workspace(), names);
    print!("{report}");
    if report.is_good(no_skip()) {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// True where a skipped test is a failure, as it is in continuous integration.
fn no_skip() -> bool {
    std::env::var_os("RPC_TESTS_NO_SKIP").is_some_and(|value| value == "1")
}

fn help() -> String {
    let steps = steps::all().map(|step| format!("\n  {:<10} {}", step.name, step.what));
    HELP.to_owned() + &steps.collect::<String>()
}

/// The folder that holds the workspace: the parent of this crate's.
fn workspace() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here).to_owned()
}
