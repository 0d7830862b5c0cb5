//! Runs the embedded completion store on simulated disks that crash, one for each seed.
//!
//! Ends with 0 only if no seed breaks a promise and, in a large run, if every fault was seen.

use clap::Parser;
use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;
use testkit::disk::{self, Report, faults::Visits};

/// Runs the embedded completion store on simulated disks that crash, one for each seed.
#[derive(Parser)]
struct Arguments {
    /// How many seeds to run.
    #[arg(long, default_value_t = 1000)]
    seeds: u64,
    /// The first of them.
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// How many threads to use; one for each processor unless said otherwise.
    #[arg(long)]
    threads: Option<usize>,
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
    failed: Option<(u64, String)>,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let started = Instant::now();
    let total = run_all(&arguments);
    for (name, count) in total.visits.rows() {
        println!("{count:>12}  {name}");
    }
    let seconds = started.elapsed().as_secs_f64();
    println!(
        "\n{} seeds in {seconds:.1} s; {} lives, {} commits",
        total.seeds, total.lives, total.commits
    );
    if let Some((seed, violation)) = &total.failed {
        println!("\nseed {seed} fails: {violation}");
        println!(
            "to replay: cargo run --release -p tests --bin simulate-disk -- --seeds 1 --seed {seed}"
        );
        return ExitCode::FAILURE;
    }
    let missing = total.visits.missing();
    if arguments.seeds >= LARGE && !missing.is_empty() {
        println!(
            "\nnever seen in {} seeds: {}",
            total.seeds,
            missing.join(", ")
        );
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

fn run_all(arguments: &Arguments) -> Total {
    let threads = arguments
        .threads
        .unwrap_or_else(|| std::thread::available_parallelism().map_or(1, std::num::NonZero::get));
    let next = AtomicU64::new(0);
    // Once a seed has failed, only earlier ones are of interest.
    let failed = AtomicU64::new(u64::MAX);
    let work = || {
        let mut total = Total::default();
        loop {
            let place = next.fetch_add(1, Ordering::Relaxed);
            if place >= arguments.seeds || place > failed.load(Ordering::Relaxed) {
                return total;
            }
            let report = disk::run(arguments.seed.wrapping_add(place));
            if report.violation.is_some() {
                failed.fetch_min(place, Ordering::Relaxed);
            }
            total.take(report);
        }
    };
    let mut all = Total::default();
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads.max(1)).map(|_| scope.spawn(work)).collect();
        for worker in workers {
            match worker.join() {
                Ok(total) => all.join(total),
                Err(_) => all.failed = all.failed.take().or(Some((0, "a panic, above".to_owned()))),
            }
        }
    });
    all
}

impl Total {
    fn take(&mut self, report: Report) {
        let failed = report.violation.map(|violation| (report.seed, violation));
        self.join(Total {
            seeds: 1,
            lives: report.lives,
            commits: report.commits,
            visits: report.visits,
            failed,
        });
    }

    fn join(&mut self, other: Total) {
        self.seeds += other.seeds;
        self.lives += other.lives;
        self.commits += other.commits;
        self.visits.add(&other.visits);
        let failures = [self.failed.take(), other.failed].into_iter().flatten();
        self.failed = failures.min_by_key(|(seed, _)| *seed);
    }
}
