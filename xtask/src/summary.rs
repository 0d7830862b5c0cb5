//! What `cargo xtask test` says at its end.

use std::fmt;

/// How a step went.
pub enum Outcome {
    Passed,
    Failed(String),
    Skipped(String),
}

/// All outcomes, and the tests that could not run on this machine.
#[derive(Default)]
pub struct Report {
    rows: Vec<(&'static str, Outcome, f64)>,
    /// `test: reason`, one for each.
    pub skipped_tests: Vec<String>,
}

impl Report {
    pub fn add(&mut self, name: &'static str, outcome: Outcome, seconds: f64) {
        self.rows.push((name, outcome, seconds));
    }

    /// True if nothing failed and, where that matters, nothing was skipped.
    pub fn is_good(&self, no_skip: bool) -> bool {
        let failed = self
            .rows
            .iter()
            .any(|(_, outcome, _)| matches!(outcome, Outcome::Failed(_)));
        let spoiled = no_skip && self.skipped_anything();
        !failed && !spoiled
    }

    fn skipped_anything(&self) -> bool {
        !self.skipped_tests.is_empty()
            || self
                .rows
                .iter()
                .any(|(_, outcome, _)| matches!(outcome, Outcome::Skipped(_)))
    }
}

impl fmt::Display for Report {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(out, "\n── summary")?;
        for (name, outcome, seconds) in &self.rows {
            let (word, why) = match outcome {
                Outcome::Passed => ("passed", ""),
                Outcome::Failed(why) => ("FAILED", why.as_str()),
                Outcome::Skipped(why) => ("skipped", why.as_str()),
            };
            writeln!(
                out,
                "{}",
                format!("{word:<8}{name:<10}{seconds:>7.1} s  {why}").trim_end()
            )?;
        }
        match self.skipped_tests.len() {
            0 => writeln!(out, "No test was skipped."),
            count => {
                writeln!(out, "Skipped tests: {count}")?;
                self.skipped_tests
                    .iter()
                    .try_for_each(|line| writeln!(out, "  {line}"))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(outcome: Outcome, skipped_tests: &[&str], good: bool, good_in_ci: bool) {
        let mut report = Report::default();
        report.add("step", outcome, 1.0);
        report.skipped_tests = skipped_tests.iter().map(|&line| line.to_owned()).collect();
        assert_eq!(
            (report.is_good(false), report.is_good(true)),
            (good, good_in_ci),
            "{report}"
        );
    }

    #[test]
    fn only_continuous_integration_minds_a_skip() {
        check(Outcome::Passed, &[], true, true);
        check(Outcome::Passed, &["interop: no rpcgen"], true, false);
        check(Outcome::Skipped("no clippy".into()), &[], true, false);
        check(Outcome::Failed("exit code 1".into()), &[], false, false);
    }

    #[test]
    fn the_summary_names_each_skipped_test_with_its_reason() {
        let report = Report {
            rows: Vec::new(),
            skipped_tests: vec!["interop: no rpcgen".into()],
        };
        assert!(
            report
                .to_string()
                .ends_with("Skipped tests: 1\n  interop: no rpcgen\n")
        );
    }
}
