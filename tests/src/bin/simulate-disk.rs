//! Runs the embedded completion store on simulated disks that crash, one for each seed.
//!
//! Ends with 0 only if no seed breaks a promise and, in a large run, if every fault was seen.

use clap::Parser;
use std::process::ExitCode;
use std::time::Instant;
use testkit::disk::{self, faults::Visits};
use testkit::sweep::{Sum, Sweep};

/// Runs the embedded completion store on simulated disks that crash, one for each seed.
#[derive(Parser)]
struct Arguments {
    #[command(flatten)]
    sweep: Sweep,
}

/// From so many seeds on, what was never seen counts as a failure.
const LARGE: u64 = 2000;

/// What all seeds together came to.
#[derive(Default)]
struct Total {
    seeds: u64,
    lives: u64,
    commits: u64,
    visits: Visits,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let started = Instant::now();
    let (total, failed) = arguments.sweep.run(world);
    for (name, count) in total.visits.rows() {
        println!("{count:>12}  {name}");
    }
    let seconds = started.elapsed().as_secs_f64();
    println!(
        "\n{} seeds in {seconds:.1} s; {} lives, {} commits",
        total.seeds, total.lives, total.commits
    );
    if let Some((seed, violation)) = &failed {
        println!("\nseed {seed} fails: {violation}");
        println!(
            "to replay: cargo run --release -p tests --bin simulate-disk -- --seeds 1 --seed {seed}"
        );
        return ExitCode::FAILURE;
    }
    let missing = total.visits.missing();
    if arguments.sweep.seeds >= LARGE && !missing.is_empty() {
        println!(
            "\nnever seen in {} seeds: {}",
            total.seeds,
            missing.join(", ")
        );
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

fn world(seed: u64) -> (Total, Option<String>) {
    let report = disk::run(seed);
    let total = Total {
        seeds: 1,
        lives: report.lives,
        commits: report.commits,
        visits: report.visits,
    };
    (total, report.violation)
}

impl Sum for Total {
    fn join(&mut self, other: Self) {
        self.seeds += other.seeds;
        self.lives += other.lives;
        self.commits += other.commits;
        self.visits.add(&other.visits);
    }
}
