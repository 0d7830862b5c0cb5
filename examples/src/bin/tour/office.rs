//! The bank through all its lives, and the bad network in front of it.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread;

use crate::audit::Books;
use crate::player::Player;
use crate::relay::{Damage, Destination, Relay, Transport};
use crate::roles::BANK;

/// Everything at the bank's address.
pub struct Office {
    process: Player,
    /// What each life of the bank is started with.
    arguments: Vec<String>,
    /// What the bank keeps from one life to the next.
    directory: PathBuf,
    /// Where the relays find the bank.
    counters: Vec<Destination>,
    /// Calls that earlier lives answered again from their records.
    replayed: u64,
}

impl Office {
    /// Starts the relays, and then the bank, which registers the relays' addresses as its own: the way of a server behind a
    /// gateway.
    pub fn open(
        name: &str,
        transports: &[Transport],
        seed: u64,
    ) -> io::Result<(Self, Vec<Arc<Damage>>)> {
        let directory = std::env::temp_dir().join(format!("tour-{}", std::process::id()));
        let mut arguments = vec![directory.display().to_string(), name.to_owned()];
        let mut relays = Vec::new();
        for transport in transports {
            let relay = Relay::bind(*transport)?;
            arguments.push(format!("{transport}://{}", relay.address()?));
            relays.push(relay);
        }
        let mut process = start(&arguments)?;
        let (mut counters, mut damage) = (Vec::new(), Vec::new());
        for ((index, relay), transport) in (0..).zip(relays).zip(transports) {
            let counter = Destination::new(&process.answer("ready")?)?;
            let tally = Arc::new(Damage::none_yet(*transport));
            run(relay, &counter, seed ^ index, &tally);
            counters.push(counter);
            damage.push(tally);
        }
        let office = Self {
            process,
            arguments,
            directory,
            counters,
            replayed: 0,
        };
        Ok((office, damage))
    }

    /// `kill -9`, and another bank in its place.
    pub fn kill_and_replace(&mut self) -> io::Result<()> {
        self.process.order("replayed")?;
        self.replayed += number(&self.process.answer("replayed")?)?;
        self.process.kill()?;
        self.process = start(&self.arguments)?;
        for counter in &self.counters {
            counter.change(&self.process.answer("ready")?)?;
        }
        Ok(())
    }

    /// Asks the bank for its books.
    pub fn report(&mut self) -> io::Result<Books> {
        self.process.order("report")?;
        let mut books = Books::default();
        loop {
            let line = self.process.line()?;
            let words: Vec<&str> = line.split(' ').collect();
            match words[..] {
                ["run", cents, times] => {
                    books.runs.insert(number(cents)?, number(times)?);
                }
                ["account", account, cents] => {
                    books.balances.insert(number(account)?, number(cents)?);
                }
                ["replayed", count] => books.replayed = self.replayed + number(count)?,
                ["end"] => return Ok(books),
                _ => return Err(io::Error::other(format!("the bank said {line:?}"))),
            }
        }
    }
}

impl Drop for Office {
    fn drop(&mut self) {
        // What cannot be removed is a temporary file too many.
        let _ = self.process.kill();
        let _ = std::fs::remove_dir_all(&self.directory);
    }
}

fn start(arguments: &[String]) -> io::Result<Player> {
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    Player::start(BANK, &arguments)
}

/// Lets a relay carry what comes to it to `server`, wherever that is, for as long as the tour lasts.
fn run(relay: Relay, server: &Destination, seed: u64, damage: &Arc<Damage>) {
    let (server, tally) = (server.clone(), Arc::clone(damage));
    thread::spawn(move || {
        if let Err(error) = relay.run(&server, seed, &tally) {
            eprintln!("the relay to {} broke down: {error}", server.get());
        }
    });
}

fn number(text: &str) -> io::Result<u64> {
    text.parse().map_err(io::Error::other)
}
