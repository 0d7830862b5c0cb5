//! The one thread of the process that looks after clients while only futures wait.
//!
//! A thread that waits for a call reads for all who wait (see [`engine`](super::engine)). Futures have no thread, so this one
//! reads for them: it sleeps in one epoll, to which a client adds its link only while futures wait and no thread reads, and
//! wakes for the earliest of the times that clients have asked for. It starts with the first future of the process, does
//! nothing that blocks, and ends with the process, which does not wait for it.

use std::collections::{BTreeSet, HashMap};
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError, Weak};
use std::time::Duration;

use rpc_proto::time::Time;
use rustix::event::epoll::{self, CreateFlags, Event, EventData, EventFlags};
use rustix::event::{EventfdFlags, Timespec, eventfd};
use rustix::io::Errno;

use super::engine::Engine;
use crate::system::now;

/// How many events are taken at once.
const EVENTS: usize = 64;
/// The number under which the bell is registered; clients count from 0.
const BELL: u64 = u64::MAX;

/// The thread, as clients speak to it. Nobody waits for it, and its lock is taken last.
#[derive(Debug)]
pub(super) struct IoThread {
    epoll: OwnedFd,
    /// Written to wake the thread before its time.
    bell: OwnedFd,
    table: Mutex<Table>,
}

#[derive(Debug)]
struct Table {
    clients: HashMap<u64, Weak<Engine>>,
    next: u64,
    /// When which client is to be looked after.
    timers: BTreeSet<(Time, u64)>,
    /// The thread wakes by itself then.
    asleep_until: Time,
}

/// What a client wants to hear of its link.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Interest {
    /// That there is something to read.
    pub(super) read: bool,
    /// That there is room to write.
    pub(super) write: bool,
}

impl Interest {
    pub(super) fn is_none(self) -> bool {
        self == Self::default()
    }

    /// Not edge-triggered: what one look leaves behind is reported again.
    fn flags(self) -> EventFlags {
        let mut flags = EventFlags::empty();
        flags.set(EventFlags::IN, self.read);
        flags.set(EventFlags::OUT, self.write);
        flags
    }
}

impl IoThread {
    /// The thread of this process, which is started if there is none.
    ///
    /// # Errors
    ///
    /// The system has no descriptor or no thread left. The next call tries again.
    pub(super) fn get() -> io::Result<&'static Self> {
        // Its descriptors are made once, however often the thread cannot be started.
        static THREAD: OnceLock<IoThread> = OnceLock::new();
        static RUNS: Mutex<bool> = Mutex::new(false);
        let mut runs = RUNS.lock().unwrap_or_else(PoisonError::into_inner);
        let thread = match THREAD.get() {
            Some(thread) => thread,
            None => {
                let new = Self::new()?;
                THREAD.get_or_init(|| new)
            }
        };
        if !*runs {
            std::thread::Builder::new()
                .name("rpc-io".to_owned())
                .spawn(|| thread.run())?;
            *runs = true;
        }
        Ok(thread)
    }

    fn new() -> io::Result<Self> {
        let epoll = epoll::create(CreateFlags::CLOEXEC)?;
        let bell = eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?;
        epoll::add(&epoll, &bell, EventData::new_u64(BELL), EventFlags::IN)?;
        let table = Mutex::new(Table {
            clients: HashMap::new(),
            next: 0,
            timers: BTreeSet::new(),
            asleep_until: Time::ZERO,
        });
        Ok(Self { epoll, bell, table })
    }

    /// Takes a client in. Its number.
    pub(super) fn register(&self, engine: Weak<Engine>) -> u64 {
        let mut table = self.table();
        let number = table.next;
        table.next += 1;
        table.clients.insert(number, engine);
        number
    }

    /// The client is no more, nor what it has asked for with [`wake_at`](Self::wake_at).
    pub(super) fn unregister(&self, number: u64, asked: Option<Time>) {
        let mut table = self.table();
        let client = table.clients.remove(&number);
        if let Some(asked) = asked {
            table.timers.remove(&(asked, number));
        }
        drop(table);
        drop(client);
    }

    /// Looks after the client at that time, and not at the one that it `asked` for before.
    pub(super) fn wake_at(&self, number: u64, asked: Option<Time>, time: Time) {
        let mut table = self.table();
        if let Some(asked) = asked {
            table.timers.remove(&(asked, number));
        }
        table.timers.insert((time, number));
        let early = time < table.asleep_until;
        if early {
            // Once is enough.
            table.asleep_until = time;
        }
        drop(table);
        if early {
            // It fails only when the counter is at its end, and then the bell rings anyway.
            let _ = rustix::io::write(&self.bell, &1u64.to_ne_bytes());
        }
    }

    /// Changes what is reported of a client's link.
    pub(super) fn report(
        &self,
        number: u64,
        link: impl AsFd,
        before: Interest,
        after: Interest,
    ) -> io::Result<()> {
        let data = EventData::new_u64(number);
        match (before.is_none(), after.is_none()) {
            (true, true) => {}
            (true, false) => epoll::add(&self.epoll, link, data, after.flags())?,
            (false, true) => epoll::delete(&self.epoll, link)?,
            (false, false) if before == after => {}
            (false, false) => epoll::modify(&self.epoll, link, data, after.flags())?,
        }
        Ok(())
    }

    fn run(&self) {
        let mut events = Vec::with_capacity(EVENTS);
        let mut ready = Vec::new();
        loop {
            self.wait(&mut events);
            self.collect(&events, &mut ready);
            for engine in ready.drain(..) {
                // Dropped here, the last hold on a client says goodbye to its server, which does not block either.
                let looked_after = catch_unwind(AssertUnwindSafe(|| {
                    if let Some(engine) = engine.upgrade() {
                        engine.attend();
                    }
                }));
                if looked_after.is_err() {
                    tracing::error!("a client failed inside while its futures waited");
                    // To take the lock once more makes it begin anew, and wakes its futures.
                    let _ = catch_unwind(AssertUnwindSafe(|| {
                        engine.upgrade().map(|engine| drop(engine.lock()))
                    }));
                }
            }
        }
    }

    fn wait(&self, events: &mut Vec<Event>) {
        let mut table = self.table();
        let due = table.timers.first().map(|(time, _)| *time);
        table.asleep_until = due.unwrap_or(Time::from_nanos(u64::MAX));
        drop(table);
        let timeout = due.map(|due| timespec(due.since(now())));
        events.clear();
        let space = rustix::buffer::spare_capacity(events);
        match epoll::wait(&self.epoll, space, timeout.as_ref()) {
            Ok(_) | Err(Errno::INTR) => {}
            // It cannot be, as everything handed to it is sound; if it is, spinning would help nobody.
            Err(error) => {
                tracing::error!(%error, "the I/O thread cannot wait");
                std::thread::park_timeout(Duration::from_millis(10));
            }
        }
    }

    /// The clients of which something was reported, or whose time has come.
    fn collect(&self, events: &[Event], ready: &mut Vec<Weak<Engine>>) {
        let mut table = self.table();
        // From here on whoever asks for something finds the thread awake.
        table.asleep_until = Time::ZERO;
        for event in events {
            match event.data.u64() {
                BELL => drop(rustix::io::read(&self.bell, &mut [0; 8])),
                number => ready.extend(table.clients.get(&number).cloned()),
            }
        }
        let now = now();
        while let Some(&(time, number)) = table.timers.first().filter(|(time, _)| *time <= now) {
            table.timers.remove(&(time, number));
            ready.extend(table.clients.get(&number).cloned());
        }
    }

    /// Nothing that can panic runs under this lock.
    fn table(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn timespec(duration: Duration) -> Timespec {
    Timespec {
        tv_sec: i64::try_from(duration.as_secs()).unwrap_or(i64::MAX),
        tv_nsec: duration.subsec_nanos().into(),
    }
}
