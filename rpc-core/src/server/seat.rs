//! What each worker is doing now, for others to see.

use super::claim::Hold;
use rpc_proto::session::server::Route;
use rpc_proto::time::Time;
use std::sync::atomic::{AtomicU64, Ordering};

/// One worker's place. Its worker writes it; the housekeeper and a shutdown read it.
///
/// A reader may catch it between two calls and see a mixture of them. That does no harm: a claim is taken over only from
/// the very hold that is named here, and a name in a shutdown's error is looked at when the handler has run for long.
#[derive(Debug, Default)]
pub(crate) struct Seat {
    /// When the running handler began; 0 while none runs.
    since: AtomicU64,
    /// The source that the worker holds meanwhile, and by which hold; see [`Running::held`].
    source: AtomicU64,
    hold: AtomicU64,
    route: AtomicU64,
    /// Interface in the upper half, procedure in the lower; [`COMMIT`] while the worker commits.
    method: AtomicU64,
    /// When the latest call began whose end is kept by the store, since the worker was last at rest; 0 if none has.
    recorded: AtomicU64,
    /// How many handlers ran here.
    ran: AtomicU64,
}

/// A handler that runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Running {
    /// When it began.
    pub(crate) since: Time,
    /// Which of the server's interfaces.
    pub(crate) interface: usize,
    /// Which of its procedures.
    pub(crate) procedure: u32,
    /// Who called.
    pub(crate) route: Route,
    /// The source that its worker holds, if any.
    pub(crate) held: Option<(u64, Hold)>,
}

/// No hold has this number.
const NOT_HELD: u64 = u64::MAX;

/// No method has this number: there are fewer interfaces.
const COMMIT: u64 = u64::MAX;

impl Seat {
    /// The worker is about to run a handler; `records`: of a call whose end is kept by the store. Ordered before whatever it
    /// reads next, as the housekeeper relies on.
    pub(crate) fn begin(&self, running: Running, records: bool) {
        let (source, hold) = running
            .held
            .map_or((0, NOT_HELD), |(source, hold)| (source, hold.number()));
        self.source.store(source, Ordering::Relaxed);
        self.hold.store(hold, Ordering::Relaxed);
        self.route.store(running.route.0, Ordering::Relaxed);
        let method = (running.interface as u64) << 32 | u64::from(running.procedure);
        self.method.store(method, Ordering::Relaxed);
        self.ran
            .store(self.ran.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
        let since = running.since.as_nanos().max(1);
        if records {
            self.recorded.store(since, Ordering::SeqCst);
        }
        self.since.store(since, Ordering::SeqCst);
    }

    /// The worker has run what it had to run, and looks for something else to do.
    pub(crate) fn rest(&self) {
        if self.recorded.load(Ordering::Relaxed) != 0 {
            self.recorded.store(0, Ordering::SeqCst);
        }
    }

    /// The worker is about to wait for the store.
    pub(crate) fn begin_commit(&self, now: Time) {
        self.hold.store(NOT_HELD, Ordering::Relaxed);
        self.method.store(COMMIT, Ordering::Relaxed);
        self.since.store(now.as_nanos().max(1), Ordering::SeqCst);
    }

    /// Whether the worker runs calls whose ends are kept by the store, one after the other, and the latest began at
    /// `earliest` or later.
    pub(crate) fn records_since(&self, earliest: Time) -> bool {
        self.recorded.load(Ordering::SeqCst) >= earliest.as_nanos().max(1)
    }

    /// The handler has come back.
    pub(crate) fn end(&self) {
        self.since.store(0, Ordering::Release);
    }

    /// Whether a handler runs here.
    pub(crate) fn is_busy(&self) -> bool {
        self.since.load(Ordering::SeqCst) != 0
    }

    /// The handler that runs, if one does.
    pub(crate) fn running(&self) -> Option<Running> {
        let since = self.since.load(Ordering::SeqCst);
        if since == 0 {
            return None;
        }
        let (hold, method) = (
            self.hold.load(Ordering::Relaxed),
            self.method.load(Ordering::Relaxed),
        );
        let held = (self.source.load(Ordering::Relaxed), Hold::from_number(hold));
        Some(Running {
            since: Time::from_nanos(since),
            interface: (method >> 32) as usize,
            procedure: method as u32,
            route: Route(self.route.load(Ordering::Relaxed)),
            held: (hold != NOT_HELD).then_some(held),
        })
    }

    /// How many handlers ran or run here.
    pub(crate) fn ran(&self) -> u64 {
        self.ran.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seat_tells_what_runs_there() {
        let seat = Seat::default();
        assert_eq!(seat.running(), None);
        let held = Some((5, Hold::from_number(9)));
        for held in [held, None] {
            let since = Time::from_nanos(17);
            let running = Running {
                since,
                interface: 3,
                procedure: u32::MAX,
                route: Route(1 << 63 | 4),
                held,
            };
            seat.begin(running, held.is_some());
            assert_eq!(seat.running(), Some(running));
            seat.end();
            assert_eq!(seat.running(), None);
            assert_eq!(seat.records_since(since), held.is_some());
            assert!(!seat.records_since(Time::from_nanos(18)));
            seat.rest();
            assert!(!seat.records_since(since));
        }
        assert_eq!(seat.ran(), 2);
    }
}
