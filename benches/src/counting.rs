//! Instructions, counted by valgrind: the virtual machines that we measure on have no counters of their own, and its
//! numbers are the same on a busy machine. It sees what a process does itself, and nothing of the kernel.

use crate::Outcome;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Whether valgrind is here.
pub fn is_available() -> bool {
    Command::new("valgrind")
        .arg("--version")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// A process that is counted, and the file in which the count is found when it has ended.
#[derive(Debug)]
pub struct Counted {
    log: PathBuf,
}

impl Counted {
    /// This program with other arguments, to be run under valgrind; the count goes to a file in `folder`.
    pub fn new(folder: &Path, name: &str, arguments: &[&str]) -> Outcome<(Self, Command)> {
        let log = folder.join(name);
        let mut command = Command::new("valgrind");
        command
            .args(["--tool=cachegrind", "--cache-sim=no"])
            .arg("--cachegrind-out-file=/dev/null")
            .arg(format!("--log-file={}", log.display()))
            .arg(std::env::current_exe()?)
            .args(arguments);
        Ok((Self { log }, command))
    }

    /// How many instructions the process, which has ended, has executed.
    pub fn instructions(self) -> Outcome<u64> {
        let text = std::fs::read_to_string(&self.log)?;
        std::fs::remove_file(&self.log)?;
        total(&text).ok_or_else(|| format!("valgrind has counted nothing: {text}").into())
    }
}

/// The number in `==1234== I   refs:      1,234,567`.
fn total(log: &str) -> Option<u64> {
    let (_, number) = log.lines().find_map(|line| {
        line.split_once("refs:")
            .filter(|(what, _)| what.contains(" I "))
    })?;
    number.trim().replace(',', "").parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_total_is_found_in_what_valgrind_says() {
        let log = "==7== Cachegrind\n==7== \n==7== I   refs:      1,234,567\n";
        assert_eq!(total(log), Some(1_234_567));
        assert_eq!(total("==7== Cachegrind\n"), None);
    }
}
