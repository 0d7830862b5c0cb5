//! Ending a server.

use super::hands::Hands;
use super::poller::{Events, meaning};
use super::run::method_name;
use super::seat::Running;
use super::shared::Shared;
use super::source::{Kind, Source};
use rpc_proto::session::server::Route;
use std::fmt;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// A server that did not come to its end within the bound. It is closed all the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShutdownError {
    bound: Duration,
    held_up: Vec<HeldUp>,
}

/// What held a shutdown up.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum HeldUp {
    /// A method that still runs. Its caller gets no reply from this server.
    Handler {
        /// As `Interface.method`.
        method: String,
        /// Who called it.
        peer: String,
    },
    /// The completion store, in which a commit is not over. Whether its calls are kept, only the next server on it can tell.
    Store,
    /// A peer that did not read its replies.
    Reader {
        /// Who.
        peer: String,
    },
}

impl ShutdownError {
    /// What held it up.
    pub fn held_up(&self) -> &[HeldUp] {
        &self.held_up
    }
}

impl fmt::Display for HeldUp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            HeldUp::Handler { method, peer } => write!(f, "{method} still runs for {peer}"),
            HeldUp::Store => f.write_str("the completion store has not come back from a commit"),
            HeldUp::Reader { peer } => write!(f, "{peer} does not read its replies"),
        }
    }
}

impl fmt::Display for ShutdownError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "the server did not come to its end within {:?}",
            self.bound
        )?;
        for (index, held_up) in self.held_up.iter().enumerate() {
            write!(f, "{} {held_up}", if index == 0 { ":" } else { "," })?;
        }
        Ok(())
    }
}

impl std::error::Error for ShutdownError {}

/// Ends the server within `bound` from `start`.
pub(super) fn shut_down(
    shared: &Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
    start: Instant,
    bound: Duration,
) -> Result<(), ShutdownError> {
    let until = start + bound;
    let left = || until.saturating_duration_since(Instant::now());
    stop_listening(shared);
    shared.begin_draining();
    refuse_waiting_calls(shared);
    let quiet = shared.wait_until_quiet(left());
    let mut held: Vec<_> = shared
        .all_seats()
        .filter_map(|seat| seat.running())
        .map(|running| handler(shared, running))
        .collect();
    if shared.sessions().waits_for_store() && !held.contains(&HeldUp::Store) {
        held.push(HeldUp::Store);
    }
    shared.stop();
    if quiet {
        // Each thread ends after what it does now, which includes sending the replies that it has at hand.
        for thread in threads {
            let _ = thread.join();
        }
    }
    let unread = send_the_rest(shared, left());
    // This thread may have taken a waking that a worker needs to see the end.
    shared.poller.wake();
    for source in shared.sources.all() {
        shared.close(&source);
    }
    if quiet && unread.is_empty() {
        return Ok(());
    }
    let held_up = held.into_iter().chain(unread).collect();
    Err(ShutdownError { bound, held_up })
}

/// Gives the streams' endpoints back. Datagram sockets go on, since replies leave through them.
fn stop_listening(shared: &Shared) {
    for source in shared.sources.all() {
        if matches!(source.kind, Kind::Listener(_)) {
            shared.close(&source);
        }
    }
}

/// Calls that were let in and not begun did not run, and their callers are told so.
fn refuse_waiting_calls(shared: &Shared) {
    let mut hands = Hands::new(shared, None);
    while let Some(call) = shared.calls.pop() {
        hands.end_waiting_call(call);
    }
    shared.commit_soon();
}

fn handler(shared: &Shared, running: Running) -> HeldUp {
    let Some(service) = shared.services.get(running.interface) else {
        return HeldUp::Store;
    };
    HeldUp::Handler {
        method: method_name(service.interface(), running.procedure),
        peer: peer_text(shared, running.route),
    }
}

fn peer_text(shared: &Shared, route: Route) -> String {
    if let Some((_, ends)) = shared.routes.find(route) {
        return format!("udp://{}", ends.peer);
    }
    match shared.sources.get(route.0) {
        Some(source) => source
            .as_stream()
            .map_or_else(String::new, |stream| stream.peer.to_string()),
        None => "a connection that has ended".to_owned(),
    }
}

/// Writes what waits in outboxes until all of it is written or the time is over. Says who did not read.
fn send_the_rest(shared: &Shared, bound: Duration) -> Vec<HeldUp> {
    let until = Instant::now() + bound;
    let mut events = Events::new();
    loop {
        let unread: Vec<_> = shared
            .sources
            .all()
            .into_iter()
            .filter(|source| has_unread(shared, source))
            .collect();
        let left = until.saturating_duration_since(Instant::now());
        if unread.is_empty()
            || left.is_zero()
            || shared.poller.wait(&mut events, Some(left)).is_err()
        {
            let peers = unread
                .iter()
                .filter_map(|source| Some(source.as_stream()?.peer.to_string()));
            return peers.map(|peer| HeldUp::Reader { peer }).collect();
        }
        // Which source it is does not matter: all that wait are tried again.
        let _ = events.iter().filter_map(meaning).count();
    }
}

fn has_unread(shared: &Shared, source: &Arc<Source>) -> bool {
    use super::outbox::Outflow;
    let Some(stream) = source.as_stream() else {
        return false;
    };
    shared.write(source, stream, &[]) == Outflow::Waiting
}
