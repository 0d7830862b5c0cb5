//! What the other processes of the tour do.

mod bank;
mod client;
mod matchmaker;

use std::error::Error;
use std::io;
use std::process;
use std::str::FromStr;
use std::thread;

use crate::player::ROLE;

pub const MATCHMAKER: &str = "matchmaker";
pub const BANK: &str = "bank";
pub const CLIENT: &str = "client";

/// Plays the role that these arguments ask for, until the tour has no more use for it; none if they are a user's.
pub fn play(arguments: &[String]) -> Option<Result<(), Box<dyn Error>>> {
    let [first, name, rest @ ..] = arguments else {
        return None;
    };
    if first != ROLE {
        return None;
    }
    Some(match name.as_str() {
        MATCHMAKER => matchmaker::play(),
        BANK => bank::play(rest),
        CLIENT => client::play(rest),
        _ => return None,
    })
}

/// Ends this process when the tour does: then the pipe that it holds is closed.
fn leave_with_the_tour() {
    thread::spawn(|| {
        // Nothing is ever written to it, so this returns at its end.
        let _ = io::copy(&mut io::stdin().lock(), &mut io::sink());
        process::exit(1);
    });
}

/// The argument at this place.
fn argument<T: FromStr>(arguments: &[String], index: usize) -> io::Result<T> {
    let text = arguments.get(index).and_then(|text| text.parse().ok());
    text.ok_or_else(|| io::Error::other(format!("argument {index} of a role is missing or wrong")))
}
