//! Entries as a table.

use rpc_core::matchmaker::Entry;
use std::fmt::Write;
use std::time::Duration;

const TITLES: [&str; 7] = [
    "NAME",
    "PROGRAM",
    "VERSION",
    "ENDPOINTS",
    "AGE",
    "LEASE",
    "INCARNATION",
];

/// A line for each entry, under titles, in columns.
pub fn table(entries: &[Entry]) -> String {
    let rows: Vec<[String; 7]> = std::iter::once(TITLES.map(str::to_owned))
        .chain(entries.iter().map(cells))
        .collect();
    let mut widths = [0; 7];
    for row in &rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.len());
        }
    }
    let mut text = String::new();
    for row in rows {
        let padded: Vec<String> = row
            .iter()
            .zip(widths)
            .map(|(cell, width)| format!("{cell:width$}"))
            .collect();
        text.push_str(padded.join("  ").trim_end());
        text.push('\n');
    }
    text
}

/// The fingerprints of each entry's methods, under a line that says whose they are.
pub fn fingerprints(entries: &[Entry]) -> String {
    let mut text = String::new();
    for Entry { registration, .. } in entries {
        let endpoint = registration
            .endpoints
            .first()
            .map_or("nowhere", |endpoint| endpoint);
        // Writing to a String does not fail.
        let _ = writeln!(
            text,
            "\n{} version {} at {endpoint}",
            *registration.name, registration.version
        );
        for method in registration.fingerprints.iter() {
            let _ = writeln!(
                text,
                "  procedure {:<4} fingerprint {:016x}",
                method.procedure, method.fingerprint
            );
        }
    }
    text
}

fn cells(entry: &Entry) -> [String; 7] {
    let registration = &entry.registration;
    let endpoints: Vec<&str> = registration
        .endpoints
        .iter()
        .map(|endpoint| endpoint.as_str())
        .collect();
    let left = u64::from(entry.lease_ms).saturating_sub(entry.renewed_ms);
    [
        registration.name.to_string(),
        format!("{:#010x}", registration.program),
        registration.version.to_string(),
        endpoints.join(" "),
        span(entry.age_ms),
        format!("{} of {}", span(left), span(entry.lease_ms.into())),
        format!("{:016x}", registration.incarnation),
    ]
}

/// Two digits or three are enough to see how old something is.
fn span(ms: u64) -> String {
    let seconds = Duration::from_millis(ms).as_secs();
    match seconds {
        0..10 => format!("{}.{} s", seconds, ms % 1000 / 100),
        10..120 => format!("{seconds} s"),
        120..7200 => format!("{} min", seconds / 60),
        7200..172_800 => format!("{} h", seconds / 3600),
        _ => format!("{} d", seconds / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use super::{fingerprints, span, table};
    use rpc_core::Bounded;
    use rpc_core::matchmaker::{Entry, MethodFingerprint, Registration};

    fn entry(name: &str, endpoints: &[&str]) -> Entry {
        let endpoint = |endpoint: &&str| Bounded::new((*endpoint).to_owned()).unwrap();
        let registration = Registration {
            name: Bounded::new(name.to_owned()).unwrap(),
            program: 0x2000_0bab,
            version: 1,
            fingerprints: Bounded::new(vec![MethodFingerprint {
                procedure: 3,
                fingerprint: 0xabc,
            }])
            .unwrap(),
            instance: [0; 16],
            incarnation: 0x77,
            store: None,
            endpoints: Bounded::new(endpoints.iter().map(endpoint).collect()).unwrap(),
        };
        Entry {
            registration,
            age_ms: 61_000,
            renewed_ms: 2_500,
            lease_ms: 15_000,
        }
    }

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let entries = [
            entry("a", &["tcp://127.0.0.1:1", "udp://127.0.0.1:1"]),
            entry("bank", &["tcp://h:2"]),
        ];
        let expected = "\
NAME  PROGRAM     VERSION  ENDPOINTS                            AGE   LEASE         INCARNATION
a     0x20000bab  1        tcp://127.0.0.1:1 udp://127.0.0.1:1  61 s  12 s of 15 s  0000000000000077
bank  0x20000bab  1        tcp://h:2                            61 s  12 s of 15 s  0000000000000077
";
        assert_eq!(table(&entries), expected);
    }

    #[test]
    fn fingerprints_stand_under_the_server_they_belong_to() {
        let expected =
            "\nbank version 1 at tcp://h:2\n  procedure 3    fingerprint 0000000000000abc\n";
        assert_eq!(fingerprints(&[entry("bank", &["tcp://h:2"])]), expected);
    }

    #[test]
    fn a_span_is_told_in_the_unit_that_fits_it() {
        for (ms, expected) in [
            (0, "0.0 s"),
            (9_999, "9.9 s"),
            (10_000, "10 s"),
            (119_999, "119 s"),
            (120_000, "2 min"),
            (7_200_000, "2 h"),
            (172_800_000, "2 d"),
        ] {
            assert_eq!(span(ms), expected, "{ms} ms");
        }
    }
}
