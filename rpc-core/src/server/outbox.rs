//! What is to be written to one connection, by whichever thread has a reply for it.

use super::held::Share;
use super::poller::Poller;
use crate::system;
use crate::transport::StreamSocket;
use rpc_proto::time::Time;
use std::io;
use std::mem::take;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Messages on their way out. Each goes whole, so those of several threads do not mix.
///
/// One thread at a time writes, and no lock is held meanwhile: whoever comes while another writes leaves his messages
/// here, and the writer takes them along. So nobody waits for a thread that the system interrupted in its writing, as it
/// likes to do, since writing wakes the peer.
#[derive(Debug)]
pub(crate) struct Outbox {
    /// The connection's number in the table of sources.
    number: u64,
    queue: Mutex<Queue>,
    /// More waits than a peer that reads would leave waiting: reading from it stops until that is written. Or the way out
    /// is broken.
    crowded: AtomicBool,
}

#[derive(Debug)]
struct Queue {
    /// `bytes[start..]` is not written yet, and no writer has it.
    bytes: Vec<u8>,
    start: usize,
    /// A thread is writing, and looks here again before it ends.
    has_writer: bool,
    /// Somebody came while a thread was writing, perhaps because there is room again: the event will not come twice.
    try_again: bool,
    /// Whether the poller reports room to write. Always so while bytes wait and there is no writer.
    awaits_room: bool,
    /// When the peer last took something, while bytes wait for room.
    waits_since: Option<Time>,
    /// Somebody wants to be told when all is written.
    tell_when_empty: bool,
    broken: bool,
    /// What waits, in the sum over all connections.
    share: Share,
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
    /// Some of it waits for the peer to read, or for another thread that writes.
    Waiting,
    /// The connection takes nothing more.
    Broken,
}

/// What came of sending.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Sent {
    pub(crate) outflow: Outflow,
    /// Whoever works on the connection has to look at it again: the crowd, or the wait for its end, is over.
    pub(crate) look_again: bool,
}

impl Outbox {
    pub(crate) fn new(number: u64, share: Share) -> Self {
        Self {
            number,
            queue: Mutex::new(Queue::new(share)),
            crowded: AtomicBool::new(false),
        }
    }

    /// Puts `messages` behind what waits, for the next thread that writes.
    pub(crate) fn append(&self, messages: &[u8]) {
        self.lock().bytes.extend_from_slice(messages);
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
    ) -> Sent {
        let mut queue = self.lock();
        if queue.broken {
            return Sent {
                outflow: Outflow::Broken,
                look_again: false,
            };
        }
        if queue.has_writer {
            queue.bytes.extend_from_slice(messages);
            queue.try_again = true;
            return self.judge(queue, Ok(()), socket, limit);
        }
        if messages.is_empty() && queue.is_empty() {
            return Sent {
                outflow: Outflow::Empty,
                look_again: take(&mut queue.tell_when_empty),
            };
        }
        (queue.has_writer, queue.try_again) = (true, false);
        let (mut queue, progress) = self.write(queue, socket, messages);
        queue.has_writer = false;
        let settled = progress.and_then(|progress| {
            queue.settle(progress, |room| {
                poller.set_writing(socket, self.number, room)
            })
        });
        self.judge(queue, settled, socket, limit)
    }

    /// Whether so much waits that no further call should be taken from this connection.
    pub(crate) fn is_crowded(&self) -> bool {
        self.crowded.load(Ordering::Acquire)
    }

    /// Whether everything is written. If not, a later [`send`](Self::send) says when to look again.
    pub(crate) fn is_empty_or_tells(&self) -> bool {
        let mut queue = self.lock();
        let is_empty = queue.broken || (queue.is_empty() && !queue.has_writer);
        queue.tell_when_empty = !is_empty;
        is_empty
    }

    /// Whether nothing waits and nobody writes.
    pub(crate) fn is_idle(&self) -> bool {
        let queue = self.lock();
        queue.is_empty() && !queue.has_writer
    }

    /// Since when the peer has taken nothing although bytes wait for it.
    pub(crate) fn waits_since(&self) -> Option<Time> {
        self.lock().waits_since
    }

    /// Writes, without the lock, until nothing is left or the system takes no more. Says whether it took anything.
    fn write<'a>(
        &'a self,
        mut queue: MutexGuard<'a, Queue>,
        socket: &StreamSocket,
        mut messages: &[u8],
    ) -> (MutexGuard<'a, Queue>, io::Result<bool>) {
        let mut progress = false;
        loop {
            // An empty buffer stays, for those who come meanwhile.
            let (mut waiting, start) = match queue.is_empty() {
                true => (Vec::new(), 0),
                false => (take(&mut queue.bytes), take(&mut queue.start)),
            };
            drop(queue);
            if start < waiting.len() {
                waiting.extend_from_slice(take(&mut messages));
            }
            let bytes = if start < waiting.len() {
                &waiting[start..]
            } else {
                messages
            };
            let written = write(socket, bytes);
            let count = *written.as_ref().unwrap_or(&0);
            progress |= count > 0;
            queue = self.lock();
            if let Err(error) = written {
                return (queue, Err(error));
            }
            if count == bytes.len() {
                messages = &[];
                queue.give_back(waiting);
                if queue.is_empty() {
                    return (queue, Ok(progress));
                }
                continue;
            }
            let again = if start < waiting.len() {
                queue.take_back(waiting, start + count)
            } else {
                queue.take_back(messages[count..].to_vec(), 0)
            };
            if !again {
                return (queue, Ok(progress));
            }
            messages = &[];
        }
    }

    fn judge(
        &self,
        mut queue: MutexGuard<'_, Queue>,
        settled: io::Result<()>,
        socket: &StreamSocket,
        limit: usize,
    ) -> Sent {
        if settled.is_err() || queue.broken || queue.waiting() > limit {
            self.break_off(queue);
            socket.shutdown();
            return Sent {
                outflow: Outflow::Broken,
                look_again: true,
            };
        }
        let held = queue.bytes.capacity();
        queue.share.set(held);
        let crowded = queue.waiting() >= CROWDED;
        let was_crowded = self.crowded.swap(crowded, Ordering::AcqRel);
        let is_empty = queue.is_empty() && !queue.has_writer;
        let told = is_empty && take(&mut queue.tell_when_empty);
        let outflow = if is_empty {
            Outflow::Empty
        } else {
            Outflow::Waiting
        };
        Sent {
            outflow,
            look_again: told || (was_crowded && !crowded),
        }
    }

    /// How many bytes wait, unless they are few.
    pub(crate) fn held(&self) -> usize {
        self.lock().share.get()
    }

    /// Forgets what waits: the connection is closed.
    pub(crate) fn discard(&self) {
        self.break_off(self.lock());
    }

    fn break_off(&self, mut queue: MutexGuard<'_, Queue>) {
        queue.share.set(0);
        (queue.bytes, queue.start) = (Vec::new(), 0);
        (queue.has_writer, queue.try_again) = (false, false);
        (queue.awaits_room, queue.waits_since) = (false, None);
        (queue.tell_when_empty, queue.broken) = (false, true);
        // For good, so that nothing more is read from a peer that gets no replies.
        self.crowded.store(true, Ordering::Release);
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Queue {
    fn new(share: Share) -> Self {
        Self {
            bytes: Vec::new(),
            start: 0,
            has_writer: false,
            try_again: false,
            awaits_room: false,
            waits_since: None,
            tell_when_empty: false,
            broken: false,
            share,
        }
    }

    fn is_empty(&self) -> bool {
        self.start == self.bytes.len()
    }

    fn waiting(&self) -> usize {
        self.bytes.len() - self.start
    }

    /// Takes an emptied buffer back for the next messages.
    fn give_back(&mut self, mut buffer: Vec<u8>) {
        if self.bytes.is_empty() && buffer.capacity() > self.bytes.capacity() {
            buffer.clear();
            buffer.shrink_to(KEEP);
            self.bytes = buffer;
        }
    }

    /// Takes back from the writer what the system did not take: `rest[start..]`. Says whether it should try again.
    fn take_back(&mut self, mut rest: Vec<u8>, start: usize) -> bool {
        // What others left in the meantime comes behind.
        rest.extend_from_slice(&self.bytes[self.start..]);
        (self.bytes, self.start) = (rest, start);
        take(&mut self.try_again)
    }

    /// After a write: asks for room and keeps time. `progress`: the peer took something.
    fn settle(
        &mut self,
        progress: bool,
        ask_for_room: impl FnOnce(bool) -> io::Result<()>,
    ) -> io::Result<()> {
        let waits = !self.is_empty();
        if !waits {
            self.waits_since = None;
        } else if progress || self.waits_since.is_none() {
            self.waits_since = Some(system::now());
        }
        if self.start >= KEEP.max(self.bytes.len() / 2) {
            self.bytes.drain(..self.start);
            self.start = 0;
        }
        if self.awaits_room == waits {
            return Ok(());
        }
        self.awaits_room = waits;
        ask_for_room(waits)
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

#[cfg(test)]
mod tests;
