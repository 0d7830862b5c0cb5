//! How far a transport is: a bar on a terminal, a line for each quarter elsewhere.

use std::io::{self, IsTerminal, Write};
use std::time::{Duration, Instant};

use crate::Transport;
use crate::grouped::grouped;

const WIDTH: u64 = 40;
const BETWEEN_DRAWINGS: Duration = Duration::from_millis(50);

/// Shows how many transfers are finished.
pub struct Progress {
    transport: Transport,
    total: u64,
    started: Instant,
    terminal: bool,
    drawn: Instant,
    quarters: u64,
}

impl Progress {
    pub fn new(transport: Transport, total: u64) -> Self {
        let started = Instant::now();
        Self {
            transport,
            total,
            started,
            terminal: io::stderr().is_terminal(),
            drawn: started,
            quarters: 0,
        }
    }

    /// So many are finished.
    pub fn show(&mut self, done: u64) {
        if self.terminal {
            if done >= self.total || self.drawn.elapsed() >= BETWEEN_DRAWINGS {
                self.drawn = Instant::now();
                self.draw(done);
            }
        } else if done * 4 / self.total > self.quarters {
            self.quarters = done * 4 / self.total;
            say(&format!("{}\n", self.text(done)));
        }
    }

    /// Leaves the line to what comes next.
    pub fn finish(&self) {
        if self.terminal {
            say("\r\x1b[2K");
        }
    }

    fn draw(&self, done: u64) {
        let full = (done.min(self.total) * WIDTH / self.total) as usize;
        let bar = "█".repeat(full) + &"░".repeat(WIDTH as usize - full);
        say(&format!("\r\x1b[2K{bar} {}", self.text(done)));
    }

    fn text(&self, done: u64) -> String {
        let seconds = self.started.elapsed().as_secs_f64();
        format!(
            "{}: {} of {} transfers, {seconds:.1} s",
            self.transport,
            grouped(done),
            grouped(self.total)
        )
    }
}

/// Progress that cannot be shown is no reason to stop.
fn say(text: &str) {
    let mut out = io::stderr().lock();
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}
