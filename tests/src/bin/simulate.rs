//! Runs the session machines and the registry through simulated worlds, one for each seed.
//!
//! Ends with 0 only if no seed violates a rule and, in a large run, if everything was seen that there is to see.

use clap::Parser;
use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;
use testkit::simulation::{self, Report, trace, visits::Visits};

/// Runs the session machines and the registry through simulated worlds, one for each seed.
#[derive(Parser)]
struct Arguments {
    /// How many seeds to run.
    #[arg(long, default_value_t = 1000)]
    seeds: u64,
    /// The first of them.
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// How many lines to show of what led to a violation.
    #[arg(long, default_value_t = 60)]
    trace: usize,
    /// How many threads to use; one for each processor unless said otherwise.
    #[arg(long)]
    threads: Option<usize>,
}

/// From so many seeds on, what was never seen counts as a failure.
const LARGE: u64 = 1000;

/// What all seeds together came to.
#[derive(Default)]
struct Total {
    seeds: u64,
    calls: u64,
    steps: u64,
    shares: [u64; 3],
    visits: Visits,
    failed: Option<(u64, String)>,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    simulation::catch_panics();
    let started = Instant::now();
    let total = run_all(&arguments);
    let seconds = started.elapsed().as_secs_f64();
    print_total(&total, seconds);
    if let Some((seed, violation)) = &total.failed {
        print_failure(*seed, violation, arguments.trace);
        return ExitCode::FAILURE;
    }
    let missing = total.visits.missing();
    if arguments.seeds >= LARGE && !missing.is_empty() {
        println!("\nnever seen in {} seeds:", total.seeds);
        missing.iter().for_each(|text| println!("  {text}"));
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

fn run_all(arguments: &Arguments) -> Total {
    let threads = arguments
        .threads
        .unwrap_or_else(|| std::thread::available_parallelism().map_or(1, std::num::NonZero::get));
    let next = AtomicU64::new(0);
    // The lowest seed that failed so far: later ones need not be run, earlier ones do, so that the first one is found.
    let failed = AtomicU64::new(u64::MAX);
    let work = || {
        let mut total = Total::default();
        loop {
            let place = next.fetch_add(1, Ordering::Relaxed);
            if place >= arguments.seeds || place > failed.load(Ordering::Relaxed) {
                return total;
            }
            let report = simulation::run(arguments.seed.wrapping_add(place));
            if report.violation.is_some() {
                failed.fetch_min(place, Ordering::Relaxed);
            }
            total.take(report);
        }
    };
    let totals = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads.max(1)).map(|_| scope.spawn(work)).collect();
        workers
            .into_iter()
            .filter_map(|worker| worker.join().ok())
            .collect::<Vec<_>>()
    });
    totals.into_iter().fold(Total::default(), Total::join)
}

impl Total {
    fn take(&mut self, report: Report) {
        self.seeds += 1;
        self.calls += report.calls as u64;
        self.steps += report.steps;
        self.visits.add(&report.visits);
        for (sum, more) in self.shares.iter_mut().zip(report.shares) {
            *sum += more;
        }
        if let Some(violation) = report.violation
            && self
                .failed
                .as_ref()
                .is_none_or(|(seed, _)| report.seed < *seed)
        {
            self.failed = Some((report.seed, violation));
        }
    }

    fn join(mut self, other: Total) -> Total {
        self.seeds += other.seeds;
        self.calls += other.calls;
        self.steps += other.steps;
        self.visits.add(&other.visits);
        for (sum, more) in self.shares.iter_mut().zip(other.shares) {
            *sum += more;
        }
        self.failed = [self.failed, other.failed]
            .into_iter()
            .flatten()
            .min_by_key(|(seed, _)| *seed);
        self
    }
}

fn print_total(total: &Total, seconds: f64) {
    for (text, count) in total.visits.rows() {
        println!("{count:>12}  {text}");
    }
    let errors = total.shares.iter().sum::<u64>().max(1) as f64;
    let [no, maybe, yes] = total.shares.map(|share| 100.0 * share as f64 / errors);
    println!(
        "\n{} seeds in {seconds:.1} s, {:.0} seeds per second; {} calls, {} steps",
        total.seeds,
        total.seeds as f64 / seconds,
        total.calls,
        total.steps
    );
    println!("executed, as errors said it: No {no:.1} %, Maybe {maybe:.1} %, Yes {yes:.1} %");
}

/// Runs the seed again to show what led to the violation.
fn print_failure(seed: u64, violation: &str, lines: usize) {
    trace::start(lines);
    let again = simulation::run(seed);
    println!("\nseed {seed}: the last {lines} lines before the violation");
    trace::take().iter().for_each(|line| println!("  {line}"));
    println!("\nseed {seed} fails: {violation}");
    if again.violation.as_deref() != Some(violation) {
        println!("when run again it did not fail so: {:?}", again.violation);
    }
    println!("to replay: cargo run --release -p tests --bin simulate -- --seeds 1 --seed {seed}");
}
