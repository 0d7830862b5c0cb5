//! What the other processes of the tour do.

mod bank;
mod client;
mod matchmaker;

use std::error::Error;
use std::io;
use std::process;
use std::str::FromStr;
use std::thread;

/// The first argument of a process that plays a role. Not for users, so not in the help.
pub const ROLE: &str = "--role";

#[derive(Clone, Copy)]
pub enum Role {
    Matchmaker,
    Bank,
    Client,
}

impl Role {
    pub fn name(self) -> &'static str {
        match self {
            Self::Matchmaker => "matchmaker",
            Self::Bank => "bank",
            Self::Client => "client",
        }
    }
}

/// The role that these arguments ask for, and what is left of them.
pub fn asked_for(arguments: &[String]) -> Option<(Role, &[String])> {
    let [first, name, rest @ ..] = arguments else {
        return None;
    };
    let role = [Role::Matchmaker, Role::Bank, Role::Client]
        .into_iter()
        .find(|role| role.name() == name)?;
    (first == ROLE).then_some((role, rest))
}

/// Plays the role until the tour has no more use for it.
pub fn play(role: Role, arguments: &[String]) -> Result<(), Box<dyn Error>> {
    match role {
        Role::Matchmaker => matchmaker::play(),
        Role::Bank => bank::play(arguments),
        Role::Client => client::play(arguments),
    }
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
