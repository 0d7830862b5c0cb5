//! What the promises cost: at most once against `idempotent`, and exactly once against the same transactions by hand.
//!
//! `cargo run --release -p benches --bin semantics [PAIRS [promises|durable]]`: each line compares two things that took turns, `PAIRS` times
//! each (41 if nothing is said); printed are both medians, the median of the ratios of the pairs, the interval in which
//! that median lies with a probability of 95 %, and the goal. Nothing fails because of a figure.
//!
//! Client and server are processes of their own, except over `mem://`, which is within one process.

mod durable;
mod grouped;
mod promises;
mod service;
mod table;

use benches::Outcome;
use benches::placement::{allowed, load, pin_to_one_core, restore};
use service::Road;

fn main() -> Outcome<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words[..] {
        [] => measure(41, Part::All),
        ["serve"] => service::serve(),
        ["serve-durable", folder] => durable::serve(folder),
        ["count", road, promise, calls] => {
            promises::make_calls(Road::parse(road)?, promise.parse()?, calls.parse()?)
        }
        [pairs] => measure(pairs.parse()?, Part::All),
        [pairs, "promises"] => measure(pairs.parse()?, Part::Promises),
        [pairs, "durable"] => measure(pairs.parse()?, Part::Durable),
        _ => Err("usage: semantics [PAIRS [promises|durable]]".into()),
    }
}

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    All,
    Promises,
    Durable,
}

fn measure(pairs: usize, part: Part) -> Outcome<()> {
    if pairs == 0 {
        return Err("there must be a pair to compare".into());
    }
    println!("{pairs} pairs, load at the start {}", load());
    if part != Part::Durable {
        let cores = allowed()?;
        pin_to_one_core()?;
        table::head("at most once", "idempotent");
        promises::latency(pairs)?;
        promises::instructions()?;
        promises::throughput(pairs)?;
        restore(&cores)?;
    }
    if part != Part::Promises {
        table::head("exactly once", "by hand");
        durable::measure(pairs)?;
    }
    println!("load at the end {}", load());
    Ok(())
}
