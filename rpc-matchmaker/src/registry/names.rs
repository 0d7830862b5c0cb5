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
    known: impl Iterator<Item = &'a str>,
    most: usize,
) -> Vec<String> {
    let allowed = (name.len() / 3).max(1);
    let typed = Typed::new(name);
    let distance = |candidate: &str| {
        if !name.is_empty() && candidate.starts_with(name) {
            return Some(0);
        }
        if candidate.len().abs_diff(name.len()) > allowed {
            return None;
        }
        let edits = typed.as_ref()?.edits(candidate);
        (edits <= allowed).then_some(edits)
    };
    let mut found: Vec<(usize, &str)> = known
        .filter_map(|known| Some((distance(known)?, known)))
        .collect();
    found.sort();
    found
        .into_iter()
        .take(most)
        .map(|(_, known)| known.to_owned())
        .collect()
}

/// A name, ready to be compared with many.
///
/// A column of the table of distances is one number, a bit for each letter: see H. Hyyrö, "A bit-vector algorithm for computing
/// Levenshtein and Damerau edit distances", Nordic Journal of Computing 10 (2003). The table itself, for each of the names next
/// to a missed one, would cost more than all the rest of the call.
struct Typed {
    length: usize,
    /// For each byte, where it stands in the name.
    places: [u64; 256],
}

impl Typed {
    /// None if it has more letters than anybody types: it is compared with nothing.
    fn new(name: &str) -> Option<Self> {
        let length = name.len();
        let mut places = [0; 256];
        for (place, letter) in name.bytes().enumerate() {
            places[usize::from(letter)] |= 1_u64.checked_shl(place.try_into().ok()?)?;
        }
        Some(Self { length, places })
    }

    /// How many letters to insert, remove, replace or swap with their neighbour, to come from one text to the other.
    fn edits(&self, to: &str) -> usize {
        let Some(last) = self.length.checked_sub(1) else {
            return to.len();
        };
        let mut edits = self.length;
        // Where the distance grows, and where it falls, from one row of a column to the next; where it is the same as in the
        // row and the column before.
        let (mut grows, mut falls, mut diagonal) = (!0_u64, 0_u64, 0_u64);
        let mut before = 0;
        for letter in to.bytes() {
            let here = self.places[usize::from(letter)];
            let swapped = ((!diagonal & here) << 1) & before;
            let carried = (here & grows).wrapping_add(grows) ^ grows;
            diagonal = carried | here | falls | swapped;
            // The same from one column to the next.
            let (grew, fell) = (falls | !(diagonal | grows), diagonal & grows);
            edits += (grew >> last & 1) as usize;
            edits -= (fell >> last & 1) as usize;
            let (grew, fell) = (grew << 1 | 1, fell << 1);
            (grows, falls) = (fell | !(diagonal | grew), grew & diagonal);
            before = here;
        }
        edits
    }
}

#[cfg(test)]
mod tests {
    use super::{Typed, canonical, near};

    fn check(name: &str, known: &[&str], expected: &[&str]) {
        assert_eq!(
            near(name, known.iter().copied(), 3),
            expected,
            "near {name:?}"
        );
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

    /// The same by the table that defines it.
    fn table(from: &[u8], to: &[u8]) -> usize {
        let mut rows = vec![(0..=to.len()).collect::<Vec<usize>>()];
        for (row, letter) in from.iter().enumerate() {
            let mut current = vec![row + 1; to.len() + 1];
            for (column, other) in to.iter().enumerate() {
                let replaced = rows[row][column] + usize::from(letter != other);
                let removed = rows[row][column + 1].min(current[column]) + 1;
                current[column + 1] = replaced.min(removed);
                let pair =
                    |from: &[u8], end: usize| Some((*from.get(end.checked_sub(1)?)?, from[end]));
                let (ours, theirs) = (pair(from, row), pair(to, column));
                if ours.is_some() && ours == theirs.map(|(first, second)| (second, first)) {
                    current[column + 1] = current[column + 1].min(rows[row - 1][column - 1] + 1);
                }
            }
            rows.push(current);
        }
        rows[from.len()][to.len()]
    }

    #[test]
    fn edits_are_insertions_removals_replacements_and_swaps() {
        let long = "x".repeat(64);
        let rows = [
            ("", "", 0),
            ("", "abc", 3),
            ("abc", "", 3),
            ("abc", "acb", 1),
            ("kitten", "sitting", 3),
            ("ab", "ba", 1),
            (&long, "y", 64),
            (&long, &long[1..], 1),
        ];
        for (from, to, expected) in rows {
            assert_eq!(table(from.as_bytes(), to.as_bytes()), expected);
            assert_eq!(
                Typed::new(from).unwrap().edits(to),
                expected,
                "{from}, {to}"
            );
        }
        assert!(Typed::new(&"x".repeat(65)).is_none());
    }

    #[test]
    fn edits_are_what_the_table_says() {
        let mut state = 1_u64;
        let mut below = |most: u64| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            (state >> 33) % most
        };
        for _ in 0..3_000 {
            // Few letters, so that much is alike.
            let mut text = |longest: u64| -> String {
                let length = below(longest + 1);
                (0..length)
                    .map(|_| char::from(b'a' + below(3) as u8))
                    .collect()
            };
            let (from, to) = (text(64), text(70));
            let expected = table(from.as_bytes(), to.as_bytes());
            assert_eq!(
                Typed::new(&from).unwrap().edits(&to),
                expected,
                "{from}, {to}"
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
