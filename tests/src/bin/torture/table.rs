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
        text += &format!("  {head:>width$}", width = width(head));
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
    for (number, head) in numbers.map(grouped).iter().zip(HEADS) {
        line += &format!("  {number:>width$}", width = width(head));
    }
    line + "\n"
}

fn width(head: &str) -> usize {
    head.len().max(7)
}

fn told(count: &Count, verdict: &Verdict) -> String {
    let interest = &verdict.interest;
    let [by_key, by_file] = interest.resumed.map(grouped);
    let mut text = format!(
        "The bank was killed {} times in {:.0} s, {} of them before it was up; it came back elsewhere {} times.\n\
         Clients were killed {} times; later processes finished {by_key} of their calls by key, {by_file} by session file.\n\
         {} times a call was under way when the bank died; {} attempts ended without an answer.\n\
         {} answers came from an earlier life of the bank, and {} of the repeated ones.\n",
        grouped(count.kills.into()),
        count.took.as_secs_f64(),
        grouped(count.stillborn.into()),
        grouped(count.replacements.into()),
        grouped(count.client_kills.into()),
        grouped(interest.interrupted),
        grouped(interest.late),
        grouped(interest.inherited),
        grouped(interest.repeated_later),
    );
    if verdict.silenced > 0 {
        let _ = writeln!(
            text,
            "{} calls without a name ended in a silence that was longer than a session lasts.",
            grouped(verdict.silenced)
        );
    }
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
