//! The command line.

use std::path::PathBuf;
use std::time::Duration;

use clap::Parser;

use crate::ledger::now;

/// A bank on a durable store is killed again and again, and so are its clients. At the end the ledgers of both are compared:
/// the exit code is 0 only if every call ran exactly once and every caller was told so.
#[derive(Parser, Debug)]
#[command(name = "torture")]
pub struct Options {
    /// How often the bank is killed.
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..))]
    pub kills: u32,
    /// What all dice start from; without it, the time.
    #[arg(long)]
    pub seed: Option<u64>,
    /// Threads in each client, each with one call at a time.
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u32).range(1..=64))]
    pub threads: u32,
    /// The run fails when it takes longer; without it, a minute and two seconds for each kill.
    #[arg(long)]
    pub seconds: Option<u32>,
    /// A new folder for the files; without it, one that is removed when all went well.
    #[arg(long)]
    pub folder: Option<PathBuf>,
    /// Puts an old copy of the store back in the middle of the run, which nothing can survive: the audit must find out.
    #[arg(long)]
    pub restore_backup: bool,
}

impl Options {
    pub fn seed(&self) -> u64 {
        self.seed.unwrap_or_else(now)
    }

    pub fn bound(&self) -> Duration {
        let seconds = self.seconds.unwrap_or(60 + 2 * self.kills);
        Duration::from_secs(seconds.into())
    }
}
