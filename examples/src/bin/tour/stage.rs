//! The play: who starts when, and what they tell each other outside the framework.

use std::error::Error;
use std::io;
use std::net::SocketAddr;
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use crate::Transport;
use crate::audit::{Asked, Books, Verdict};
use crate::options::Options;
use crate::player::Player;
use crate::progress::Progress;
use crate::relay::{Damage, Relay};
use crate::roles::Role;
use crate::table::{grouped, table};

const TRANSPORTS: [Transport; 2] = [Transport::Tcp, Transport::Udp];
/// So many failures of each client are shown; more of them say the same.
const FAILURES_SHOWN: usize = 3;

/// Plays the whole tour; true if nothing was lost and nothing doubled.
pub fn play(options: &Options) -> Result<bool, Box<dyn Error>> {
    let Options {
        transfers,
        clients,
        threads,
        seed,
        ..
    } = *options;
    eprintln!(
        "{} transfers over each transport, {clients} clients of {threads} threads, relay seed {seed}",
        grouped(transfers.into()),
    );
    let mut stage = Stage::set(seed)?;
    let mut rows = Vec::new();
    let mut first = 1;
    for transport in TRANSPORTS {
        let last = first + u64::from(transfers) - 1;
        let (verdict, took) = stage.act(options, transport, first..=last)?;
        rows.push((transport, verdict, took));
        first = last + 1;
    }
    print!("{}", table(&rows));
    for (transport, damage) in TRANSPORTS.iter().zip(&stage.damage) {
        println!("The {transport} relay {damage}.");
    }
    let balanced = stage.books.balance(first - 1);
    println!("{}", if balanced { BALANCED } else { UNBALANCED });
    Ok(balanced && rows.iter().all(|(_, verdict, _)| verdict.is_good()))
}

const BALANCED: &str = "The books balance: every account holds what the transfers must leave it.";
const UNBALANCED: &str = "THE BOOKS DO NOT BALANCE.";

/// Everybody but the clients, who come and go.
struct Stage {
    /// Kept so that it stays until the end.
    _matchmaker: Player,
    bank: Player,
    /// The name under which clients find the bank.
    name: String,
    /// What each transport's relay did.
    damage: Vec<Arc<Damage>>,
    /// The bank's last report.
    books: Books,
}

impl Stage {
    /// Starts the matchmaker, then the relays, then the bank, which registers the relays' addresses as its own: the way
    /// of a server behind a gateway.
    fn set(seed: u64) -> io::Result<Self> {
        let mut matchmaker = Player::start(Role::Matchmaker, &[])?;
        let name = format!("match://{}/bank", matchmaker.answer("ready")?);
        let relays = TRANSPORTS.map(Relay::bind);
        let mut arguments = vec![name.clone()];
        for (transport, relay) in TRANSPORTS.iter().zip(&relays) {
            let address = relay
                .as_ref()
                .map_err(|error| io::Error::other(error.to_string()))?
                .address()?;
            arguments.push(format!("{transport}://{address}"));
        }
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let mut bank = Player::start(Role::Bank, &arguments)?;
        let mut damage = Vec::new();
        for ((index, relay), transport) in (0..).zip(relays).zip(TRANSPORTS) {
            let tally = Arc::new(Damage::none_yet(transport));
            open_relay(relay?, &bank.answer("ready")?, seed ^ index, &tally)?;
            damage.push(tally);
        }
        let books = report(&mut bank)?;
        Ok(Self {
            _matchmaker: matchmaker,
            bank,
            name,
            damage,
            books,
        })
    }

    /// Has the transfers with these numbers made over one transport.
    fn act(
        &mut self,
        options: &Options,
        transport: Transport,
        numbers: RangeInclusive<u64>,
    ) -> io::Result<(Verdict, Duration)> {
        let started = Instant::now();
        let progress = Arc::new(Progress::new(transport, u64::from(options.transfers)));
        let endpoint = format!("{}?transport={transport}", self.name);
        let mut clients = Vec::new();
        for share in shares(&numbers, options.clients) {
            let [first, last] = [share.start(), share.end()].map(u64::to_string);
            let threads = options.threads.to_string();
            let player = Player::start(Role::Client, &[&endpoint, &first, &last, &threads])?;
            let progress = Arc::clone(&progress);
            clients.push(thread::spawn(move || listen(player, &progress)));
        }
        let mut asked = Vec::new();
        for client in clients {
            asked.push(
                client
                    .join()
                    .map_err(|_| io::Error::other("a listener panicked"))??,
            );
        }
        let took = started.elapsed();
        progress.finish();
        let before = std::mem::replace(&mut self.books, report(&mut self.bank)?);
        Ok((Verdict::over(numbers, &asked, &before, &self.books), took))
    }
}

/// Lets a relay carry what comes to it to `server`, a URI, for as long as the tour lasts.
fn open_relay(relay: Relay, server: &str, seed: u64, damage: &Arc<Damage>) -> io::Result<()> {
    let address = server
        .split_once("://")
        .map_or(server, |(_, address)| address);
    let address: SocketAddr = address.parse().map_err(io::Error::other)?;
    let tally = Arc::clone(damage);
    thread::spawn(move || {
        if let Err(error) = relay.run(address, seed, &tally) {
            eprintln!("the relay to {address} broke down: {error}");
        }
    });
    Ok(())
}

/// Cuts the numbers into one share for each client; a client may get none.
fn shares(numbers: &RangeInclusive<u64>, clients: u32) -> Vec<RangeInclusive<u64>> {
    let (first, count) = (*numbers.start(), numbers.clone().count() as u64);
    let bound = |client: u64| first + count * client / u64::from(clients);
    (0..u64::from(clients))
        .map(|client| bound(client)..=bound(client + 1) - 1)
        .filter(|share| !share.is_empty())
        .collect()
}

/// Hears a client out.
fn listen(mut client: Player, progress: &Progress) -> io::Result<Asked> {
    let mut asked = Asked::default();
    let mut failures = 0;
    loop {
        let line = client.line()?;
        match line.split_once(' ') {
            Some(("done", _)) => {
                asked.answered += 1;
                progress.add(1);
            }
            Some(("failed", what)) => {
                failures += 1;
                if failures <= FAILURES_SHOWN {
                    eprintln!("\n{what}");
                }
            }
            Some(("retransmitted", count)) => asked.retransmitted = number(count)?,
            _ if line == "end" => return Ok(asked),
            _ => return Err(io::Error::other(format!("a client said {line:?}"))),
        }
    }
}

/// Asks the bank for its books.
fn report(bank: &mut Player) -> io::Result<Books> {
    bank.order("report")?;
    let mut books = Books::default();
    loop {
        let line = bank.line()?;
        let words: Vec<&str> = line.split(' ').collect();
        match words[..] {
            ["run", cents, times] => {
                books.runs.insert(number(cents)?, number(times)?);
            }
            ["account", account, cents] => {
                books.balances.insert(number(account)?, number(cents)?);
            }
            ["replayed", count] => books.replayed = number(count)?,
            ["end"] => return Ok(books),
            _ => return Err(io::Error::other(format!("the bank said {line:?}"))),
        }
    }
}

fn number(text: &str) -> io::Result<u64> {
    text.parse().map_err(io::Error::other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_is_in_one_share() {
        for (count, clients) in [(10, 3), (3, 4), (1, 1), (10_000, 7)] {
            let shares = shares(&(5..=4 + count), clients);
            let all: Vec<u64> = shares.into_iter().flatten().collect();
            assert!(all.into_iter().eq(5..=4 + count), "{count} over {clients}");
        }
    }
}
