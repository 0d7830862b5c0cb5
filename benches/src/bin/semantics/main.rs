//! What the promises cost: at most once against `idempotent`, and exactly once against the same transactions by hand.
//!
//! `cargo run --release -p benches --bin semantics [PAIRS]`: each line compares two things that took turns, `PAIRS` times
//! each (41 if nothing is said); printed are both medians, the median of the ratios of the pairs, the interval in which
//! that median lies with a probability of 95 %, and the goal. Nothing fails because of a figure.
//!
//! Client and server are processes of their own, except over `mem://`, which is within one process.

mod promises;
mod service;
mod table;

use benches::Outcome;
use benches::placement::{load, pin_to_one_core};
use service::Road;

fn main() -> Outcome<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words[..] {
        [] => measure(41),
        ["serve"] => service::serve(),
        ["count", road, promise, calls] => {
            promises::make_calls(Road::parse(road)?, promise.parse()?, calls.parse()?)
        }
        [pairs] => measure(pairs.parse()?),
        _ => Err("usage: semantics [PAIRS]".into()),
    }
}

fn measure(pairs: usize) -> Outcome<()> {
    if pairs == 0 {
        return Err("there must be a pair to compare".into());
    }
    println!("{pairs} pairs, load at the start {}", load());
    pin_to_one_core()?;
    table::head("at most once", "idempotent");
    promises::latency(pairs)?;
    promises::instructions()?;
    promises::throughput(pairs)?;
    println!("load at the end {}", load());
    Ok(())
}
