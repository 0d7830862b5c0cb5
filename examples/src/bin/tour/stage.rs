//! The play: who starts when, and what they tell each other outside the framework.

use std::error::Error;
use std::io;
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::sync::mpsc::{Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use crate::Transport;
use crate::audit::{Asked, Books, Verdict};
use crate::grouped::grouped;
use crate::office::Office;
use crate::options::Options;
use crate::player::Player;
use crate::progress::Progress;
use crate::relay::Damage;
use crate::roles::{CLIENT, MATCHMAKER};
use crate::table::table;

const TRANSPORTS: [Transport; 2] = [Transport::Tcp, Transport::Udp];
/// So often the bank is killed during the transfers over each of them.
const KILLS: [u64; 2] = [2, 3];
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
    for (transport, kills) in TRANSPORTS.into_iter().zip(KILLS) {
        let last = first + u64::from(transfers) - 1;
        let (verdict, took) = stage.act(options, transport, first..=last, kills)?;
        rows.push((transport, verdict, took));
        first = last + 1;
    }
    print!("{}", table(&rows));
    for (transport, damage) in TRANSPORTS.iter().zip(&stage.damage) {
        println!("The {transport} relay {damage}.");
    }
    println!(
        "The bank was killed {} times meanwhile, and started again.",
        KILLS.iter().sum::<u64>()
    );
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
    office: Office,
    /// The name under which clients find the bank.
    name: String,
    /// What each transport's relay did.
    damage: Vec<Arc<Damage>>,
    /// The bank's last report.
    books: Books,
}

impl Stage {
    fn set(seed: u64) -> io::Result<Self> {
        let mut matchmaker = Player::start(MATCHMAKER, &[])?;
        let name = format!("match://{}/bank", matchmaker.answer("ready")?);
        let (mut office, damage) = Office::open(&name, &TRANSPORTS, seed)?;
        let books = office.report()?;
        Ok(Self {
            _matchmaker: matchmaker,
            office,
            name,
            damage,
            books,
        })
    }

    /// Has the transfers with these numbers made over one transport, and kills the bank meanwhile.
    fn act(
        &mut self,
        options: &Options,
        transport: Transport,
        numbers: RangeInclusive<u64>,
        kills: u64,
    ) -> io::Result<(Verdict, Duration)> {
        let started = Instant::now();
        let transfers = u64::from(options.transfers);
        let (news, heard) = channel();
        let endpoint = format!("{}?transport={transport}", self.name);
        let mut clients = Vec::new();
        for share in shares(&numbers, options.clients) {
            let [first, last] = [share.start(), share.end()].map(u64::to_string);
            let threads = options.threads.to_string();
            let player = Player::start(CLIENT, &[&endpoint, &first, &last, &threads])?;
            let news = news.clone();
            clients.push(thread::spawn(move || listen(player, &news)));
        }
        drop(news);
        let mut progress = Progress::new(transport, transfers);
        let mut moments = (1..=kills)
            .map(|kill| transfers * kill / (kills + 1))
            .peekable();
        for finished in (1..).zip(heard).map(|(finished, ())| finished) {
            progress.show(finished);
            if moments.next_if(|&moment| moment <= finished).is_some() {
                self.office.kill_and_replace()?;
            }
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
        let before = std::mem::replace(&mut self.books, self.office.report()?);
        Ok((Verdict::over(numbers, &asked, &before, &self.books), took))
    }
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

/// Hears a client out, and passes on each transfer that it has finished.
fn listen(mut client: Player, news: &Sender<()>) -> io::Result<Asked> {
    let mut asked = Asked::default();
    let mut failures = 0;
    loop {
        let line = client.line()?;
        match line.split_once(' ') {
            Some(("done", _)) => {
                asked.answered += 1;
                // Nobody hears it when the tour has failed meanwhile.
                let _ = news.send(());
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
