//! What is printed at the end.

use std::fmt::Write;

use crate::audit::{Kind, Tally, Verdict};
use crate::grouped::grouped;
use crate::stage::Count;

/// So many violations are shown; more of them say the same.
const SHOWN: usize = 20;
const HEADS: [&str; 8] = [
    "asked",
    "executed",
    "answered",
    "repeated",
    "doubled",
    "lost",
    "differing",
    "unknown",
];

/// Whether nothing is amiss, and enough happened for that to mean something.
pub fn is_good(verdict: &Verdict) -> bool {
    verdict.violations.is_empty() && verdict.interest.missing().is_empty()
}

pub fn table(count: &Count, verdict: &Verdict) -> String {
    let mut text = format!("{:<22}", "effects");
    for head in HEADS {
        text += &format!("  {head:>9}");
    }
    text.push('\n');
    for (kind, tally) in Kind::ALL.iter().zip(&verdict.tallies) {
        text += &line(name(*kind), tally);
    }
    text + &told(count, verdict)
}

fn name(kind: Kind) -> &'static str {
    match kind {
        Kind::Transactional => "in the transaction",
        Kind::Recovered => "elsewhere, recovered",
        Kind::Unrecovered => "elsewhere",
    }
}

fn line(name: &str, tally: &Tally) -> String {
    let numbers = [
        tally.asked,
        tally.executed,
        tally.answered,
        tally.repeated,
        tally.doubled,
        tally.lost,
        tally.differing,
        tally.unknown,
    ];
    let mut line = format!("{name:<22}");
    for number in numbers.map(grouped) {
        line += &format!("  {number:>9}");
    }
    line + "\n"
}

fn told(count: &Count, verdict: &Verdict) -> String {
    let interest = &verdict.interest;
    let [by_key, by_file] = interest.resumed.map(grouped);
    let mut text = format!(
        "The bank was killed {} times, {} of them before it was up, and came back elsewhere {} times; clients were \
         killed {} times; it took {:.0} s.\n\
         {} times a call was under way when the bank died; {} answers came from an earlier life of the bank, and {} \
         repeated ones.\n\
         {} attempts ended without an answer; {by_key} calls were finished by a later process by key, {by_file} by \
         session file.\n",
        grouped(count.kills.into()),
        grouped(count.stillborn.into()),
        grouped(count.replacements.into()),
        grouped(count.client_kills.into()),
        count.took.as_secs_f64(),
        grouped(interest.interrupted),
        grouped(interest.inherited),
        grouped(interest.repeated_later),
        grouped(interest.late),
    );
    for violation in verdict.violations.iter().take(SHOWN) {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "VIOLATED: {violation}");
    }
    let hidden = verdict.violations.len().saturating_sub(SHOWN);
    if hidden > 0 {
        let _ = writeln!(text, "VIOLATED: {hidden} more");
    }
    for missing in interest.missing() {
        let _ = writeln!(text, "THIS PROVES NOTHING: {missing}");
    }
    text += if is_good(verdict) {
        "As promised: nothing ran twice, nothing that was answered is lost, and no outcome is unknown that could be known.\n"
    } else {
        "NOT AS PROMISED.\n"
    };
    text
}
