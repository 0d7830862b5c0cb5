//! The server: threads that wait for calls on all its endpoints and run them.
//!
//! The workers ([`worker`]) wait together in one edge-triggered epoll ([`poller`]); the kernel wakes one of them. What it
//! reports is a [`source`]: a listener, a datagram socket or a connection, and a [`claim`] on it sees to it that one
//! thread at a time works there and no event is lost. That thread takes messages in, asks the session machine which of
//! them are to be run, runs those in order, and sends their replies together ([`hands`], [`stream_turn`],
//! [`datagram_turn`], [`run`], [`outbox`]). Beside the workers the housekeeper ([`house`]) sees to all that must not wait
//! for a handler. Where all workers wait for calls that their own handlers made, it calls in [`substitutes`].
//! `docs/server.md` has the bounds and the reasons.
//!
//! Locks, each held for a short section: the machine's, never during a handler or a system call; a connection's input,
//! never during a handler; a connection's outbox, never during a write. Input comes before machine and
//! before outbox; no other two are held at once.

mod builder;
mod claim;
mod committer;
mod datagram_turn;
mod hands;
mod held;
mod house;
mod keeping;
mod outbox;
mod poller;
mod queues;
mod recovering;
mod registering;
mod room;
mod routes;
mod run;
mod seat;
mod sessions;
mod shared;
mod shutdown;
mod source;
mod sources;
mod stream_turn;
mod substitutes;
#[cfg(test)]
mod tests;
mod worker;

pub use builder::{ServerBuilder, StartError};
pub use shutdown::{HeldUp, ShutdownError};

use crate::endpoint::Endpoint;
use registering::Registered;
use shared::Shared;
use std::fmt;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// A server that answers calls, from [`start`](ServerBuilder::start) until it is shut down or dropped.
///
/// ```
/// # use rpc_core::{Context, Decode, Interface, ServeError, Server, Service, xdr::{Decoder, Encoder}};
/// # struct Nothing;
/// # impl Service for Nothing {
/// #     fn interface(&self) -> &'static Interface {
/// #         &Interface { name: "Nothing", program: 0x2000_0001, version: 1, methods: &[] }
/// #     }
/// #     fn call(&self, _: &Context, _: u32, _: &mut Decoder<'_>, _: &mut Encoder) -> Result<(), ServeError> {
/// #         Err(ServeError::NoProcedure)
/// #     }
/// # }
/// # let service = Nothing;
/// let server = Server::builder().serve(service).listen("tcp://127.0.0.1:0").listen("udp://127.0.0.1:0").start()?;
/// for endpoint in server.endpoints() {
///     println!("serving at {endpoint}");
/// }
/// server.shutdown(std::time::Duration::from_secs(5))?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Server {
    shared: Arc<Shared>,
    endpoints: Vec<Endpoint>,
    /// Dropped, and so ended, before the threads that answer. Locked so that a server can be shared between threads.
    registered: Mutex<Vec<Registered>>,
    threads: Vec<JoinHandle<()>>,
}

impl Server {
    /// Begins to describe a server.
    pub fn builder() -> ServerBuilder {
        ServerBuilder::default()
    }

    /// Where it answers: what was listened to, with the real ports.
    pub fn endpoints(&self) -> &[Endpoint] {
        &self.endpoints
    }

    /// What it has done so far.
    pub fn stats(&self) -> ServerStats {
        let machine = self.shared.machine_stats();
        let counters = &self.shared.counters;
        ServerStats {
            executed: self.shared.all_seats().map(|seat| seat.ran()).sum(),
            duplicates: machine.duplicates,
            replayed: machine.replayed,
            expired: machine.expired,
            refused: machine.refused,
            panics: counters.panics.load(Ordering::Relaxed),
            connections: counters.connections.load(Ordering::Relaxed),
            turned_away: counters.turned_away.load(Ordering::Relaxed),
            broken_streams: counters.broken_streams.load(Ordering::Relaxed),
        }
    }

    /// Ends the server in good order: it withdraws from its matchmakers, takes no more connections and refuses new calls
    /// (they did not run), lets those that run come to their end, sends their replies, and closes.
    ///
    /// All that has to happen within `bound`. What is not over by then is left behind, and the error names it: a handler
    /// cannot be stopped from outside, so its thread ends only when it returns.
    pub fn shutdown(mut self, bound: Duration) -> Result<(), ShutdownError> {
        self.end(bound)
    }

    fn end(&mut self, bound: Duration) -> Result<(), ShutdownError> {
        let start = Instant::now();
        // First of all, so that nobody is sent here any more.
        let registered = self
            .registered
            .get_mut()
            .unwrap_or_else(PoisonError::into_inner);
        registering::withdraw(std::mem::take(registered), bound);
        shutdown::shut_down(
            &self.shared,
            std::mem::take(&mut self.threads),
            start,
            bound,
        )
    }

    /// Waits until the server ends, which as a rule is the end of the program: for those that have something to do, such as
    /// to say at which port they listen, between [`start`](ServerBuilder::start) and waiting.
    pub fn wait(mut self) {
        for thread in std::mem::take(&mut self.threads) {
            // A thread that panicked has ended too.
            let _ = thread.join();
        }
    }
}

/// As a shutdown with a bound of one second. What holds it up longer is left behind, and logged.
impl Drop for Server {
    fn drop(&mut self) {
        if self.threads.is_empty() {
            return;
        }
        if let Err(error) = self.end(DROP_BOUND) {
            tracing::warn!(%error, "a server was dropped");
        }
    }
}

const DROP_BOUND: Duration = Duration::from_secs(1);

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server")
            .field("endpoints", &self.endpoints)
            .field("stats", &self.stats())
            .finish()
    }
}

/// What a server has done since it started.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ServerStats {
    /// Methods that were run.
    pub executed: u64,
    /// Copies of calls that were running or finished already, and were not run again.
    pub duplicates: u64,
    /// Of those, the ones that got the recorded reply again.
    pub replayed: u64,
    /// Copies of calls that were finished and forgotten, and were not run again.
    pub expired: u64,
    /// Calls that were refused without running.
    pub refused: u64,
    /// Methods that panicked.
    pub panics: u64,
    /// Connections taken in.
    pub connections: u64,
    /// Connections closed at once since there were too many, and none of them idle.
    pub turned_away: u64,
    /// Connections closed since what came over them were no records.
    pub broken_streams: u64,
}
