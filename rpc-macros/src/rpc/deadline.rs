//! `deadline = "500ms"`: how long a call of a method may take unless its caller says otherwise.

use std::time::Duration;

use proc_macro2::TokenStream;
use quote::quote;
use syn::meta::ParseNestedMeta;
use syn::{Lit, LitStr};

use crate::attribute::value;

/// The units, each with its milliseconds.
const UNITS: [(&str, u64); 4] = [("ms", 1), ("s", 1_000), ("min", 60_000), ("h", 3_600_000)];

/// A call says how long it is waited for in 32 bits of milliseconds.
const LONGEST: u64 = u32::MAX as u64;

/// As it is written, and how long it is.
pub struct Deadline {
    pub text: String,
    span: Duration,
}

impl Deadline {
    /// Reads the value of `deadline = "500ms"`.
    pub fn read(meta: &ParseNestedMeta) -> syn::Result<Self> {
        let literal: Lit = value(meta)?;
        let Lit::Str(literal) = literal else {
            let message = format!(
                "a deadline is written as text: `deadline = \"{}\"`",
                unquoted(&literal)
            );
            return Err(syn::Error::new_spanned(literal, message));
        };
        Self::parse(&literal)
    }

    fn parse(literal: &LitStr) -> syn::Result<Self> {
        let text = literal.value();
        match milliseconds(&text) {
            Ok(span) => Ok(Self {
                text,
                span: Duration::from_millis(span),
            }),
            Err(message) => Err(syn::Error::new_spanned(literal, message)),
        }
    }

    /// An expression for the `Duration`.
    pub fn emit(&self) -> TokenStream {
        let span = u64::try_from(self.span.as_millis()).unwrap_or(LONGEST);
        quote!(::core::time::Duration::from_millis(#span))
    }
}

/// What to suggest for a literal that is no text: `500ms` and `500` are numbers to Rust.
fn unquoted(literal: &Lit) -> String {
    match literal {
        Lit::Int(number) if number.suffix().is_empty() => format!("{number}ms"),
        Lit::Int(number) => number.to_string(),
        _ => "500ms".to_owned(),
    }
}

fn milliseconds(text: &str) -> Result<u64, String> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at(digits);
    if number.is_empty() {
        return Err(
            "a deadline is a whole number and a unit, as in `500ms`, `2s`, `1min`, `1h`".to_owned(),
        );
    }
    let Some((_, factor)) = UNITS.into_iter().find(|(known, _)| *known == unit) else {
        return Err(no_unit(number, unit));
    };
    let span = number
        .parse()
        .ok()
        .and_then(|number: u64| number.checked_mul(factor));
    match span {
        Some(0) => Err("no call is answered in no time: give it `1ms` or more".to_owned()),
        Some(span) if span <= LONGEST => Ok(span),
        _ => Err("a deadline is 1193 hours at most, since a call tells its server in 32 bits of milliseconds".to_owned()),
    }
}

fn no_unit(number: &str, unit: &str) -> String {
    match unit.trim() {
        "" => {
            format!("{number} of what? The units are `ms`, `s`, `min` and `h`, as in `{number}ms`")
        }
        known if UNITS.iter().any(|(unit, _)| *unit == known) => {
            format!("number and unit belong together: `{number}{known}`")
        }
        _ if unit.starts_with('.') => {
            "a deadline is a whole number of a unit: `1500ms` for one and a half seconds".to_owned()
        }
        unknown => {
            format!("`{unknown}` is no unit of a deadline: those are `ms`, `s`, `min` and `h`")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deadline_is_a_whole_number_of_a_unit() {
        let rows = [
            ("500ms", Ok(500)),
            ("2s", Ok(2_000)),
            ("1min", Ok(60_000)),
            ("1193h", Ok(1193 * 3_600_000)),
            ("4294967295ms", Ok(LONGEST)),
            ("4294967296ms", Err("1193 hours at most")),
            ("1194h", Err("1193 hours at most")),
            ("99999999999999999999h", Err("1193 hours at most")),
            ("18446744073709551615h", Err("1193 hours at most")),
            ("0s", Err("no time")),
            ("", Err("a whole number and a unit")),
            ("ms", Err("a whole number and a unit")),
            ("-1s", Err("a whole number and a unit")),
            ("500", Err("500 of what?")),
            ("2 s", Err("`2s`")),
            ("1.5s", Err("`1500ms`")),
            ("5sec", Err("`sec` is no unit")),
            ("5µs", Err("`µs` is no unit")),
        ];
        for (text, expected) in rows {
            match (milliseconds(text), expected) {
                (Ok(found), Ok(expected)) => assert_eq!(found, expected, "{text}"),
                (Err(found), Err(part)) => assert!(found.contains(part), "{text}: {found}"),
                (found, expected) => panic!("{text}: {found:?}, not {expected:?}"),
            }
        }
    }
}
