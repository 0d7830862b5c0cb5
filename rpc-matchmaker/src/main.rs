//! The matchmaker daemon, and the questions that a person may ask it.

use std::process::ExitCode;

fn main() -> ExitCode {
    rpc_matchmaker::cli::run(std::env::args_os())
}
