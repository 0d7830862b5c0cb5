//! Texts with mistakes that nobody thought of.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

/// One change to a text: what is at so much (of 1000) is replaced, so many characters of it.
pub type Change = (usize, usize, String);

/// A few changes that bring these words in.
pub fn changes(words: &'static [&'static str]) -> impl Strategy<Value = Vec<Change>> {
    vec((0usize..1000, 0usize..20, word(words)), 1..6)
}

/// The text with all of them made, one after the other.
pub fn mangle(text: String, changes: &[Change]) -> String {
    changes.iter().fold(text, |text, (at, remove, insert)| {
        let chars: Vec<char> = text.chars().collect();
        let at = chars.len() * at / 1000;
        let after = (at + remove).min(chars.len());
        let mut changed: String = chars[..at].iter().collect();
        changed.push_str(insert);
        changed.extend(&chars[after..]);
        changed
    })
}

/// Mostly one of these words.
pub fn word(words: &'static [&'static str]) -> impl Strategy<Value = String> {
    prop_oneof![
        8 => select(words).prop_map(str::to_owned),
        1 => any::<char>().prop_map(String::from),
        1 => any::<i128>().prop_map(|n| n.to_string()),
    ]
}
