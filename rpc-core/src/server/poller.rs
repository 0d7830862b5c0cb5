//! The one epoll that all workers wait in.

use super::claim::Ready;
use rustix::event::epoll::{self, CreateFlags, Event, EventData, EventFlags};
use rustix::event::{EventfdFlags, Timespec, eventfd};
use rustix::io::Errno;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::time::Duration;

/// Reports what became ready since it was last reported (edge-triggered), each event to one thread.
#[derive(Debug)]
pub(crate) struct Poller {
    epoll: OwnedFd,
    /// Written to wake one thread. Nobody reads it: under edge triggering, each writing is an event of its own.
    wake: OwnedFd,
}

/// How many events a thread takes at once.
const EVENTS: usize = 64;

/// Space for events, which a thread keeps.
pub(crate) type Events = Vec<Event>;

/// The number under which the waking descriptor is registered.
const WAKE: u64 = u64::MAX;

impl Poller {
    pub(crate) fn new() -> io::Result<Self> {
        let epoll = epoll::create(CreateFlags::CLOEXEC)?;
        let wake = eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?;
        epoll::add(
            &epoll,
            &wake,
            EventData::new_u64(WAKE),
            EventFlags::IN | EventFlags::ET,
        )?;
        Ok(Self { epoll, wake })
    }

    /// Reports from now on what there is to read from `source`. What is there already is reported at once.
    pub(crate) fn add(&self, source: impl AsFd, number: u64) -> io::Result<()> {
        Ok(epoll::add(
            &self.epoll,
            source,
            EventData::new_u64(number),
            READING,
        )?)
    }

    /// Reports also that there is room to write (`writing`), or no longer. What is ready now is reported again.
    ///
    /// Not asked for all the time, since a Unix socket would report room after each message that the peer takes.
    pub(crate) fn set_writing(
        &self,
        source: impl AsFd,
        number: u64,
        writing: bool,
    ) -> io::Result<()> {
        let flags = if writing {
            READING | EventFlags::OUT
        } else {
            READING
        };
        Ok(epoll::modify(
            &self.epoll,
            source,
            EventData::new_u64(number),
            flags,
        )?)
    }

    /// Reports nothing more of `source`.
    pub(crate) fn remove(&self, source: impl AsFd) {
        // It can only fail when the source is not registered, which is what is wanted.
        let _ = epoll::delete(&self.epoll, source);
    }

    /// Waits for events, for ever if there is no `timeout`. May return none although the time is not over.
    pub(crate) fn wait(&self, events: &mut Events, timeout: Option<Duration>) -> io::Result<()> {
        events.clear();
        events.reserve(EVENTS);
        let timeout = timeout.map(|timeout| Timespec {
            tv_sec: i64::try_from(timeout.as_secs()).unwrap_or(i64::MAX),
            tv_nsec: timeout.subsec_nanos().into(),
        });
        match epoll::wait(
            &self.epoll,
            rustix::buffer::spare_capacity(events),
            timeout.as_ref(),
        ) {
            Ok(_) | Err(Errno::INTR) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Wakes one waiting thread, or makes the next one that would wait not do so.
    pub(crate) fn wake(&self) {
        // It fails only when the counter is at its end, and then there are wakings enough.
        let _ = rustix::io::write(&self.wake, &1u64.to_ne_bytes());
    }
}

const READING: EventFlags = EventFlags::IN
    .union(EventFlags::RDHUP)
    .union(EventFlags::ET);

/// The number of the source that `event` is about, and what it is ready for; none when it was only a waking.
pub(crate) fn meaning(event: &Event) -> Option<(u64, Ready)> {
    let (number, flags) = (event.data.u64(), event.flags);
    if number == WAKE {
        return None;
    }
    let mut ready = Ready::NONE;
    if flags.contains(EventFlags::IN) {
        ready = ready.with(Ready::READ);
    }
    if flags.contains(EventFlags::OUT) {
        ready = ready.with(Ready::WRITE);
    }
    if flags.intersects(EventFlags::RDHUP | EventFlags::HUP | EventFlags::ERR) {
        ready = ready.with(Ready::HANGUP).with(Ready::READ);
    }
    Some((number, ready))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_waking_is_an_event_although_nobody_reads_it() {
        let poller = Poller::new().expect("poller");
        let mut events = Events::new();
        for _ in 0..3 {
            poller.wake();
            poller
                .wait(&mut events, Some(Duration::from_secs(10)))
                .expect("wait");
            assert_eq!(events.iter().map(meaning).collect::<Vec<_>>(), [None]);
        }
        poller
            .wait(&mut events, Some(Duration::ZERO))
            .expect("wait");
        assert!(events.is_empty());
    }

    #[test]
    fn room_to_write_is_reported_only_when_asked_for() {
        let poller = Poller::new().expect("poller");
        let (here, there) = std::os::unix::net::UnixStream::pair().expect("pair");
        poller.add(&here, 7).expect("add");
        let mut events = Events::new();
        let mut reported = || {
            poller
                .wait(&mut events, Some(Duration::ZERO))
                .expect("wait");
            events.iter().filter_map(meaning).collect::<Vec<_>>()
        };
        assert_eq!(reported(), []);
        poller.set_writing(&here, 7, true).expect("modify");
        assert_eq!(reported(), [(7, Ready::WRITE)]);
        assert_eq!(reported(), [], "an edge, reported once");
        drop(there);
        let hangup = Ready::READ.with(Ready::WRITE).with(Ready::HANGUP);
        assert_eq!(reported(), [(7, hangup)]);
        poller.remove(&here);
        assert_eq!(reported(), []);
    }
}
