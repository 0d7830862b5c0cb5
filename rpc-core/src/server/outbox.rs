//! What is to be written to one connection, by whichever thread has a reply for it.

use super::poller::Poller;
use crate::system;
use crate::transport::StreamSocket;
use rpc_proto::time::Time;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

/// Messages on their way out. Each is appended whole, so those of several threads do not mix.
#[derive(Debug)]
pub(crate) struct Outbox {
    /// The connection's number in the table of sources.
    number: u64,
    queue: Mutex<Queue>,
    /// More waits than a peer that reads would leave waiting. Reading from the connection stops until it is written.
    crowded: AtomicBool,
}

#[derive(Debug, Default)]
struct Queue {
    /// `bytes[start..]` is not written yet.
    bytes: Vec<u8>,
    start: usize,
    /// Whether the poller reports room to write. Always so while bytes wait and no thread is about to write them.
    awaits_room: bool,
    /// When the peer last took something, while bytes wait.
    waits_since: Option<Time>,
    broken: bool,
}

/// So many waiting bytes stop the reading from a connection.
const CROWDED: usize = 256 << 10;

/// So much memory is kept for the next messages once all are written.
const KEEP: usize = 64 << 10;

/// How a connection's way out is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outflow {
    /// Everything is written.
    Empty,
    /// Some of it waits for the peer to read.
    Waiting,
    /// The connection takes nothing more.
    Broken,
}

impl Outbox {
    pub(crate) fn new(number: u64) -> Self {
        Self {
            number,
            queue: Mutex::default(),
            crowded: AtomicBool::new(false),
        }
    }

    /// Puts `messages` behind what waits, for the next thread that writes.
    pub(crate) fn append(&self, messages: &[u8]) {
        self.with(|queue| queue.bytes.extend_from_slice(messages));
    }

    /// Writes what waits and then `messages`, as far as the peer takes it; the rest follows when there is room.
    ///
    /// `limit` bounds what may wait: a peer that lets more gather is cut off.
    pub(crate) fn send(
        &self,
        socket: &StreamSocket,
        poller: &Poller,
        messages: &[u8],
        limit: usize,
    ) -> Outflow {
        self.with(|queue| {
            if queue.broken {
                return Outflow::Broken;
            }
            if messages.is_empty() && queue.is_empty() {
                return Outflow::Empty;
            }
            let before = queue.waiting() + messages.len();
            let written = match queue.is_empty() {
                true => write(socket, messages)
                    .map(|written| queue.bytes.extend_from_slice(&messages[written..])),
                false => {
                    queue.bytes.extend_from_slice(messages);
                    write(socket, &queue.bytes[queue.start..]).map(|written| queue.start += written)
                }
            };
            let settled = written.and_then(|()| {
                queue.settle(before, |room| poller.set_writing(socket, self.number, room))
            });
            self.crowded
                .store(queue.waiting() >= CROWDED, Ordering::Release);
            match settled {
                Ok(()) if queue.is_empty() => Outflow::Empty,
                Ok(()) if queue.waiting() <= limit => Outflow::Waiting,
                _ => {
                    *queue = Queue {
                        broken: true,
                        ..Queue::default()
                    };
                    // Its end is an event, so whoever takes that closes the connection.
                    socket.shutdown();
                    Outflow::Broken
                }
            }
        })
    }

    /// Whether so much waits that no further call should be taken from this connection.
    pub(crate) fn is_crowded(&self) -> bool {
        self.crowded.load(Ordering::Acquire)
    }

    /// Since when the peer has taken nothing although bytes wait for it.
    pub(crate) fn waits_since(&self) -> Option<Time> {
        self.with(|queue| queue.waits_since)
    }

    fn with<R>(&self, f: impl FnOnce(&mut Queue) -> R) -> R {
        f(&mut self.queue.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Queue {
    fn is_empty(&self) -> bool {
        self.start == self.bytes.len()
    }

    fn waiting(&self) -> usize {
        self.bytes.len() - self.start
    }

    /// After a write that left something of `before` waiting bytes: asks for room, keeps time, gives memory back.
    fn settle(
        &mut self,
        before: usize,
        ask_for_room: impl FnOnce(bool) -> io::Result<()>,
    ) -> io::Result<()> {
        let waiting = self.waiting();
        if waiting == 0 {
            (self.start, self.waits_since) = (0, None);
            self.bytes.clear();
            self.bytes.shrink_to(KEEP);
        } else if waiting < before || self.waits_since.is_none() {
            self.waits_since = Some(system::now());
        }
        if self.start >= KEEP {
            self.bytes.drain(..self.start);
            self.start = 0;
        }
        if self.awaits_room == (waiting > 0) {
            return Ok(());
        }
        self.awaits_room = waiting > 0;
        ask_for_room(self.awaits_room)
    }
}

/// How much of `bytes` the system took. A stream may take a part several times before it is full.
fn write(socket: &StreamSocket, bytes: &[u8]) -> io::Result<usize> {
    let mut written = 0;
    while written < bytes.len() {
        match socket.send(&bytes[written..]) {
            Ok(count) => written += count,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
            Err(error) => return Err(error),
        }
    }
    Ok(written)
}
