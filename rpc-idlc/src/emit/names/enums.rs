//! What the values of an enum are called.

use super::Taken;
use crate::casing::{camel, screaming, split};
use crate::model::{Enumerator, Language};
use std::collections::HashMap;

/// A value of an enum.
pub(in crate::emit) struct Value {
    /// What it is called.
    pub(in crate::emit) rust: String,
    /// What a variant for it would be called.
    pub(in crate::emit) camel: String,
    /// The first value of the same number, for which this is another name.
    pub(in crate::emit) same_as: Option<usize>,
}

/// The names of all values, in the order of the file. In C all enums share their names, so people put
/// that of the enum in front, which Rust does anyway: it is left out.
pub(super) fn names(enumeration: &str, all: &[Enumerator], language: Language) -> Vec<Value> {
    let mut taken = Taken::default();
    let mut numbers: HashMap<i32, usize> = HashMap::new();
    let named = all.iter().enumerate().map(|(index, value)| {
        let own = match language {
            Language::Idl => value.name.clone(),
            Language::X(_) => without(enumeration, &value.name),
        };
        let first = *numbers.entry(value.value).or_insert(index);
        let same_as = (first != index).then_some(first);
        let wanted = match same_as {
            None => camel(&own),
            Some(_) => screaming(&own),
        };
        Value {
            rust: taken.name(&wanted),
            camel: camel(&own),
            same_as,
        }
    });
    named.collect()
}

/// `RED` of `COLOUR_RED` in `enum colour`. What would begin with a digit stays as it is.
fn without(enumeration: &str, value: &str) -> String {
    let (front, words) = (split(enumeration), split(value));
    let rest = match words.split_at_checked(front.len()) {
        Some((begin, rest))
            if front
                .iter()
                .zip(begin)
                .all(|(a, b)| a.eq_ignore_ascii_case(b)) =>
        {
            rest
        }
        _ => return value.to_owned(),
    };
    match rest.first() {
        Some(first) if !first.starts_with(|c: char| c.is_ascii_digit()) => rest.join("_"),
        _ => value.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::without;

    #[test]
    fn the_name_of_the_enum_is_left_out() {
        for (enumeration, value, expected) in [
            ("colour", "COLOUR_RED", "RED"),
            ("Colour", "ColourDarkRed", "Dark_Red"),
            ("file_kind", "FILE_KIND_DIR", "DIR"),
            ("colour", "COLOURLESS", "COLOURLESS"),
            ("colour", "RED", "RED"),
            ("colour", "COLOUR", "COLOUR"),
            ("nfs", "NFS_3", "NFS_3"),
            ("nfsstat3", "NFS3_OK", "NFS3_OK"),
        ] {
            assert_eq!(without(enumeration, value), expected);
        }
    }
}
