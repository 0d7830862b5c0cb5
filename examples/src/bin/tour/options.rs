//! The tour's command line.

use std::str::FromStr;
use std::time::{SystemTime, UNIX_EPOCH};

pub const HELP: &str = "\
A matchmaker, a bank and its clients as separate processes, on a network that loses and doubles messages.

Usage: tour [OPTION]...

  --transfers N  transfers over each transport (10000)
  --clients N    client processes (4)
  --threads N    threads in each of them, sharing one connection (8)
  --seed S       what the relay's dice start from (the time)
  --help         this text

Exit code 0: every transfer ran once, its caller was told so, and the books balance.
";

/// More transfers than this would need more money than the accounts hold.
const MOST_TRANSFERS: u32 = 1_000_000;
/// More processes or threads than this show nothing new.
const MOST_WORKERS: u32 = 64;

/// What the user asked for.
#[derive(Debug, PartialEq, Eq)]
pub struct Options {
    pub transfers: u32,
    pub clients: u32,
    pub threads: u32,
    pub seed: u64,
    pub help: bool,
}

impl Options {
    /// Reads the arguments, or says which of them is wrong.
    pub fn parse(arguments: &[String]) -> Result<Self, String> {
        let mut options = Self {
            transfers: 10_000,
            clients: 4,
            threads: 8,
            seed: seed_from_time(),
            help: false,
        };
        let mut arguments = arguments.iter();
        while let Some(name) = arguments.next() {
            let mut value = || {
                arguments
                    .next()
                    .ok_or_else(|| format!("{name} needs a number"))
            };
            match name.as_str() {
                "--transfers" => options.transfers = number(name, value()?, 1, MOST_TRANSFERS)?,
                "--clients" => options.clients = number(name, value()?, 1, MOST_WORKERS)?,
                "--threads" => options.threads = number(name, value()?, 1, MOST_WORKERS)?,
                "--seed" => options.seed = number(name, value()?, 0, u64::MAX)?,
                "--help" | "-h" => options.help = true,
                _ => return Err(format!("there is no option {name}")),
            }
        }
        Ok(options)
    }
}

fn number<N>(name: &str, text: &str, least: N, most: N) -> Result<N, String>
where
    N: FromStr + PartialOrd + std::fmt::Display,
{
    let number = text
        .parse()
        .ok()
        .filter(|number| (&least..=&most).contains(&number));
    number
        .ok_or_else(|| format!("{name} must be a number from {least} to {most}, and {text} is not"))
}

fn seed_from_time() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |elapsed| {
        u64::from(elapsed.subsec_nanos()) ^ elapsed.as_secs()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Options, String> {
        Options::parse(
            &line
                .split_whitespace()
                .map(str::to_owned)
                .collect::<Vec<_>>(),
        )
    }

    #[test]
    fn every_number_can_be_chosen() {
        let expected = Options {
            transfers: 50,
            clients: 2,
            threads: 3,
            seed: 9,
            help: false,
        };
        assert_eq!(
            parse("--transfers 50 --clients 2 --threads 3 --seed 9"),
            Ok(expected)
        );
    }

    #[test]
    fn a_mistake_is_named() {
        for (line, complaint) in [
            ("--transfers", "--transfers needs a number"),
            (
                "--transfers none",
                "--transfers must be a number from 1 to 1000000, and none is not",
            ),
            (
                "--clients 0",
                "--clients must be a number from 1 to 64, and 0 is not",
            ),
            ("--colour", "there is no option --colour"),
        ] {
            assert_eq!(parse(line), Err(complaint.to_owned()), "{line}");
        }
    }
}
