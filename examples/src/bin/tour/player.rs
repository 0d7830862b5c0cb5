//! The other processes of the tour: this program again, with a role.
//!
//! A player's standard input is a pipe that the tour holds. When the tour ends, however it ends, the pipe closes and the
//! player leaves: nothing stays behind.

use std::io::{self, BufRead, BufReader, Lines, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use crate::roles::{ROLE, Role};

/// A process that plays a role, and its two pipes.
pub struct Player {
    role: Role,
    process: Child,
    orders: ChildStdin,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Player {
    pub fn start(role: Role, arguments: &[&str]) -> io::Result<Self> {
        let mut process = Command::new(std::env::current_exe()?)
            .args([ROLE, role.name()])
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let (Some(orders), Some(output)) = (process.stdin.take(), process.stdout.take()) else {
            return Err(io::Error::other("a child has no pipes"));
        };
        Ok(Self {
            role,
            process,
            orders,
            lines: BufReader::new(output).lines(),
        })
    }

    /// The next line that it says.
    pub fn line(&mut self) -> io::Result<String> {
        let over = || io::Error::other(format!("the {} ended before its time", self.role.name()));
        self.lines.next().ok_or_else(over)?
    }

    /// Waits for a line that begins with `word` and returns what follows, as in `ready tcp://127.0.0.1:5000`.
    pub fn answer(&mut self, word: &str) -> io::Result<String> {
        let line = self.line()?;
        match line.strip_prefix(word) {
            Some(rest) => Ok(rest.trim().to_owned()),
            None => Err(io::Error::other(format!(
                "the {} said {line:?}, not {word}",
                self.role.name()
            ))),
        }
    }

    pub fn order(&mut self, order: &str) -> io::Result<()> {
        writeln!(self.orders, "{order}")
    }
}

impl Drop for Player {
    fn drop(&mut self) {
        // Both fail only when it has ended already, which is what is wanted.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
