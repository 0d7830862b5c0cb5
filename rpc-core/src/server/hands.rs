//! Working on sources: taking messages in, having calls run, sending replies.

use super::claim::{Hold, Ready, Released};
use super::queues::WaitingCall;
use super::room::lacks_descriptors;
use super::seat::Seat;
use super::shared::{Phase, Shared};
use super::source::{Kind, Source};
use crate::context::Peer;
use crate::system;
use crate::transport::{Ends, StreamListener};
use rpc_proto::session::server::{Done, Route, Run, Token};
use rpc_proto::time::Time;
use std::sync::Arc;

/// A thread's means to work on sources. The buffers stay with it, so that a call in steady state allocates nothing.
pub(crate) struct Hands<'a> {
    pub(crate) shared: &'a Shared,
    /// Where this worker tells what it runs. The housekeeper has none: it runs nothing and lets calls wait for a worker.
    pub(crate) seat: Option<&'a Seat>,
    /// Framed messages for the source in hand that are not handed on yet.
    pub(super) out: Vec<u8>,
    /// The reply of the call in hand.
    pub(crate) reply: Vec<u8>,
    /// The arguments of the call in hand, out of reach of whoever reads on.
    pub(super) args: Vec<u8>,
    pub(super) datagram: Vec<u8>,
    /// Whom the datagram in `out` goes to.
    pub(super) datagram_to: Option<Ends>,
}

/// How many messages or reads a source gets before it is another's turn.
pub(super) const BUDGET: usize = 128;

/// A buffer larger than this is not kept for small messages.
const KEEP: usize = 4 << 20;

/// How a turn on a source ended.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Turn {
    /// There is nothing more to do until the next event.
    Idle,
    /// There may be more to do, and others should have their turn first.
    Unfinished,
    /// The source is closed.
    Over,
    /// The source is in other hands: it was taken over while a handler ran.
    Lost,
}

/// A call that may be run now, but for its arguments.
pub(crate) struct Begun<'a> {
    pub(crate) run: Run,
    pub(crate) now: Time,
    pub(crate) peer: &'a Peer,
    pub(crate) route: Route,
    pub(crate) held: Option<(u64, Hold)>,
    /// Whether something may wait there for this call to end.
    pub(crate) behind: bool,
}

impl<'a> Hands<'a> {
    pub(crate) fn new(shared: &'a Shared, seat: Option<&'a Seat>) -> Self {
        Self {
            shared,
            seat,
            out: Vec::new(),
            reply: Vec::new(),
            args: Vec::new(),
            datagram: Vec::new(),
            datagram_to: None,
        }
    }

    /// Works on a source until there is nothing to do there, or others should have their turn.
    pub(crate) fn serve(&mut self, source: &Arc<Source>, hold: Hold, mut ready: Ready) {
        loop {
            let turn = match &source.kind {
                Kind::Stream(stream) => self.serve_stream(source, stream, hold, ready),
                Kind::Datagrams(port) => self.serve_datagrams(source, port, hold),
                Kind::Listener(listener) => self.accept(source, listener),
            };
            match turn {
                Turn::Over => return,
                Turn::Unfinished => return self.shared.leave_unfinished(source, hold, Ready::NONE),
                Turn::Lost => return self.shared.end_detached_call(source),
                Turn::Idle => {
                    let released = source.claim.release(hold);
                    // Only now, since it wakes the peer: whoever takes its next message need not wait for this thread.
                    self.send_out(source);
                    match released {
                        Released::Again(more) => ready = more,
                        Released::Free => return,
                        Released::Lost => return self.shared.end_detached_call(source),
                    }
                }
            }
        }
    }

    /// Sends what is still at hand for a source.
    fn send_out(&mut self, source: &Arc<Source>) {
        match &source.kind {
            Kind::Stream(stream) => {
                self.flush(source, stream);
            }
            Kind::Datagrams(port) => self.send_last(port),
            Kind::Listener(_) => {}
        }
    }

    /// Ends a call that waited for a worker: runs it, unless that is too late now.
    pub(crate) fn end_waiting_call(&mut self, call: WaitingCall) {
        let now = system::now();
        let WaitingCall {
            run,
            peer,
            route,
            args,
        } = call;
        let to = if self.shared.phase() != Phase::Serving {
            self.refuse(run.token, Done::ShuttingDown, route)
        } else if run.deadline.is_some_and(|deadline| deadline <= now) {
            self.refuse(run.token, Done::DeadlinePassed, route)
        } else {
            self.run(
                Begun {
                    run,
                    now,
                    peer: &peer,
                    route,
                    held: None,
                    behind: false,
                },
                &args,
            )
        };
        if let Some(to) = to {
            self.shared.deliver(to, &self.reply);
        }
        if let Some(source) = self.shared.sources.get(route.0) {
            self.shared.end_detached_call(&source);
        }
    }

    /// Ends a call that was let in and does not run. Its answer is in `reply`.
    fn refuse(&mut self, token: Token, why: Done, from: Route) -> Option<Route> {
        self.clear_reply();
        self.shared.handle_done(token, why, from, &mut self.reply)
    }

    fn accept(&mut self, source: &Source, listener: &StreamListener) -> Turn {
        for _ in 0..BUDGET {
            match listener.accept() {
                Ok(Some(socket)) => self.shared.take_in(socket, source.number),
                Ok(None) => return Turn::Idle,
                Err(error) if lacks_descriptors(&error) && self.shared.make_room() => {}
                Err(error) => {
                    // The edge does not come again, so this has to.
                    tracing::warn!(%error, "accepting failed");
                    self.shared.house.accept_later(source.number);
                    return Turn::Idle;
                }
            }
        }
        Turn::Unfinished
    }

    /// Runs a call here, or has it wait for a worker if these are the housekeeper's hands.
    pub(super) fn run_or_queue(
        &mut self,
        source: &Source,
        begun: Begun<'_>,
        args: &[u8],
    ) -> Option<Route> {
        let shared = self.shared;
        if shared.phase() != Phase::Serving {
            return self.refuse(begun.run.token, Done::ShuttingDown, begun.route);
        }
        if self.seat.is_some() {
            return self.run(begun, args);
        }
        if shared.is_overloaded() {
            return self.refuse(begun.run.token, Done::Overloaded, begun.route);
        }
        if let Some(stream) = source.as_stream() {
            stream.detach_call();
        }
        let Begun {
            run, peer, route, ..
        } = begun;
        shared.calls.push(WaitingCall {
            run,
            peer: peer.clone(),
            route,
            args: args.to_vec(),
        });
        shared.poller.wake();
        None
    }
}

/// Empties a buffer, and gives its memory back if it is much.
pub(crate) fn keep_small(buffer: &mut Vec<u8>) {
    buffer.clear();
    buffer.shrink_to(KEEP);
}
