//! The page of messages, a section at a time.

const PAGE: &str = include_str!("../../../docs/errors.md");

/// What a code of a message means, from `docs/errors.md`, for reading on a terminal. `None` if there
/// is no such code; `e0301` and `301` stand for `E0301`.
///
/// ```
/// let text = rpc_idlc::explain("E0304").unwrap_or_default();
/// assert!(text.starts_with("E0304: a length of 0\n"), "{text}");
/// ```
pub fn explain(code: &str) -> Option<String> {
    let digits = code.trim_start_matches(['E', 'e', 'W', 'w']);
    let code = format!("{digits:0>4}");
    let named =
        |heading: &str| heading.split(':').next().and_then(|full| full.get(1..)) == Some(&code);
    let (heading, body) = sections().find(|(heading, _)| named(heading))?;
    let text = plain(body, heading.starts_with('W'));
    Some(format!("{heading}\n\n{text}"))
}

/// The headings of the codes and what stands below each.
fn sections() -> impl Iterator<Item = (&'static str, &'static str)> {
    let sections = PAGE.split("\n## ").skip(1);
    sections.filter_map(|section| {
        let (heading, body) = section.split_once('\n')?;
        // The heading of the next group is no part of it.
        Some((heading, body.split("\n# ").next().unwrap_or(body)))
    })
}

/// The text without the fences: samples are set in and have a line that says what they are.
fn plain(body: &str, warning: bool) -> String {
    let mut text = String::new();
    let mut sample = false;
    for line in body.trim().lines() {
        match line.strip_prefix("```") {
            Some(kind) => {
                sample = !kind.is_empty();
                if kind.contains(" bad") {
                    let refused = if warning { "Warned of" } else { "Refused" };
                    text.push_str(&format!("{refused}:\n\n"));
                } else if sample {
                    text.push_str("Mended:\n\n");
                }
            }
            None if sample && !line.is_empty() => text.push_str(&format!("    {line}\n")),
            None => text.push_str(&format!("{line}\n")),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{explain, sections};
    use crate::diag::Code;

    #[test]
    fn every_code_has_a_section_and_every_section_a_code() {
        let codes: Vec<_> = Code::ALL.iter().map(|code| code.as_str()).collect();
        let headings: Vec<_> = sections().map(|(heading, _)| &heading[..5]).collect();
        assert_eq!(headings, codes);
    }

    #[test]
    fn a_section_is_found_however_the_code_is_written() {
        for code in ["E0301", "e0301", "0301", "301"] {
            let text = explain(code).unwrap_or_default();
            assert!(text.starts_with("E0301: "), "{code}: {text}");
            let kept = text.contains("Refused:\n\n    ") && text.contains("Mended:\n\n    ");
            assert!(kept && !text.contains("```"), "{text}");
        }
        for code in ["", "E", "E0000", "E03011", "Refused", "é", "E030"] {
            assert_eq!(explain(code), None, "{code}");
        }
    }
}
