//! The lines that are printed.

use benches::statistics::Comparison;

/// What the ratio is to be.
#[derive(Clone, Copy, Debug)]
pub enum Goal {
    /// No more than this.
    AtMost(f64),
    /// No less than this.
    AtLeast(f64),
}

/// Names the two things that the following lines compare.
pub fn head(first: &str, second: &str) {
    println!();
    println!(
        "{:<42} {first:>15} {second:>15}  ratio  95 %              goal",
        ""
    );
}

/// One comparison.
pub fn line(what: &str, compared: &Comparison, goal: Goal) {
    let Comparison {
        first,
        second,
        ratio,
        interval: (low, high),
    } = compared;
    let interval = format!("{low:.3} to {high:.3}");
    row(what, [*first, *second], *ratio, &interval, goal);
}

/// Two numbers that come out the same each time, as near as makes no difference.
pub fn exact(what: &str, first: f64, second: f64, goal: Goal) {
    row(what, [first, second], first / second, "", goal);
}

/// Something that this machine cannot measure.
pub fn not_measured(what: &str, why: &str) {
    println!("{what:<42} not measured: {why}");
}

fn row(what: &str, [first, second]: [f64; 2], ratio: f64, interval: &str, goal: Goal) {
    let (goal, reached) = match goal {
        Goal::AtMost(most) => (format!("≤ {most:.2}"), ratio <= most),
        Goal::AtLeast(least) => (format!("≥ {least:.2}"), ratio >= least),
    };
    let reached = if reached { "" } else { "  missed" };
    println!(
        "{what:<42} {:>15} {:>15}  {ratio:.3}  {interval:<16}  {goal}{reached}",
        readable(first),
        readable(second)
    );
}

fn readable(value: f64) -> String {
    if value < 1000.0 {
        format!("{value:.2}")
    } else {
        format!("{value:.0}")
    }
}
