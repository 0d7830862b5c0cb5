//! `matchmaker watch`: who comes and who goes.

use super::{At, Outcome, away, connect};
use rpc_core::matchmaker::Entry;
use std::collections::BTreeSet;
use std::io::{self, Write};
use std::thread;
use std::time::Duration;

/// How long one call waits; then the next one is made.
const WAIT: Duration = Duration::from_secs(30);

/// How much longer than it waits a call may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// Prints a line for each server of the name, then one for each that comes (`+`) or goes (`-`), until the matchmaker does.
pub(super) fn watch(name: &str, at: &At) -> Outcome {
    let (matchmaker, client) = connect(at)?;
    let (mut known, mut there) = (0, BTreeSet::new());
    loop {
        let wait = u32::try_from(WAIT.as_millis()).unwrap_or(u32::MAX);
        let sight = client
            .watch(name, known, wait)
            .deadline(WAIT + PATIENCE)
            .wait()
            .map_err(|error| away(&matchmaker, error.into()))?;
        known = sight.generation;
        let now: BTreeSet<String> = sight.entries.iter().map(line).collect();
        let mut out = io::stdout().lock();
        for gone in there.difference(&now) {
            writeln!(out, "- {gone}")?;
        }
        for come in now.difference(&there) {
            writeln!(out, "+ {come}")?;
        }
        out.flush()?;
        there = now;
        thread::park_timeout(Duration::from_millis(sight.pause_ms.into()));
    }
}

fn line(entry: &Entry) -> String {
    let registration = &entry.registration;
    let endpoints: Vec<&str> = registration
        .endpoints
        .iter()
        .map(|endpoint| endpoint.as_str())
        .collect();
    format!(
        "{} version {} at {} ({:016x})",
        *registration.name,
        registration.version,
        endpoints.join(" "),
        registration.incarnation
    )
}
