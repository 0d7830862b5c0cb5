//! The play: who is started and killed when.

mod actors;
mod backup;
mod look;

use std::error::Error;
use std::fs;
use std::io;
use std::path::PathBuf;
use std::thread;
use std::time::{Duration, Instant};

use rpc_matchmaker::Daemon;
use rpc_matchmaker::registry::Limits;

use crate::audit::{Evidence, Verdict};
use crate::ledger;
use crate::options::Options;
use crate::papers;
use crate::relay::Dice;
use actors::{Bank, CLIENTS, Client, MORTAL};
use backup::Backup;

/// The name by which the bank is found.
pub const NAME: &str = "bank";
/// What the folder holds, beside the ledgers.
pub const STORE: &str = "store";
pub const LETTERS: &str = "letters";
pub const PARCELS: &str = "parcels";

/// A life of the bank, from when it answers, in microseconds.
const SHORTEST_LIFE: u64 = 50_000;
const LONGEST_LIFE: u64 = 250_000;
/// Of a hundred lives so many end so soon that the bank may not even be up.
const STILLBORN: u64 = 10;
const STILLBORN_AFTER: u64 = 40_000;
/// One in so many lives of the bank begins at another address.
const REPLACED: u32 = 3;
/// In one of so many lives a client is killed too.
const CLIENT_KILLED: u32 = 3;
/// So often the controller says how far it is.
const BETWEEN_NEWS: Duration = Duration::from_secs(10);

/// What was done to whom.
#[derive(Debug, Default)]
pub struct Count {
    pub kills: u32,
    pub replacements: u32,
    pub stillborn: u32,
    pub client_kills: u32,
    pub took: Duration,
}

/// Plays it to its end, and judges.
pub fn play(options: &Options) -> Result<(Count, Verdict), Box<dyn Error>> {
    let mut stage = Stage::set(options)?;
    if let Err(error) = stage.torture(options) {
        // The processes live until the stage is gone.
        look::print(&stage, &error);
        return Err(error.into());
    }
    let verdict = Verdict::over(&stage.evidence()?);
    stage.count.took = stage.started.elapsed();
    if crate::table::is_good(&verdict) && options.folder.is_none() {
        fs::remove_dir_all(&stage.folder)?;
    } else {
        eprintln!("all files are in {}", stage.folder.display());
    }
    Ok((stage.count, verdict))
}

struct Stage {
    folder: PathBuf,
    /// Kept so that it goes on.
    _matchmaker: Daemon,
    matchmaker: String,
    dice: Dice,
    bank: Bank,
    clients: Vec<Client>,
    /// What the last life of the bank said of its books.
    report: Evidence,
    count: Count,
    started: Instant,
}

impl Stage {
    fn set(options: &Options) -> Result<Self, Box<dyn Error>> {
        let seed = options.seed();
        let folder = options.folder.clone().unwrap_or_else(|| {
            std::env::temp_dir().join(format!("torture-{}-{}", std::process::id(), ledger::now()))
        });
        // A folder that is there already may hold another run's ledgers.
        fs::create_dir(&folder)?;
        eprintln!(
            "{} kills, seed {seed}, in {}",
            options.kills,
            folder.display()
        );
        let daemon = Daemon::start(&["tcp://127.0.0.1:0"], Limits::default())?;
        let endpoint = daemon.endpoints()[0].to_string();
        let matchmaker = endpoint.trim_start_matches("tcp://").to_owned();
        let mut dice = Dice::new(seed);
        let bank = Bank::found(&folder, &matchmaker, &mut dice)?;
        let mut stage = Self {
            folder,
            _matchmaker: daemon,
            matchmaker,
            dice,
            bank,
            clients: Vec::new(),
            report: Evidence::default(),
            count: Count::default(),
            started: Instant::now(),
        };
        for number in 0..CLIENTS {
            let mut client = Client::new(number, options.threads);
            client.start(&stage.folder, &stage.matchmaker, &mut stage.dice)?;
            stage.clients.push(client);
        }
        Ok(stage)
    }

    fn torture(&mut self, options: &Options) -> io::Result<()> {
        let backup = Backup::new(options, &self.folder);
        let mut news = self.started;
        for kill in 1..=options.kills {
            if kill % CLIENT_KILLED == 0 {
                self.kill_client()?;
            }
            self.kill_bank()?;
            backup.at(kill)?;
            if kill % REPLACED == 0 {
                self.count.replacements += 1;
                self.bank.move_away(&mut self.dice)?;
            }
            self.bank.start()?;
            for client in &mut self.clients {
                client.check()?;
            }
            if self.started.elapsed() > options.bound() {
                return Err(io::Error::other("this takes longer than it may"));
            }
            if news.elapsed() > BETWEEN_NEWS {
                news = Instant::now();
                let seconds = self.started.elapsed().as_secs();
                eprintln!("{kill} of {} kills, {seconds} s", options.kills);
            }
        }
        self.bank.await_ready()?;
        for client in &mut self.clients {
            client.order_to_finish()?;
        }
        for client in &mut self.clients {
            client.await_end()?;
        }
        self.report = self.bank.finish()?;
        Ok(())
    }

    /// Lets the bank live for a while, and kills it.
    fn kill_bank(&mut self) -> io::Result<()> {
        self.count.kills += 1;
        if self.dice.chance(STILLBORN) {
            self.count.stillborn += 1;
            self.pass(0, STILLBORN_AFTER);
        } else {
            // Longer if it took long to come up, so that clients get somewhere on a slow machine too; but not much, since the
            // more they get done, the more there is for the next life to read.
            let opening = self.bank.await_ready()?.as_micros() as u64;
            let opening = opening.min(LONGEST_LIFE);
            self.pass(SHORTEST_LIFE + opening, LONGEST_LIFE + opening);
        }
        self.bank.kill()
    }

    /// Kills one client after the other, each at some moment of the bank's life.
    fn kill_client(&mut self) -> io::Result<()> {
        self.pass(0, SHORTEST_LIFE);
        // Neighbours differ in how they come back, and 3 and 10 have no divisor in common.
        let victim = (self.count.client_kills * 3 % MORTAL) as usize;
        self.count.client_kills += 1;
        let client = &mut self.clients[victim];
        client.kill()?;
        client.start(&self.folder, &self.matchmaker, &mut self.dice)
    }

    /// Lets some time pass: when somebody is killed is all that is left to chance here.
    fn pass(&mut self, least: u64, most: u64) {
        let until = Instant::now() + Duration::from_micros(least + self.dice.below(most - least));
        while let Some(left) = until.checked_duration_since(Instant::now()) {
            thread::park_timeout(left);
        }
    }

    /// All that was written down, here and there.
    fn evidence(&mut self) -> io::Result<Evidence> {
        let mut evidence = std::mem::take(&mut self.report);
        for client in 0..CLIENTS {
            let mut lines = ledger::read_of(&self.folder, client)?;
            evidence.ledgers.append(&mut lines);
        }
        evidence.letters = papers::read(&self.folder.join(LETTERS))?;
        evidence.parcels = papers::read(&self.folder.join(PARCELS))?;
        evidence.deaths = self.bank.deaths();
        Ok(evidence)
    }
}
