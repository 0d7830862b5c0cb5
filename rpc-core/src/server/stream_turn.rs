//! A turn on a connection: messages in, calls run in order, replies out together.

use super::claim::{Hold, Ready};
use super::hands::{BUDGET, Begun, Hands, Turn, keep_small};
use super::outbox::Outflow;
use super::sessions::Caller;
use super::source::{Source, Stream};
use crate::system;
use rpc_proto::session::server::{Handled, Origin, Route, Run};
use rpc_proto::time::Time;
use std::fmt;
use std::mem::take;
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// So many bytes of replies are handed on although more calls wait.
const OUT: usize = 64 << 10;

/// A call to be run.
struct Call {
    run: Run,
    /// When it came.
    now: Time,
    /// Whether there may be more behind it.
    behind: bool,
}

/// What was found in the input of a connection.
enum Next {
    /// A call to run; its arguments are in `args`.
    Call(Call),
    /// Nothing more for now.
    Nothing,
    /// No more should be read from this peer for now.
    HeldBack,
    /// The budget is used up.
    Exhausted,
    /// The claim was taken over while a handler ran.
    Lost,
    /// Nothing good can come from this connection.
    Broken,
}

impl Hands<'_> {
    /// Works on a connection until there is nothing to do there, or others should have their turn.
    pub(super) fn serve_stream(
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
                Next::Call(call) => {
                    self.run_from_stream(source, stream, hold, call);
                    continue;
                }
                next => next,
            };
            let broken =
                !matches!(next, Next::Nothing) && self.flush(source, stream) == Outflow::Broken;
            return match next {
                Next::Lost | Next::Call(..) => Turn::Lost,
                Next::Broken => self.close(source),
                _ if broken => self.close(source),
                // That may have been the reason. Else the end of the reason will be an event, or another thread notifies.
                Next::HeldBack if !stream.is_held_back() => continue,
                Next::HeldBack | Next::Nothing => self.finish_turn(source, stream),
                Next::Exhausted => Turn::Unfinished,
            };
        }
    }

    /// Nothing more can be read for now: keeps time of a record that is not whole, and closes what has come to its end.
    fn finish_turn(&mut self, source: &Arc<Source>, stream: &Stream) -> Turn {
        let mut input = stream.input();
        input.count_held();
        if !input.has_ended() {
            if stream.is_held_back() {
                // Messages are left because of us, so it is not the peer that keeps a record back.
                input.end_partial();
            } else if input.keep_time() {
                self.shared.house.watch_stalled();
                self.shared.watch_held();
            }
            return Turn::Idle;
        }
        let partial = input.reader.handle_end();
        drop(input);
        stream.tell_end();
        let outflow = self.flush(source, stream);
        let is_over = stream.outbox.is_empty_or_tells() && !stream.has_detached_calls();
        if !is_over && outflow != Outflow::Broken {
            return Turn::Idle;
        }
        if let Err(error) = partial {
            tracing::debug!(peer = %stream.peer, %error, "a connection ended");
        }
        self.close(source)
    }

    fn close(&self, source: &Source) -> Turn {
        self.shared.close(source);
        Turn::Over
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
            if stream.is_held_back() {
                return Next::HeldBack;
            }
            if *budget == 0 {
                return Next::Exhausted;
            }
            *budget -= 1;
            match input.reader.poll_record() {
                Ok(Some(message)) => {
                    let now = system::now();
                    stream.note_use(now);
                    let origin = Origin {
                        route: Route(source.number),
                        address: stream.address.as_slice(),
                        host: stream.address.host(),
                        listener: stream.listener,
                        datagram: false,
                        security: stream.security,
                    };
                    let caller = Caller {
                        route: origin.route,
                        peer: Some(&stream.peer),
                        stream: Some(stream),
                    };
                    let handled =
                        self.shared
                            .handle_message(now, origin, caller, message, &mut self.out);
                    if let Handled::Run(run) = handled {
                        keep_small(&mut self.args);
                        self.args.extend_from_slice(&message[run.args.clone()]);
                        input.end_partial();
                        let behind = input.may_have_more();
                        return Next::Call(Call { run, now, behind });
                    }
                    if matches!(handled, Handled::NoRoom) {
                        input.reader.put_back();
                        return Next::HeldBack;
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

    fn run_from_stream(&mut self, source: &Source, stream: &Stream, hold: Hold, call: Call) {
        let route = Route(source.number);
        let Call {
            run,
            now,
            mut behind,
        } = call;
        if !self.out.is_empty() {
            // Should this handler be slow, the housekeeper sends what is finished.
            stream.outbox.append(&self.out);
            self.out.clear();
            behind = true;
        }
        let args = take(&mut self.args);
        let begun = Begun {
            run,
            now,
            peer: &stream.peer,
            route,
            held: Some((source.number, hold)),
            behind,
        };
        match self.run_or_queue(source, begun, &args) {
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
    pub(super) fn flush(&mut self, source: &Arc<Source>, stream: &Stream) -> Outflow {
        let outflow = self.shared.write(source, stream, &self.out);
        self.out.clear();
        keep_small(&mut self.out);
        outflow
    }
}
