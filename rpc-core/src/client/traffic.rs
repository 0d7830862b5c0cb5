//! What comes and goes over the link, and when.

use std::sync::Arc;
use std::time::Duration;

use rpc_proto::session::client::{CallId, Finished, LinkKind};
use rpc_proto::time::Time;

use super::parts::Reader;
use super::reading::{Event, Reading};
use super::state::{Ended, State};
use super::waiters::Seat;
use crate::transport::Link;

/// A link over which nothing came for so long is looked at before it is used. It costs a system call, which calls that
/// follow each other need not pay.
const IDLE: Duration = Duration::from_millis(1);

/// The rest of a message that the system did not take at once. Empty when `at` is its length.
#[derive(Debug, Default)]
pub(super) struct Backlog {
    pub(super) bytes: Vec<u8>,
    pub(super) at: usize,
    pub(super) call: Option<CallId>,
    /// The caller of `call`.
    pub(super) seat: Option<Seat>,
}

impl State {
    /// Sees to what has come while nobody was waiting. A server that was stopped in the meantime is noticed here, and a
    /// call that is not sent to it is one less of which nobody knows whether it ran.
    pub(super) fn look_after_idle_link(&mut self, now: Time) {
        if self.reader != Reader::Nobody || now.since(self.heard) < IDLE {
            return;
        }
        let _ = self.read_what_is_there(now, usize::MAX);
    }

    /// Takes in what has come, at most so many pieces, as long as nobody else reads. Whether there may be more.
    pub(super) fn read_what_is_there(&mut self, now: Time, pieces: usize) -> bool {
        if self.reader != Reader::Nobody {
            return false;
        }
        let Some(mut reading) = self.reading.take() else {
            return false;
        };
        let mut more = true;
        for _ in 0..pieces {
            more = reading.has_link();
            if !more {
                break;
            }
            let event = reading.wait(now, now, false);
            more = !matches!(event, Event::Nothing);
            // Also of nothing: a datagram socket that was given up shows no end to those who do not wait.
            self.handle(now, event, &mut reading, None);
            if !more {
                break;
            }
        }
        self.reading = Some(reading);
        more
    }

    /// Does what is due: timers, sending, and telling the callers whose calls have ended. `me` needs no waking.
    pub(super) fn work(&mut self, now: Time, me: Option<Seat>) {
        if self.machine.poll_timeout().is_some_and(|due| due <= now) {
            self.machine.handle_timeout(now);
        }
        self.exchange(now, me);
        if !self.queue.is_empty() {
            self.admit(now, me);
        }
        if self.machine.poll_reconnect() {
            self.silent = true;
            self.give_up_link();
        }
    }

    /// Sends what is to be sent, and tells the callers whose calls have ended otherwise than by a message.
    pub(super) fn exchange(&mut self, now: Time, me: Option<Seat>) {
        self.transmit(now);
        while let Some(finished) = self.machine.poll_finished() {
            self.deliver(finished, &[], me);
        }
    }

    /// Takes in what the reader met.
    pub(super) fn handle(
        &mut self,
        now: Time,
        event: Event,
        reading: &mut Reading,
        me: Option<Seat>,
    ) {
        if reading.epoch != self.epoch {
            return;
        }
        match event {
            Event::Nothing => {}
            Event::Messages => {
                self.heard = now;
                // A datagram socket that we shut down reads as an empty datagram, for which nobody spoke.
                self.spoken |= !self.failing;
                self.take_in(now, reading, me);
            }
            Event::Up(link) => {
                self.heard = now;
                self.link_up(now, link);
            }
            Event::Down(error) => {
                // A datagram socket says so when nobody has the port. That a stream broke, though, does not
                // mean that there is no way to the server.
                self.trouble = error.filter(|_| self.has_datagrams()).map(Arc::new);
                self.link_down(now);
            }
            Event::Unreachable(error) => self.trouble = Some(Arc::new(error)),
        }
        // What a failing stream still holds is read to its end; what datagrams wait may as well be lost.
        if self.failing && self.has_datagrams() {
            reading.down(None);
            self.link_down(now);
        }
    }

    fn take_in(&mut self, now: Time, reading: &mut Reading, me: Option<Seat>) {
        loop {
            match reading.next_message() {
                Ok(Some(message)) => {
                    if let Some(finished) = self.machine.handle_message(now, message) {
                        let answered = finished.result.is_ok();
                        self.deliver(finished, message, me);
                        if answered {
                            reading.answered();
                        }
                    }
                }
                Ok(None) => return,
                Err(_) => {
                    // The place of the next message is lost, and with it the connection.
                    reading.down(None);
                    return self.link_down(now);
                }
            }
        }
    }

    fn deliver(&mut self, finished: Finished, message: &[u8], me: Option<Seat>) {
        let Finished {
            call,
            mut buffer,
            result,
            shelved,
        } = finished;
        let Some(seat) = self.waiters.caller(call) else {
            return;
        };
        let begun = self
            .waiters
            .get(seat)
            .map_or(self.broken, |waiter| waiter.broken);
        let ended = match result {
            Ok(range) => {
                // The request is not needed any more, so its buffer carries the result to the caller.
                if !message.is_empty() {
                    buffer.clear();
                    buffer.extend_from_slice(message.get(range).unwrap_or_default());
                }
                Ended::Returned(buffer)
            }
            Err(failure) if shelved => {
                Ended::Unanswered(failure, self.broken - begun, self.shelved(call))
            }
            Err(failure) => Ended::Failed(failure, self.broken - begun, buffer),
        };
        self.end(seat, ended, me);
    }

    pub(super) fn transmit(&mut self, now: Time) {
        if self.failing || !self.send_backlog() {
            return;
        }
        let Some(link) = &self.link else { return };
        while let Some(transmit) = self.machine.poll_transmit(now) {
            let call = transmit.call;
            match link.send(transmit.framed) {
                Ok(taken) if taken == transmit.framed.len() => {}
                Ok(taken) => {
                    let seat = call.and_then(|call| self.waiters.caller(call));
                    self.backlog = Backlog {
                        call,
                        seat,
                        ..std::mem::take(&mut self.backlog)
                    };
                    self.backlog
                        .bytes
                        .extend_from_slice(&transmit.framed[taken..]);
                    return;
                }
                Err(_) => {
                    let seat = call.and_then(|call| self.waiters.caller(call));
                    self.unsent(call, seat);
                    return self.give_up_link();
                }
            }
        }
    }

    /// Sends what is left of a message. Whether nothing is left now.
    fn send_backlog(&mut self) -> bool {
        let Some(link) = &self.link else { return false };
        while !self.backlog.is_empty() {
            match link.send(&self.backlog.bytes[self.backlog.at..]) {
                Ok(0) => return false,
                Ok(taken) => self.backlog.at += taken,
                Err(_) => {
                    self.give_up_link();
                    return false;
                }
            }
        }
        if let Some(owner) = self.backlog.seat {
            // Of a oneway call that has ended, this is what its future waits for. A thread sees it by itself.
            self.wake_future(owner);
        }
        self.backlog.clear();
        true
    }

    fn unsent(&mut self, call: Option<CallId>, seat: Option<Seat>) {
        if let Some(call) = call {
            self.machine.handle_unsent(call);
        }
        if let Some(waiter) = seat.and_then(|seat| self.waiters.get_mut(seat)) {
            waiter.unsent = true;
        }
    }

    fn link_up(&mut self, now: Time, link: Arc<Link>) {
        let kind = if link.is_datagram() {
            LinkKind::Datagram
        } else {
            LinkKind::Stream
        };
        self.link = Some(link);
        self.links += 1;
        self.failing = false;
        self.silent = false;
        self.trouble = None;
        self.machine.handle_link_up(now, kind);
    }

    fn link_down(&mut self, now: Time) {
        // What we ended ourselves did not break, and datagrams have no connection.
        self.broken += u64::from(!self.silent && !self.has_datagrams());
        self.link = None;
        self.disarm();
        self.failing = false;
        // Of a message that did not leave whole, the server has read nothing.
        let Backlog { call, seat, .. } = self.backlog;
        self.backlog.clear();
        self.unsent(call, seat);
        if let Some(owner) = seat {
            self.wake_future(owner);
        }
        self.machine.handle_link_down(now);
    }

    fn has_datagrams(&self) -> bool {
        self.link.as_ref().is_some_and(|link| link.is_datagram())
    }

    /// Sends nothing more on this link, and makes the reader notice.
    fn give_up_link(&mut self) {
        if let Some(link) = &self.link {
            self.failing = true;
            link.shutdown();
        }
    }
}

impl Backlog {
    pub(super) fn is_empty(&self) -> bool {
        self.at == self.bytes.len()
    }

    pub(super) fn clear(&mut self) {
        self.bytes.clear();
        (self.at, self.call, self.seat) = (0, None, None);
    }
}
