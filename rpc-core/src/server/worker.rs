//! The workers: threads that wait for events together and run handlers.

use super::hands::Hands;
use super::poller::{Events, meaning};
use super::queues::UnfinishedSource;
use super::seat::Seat;
use super::shared::{Phase, Shared};
use std::time::Duration;

/// Works until the server stops.
pub(crate) fn work(shared: &Shared, seat: &Seat) {
    shared.substitutes.count_waiting_here();
    let mut hands = Hands::new(shared, Some(seat));
    let mut events = Events::new();
    // Whether what waits for a commit is left to others.
    let mut left = false;
    while shared.phase() != Phase::Stopped {
        if let Some(call) = shared.calls.pop() {
            if !shared.calls.is_empty() {
                // Several calls can be queued by one thread before another wakes, and wakings do not add up.
                shared.poller.wake();
            }
            hands.end_waiting_call(call);
        }
        if let Some(UnfinishedSource {
            source,
            hold,
            ready,
        }) = shared.unfinished.pop()
        {
            hands.serve(&source, hold, ready);
        }
        seat.rest();
        // Whoever queues something wakes the poller afterwards, so what is not seen here ends the waiting.
        let more = !(shared.calls.is_empty() && shared.unfinished.is_empty());
        // What is left to others, or not there yet, is no reason to stay awake.
        let commits = !more && !left && shared.committing.has_backlog();
        let timeout = match commits {
            true => Some(shared.committing.patience()),
            false => more.then_some(Duration::ZERO),
        };
        if let Err(error) = shared.poller.wait(&mut events, timeout) {
            tracing::error!(%error, "waiting for events failed, so a worker ends");
            break;
        }
        left = commits && events.is_empty() && !hands.commit_when_idle();
        take_events(&mut hands, &events);
    }
    // One waking reaches one worker, and each passes it on.
    shared.poller.wake();
}

/// Tells the claims about events. Serves the first source that was free; others have to be within everybody's reach.
pub(crate) fn take_events(hands: &mut Hands<'_>, events: &Events) {
    let shared = hands.shared;
    let mut first = None;
    for (number, ready) in events.iter().filter_map(meaning) {
        let Some(source) = shared.sources.get(number) else {
            continue;
        };
        let Some(hold) = shared.claim(&source, ready) else {
            continue;
        };
        match first {
            None => first = Some((source, hold, ready)),
            Some(_) => shared.leave_unfinished(&source, hold, ready),
        }
    }
    if let Some((source, hold, ready)) = first {
        hands.serve(&source, hold, ready);
    }
}
