//! What the other processes do.

mod bank;
mod books;
mod client;
mod relay;

use std::error::Error;
use std::io;
use std::str::FromStr;

use crate::player::ROLE;

pub const BANK: &str = "bank";
pub const CLIENT: &str = "client";
pub const RELAY: &str = "relay";

/// Plays the role that these arguments ask for; none if they are a user's.
pub fn play(arguments: &[String]) -> Option<Result<(), Box<dyn Error>>> {
    let [first, name, rest @ ..] = arguments else {
        return None;
    };
    if first != ROLE {
        return None;
    }
    Some(match name.as_str() {
        BANK => bank::play(rest),
        CLIENT => client::play(rest),
        RELAY => relay::play(rest),
        _ => return None,
    })
}

/// The argument at this place.
fn argument<T: FromStr>(arguments: &[String], index: usize) -> io::Result<T> {
    let text = arguments.get(index).and_then(|text| text.parse().ok());
    text.ok_or_else(|| io::Error::other(format!("argument {index} of a role is missing or wrong")))
}
