//! Connecting while only futures wait: in a thread of its own, which lives until there is a link.
//!
//! To look a name up blocks, and a matchmaker's answer is waited for. The one I/O thread must not, or a single dead endpoint
//! would hold up the futures of all clients. So a client that has to connect, and has no caller's thread for it, gets a
//! thread; one client has at most one.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Weak;
use std::sync::mpsc::sync_channel;
use std::time::Duration;

use super::engine::Engine;
use super::parts::Reader;
use super::reading::{Event, Reading};
use crate::system::now;

/// How often the thread looks whether a future still waits.
const LOOK_UP: Duration = Duration::from_secs(1);

/// Starts the thread, which is the reader from now on. Without a thread the reader's things come back.
pub(super) fn spawn(
    engine: Weak<Engine>,
    reading: Box<Reading>,
) -> Result<(), (Box<Reading>, io::Error)> {
    // What is moved into a thread that cannot be started is lost, so it is sent there.
    let (hand_over, taken) = sync_channel(1);
    let thread = std::thread::Builder::new()
        .name("rpc-connect".to_owned())
        .spawn(move || {
            if let Ok(reading) = taken.recv() {
                connect(&engine, reading);
            }
        });
    match thread {
        // The thread waits for it, so it is taken.
        Ok(_) => hand_over
            .send(reading)
            .map_err(|lost| (lost.0, io::ErrorKind::Other.into())),
        Err(error) => Err((reading, error)),
    }
}

fn connect(engine: &Weak<Engine>, mut reading: Box<Reading>) {
    loop {
        let start = now();
        let event = catch_unwind(AssertUnwindSafe(|| {
            reading.wait(start, start + LOOK_UP, false)
        }));
        let event = event.unwrap_or_else(|_| {
            // A resolver that panics has found nobody.
            reading.connecting_failed();
            Event::Nothing
        });
        let Some(engine) = engine.upgrade() else {
            return;
        };
        match engine.connected(reading, event) {
            Some(unfinished) => reading = unfinished,
            None => return,
        }
    }
}

impl Engine {
    /// What the thread met. It goes on with the reader's things that it gets back.
    fn connected(&self, mut reading: Box<Reading>, event: Event) -> Option<Box<Reading>> {
        let mut state = self.lock();
        if state.epoch() != reading.epoch {
            return None;
        }
        let now = now();
        state.handle(now, event, &mut reading, None);
        state.work(now, None);
        let unfinished = !reading.has_link() && state.have_futures();
        let goes_on = if unfinished {
            Some(reading)
        } else {
            state.reading = Some(reading);
            state.reader = Reader::Nobody;
            None
        };
        state.hand_on();
        goes_on
    }
}
