//! Runs the session machines and the registry through simulated worlds, one for each seed.
//!
//! Ends with 0 only if no seed violates a rule and, in a large run, if everything was seen that there is to see.

use clap::Parser;
use std::process::ExitCode;
use std::time::Instant;
use testkit::simulation::{self, trace, visits::Visits};
use testkit::sweep::{Sum, Sweep};

/// Runs the session machines and the registry through simulated worlds, one for each seed.
#[derive(Parser)]
struct Arguments {
    #[command(flatten)]
    sweep: Sweep,
    /// How many lines to show of what led to a violation.
    #[arg(long, default_value_t = 60)]
    trace: usize,
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
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    simulation::catch_panics();
    let started = Instant::now();
    let (total, failed) = arguments.sweep.run(world);
    let seconds = started.elapsed().as_secs_f64();
    print_total(&total, seconds);
    if let Some((seed, violation)) = &failed {
        print_failure(*seed, violation, arguments.trace);
        return ExitCode::FAILURE;
    }
    let missing = total.visits.missing();
    if arguments.sweep.seeds >= LARGE && !missing.is_empty() {
        println!("\nnever seen in {} seeds:", total.seeds);
        missing.iter().for_each(|text| println!("  {text}"));
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

fn world(seed: u64) -> (Total, Option<String>) {
    let report = simulation::run(seed);
    let total = Total {
        seeds: 1,
        calls: report.calls as u64,
        steps: report.steps,
        shares: report.shares,
        visits: report.visits,
    };
    (total, report.violation)
}

impl Sum for Total {
    fn join(&mut self, other: Self) {
        self.seeds += other.seeds;
        self.calls += other.calls;
        self.steps += other.steps;
        self.visits.add(&other.visits);
        for (sum, more) in self.shares.iter_mut().zip(other.shares) {
            *sum += more;
        }
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
