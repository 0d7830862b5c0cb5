//! Names: which ones are taken, and which ones look alike.

use rpc_core::matchmaker::RegisterError;

/// The form in which a name is matched; a name must be one that a URI can carry as it is.
pub(super) fn canonical(name: &str) -> Result<String, RegisterError> {
    let sound = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    if name.is_empty() || !name.bytes().all(sound) {
        return Err(RegisterError::BadName);
    }
    Ok(name.to_ascii_lowercase())
}

/// Up to `most` of `known` that are a few typing mistakes away from `name`, or begin with it; the nearest first.
pub(super) fn near<'a>(
    name: &str,
    known: impl Iterator<Item = &'a String>,
    most: usize,
) -> Vec<String> {
    let allowed = (name.len() / 3).max(1);
    let distance = |candidate: &str| {
        if !name.is_empty() && candidate.starts_with(name) {
            return Some(0);
        }
        // Only names of about the same length are compared, and no very long ones: a miss stays cheap.
        let comparable = candidate.len().abs_diff(name.len()) <= allowed
            && name.len().max(candidate.len()) <= LONGEST;
        comparable
            .then(|| edits(name.as_bytes(), candidate.as_bytes()))
            .filter(|edits| *edits <= allowed)
    };
    let mut found: Vec<(usize, &String)> = known
        .filter_map(|known| Some((distance(known)?, known)))
        .collect();
    found.sort();
    found
        .into_iter()
        .take(most)
        .map(|(_, known)| known.clone())
        .collect()
}

/// Names that nobody types are compared with nothing.
const LONGEST: usize = 64;

/// How many letters to insert, remove, replace or swap with their neighbour, to come from one text to the other.
fn edits(from: &[u8], to: &[u8]) -> usize {
    let mut before = vec![0; to.len() + 1];
    let mut above: Vec<usize> = (0..=to.len()).collect();
    for (row, letter) in from.iter().enumerate() {
        let mut current = vec![row + 1; to.len() + 1];
        for (column, other) in to.iter().enumerate() {
            let replaced = above[column] + usize::from(letter != other);
            let mut best = replaced.min(above[column + 1] + 1).min(current[column] + 1);
            let swapped =
                row > 0 && column > 0 && letter == &to[column - 1] && other == &from[row - 1];
            if swapped {
                best = best.min(before[column - 1] + 1);
            }
            current[column + 1] = best;
        }
        before = above;
        above = current;
    }
    above.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::{canonical, edits, near};

    fn check(name: &str, known: &[&str], expected: &[&str]) {
        let known: Vec<String> = known.iter().map(|name| (*name).to_owned()).collect();
        assert_eq!(near(name, known.iter(), 3), expected, "near {name:?}");
    }

    #[test]
    fn near_names_are_those_a_slip_away() {
        check("bnak", &["bank", "echo", "bunk"], &["bank"]);
        check(
            "bank",
            &["bank-eu", "bank-us", "tank"],
            &["bank-eu", "bank-us", "tank"],
        );
        check("b", &["a", "xyz"], &["a"]);
        check("", &["a", "bc"], &["a"]);
        check("bank", &["a-name-of-another-kind"], &[]);
        check(
            "aaaa",
            &["aaab", "aaac", "aaad", "aaae"],
            &["aaab", "aaac", "aaad"],
        );
    }

    #[test]
    fn edits_counts_insertions_removals_replacements_and_swaps() {
        for (from, to, expected) in [
            ("", "", 0),
            ("", "abc", 3),
            ("abc", "", 3),
            ("abc", "acb", 1),
            ("kitten", "sitting", 3),
            ("ab", "ba", 1),
        ] {
            assert_eq!(
                edits(from.as_bytes(), to.as_bytes()),
                expected,
                "{from} to {to}"
            );
        }
    }

    #[test]
    fn a_name_is_letters_digits_and_three_signs() {
        assert_eq!(canonical("Bank-2_a.b").ok(), Some("bank-2_a.b".to_owned()));
        for bad in ["", "a b", "a/b", "a?b", "ä", "a:1"] {
            assert!(canonical(bad).is_err(), "{bad:?}");
        }
    }
}
