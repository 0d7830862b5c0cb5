//! This program once more, as a server in a process of its own.

use crate::Outcome;
use std::io::{BufRead, BufReader};
use std::process::{Child, ChildStdin, Command, Stdio};

/// A process that says in its first line where it can be reached. It runs until its input ends; it is killed when this is dropped.
#[derive(Debug)]
pub struct Peer {
    process: Child,
    input: Option<ChildStdin>,
    /// What it said.
    pub address: String,
}

impl Peer {
    /// Starts this program with other arguments, on the cores that this process may use.
    pub fn start(arguments: &[&str]) -> Outcome<Self> {
        Self::spawn(Command::new(std::env::current_exe()?).args(arguments))
    }

    /// Starts a command that behaves in the same way.
    pub fn spawn(command: &mut Command) -> Outcome<Self> {
        let mut process = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let input = process.stdin.take();
        let stdout = process.stdout.take().ok_or("no output")?;
        let mut peer = Self {
            process,
            input,
            address: String::new(),
        };
        BufReader::new(stdout).read_line(&mut peer.address)?;
        peer.address = peer.address.trim().to_owned();
        if peer.address.is_empty() {
            return Err("the server ended before it said where it listens".into());
        }
        Ok(peer)
    }

    /// The number of the process.
    pub fn id(&self) -> u32 {
        self.process.id()
    }

    /// Ends its input, and waits until it has ended by itself.
    pub fn end(mut self) -> Outcome<()> {
        self.input = None;
        match self.process.wait()? {
            status if status.success() => Ok(()),
            status => Err(format!("the server ended with {status}").into()),
        }
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        // It may have ended by itself, which is as good.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The other side: says where this process can be reached and waits until its input ends.
pub fn serve_at(address: impl std::fmt::Display) -> Outcome<()> {
    println!("{address}");
    std::io::stdin().read_line(&mut String::new())?;
    Ok(())
}
