//! Working on sources: taking messages in, having calls run, sending replies.

use super::claim::{Hold, Ready, Released};
use super::outbox::Outflow;
use super::queues::WaitingCall;
use super::routes::AddressBytes;
use super::seat::Seat;
use super::shared::{Phase, Shared, send_datagrams};
use super::source::{DatagramPort, Kind, Source, Stream};
use crate::context::Peer;
use crate::system;
use crate::transport::{Address, DATAGRAM_LIMIT, StreamListener};
use rpc_proto::session::Security;
use rpc_proto::session::server::{Done, Handled, Origin, Route, Run};
use rpc_proto::time::Time;
use std::fmt;
use std::io;
use std::mem::take;
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// A thread's means to work on sources. The buffers stay with it, so that a call in steady state allocates nothing.
pub(crate) struct Hands<'a> {
    pub(crate) shared: &'a Shared,
    /// Where this worker tells what it runs. The housekeeper has none: it runs nothing and lets calls wait for a worker.
    pub(crate) seat: Option<&'a Seat>,
    /// Framed messages for the source in hand that are not handed on yet.
    out: Vec<u8>,
    /// The reply of the call in hand.
    pub(crate) reply: Vec<u8>,
    /// The arguments of the call in hand, out of reach of whoever reads on.
    args: Vec<u8>,
    datagram: Vec<u8>,
}

/// How many messages or reads a source gets before it is another's turn.
const BUDGET: usize = 128;

/// So many bytes of replies are handed on although more calls wait.
const OUT: usize = 64 << 10;

/// A buffer larger than this is not kept for small messages.
const KEEP: usize = 4 << 20;

/// How a turn on a source ended.
#[derive(Debug, PartialEq, Eq)]
enum Turn {
    /// There is nothing more to do until the next event.
    Idle,
    /// There may be more to do, and others should have their turn first.
    Unfinished,
    /// The source is closed, or in other hands.
    Over,
}

/// What was found in the input of a connection.
enum Next {
    /// A call to run; its arguments are in `args`.
    Call(Run, Time),
    /// Nothing more for now.
    Nothing,
    /// The peer has to read its replies first.
    Crowded,
    /// The budget is used up.
    Exhausted,
    /// The claim was taken over while a handler ran.
    Lost,
    /// Nothing good can come from this connection.
    Broken,
}

/// A call that may be run now, but for its arguments.
pub(crate) struct Begun<'a> {
    pub(crate) run: Run,
    pub(crate) now: Time,
    pub(crate) peer: &'a Peer,
    pub(crate) route: Route,
    pub(crate) held: Option<(u64, Hold)>,
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
                Turn::Idle => match source.claim.release(hold) {
                    Released::Again(more) => ready = more,
                    Released::Free | Released::Lost => return,
                },
            }
        }
    }

    /// Runs a call that waited for a worker.
    pub(crate) fn run_waiting(&mut self, call: WaitingCall) {
        let now = system::now();
        let WaitingCall {
            run,
            peer,
            route,
            args,
        } = call;
        if self.shared.phase() != Phase::Serving {
            self.refuse(run, Done::ShuttingDown);
        } else if run.deadline.is_some_and(|deadline| deadline <= now) {
            self.refuse(run, Done::DeadlinePassed);
        } else {
            let begun = Begun {
                run,
                now,
                peer: &peer,
                route,
                held: None,
            };
            if let Some(to) = self.run(begun, &args) {
                self.shared.deliver(to, &self.reply);
            }
        }
    }

    /// Ends a call that was let in and does not run.
    pub(crate) fn refuse(&mut self, run: Run, why: Done) {
        self.clear_reply();
        if let Some(to) = self.shared.handle_done(run.token, why, &mut self.reply) {
            self.shared.deliver(to, &self.reply);
        }
    }

    fn serve_stream(
        &mut self,
        source: &Arc<Source>,
        stream: &Stream,
        hold: Hold,
        ready: Ready,
    ) -> Turn {
        if ready.has(Ready::WRITE) {
            self.flush(source, stream);
        }
        stream.input().note(ready);
        let mut budget = BUDGET;
        loop {
            let next = match self.next_call(source, stream, hold, &mut budget) {
                Next::Call(run, now) => {
                    self.run_from_stream(source, stream, hold, run, now);
                    continue;
                }
                next => next,
            };
            let outflow = self.flush(source, stream);
            return match next {
                // There is room again, so reading goes on. Else room will be an event, or another thread will notify.
                Next::Crowded if !stream.outbox.is_crowded() => continue,
                Next::Crowded | Next::Nothing => self.finish_turn(source, stream, outflow),
                Next::Exhausted => Turn::Unfinished,
                Next::Broken => {
                    self.shared.close(source);
                    Turn::Over
                }
                Next::Lost | Next::Call(..) => Turn::Over,
            };
        }
    }

    /// Nothing more can be read for now: closes a connection that has ended, and watches one that keeps us waiting.
    fn finish_turn(&mut self, source: &Source, stream: &Stream, outflow: Outflow) -> Turn {
        let mut input = stream.input();
        let waiting = outflow == Outflow::Waiting;
        if outflow == Outflow::Broken || (input.has_ended() && !waiting) {
            let partial = input.reader.handle_end();
            drop(input);
            if let Err(error) = partial {
                tracing::debug!(peer = %stream.peer, %error, "a connection ended");
            }
            self.shared.close(source);
            return Turn::Over;
        }
        if waiting {
            // Messages may be left because of us, and then it is not the peer that keeps a record back.
            input.end_partial();
            self.shared.house.watch_stalled(system::now());
        } else if input.is_partial() {
            let now = system::now();
            input.keep_time(now);
            self.shared.house.watch_stalled(now);
        }
        Turn::Idle
    }

    /// Takes messages out of the connection until one of them is a call to be run.
    fn next_call(
        &mut self,
        source: &Arc<Source>,
        stream: &Stream,
        hold: Hold,
        budget: &mut usize,
    ) -> Next {
        if self.out.len() >= OUT {
            self.flush(source, stream);
        }
        let mut input = stream.input();
        // Looked at under the lock: whoever took the claim over during a handler waits for the lock or had it before.
        if !source.claim.is_held_by(hold) {
            return Next::Lost;
        }
        loop {
            if stream.outbox.is_crowded() {
                return Next::Crowded;
            }
            if *budget == 0 {
                return Next::Exhausted;
            }
            *budget -= 1;
            match input.reader.poll_record() {
                Ok(Some(message)) => {
                    let now = system::now();
                    let origin = Origin {
                        route: Route(source.number),
                        address: stream.address.as_slice(),
                        datagram: false,
                        security: stream.security,
                    };
                    let handled = self
                        .shared
                        .handle_message(now, origin, message, &mut self.out);
                    if let Handled::Run(run) = handled {
                        keep_small(&mut self.args);
                        self.args.extend_from_slice(&message[run.args.clone()]);
                        input.end_partial();
                        return Next::Call(run, now);
                    }
                    input.end_partial();
                    if self.out.len() >= OUT {
                        self.flush(source, stream);
                    }
                }
                Ok(None) => match input.fill(&stream.socket) {
                    Ok(true) => {}
                    Ok(false) => return Next::Nothing,
                    Err(error) => return self.broken(stream, &error),
                },
                Err(error) => return self.broken(stream, &error),
            }
        }
    }

    fn broken(&self, stream: &Stream, error: &dyn fmt::Display) -> Next {
        self.shared
            .counters
            .broken_streams
            .fetch_add(1, Ordering::Relaxed);
        tracing::debug!(peer = %stream.peer, %error, "a connection is closed");
        Next::Broken
    }

    fn run_from_stream(
        &mut self,
        source: &Source,
        stream: &Stream,
        hold: Hold,
        run: Run,
        now: Time,
    ) {
        let route = Route(source.number);
        if !self.out.is_empty() {
            // Should this handler be slow, the housekeeper sends what is finished.
            stream.outbox.append(&self.out);
            self.out.clear();
        }
        let args = take(&mut self.args);
        let begun = Begun {
            run,
            now,
            peer: &stream.peer,
            route,
            held: Some((source.number, hold)),
        };
        match self.run_or_queue(begun, &args) {
            Some(to) if to == route && self.out.is_empty() => {
                std::mem::swap(&mut self.out, &mut self.reply)
            }
            Some(to) if to == route => self.out.extend_from_slice(&self.reply),
            Some(to) => self.shared.deliver(to, &self.reply),
            None => {}
        }
        self.args = args;
    }

    /// Writes what waits for the connection.
    fn flush(&mut self, source: &Arc<Source>, stream: &Stream) -> Outflow {
        let outflow = self.shared.write(source, stream, &self.out);
        self.out.clear();
        keep_small(&mut self.out);
        outflow
    }

    fn serve_datagrams(&mut self, source: &Source, port: &DatagramPort, hold: Hold) -> Turn {
        let mut datagram = take(&mut self.datagram);
        datagram.resize(DATAGRAM_LIMIT, 0);
        let turn = self.receive(source, port, hold, &mut datagram);
        self.datagram = datagram;
        turn
    }

    fn receive(
        &mut self,
        source: &Source,
        port: &DatagramPort,
        hold: Hold,
        buffer: &mut [u8],
    ) -> Turn {
        for _ in 0..BUDGET {
            if !source.claim.is_held_by(hold) {
                return Turn::Over;
            }
            let (length, from) = match port.socket.recv_from(buffer) {
                Ok(received) => received,
                Err(error) => {
                    if error.kind() != io::ErrorKind::WouldBlock {
                        tracing::warn!(%error, "receiving datagrams failed");
                    }
                    return Turn::Idle;
                }
            };
            let message = &buffer[..length];
            let now = system::now();
            let route = self.shared.routes.route(port.index, from);
            let address = AddressBytes::of_socket(from);
            let origin = Origin {
                route,
                address: address.as_slice(),
                datagram: true,
                security: Security::Network,
            };
            let handled = self
                .shared
                .handle_message(now, origin, message, &mut self.out);
            send_datagrams(&port.socket, &self.out, from);
            self.out.clear();
            if let Handled::Run(run) = handled {
                let args = &message[run.args.clone()];
                let peer = Peer::new(Address::Udp(from), None);
                let begun = Begun {
                    run,
                    now,
                    peer: &peer,
                    route,
                    held: Some((source.number, hold)),
                };
                match self.run_or_queue(begun, args) {
                    Some(to) if to == route => send_datagrams(&port.socket, &self.reply, from),
                    Some(to) => self.shared.deliver(to, &self.reply),
                    None => {}
                }
            }
        }
        Turn::Unfinished
    }

    fn accept(&mut self, source: &Source, listener: &StreamListener) -> Turn {
        for _ in 0..BUDGET {
            match listener.accept() {
                Ok(Some(socket)) if self.shared.sources.len() >= self.shared.bounds.connections => {
                    self.shared
                        .counters
                        .turned_away
                        .fetch_add(1, Ordering::Relaxed);
                    tracing::warn!(peer = %socket.peer(), "there are too many connections already");
                }
                Ok(Some(socket)) => {
                    if let Err(error) = self.shared.open_stream(socket) {
                        tracing::warn!(%error, "a connection could not be taken in");
                    }
                }
                Ok(None) => return Turn::Idle,
                Err(error) => {
                    // As a rule there are no descriptors left. The edge does not come again, so this has to.
                    tracing::warn!(%error, "accepting failed");
                    self.shared.house.accept_later(source.number);
                    return Turn::Idle;
                }
            }
        }
        Turn::Unfinished
    }

    /// Runs a call here, or has it wait for a worker if these are the housekeeper's hands.
    fn run_or_queue(&mut self, begun: Begun<'_>, args: &[u8]) -> Option<Route> {
        if self.seat.is_some() {
            return self.run(begun, args);
        }
        let shared = self.shared;
        if shared.calls.len() >= shared.bounds.waiting_calls {
            self.clear_reply();
            return shared.handle_done(begun.run.token, Done::Overloaded, &mut self.reply);
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
