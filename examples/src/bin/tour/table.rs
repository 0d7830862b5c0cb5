//! The table at the end.

use std::time::Duration;

use crate::Transport;
use crate::audit::Verdict;
use crate::grouped::grouped;

/// One line for each transport, numbers to the right.
pub fn table(rows: &[(Transport, Verdict, Duration)]) -> String {
    let heads = [
        "transport",
        "asked",
        "executed",
        "retransmitted",
        "replayed",
        "lost",
        "doubled",
        "seconds",
    ];
    let mut lines = vec![heads.map(str::to_owned)];
    for (transport, verdict, took) in rows {
        let numbers = [
            verdict.asked,
            verdict.executed,
            verdict.retransmitted,
            verdict.replayed,
            verdict.lost,
            verdict.doubled,
        ];
        let [asked, executed, retransmitted, replayed, lost, doubled] = numbers.map(grouped);
        let seconds = format!("{:.1}", took.as_secs_f64());
        lines.push([
            transport.to_string(),
            asked,
            executed,
            retransmitted,
            replayed,
            lost,
            doubled,
            seconds,
        ]);
    }
    lines.iter().map(|cells| line(cells, heads)).collect()
}

fn line(cells: &[String; 8], heads: [&str; 8]) -> String {
    let mut line = format!("{:<width$}", cells[0], width = heads[0].len());
    for (cell, head) in cells.iter().zip(heads).skip(1) {
        line += &format!("  {cell:>width$}", width = head.len().max(7));
    }
    line + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_column_is_under_its_head() {
        let verdict = Verdict {
            asked: 10_000,
            executed: 10_000,
            retransmitted: 8_123,
            replayed: 77,
            lost: 0,
            doubled: 0,
        };
        let text = table(&[(Transport::Udp, verdict, Duration::from_millis(6_340))]);
        let expected = "\
transport    asked  executed  retransmitted  replayed     lost  doubled  seconds
udp         10,000    10,000          8,123        77        0        0      6.3
";
        assert_eq!(text, expected);
    }
}
