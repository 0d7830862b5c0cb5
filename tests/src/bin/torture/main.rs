//! Torture: a bank, killed with SIGKILL at random moments and started again, and clients to whom the same happens.
//!
//! Real processes and real files. The bank keeps its money and its completion records in one durable store, and two files
//! of papers beside it. Twelve clients ask for transfers, letters and parcels (`contract`, `deed`): eight over TCP and UDP
//! through a relay that cuts, loses, doubles and reorders, two over a Unix socket; half of them find their calls again by
//! key, and half by session file. Two more are never killed and have only what a deadline leaves them. All find the bank
//! through a matchmaker, since each third time it comes back somewhere else (`stage`). Everybody writes down what they ask
//! and do, outside the framework (`ledger`, `roles`), and at the end it is compared (`audit`).
//!
//! Every process is this program, started again with a role, as in the tour, whose players and bad network these are.

mod audit;
mod contract;
mod deed;
#[path = "../../../../examples/src/bin/tour/grouped.rs"]
mod grouped;
mod ledger;
mod options;
mod papers;
#[path = "../../../../examples/src/bin/tour/player.rs"]
mod player;
#[path = "../../../../examples/src/bin/tour/relay/mod.rs"]
mod relay;
mod reply;
mod roles;
mod stage;
mod table;
mod whole_lines;

use std::error::Error;
use std::process::ExitCode;

use clap::Parser;
use options::Options;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let Some(played) = roles::play(&arguments) {
        return exit_code(played.map(|()| true));
    }
    exit_code(torture(&Options::parse()))
}

/// True if all is as promised, and enough happened to say so.
fn torture(options: &Options) -> Result<bool, Box<dyn Error>> {
    let (count, verdict) = stage::play(options)?;
    print!("{}", table::table(&count, &verdict));
    Ok(table::is_good(&verdict))
}

fn exit_code(outcome: Result<bool, Box<dyn Error>>) -> ExitCode {
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("torture: {error}");
            ExitCode::FAILURE
        }
    }
}
