//! Which name was meant.

/// The candidate that `word` is most likely a misspelling of, if any is near enough.
pub(crate) fn closest<'a>(
    word: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    let word = word.to_ascii_lowercase();
    let rated = candidates
        .into_iter()
        .filter_map(|name| Some((far(&word, name)?, name)));
    rated.min_by_key(|(far, _)| *far).map(|(_, name)| name)
}

/// Whether one slip of the fingers makes `word` of `name`. For names that are much like others, such as the short ones
/// of types, [`closest`] takes too many for misspellings.
pub(crate) fn is_slip(word: &str, name: &str) -> bool {
    let word = word.to_ascii_lowercase();
    name.len().abs_diff(word.len()) <= 1 && distance(word.as_bytes(), name.as_bytes()) <= EDIT
}

/// How far `name` is from `word`; `None` if it is too far to be meant.
fn far(word: &str, name: &str) -> Option<usize> {
    let edits = 1 + word.len() / 4;
    let near = edits * EDIT;
    let name = name.to_ascii_lowercase();
    if word.len() > 3 && name.starts_with(word) {
        return Some(near);
    }
    if word.len() > 100 || name.len().abs_diff(word.len()) > edits {
        return None;
    }
    let distance = distance(word.as_bytes(), name.as_bytes());
    (distance <= near && distance < name.len() * EDIT).then_some(distance)
}

/// The weight of a letter put in, left out or replaced. Swapping two neighbours weighs less: it is
/// what fingers do.
const EDIT: usize = 2;
const SWAP: usize = 1;

/// The least weight of edits that turn one into the other.
fn distance(a: &[u8], b: &[u8]) -> usize {
    let mut before = vec![0; b.len() + 1];
    let mut last: Vec<usize> = (0..=b.len()).map(|n| n * EDIT).collect();
    for i in 1..=a.len() {
        let mut row = vec![i * EDIT; b.len() + 1];
        for j in 1..=b.len() {
            let replaced = last[j - 1] + EDIT * usize::from(a[i - 1] != b[j - 1]);
            row[j] = replaced.min(last[j] + EDIT).min(row[j - 1] + EDIT);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                row[j] = row[j].min(before[j - 2] + SWAP);
            }
        }
        before = std::mem::replace(&mut last, row);
    }
    last[b.len()]
}

#[cfg(test)]
mod tests {
    use super::closest;

    #[test]
    fn the_nearest_name_is_suggested_and_no_far_one() {
        let names = ["Receipt", "Account", "u16", "u64"];
        for (word, expected) in [
            ("Recipt", Some("Receipt")),
            ("receipt", Some("Receipt")),
            ("Acocunt", Some("Account")),
            ("u46", Some("u64")),
            ("Acco", Some("Account")),
            ("Customer", None),
            ("x", None),
        ] {
            assert_eq!(closest(word, names), expected, "{word}");
        }
    }
}
