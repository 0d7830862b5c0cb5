//! What somebody meant who wrote a word that is not known.

/// Words that others use for ours.
const SYNONYMS: [(&str, &str); 6] = [
    ("at_least_once", "idempotent"),
    ("maybe", "oneway"),
    ("once", "exactly_once"),
    ("pure", "readonly"),
    ("timeout", "deadline"),
    ("number", "procedure"),
];

/// The one of `known` that `word` was probably meant to be: another word for it, or at most a third of its letters are wrong.
pub fn closest<'a>(word: &str, known: &[&'a str]) -> Option<&'a str> {
    let known = known.iter().copied();
    let synonym = SYNONYMS.into_iter().find(|(other, _)| *other == word);
    if let Some((_, ours)) = synonym {
        return known.clone().find(|known| *known == ours);
    }
    let plain = |text: &str| text.to_lowercase().replace('_', "");
    let word = plain(word);
    known
        .map(|known| (distance(&word, &plain(known)), known))
        .filter(|(distance, known)| distance * 3 <= known.len())
        .min()
        .map(|(_, known)| known)
}

/// How many letters have to be changed, added or left out (Levenshtein).
fn distance(from: &str, to: &str) -> usize {
    let to: Vec<char> = to.chars().collect();
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (line, letter) in from.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = line + 1;
        for (column, other) in to.iter().enumerate() {
            let changed = diagonal + usize::from(letter != *other);
            diagonal = row[column + 1];
            row[column + 1] = changed.min(diagonal + 1).min(row[column] + 1);
        }
    }
    row[to.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_word_that_was_meant_is_found_and_no_far_one() {
        let known = [
            "oneway",
            "readonly",
            "idempotent",
            "at_most_once",
            "exactly_once",
            "procedure",
            "name",
            "deadline",
        ];
        let rows = [
            ("idempotant", Some("idempotent")),
            ("read_only", Some("readonly")),
            ("OneWay", Some("oneway")),
            ("exactlyonce", Some("exactly_once")),
            ("at_least_once", Some("idempotent")),
            ("timeout", Some("deadline")),
            ("proc", None),
            ("nane", Some("name")),
            ("colour", None),
        ];
        for (word, expected) in rows {
            assert_eq!(closest(word, &known), expected, "{word}");
        }
        assert_eq!(closest("timeout", &["case"]), None);
    }
}
