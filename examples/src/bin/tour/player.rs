//! The other processes of a play: this program again, with a role.
//!
//! A player's standard input is a pipe that the play holds. When the play ends, however it ends, the pipe closes and the
//! player leaves: nothing stays behind.

use std::io::{self, BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

/// The first argument of a process that plays a role. Not for users, so not in the help.
pub const ROLE: &str = "--role";
/// Nobody is silent for so long who still does something.
const PATIENCE: Duration = Duration::from_secs(90);

/// A process that plays a role, and its two pipes.
pub struct Player {
    role: &'static str,
    process: Child,
    orders: ChildStdin,
    lines: Receiver<io::Result<String>>,
}

impl Player {
    pub fn start(role: &'static str, arguments: &[&str]) -> io::Result<Self> {
        let mut process = Command::new(std::env::current_exe()?)
            .args([ROLE, role])
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let (Some(orders), Some(output)) = (process.stdin.take(), process.stdout.take()) else {
            return Err(io::Error::other("a child has no pipes"));
        };
        let (sender, lines) = channel();
        thread::spawn(move || {
            for line in BufReader::new(output).lines() {
                if sender.send(line).is_err() {
                    return;
                }
            }
        });
        Ok(Self {
            role,
            process,
            orders,
            lines,
        })
    }

    /// The next line that it says.
    pub fn line(&mut self) -> io::Result<String> {
        let line = self.line_within(PATIENCE)?;
        line.ok_or_else(|| self.trouble("says nothing any more"))
    }

    /// The next line, if it says one so soon.
    pub fn line_within(&mut self, bound: Duration) -> io::Result<Option<String>> {
        match self.lines.recv_timeout(bound) {
            Ok(line) => line.map(Some),
            Err(RecvTimeoutError::Timeout) => Ok(None),
            Err(RecvTimeoutError::Disconnected) => Err(self.trouble("ended before its time")),
        }
    }

    /// Waits for a line that begins with `word` and returns what follows, as in `ready tcp://127.0.0.1:5000`.
    pub fn answer(&mut self, word: &str) -> io::Result<String> {
        let line = self.line()?;
        match line.strip_prefix(word) {
            Some(rest) => Ok(rest.trim().to_owned()),
            None => Err(self.trouble(&format!("said {line:?}, not {word}"))),
        }
    }

    pub fn order(&mut self, order: &str) -> io::Result<()> {
        writeln!(self.orders, "{order}")
    }

    /// `kill -9`, and waits until nothing is left of it. What it said before can still be heard.
    pub fn kill(&mut self) -> io::Result<()> {
        self.process.kill()?;
        self.process.wait().map(drop)
    }

    pub fn id(&self) -> u32 {
        self.process.id()
    }

    fn trouble(&self, what: &str) -> io::Error {
        io::Error::other(format!("the {} (process {}) {what}", self.role, self.id()))
    }
}

impl Drop for Player {
    fn drop(&mut self) {
        // Fails only when it has ended already, which is what is wanted.
        let _ = self.kill();
    }
}
