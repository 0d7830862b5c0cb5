//! The tour: a matchmaker, a bank and its clients as separate processes, on a network that loses and doubles messages.
//!
//! Ten thousand transfers go over TCP and ten thousand over UDP, through a relay that harms what passes, and five times
//! the bank is killed in the middle and started again. Every process is this program, started again with a role. At the
//! end the bank's own books say how often each transfer ran; the exit code is 0 only when that is once for each, and
//! each caller was told so.

mod audit;
#[path = "../bank/contract.rs"]
mod contract;
mod grouped;
#[path = "../bank/ledger.rs"]
mod ledger;
mod office;
mod options;
mod player;
mod progress;
mod relay;
mod roles;
mod stage;
mod table;

use std::process::ExitCode;

use options::Options;
use relay::Transport;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let Some(played) = roles::play(&arguments) {
        return exit_code(played.map(|()| true));
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
