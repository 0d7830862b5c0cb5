//! The bank with the bad network in front of it, and the clients, each through all its lives.

use std::io;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::audit::Evidence;
use crate::deed::Request;
use crate::ledger::now;
use crate::player::Player;
use crate::relay::Dice;
use crate::roles::{BANK, CLIENT, RELAY};

/// The bank and its relay.
pub struct Bank {
    folder: String,
    matchmaker: String,
    /// Where clients come: to the relay, and to the bank's own socket.
    fronts: [String; 3],
    relay: Player,
    process: Player,
    began: Instant,
    /// How long this life took to come up, once it has.
    ready: Option<Duration>,
    deaths: Vec<Option<u64>>,
}

impl Bank {
    /// Starts its first life.
    pub fn found(folder: &Path, matchmaker: &str, dice: &mut Dice) -> io::Result<Self> {
        let folder = folder.display().to_string();
        let (relay, fronts) = new_address(&folder, 1, dice)?;
        let process = start_bank(&folder, matchmaker, 1, &fronts)?;
        let mut bank = Self {
            folder,
            matchmaker: matchmaker.to_owned(),
            fronts,
            relay,
            process,
            began: Instant::now(),
            ready: None,
            deaths: vec![None],
        };
        bank.await_ready()?;
        Ok(bank)
    }

    pub fn kill(&mut self) -> io::Result<()> {
        let before = now();
        self.process.kill()?;
        if let Some(death) = self.deaths.last_mut() {
            *death = Some(before);
        }
        Ok(())
    }

    /// The next life will be somewhere else, and nobody is where the last one was.
    pub fn move_away(&mut self, dice: &mut Dice) -> io::Result<()> {
        let life = self.deaths.len() + 1;
        (self.relay, self.fronts) = new_address(&self.folder, life, dice)?;
        Ok(())
    }

    /// Starts the next life.
    pub fn start(&mut self) -> io::Result<()> {
        let life = self.deaths.len() + 1;
        self.process = start_bank(&self.folder, &self.matchmaker, life, &self.fronts)?;
        (self.began, self.ready) = (Instant::now(), None);
        self.deaths.push(None);
        Ok(())
    }

    /// Waits until this life answers; gives the time that it took.
    pub fn await_ready(&mut self) -> io::Result<Duration> {
        if let Some(took) = self.ready {
            return Ok(took);
        }
        let tcp = self.process.answer("ready")?;
        let udp = self.process.answer("ready")?;
        self.process.answer("ready")?;
        self.relay.order(&format!("to {tcp} {udp}"))?;
        Ok(*self.ready.insert(self.began.elapsed()))
    }

    /// Lets it end in good order, and gives what its tables hold.
    pub fn finish(&mut self) -> io::Result<Evidence> {
        self.process.order("finish")?;
        let mut report = Evidence::default();
        loop {
            let line = self.process.line()?;
            let words: Vec<&str> = line.split(' ').collect();
            match words[..] {
                ["account", account, cents] => {
                    report.accounts.insert(number(account)?, number(cents)?);
                }
                ["ran", request, runs] => {
                    let request: Request = request.parse().map_err(io::Error::other)?;
                    report.executions.insert(request, number(runs)?);
                }
                ["stats", ..] => eprintln!("the last life of the bank: {line}"),
                ["end"] => return Ok(report),
                _ => return Err(io::Error::other(format!("the bank said {line:?}"))),
            }
        }
    }

    /// When each life was killed, if it was.
    pub fn deaths(&self) -> Vec<Option<u64>> {
        self.deaths.clone()
    }

    /// The processes, by name.
    pub fn processes(&self) -> [(String, u32); 2] {
        [
            (
                format!("bank, life {}", self.deaths.len()),
                self.process.id(),
            ),
            ("relay".to_owned(), self.relay.id()),
        ]
    }
}

fn start_bank(
    folder: &str,
    matchmaker: &str,
    life: usize,
    fronts: &[String; 3],
) -> io::Result<Player> {
    let [tcp, udp, unix] = fronts;
    let life = life.to_string();
    Player::start(BANK, &[folder, matchmaker, &life, unix, tcp, udp])
}

/// A relay at new ports, and a socket with a new name.
fn new_address(folder: &str, life: usize, dice: &mut Dice) -> io::Result<(Player, [String; 3])> {
    let mut relay = Player::start(RELAY, &[&dice.below(u64::MAX).to_string()])?;
    let [tcp, udp] = [relay.answer("ready")?, relay.answer("ready")?];
    Ok((relay, [tcp, udp, format!("unix:{folder}/bank-{life}")]))
}

/// How each client comes back to its calls, and over which transport it makes them. Even ones come back by key and odd ones
/// by session file. The last two are never killed.
const CAST: [(&str, &str); 12] = [
    ("keys", "tcp"),
    ("file", "tcp"),
    ("keys", "udp"),
    ("file", "udp"),
    ("keys", "tcp"),
    ("file", "tcp"),
    ("keys", "udp"),
    ("file", "udp"),
    ("keys", "unix"),
    ("file", "unix"),
    ("handle", "tcp"),
    ("handle", "udp"),
];
pub const CLIENTS: u32 = CAST.len() as u32;
pub const MORTAL: u32 = CLIENTS - 2;

/// One client.
pub struct Client {
    number: u32,
    threads: u32,
    process: Option<Player>,
}

impl Client {
    pub fn new(number: u32, threads: u32) -> Self {
        Self {
            number,
            threads,
            process: None,
        }
    }

    pub fn start(&mut self, folder: &Path, matchmaker: &str, dice: &mut Dice) -> io::Result<()> {
        let (way, transport) = CAST[self.number as usize];
        let arguments = [
            folder.display().to_string(),
            matchmaker.to_owned(),
            self.number.to_string(),
            transport.to_string(),
            way.to_owned(),
            self.threads.to_string(),
            dice.below(u64::MAX).to_string(),
        ];
        let process = Player::start(CLIENT, &arguments.each_ref().map(String::as_str))?;
        self.process = Some(process);
        Ok(())
    }

    pub fn kill(&mut self) -> io::Result<()> {
        self.process()?.kill()
    }

    /// Fails if it has met something that it cannot go on from.
    pub fn check(&mut self) -> io::Result<()> {
        while let Some(line) = self.process()?.line_within(Duration::ZERO)? {
            self.hear(&line)?;
        }
        Ok(())
    }

    /// Has it ask for nothing new.
    pub fn order_to_finish(&mut self) -> io::Result<()> {
        self.process()?.order("finish")
    }

    /// Waits until everything that it asked for has been answered.
    pub fn await_end(&mut self) -> io::Result<()> {
        loop {
            let line = self.process()?.line()?;
            self.hear(&line)?;
            if line.starts_with("end") {
                return Ok(());
            }
        }
    }

    pub fn process_id(&self) -> Option<u32> {
        self.process.as_ref().map(Player::id)
    }

    fn hear(&self, line: &str) -> io::Result<()> {
        match line.strip_prefix("stuck ") {
            Some(what) => Err(io::Error::other(format!(
                "client {} hangs: {what}",
                self.number
            ))),
            None => Ok(()),
        }
    }

    fn process(&mut self) -> io::Result<&mut Player> {
        let missing = || io::Error::other("a client was not started");
        self.process.as_mut().ok_or_else(missing)
    }
}

fn number(text: &str) -> io::Result<u64> {
    text.parse().map_err(io::Error::other)
}
