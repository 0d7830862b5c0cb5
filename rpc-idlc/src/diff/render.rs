//! A comparison as text, or as JSON for programs.

use super::changes::Change;
use super::shape::Reads;
use super::{Comparison, Outcome, Verdict};
use crate::diag::{Format, quoted};
use crate::source::Span;

impl Comparison {
    /// The comparison as text, a line for each change, or as one object of JSON in a line. `docs/idl.md` describes
    /// both.
    pub fn render(&self, format: Format) -> String {
        match format {
            Format::Json => self.json(),
            _ => self.text(),
        }
    }

    fn text(&self) -> String {
        let mut text = String::new();
        for (change, wire) in self.changes.iter().zip(&self.wire) {
            let (old, new) = (self.place(change.old), self.place(change.new));
            text += &format!(
                "{old} -> {new}: {}: {}\n",
                kinds(change, *wire).join(", "),
                change.text
            );
        }
        if !self.verdicts.is_empty() {
            text += "\nOn the wire:\n";
        }
        for verdict in &self.verdicts {
            text += &spoken(verdict);
        }
        match (self.changes.is_empty(), self.breaks()) {
            (true, _) => "nothing changed\n".to_owned(),
            (_, true) => text + "\n" + &self.summary(),
            (_, false) => text + "\nnothing breaks\n",
        }
    }

    fn summary(&self) -> String {
        let count = |kind: &str| {
            let changes = self.changes.iter().zip(&self.wire);
            changes
                .filter(|(change, wire)| kinds(change, **wire).contains(&kind))
                .count()
        };
        let parts = ["wire", "source", "semantics", "harmless"].map(|kind| (count(kind), kind));
        let parts = parts.iter().filter(|(count, _)| *count > 0);
        let parts: Vec<String> = parts
            .map(|(count, kind)| format!("{count} {kind}"))
            .collect();
        let changes = self.changes.len();
        format!(
            "{changes} change{}: {}\n",
            if changes == 1 { "" } else { "s" },
            parts.join(", ")
        )
    }

    fn place(&self, span: Option<Span>) -> String {
        let Some(span) = span else {
            return "-".to_owned();
        };
        let (path, line, column) = self.position(span);
        format!("{path}:{line}:{column}")
    }

    /// The file, and the line and the column in characters, from 1.
    fn position(&self, span: Span) -> (String, usize, usize) {
        let source = self.sources.get(span.file);
        let before = &source.text[..span.start as usize];
        let line = before.matches('\n').count() + 1;
        let column = before.chars().rev().take_while(|c| *c != '\n').count() + 1;
        (source.path.to_string_lossy().into_owned(), line, column)
    }

    fn json(&self) -> String {
        let changes: Vec<String> = self
            .changes
            .iter()
            .zip(&self.wire)
            .map(|(change, wire)| {
                let kinds: Vec<String> = kinds(change, *wire)
                    .iter()
                    .map(|kind| quoted(kind))
                    .collect();
                format!(
                    "{{\"id\":{},\"kinds\":[{}],\"message\":{},\"old\":{},\"new\":{}}}",
                    quoted(change.id),
                    kinds.join(","),
                    quoted(&change.text),
                    self.json_place(change.old),
                    self.json_place(change.new)
                )
            })
            .collect();
        let methods: Vec<String> = self.verdicts.iter().map(json_verdict).collect();
        format!(
            "{{\"breaks\":{},\"changes\":[{}],\"methods\":[{}]}}\n",
            self.breaks(),
            changes.join(","),
            methods.join(",")
        )
    }

    fn json_place(&self, span: Option<Span>) -> String {
        let Some(span) = span else {
            return "null".to_owned();
        };
        let (path, line, column) = self.position(span);
        format!(
            "{{\"file\":{},\"line\":{line},\"column\":{column}}}",
            quoted(&path)
        )
    }
}

fn kinds(change: &Change, wire: bool) -> Vec<&'static str> {
    let kinds = [
        (wire, "wire"),
        (change.source, "source"),
        (change.semantics, "semantics"),
    ];
    let kinds: Vec<_> = kinds
        .into_iter()
        .filter(|(is, _)| *is)
        .map(|(_, kind)| kind)
        .collect();
    if kinds.is_empty() {
        vec!["harmless"]
    } else {
        kinds
    }
}

fn spoken(verdict: &Verdict) -> String {
    let name = format!("{}.{}", verdict.interface, verdict.method);
    let (program, version, procedure) = (verdict.program, verdict.version, verdict.procedure);
    let mut text =
        format!("  {name} (program {program:#x}, version {version}, procedure {procedure})\n");
    for (who, outcome, bytes) in [
        (
            "old clients, new server",
            verdict.old_client,
            verdict.old_bytes,
        ),
        (
            "new clients, old server",
            verdict.new_client,
            verdict.new_bytes,
        ),
    ] {
        let both = verdict.old_client != Outcome::Absent && verdict.new_client != Outcome::Absent;
        let unchecked = match (both && outcome == Outcome::Refused, bytes) {
            (false, _) => "",
            (true, Reads::All) => "; without fingerprints: works",
            (true, Reads::Some) => "; without fingerprints: some values are refused or misread",
            (true, Reads::Nothing) => "; without fingerprints: refused or misread",
        };
        text += &format!("    {who}: {}{unchecked}\n", words(outcome));
    }
    text
}

fn words(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Works => "works",
        Outcome::Refused => "refused, nothing runs",
        Outcome::Misread => "runs, and is misread",
        Outcome::Absent => "nobody calls it",
    }
}

fn json_verdict(verdict: &Verdict) -> String {
    let outcome = |outcome| match outcome {
        Outcome::Works => "works",
        Outcome::Refused => "refused",
        Outcome::Misread => "misread",
        Outcome::Absent => "absent",
    };
    let reads = |reads| match reads {
        Reads::All => "all",
        Reads::Some => "some",
        Reads::Nothing => "nothing",
    };
    format!(
        "{{\"interface\":{},\"method\":{},\"program\":{},\"version\":{},\"procedure\":{},\
         \"old_clients_new_server\":\"{}\",\"new_clients_old_server\":\"{}\",\
         \"old_clients_new_server_bytes\":\"{}\",\"new_clients_old_server_bytes\":\"{}\"}}",
        quoted(&verdict.interface),
        quoted(&verdict.method),
        verdict.program,
        verdict.version,
        verdict.procedure,
        outcome(verdict.old_client),
        outcome(verdict.new_client),
        reads(verdict.old_bytes),
        reads(verdict.new_bytes),
    )
}
