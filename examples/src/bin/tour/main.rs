//! The tour: a matchmaker, a bank and its clients as separate processes, on a network that loses and doubles messages.
//!
//! Ten thousand transfers go over TCP and ten thousand over UDP, through a relay that harms what passes. Every process
//! is this program, started again with a role. At the end the bank's own books, which the framework never sees, say how
//! often each transfer ran; the exit code is 0 only when that is once for each, and each caller was told so.

mod audit;
#[path = "../bank/contract.rs"]
mod contract;
#[path = "../bank/ledger.rs"]
mod ledger;
mod options;
mod player;
mod progress;
mod relay;
mod roles;
mod stage;
mod table;

use std::fmt;
use std::io;
use std::process::ExitCode;
use std::str::FromStr;

use options::Options;

/// How the clients talk to the bank.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Transport {
    Tcp,
    Udp,
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let Some((role, arguments)) = roles::asked_for(&arguments) {
        return exit_code(roles::play(role, arguments).map(|()| true));
    }
    match Options::parse(&arguments) {
        Ok(Options { help: true, .. }) => {
            print!("{}", options::HELP);
            ExitCode::SUCCESS
        }
        Ok(options) => exit_code(stage::play(&options)),
        Err(mistake) => {
            eprintln!("tour: {mistake}\n\n{}", options::HELP);
            ExitCode::from(2)
        }
    }
}

fn exit_code(outcome: Result<bool, Box<dyn std::error::Error>>) -> ExitCode {
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("tour: {error}");
            ExitCode::FAILURE
        }
    }
}

impl fmt::Display for Transport {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(match self {
            Self::Tcp => "tcp",
            Self::Udp => "udp",
        })
    }
}

impl FromStr for Transport {
    type Err = io::Error;

    fn from_str(text: &str) -> io::Result<Self> {
        match text {
            "tcp" => Ok(Self::Tcp),
            "udp" => Ok(Self::Udp),
            other => Err(io::Error::other(format!(
                "{other} is not a transport of the tour"
            ))),
        }
    }
}
