//! The `idlc` program.

use clap::{Args, Parser, Subcommand};
use rpc_idlc::{Compiler, Error};
use std::error::Error as _;
use std::path::PathBuf;
use std::process::ExitCode;

/// Compiles .idl files.
///
/// Exit code 0: all is well. 1: there are mistakes in the files. 2: the command was wrong, or a
/// file could not be read or written.
#[derive(Parser)]
#[command(name = "idlc", version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Check files and write nothing
    Check(Inputs),
    /// Write a Rust file for each file
    Rust {
        #[command(flatten)]
        inputs: Inputs,
        /// The folder to write to; it is made if need be
        #[arg(long, value_name = "DIR")]
        out: PathBuf,
    },
    /// Say what the code of a message means
    Explain {
        /// For instance E0301
        code: String,
    },
}

#[derive(Args)]
struct Inputs {
    /// The .idl files
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
}

impl Inputs {
    fn compiler(&self) -> Compiler {
        self.files
            .iter()
            .fold(Compiler::new(), |compiler, file| compiler.file(file))
    }
}

fn main() -> ExitCode {
    let done = match Cli::parse().command {
        Command::Check(inputs) => inputs.compiler().check(),
        Command::Rust { inputs, out } => inputs.compiler().out_dir(out).compile().map(drop),
        Command::Explain { code } => return explain(&code),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            complain(&error);
            ExitCode::from(if error.is_rejected() { 1 } else { 2 })
        }
    }
}

fn explain(code: &str) -> ExitCode {
    match rpc_idlc::explain(code) {
        Some(text) => {
            print!("{text}");
            ExitCode::SUCCESS
        }
        None => {
            eprintln!("error: there is no message with the code {code:?}; they look like E0301");
            ExitCode::from(2)
        }
    }
}

fn complain(error: &Error) {
    match error {
        Error::Rejected(text) => eprint!("{text}"),
        _ => match error.source() {
            Some(why) => eprintln!("error: {error}: {why}"),
            None => eprintln!("error: {error}"),
        },
    }
}
