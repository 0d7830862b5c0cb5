//! Who of the waiting threads does what.

use std::sync::Arc;
use std::time::Duration;

use rpc_proto::time::Time;

use super::reading::Reading;
use super::state::State;
use super::waiters::{Seat, Waiter};
use crate::transport::Link;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reader {
    /// Nobody reads. While calls wait this never outlasts a critical section.
    Nobody,
    /// This waiter has been woken for it.
    Chosen(Seat),
    /// This waiter is at it, outside the lock, until then; `writes`: it also waits for room to write.
    Working {
        seat: Seat,
        until: Time,
        writes: bool,
    },
}

/// What a waiting thread is to do next, with no lock held.
#[derive(Debug)]
pub(super) enum Part {
    /// Receive, until this time; `write`: there is also something to be sent.
    Read {
        reading: Box<Reading>,
        until: Time,
        write: bool,
    },
    /// Wait until the link takes more, at most until this time.
    Write { link: Arc<Link>, until: Time },
    /// Sleep until woken, at most until this time.
    Sleep { until: Option<Time> },
}

/// How long a reader waits when the machine has nothing to do by itself.
const LONG: Duration = Duration::from_secs(3600);
/// A writer cannot be woken, so it looks up this often.
const LOOK_UP: Duration = Duration::from_millis(10);

impl State {
    /// What `me`, who goes on waiting, does meanwhile. A reader brings its things.
    #[inline]
    pub(super) fn part(&mut self, now: Time, me: Seat, reading: Option<Box<Reading>>) -> Part {
        let due = self.due();
        let vacant = matches!(self.reader, Reader::Nobody) || self.reader == Reader::Chosen(me);
        let reading = match self.of_this_epoch(reading) {
            None if vacant => self.reading.take(),
            reading => reading,
        };
        if let Some(reading) = reading {
            if self.attendance.is_some() {
                self.disarm();
            }
            self.give_up_side_parts(me);
            let (until, write) = (due.unwrap_or(now + LONG), self.wants_room());
            // To find a server may take longer than the time given for it: names are looked up without a bound. So the
            // others keep their own time meanwhile.
            let certain = if reading.has_link() {
                until
            } else {
                Time::from_nanos(u64::MAX)
            };
            self.reader = Reader::Working {
                seat: me,
                until: certain,
                writes: write,
            };
            return Part::Read {
                reading,
                until,
                write,
            };
        }
        if let Some(link) = self.link_to_write_to(me) {
            let until = due.map_or(now + LOOK_UP, |due| due.min(now + LOOK_UP));
            return Part::Write { link, until };
        }
        Part::Sleep {
            until: self.timer_to_keep(me, due),
        }
    }

    /// `me` waits no longer. If it was the reader, another one is, before the lock is released.
    #[inline]
    pub(super) fn leave(&mut self, me: Seat, reading: Option<Box<Reading>>) {
        // A waiting thread has no waker, so nothing of anybody's runs here.
        drop(self.depart(me));
        self.give_up_side_parts(me);
        let reading = self.of_this_epoch(reading);
        if reading.is_some() {
            self.reading = reading;
            self.reader = Reader::Nobody;
        } else if self.reader == Reader::Chosen(me) {
            self.reader = Reader::Nobody;
        }
        self.hand_on();
    }

    pub(super) fn wants_room(&self) -> bool {
        self.link.is_some() && !self.failing && !self.backlog.is_empty()
    }

    /// The link, if `me` is to wait for room on it. That is best done by the caller of the message that is half sent,
    /// since it is the one that waits for nothing else.
    fn link_to_write_to(&mut self, me: Seat) -> Option<Arc<Link>> {
        let reader_writes = matches!(self.reader, Reader::Working { writes: true, .. });
        if !self.wants_room() || reader_writes || self.writer.is_some_and(|writer| writer != me) {
            return None;
        }
        if let Some(owner) = self.backlog.seat.filter(|owner| *owner != me)
            && self.is_asleep(owner)
        {
            self.writer = Some(owner);
            self.wake(owner);
            return None;
        }
        self.writer = Some(me);
        self.link.clone()
    }

    /// The time at which `me` has to wake by itself, because nobody else would in time for the machine's timer.
    fn timer_to_keep(&mut self, me: Seat, due: Option<Time>) -> Option<Time> {
        if self.keeper.is_some_and(|(keeper, _)| keeper == me) {
            self.keeper = None;
        }
        let due = due.filter(|due| !self.is_kept(*due))?;
        self.keeper = Some((me, due));
        Some(due)
    }

    /// Whether somebody wakes in time for a timer that is due then.
    pub(super) fn is_kept(&self, due: Time) -> bool {
        let reader = match self.reader {
            Reader::Nobody => None,
            Reader::Chosen(_) => Some(Time::ZERO),
            Reader::Working { until, .. } => Some(until),
        };
        let keeper = self.keeper.map(|(_, until)| until);
        let io_thread = self.attendance.as_ref().and_then(|io| io.until);
        let in_time = |until: Option<Time>| until.is_some_and(|until| until <= due);
        in_time(reader) || in_time(keeper) || in_time(io_thread)
    }

    fn give_up_side_parts(&mut self, me: Seat) {
        self.keeper.take_if(|(keeper, _)| *keeper == me);
        self.writer.take_if(|writer| *writer == me);
    }

    /// Finds somebody for every part that is vacant, as long as anybody waits.
    pub(super) fn hand_on(&mut self) {
        let vacant = match self.reader {
            Reader::Nobody => true,
            Reader::Chosen(_) => false,
            Reader::Working { writes, .. } => {
                let unkept = self.due().is_some_and(|due| !self.is_kept(due));
                unkept || (self.wants_room() && !writes && self.writer.is_none())
            }
        };
        if !vacant {
            return;
        }
        let Some(next) = self.next_to_wake() else {
            return self.ask_io_thread();
        };
        if self.reader == Reader::Nobody {
            self.reader = Reader::Chosen(next);
        }
        self.wake(next);
    }

    /// A thread that can be woken; one that waits for room to write only if there is no other.
    fn next_to_wake(&self) -> Option<Seat> {
        let mut asleep = self
            .waiters
            .waiting_threads()
            .filter(|seat| !self.is_reader(*seat));
        let first = asleep.next()?;
        if Some(first) == self.writer {
            asleep.next().or(Some(first))
        } else {
            Some(first)
        }
    }

    fn is_reader(&self, seat: Seat) -> bool {
        matches!(self.reader, Reader::Working { seat: reader, .. } if reader == seat)
    }

    fn is_asleep(&self, seat: Seat) -> bool {
        self.waiters
            .get(seat)
            .is_some_and(Waiter::is_waiting_thread)
            && !self.is_reader(seat)
    }

    pub(super) fn wake(&mut self, seat: Seat) {
        self.wake.extend(self.waiters.wakeup(seat));
    }

    /// As [`wake`](Self::wake), if it is a future.
    pub(super) fn wake_future(&mut self, seat: Seat) {
        if let Some(waiter) = self.waiters.get(seat)
            && !waiter.is_thread()
        {
            self.wake(seat);
        }
    }

    fn of_this_epoch(&self, reading: Option<Box<Reading>>) -> Option<Box<Reading>> {
        reading.filter(|reading| reading.epoch == self.epoch)
    }
}
