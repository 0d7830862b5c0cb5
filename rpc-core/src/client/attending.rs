//! What the I/O thread does for a channel: the parts for which there is no thread of a caller.

use std::sync::{Arc, Weak};
use std::time::Duration;

use rpc_proto::time::Time;

use super::connecting;
use super::engine::Engine;
use super::io_thread::{Interest, IoThread};
use super::parts::Reader;
use super::reading::Reading;
use super::state::State;
use super::waiters::Seat;
use crate::system::now;
use crate::transport::Link;

/// So much is read before other clients have their turn. What is left is reported again.
const PIECES: usize = 16;
/// When the system refuses what the I/O thread needs, it looks again after so long.
const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// The I/O thread's hold on a channel, from its first future on.
#[derive(Debug)]
pub(super) struct Attendance {
    thread: &'static IoThread,
    number: u64,
    engine: Weak<Engine>,
    /// What is reported of which link.
    armed: Option<(Arc<Link>, Interest)>,
    /// When the thread looks after the channel without a report.
    pub(super) until: Option<Time>,
}

impl Attendance {
    pub(super) fn new(engine: &Arc<Engine>) -> std::io::Result<Self> {
        let thread = IoThread::get()?;
        let engine = Arc::downgrade(engine);
        Ok(Self {
            thread,
            number: thread.register(engine.clone()),
            engine,
            armed: None,
            until: None,
        })
    }

    /// Has the thread look at that time, unless it looks before.
    fn wake_at(&mut self, time: Time) {
        if self.until.is_some_and(|until| until <= time) {
            return;
        }
        self.thread.wake_at(self.number, self.until, time);
        self.until = Some(time);
    }

    /// That there is something to read is reported.
    pub(super) fn reads(&self) -> bool {
        matches!(self.armed, Some((_, Interest { read: true, .. })))
    }

    fn arm(&mut self, link: &Arc<Link>, wanted: Interest) {
        if let Some((armed, _)) = &self.armed
            && !Arc::ptr_eq(armed, link)
        {
            self.disarm();
        }
        let before = self
            .armed
            .as_ref()
            .map_or(Interest::default(), |(_, of)| *of);
        match self.thread.report(self.number, link, before, wanted) {
            Ok(()) => self.armed = (!wanted.is_none()).then(|| (link.clone(), wanted)),
            // The system has no memory for it. The thread looks by itself instead.
            Err(_) => self.wake_at(now() + LOOK_AGAIN),
        }
    }

    fn disarm(&mut self) {
        if let Some((link, before)) = self.armed.take() {
            // It fails only if nothing is reported anyway.
            let _ = self
                .thread
                .report(self.number, &link, before, Interest::default());
        }
    }
}

impl Drop for Attendance {
    fn drop(&mut self) {
        self.disarm();
        self.thread.unregister(self.number, self.until);
    }
}

impl Engine {
    /// Something was reported, or it is time to look. By the I/O thread.
    pub(super) fn attend(&self) {
        self.lock().attend(now());
    }
}

impl State {
    /// Futures may wait from now on.
    pub(super) fn expect_futures(&mut self, engine: &Arc<Engine>) -> std::io::Result<()> {
        if self.attendance.is_none() {
            self.attendance = Some(Box::new(Attendance::new(engine)?));
        }
        Ok(())
    }

    /// Something was reported, or it is time to look.
    fn attend(&mut self, now: Time) {
        if let Some(attendance) = &mut self.attendance {
            attendance.until.take_if(|until| *until <= now);
        }
        if !self.have_futures() {
            self.disarm();
        }
        let unread = self.read_what_is_there(now, PIECES);
        self.work(now, None);
        self.hand_on();
        self.settle_interest(unread);
    }

    /// No thread can take the parts that are vacant. If futures wait, the I/O thread takes them.
    #[inline]
    pub(super) fn ask_io_thread(&mut self) {
        if self.attendance.is_some() && self.have_futures() {
            self.fill_vacant_parts();
        }
    }

    #[cold]
    fn fill_vacant_parts(&mut self) {
        if let Some(due) = self.due()
            && !self.is_kept(due)
            && let Some(attendance) = &mut self.attendance
        {
            attendance.wake_at(due);
        }
        if self.reader == Reader::Nobody
            && let Some(reading) = self.reading.take_if(|reading| !reading.has_link())
        {
            return self.connect_aside(reading);
        }
        self.settle_interest(false);
    }

    /// Whether anybody waits who is no thread.
    pub(super) fn have_futures(&self) -> bool {
        // A oneway call has ended for the machine while its message is only half written.
        let half_written = |seat| {
            self.waiters
                .get(seat)
                .is_some_and(|waiter| !waiter.is_thread())
        };
        self.waiters.futures() > 0 || self.backlog.seat.is_some_and(half_written)
    }

    /// Asks for the reports that are needed now. That there is something to read is reported until a thread reads, or a
    /// report finds that no future waits: most of the time the next one comes before that, and to ask is a system call.
    ///
    /// For a call that was started and not polled it is enough to look when a timer is due, unless it could not be sent: a
    /// server may take nothing more before its replies are read. What a look left `unread` is looked at now, too.
    fn settle_interest(&mut self, unread: bool) {
        let reader_writes = matches!(self.reader, Reader::Working { writes: true, .. });
        let write = self.wants_room() && !reader_writes && self.writer.is_none();
        let blocked = self.failing || self.wants_room() || self.machine.is_held_up();
        let needed = self.have_futures() && (self.waiters.polled() > 0 || blocked || unread);
        let Some(attendance) = &mut self.attendance else {
            return;
        };
        let read = self.reader == Reader::Nobody && (needed || attendance.reads());
        match &self.link {
            Some(link) => attendance.arm(link, Interest { read, write }),
            None => attendance.disarm(),
        }
    }

    /// Nothing of the link is to be reported: a thread reads it, or nobody waits, or it is gone.
    #[cold]
    pub(super) fn disarm(&mut self) {
        if let Some(attendance) = &mut self.attendance {
            attendance.disarm();
        }
    }

    /// Has a thread made that connects, since that blocks.
    fn connect_aside(&mut self, reading: Box<Reading>) {
        let Some(attendance) = &mut self.attendance else {
            self.reading = Some(reading);
            return;
        };
        match connecting::spawn(attendance.engine.clone(), reading) {
            Ok(()) => {
                self.reader = Reader::Working {
                    seat: Seat::OF_NOBODY,
                    // Others keep the time: to look names up may take long.
                    until: Time::from_nanos(u64::MAX),
                    writes: false,
                }
            }
            Err((reading, error)) => {
                tracing::warn!(%error, "no thread for connecting");
                self.reading = Some(reading);
                attendance.wake_at(now() + LOOK_AGAIN);
            }
        }
    }
}
