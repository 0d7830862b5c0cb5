//! Calls that are under way, and whose callers do something else meanwhile.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use rpc_proto::describe::Method;
use rpc_proto::time::Time;

use super::call::Decoding;
use super::prepared::{Prepared, What};
use super::session_file::Entry;
use super::state::Ended;
use super::ticket::Ticket;
use super::{Channel, Road, local};
use crate::error::Error;
use crate::nested;
use crate::system::now;

/// A call under way: a future of its result, for any runtime or none.
///
/// It comes from [`Call::start`](crate::Call::start), which has sent it, or from awaiting a [`Call`](crate::Call), which
/// sends it when first polled. Its deadline counts from then. Until the result was taken the call counts as unfinished: for a client with a session file
/// that is when `poll` has returned it.
///
/// Dropped before that, the answer is given up: nobody waits for it any more, the server is told with the next message that
/// it may forget it, and what comes later is ignored. The method may run all the same, or have run.
///
/// It may be moved to other threads, polled by any of them and with any waker, also from one poll to the next.
#[must_use = "dropped, the answer is given up"]
pub struct Pending<R> {
    channel: Channel,
    method: &'static Method,
    decode: Decoding<R>,
    stage: Stage,
    /// The call as it is noted in a session file.
    entry: Option<Entry>,
}

enum Stage {
    /// Nothing is done yet.
    Ready(Prepared),
    /// The engine has it.
    Out(Ticket),
    /// It has ended without the engine.
    Ended(Result<Vec<u8>, Error>),
    /// Its result was taken.
    Over,
}

impl<R> Pending<R> {
    pub(super) fn new(prepared: Prepared, decode: Decoding<R>) -> Self {
        Self {
            channel: prepared.channel.clone(),
            method: prepared.method,
            decode,
            stage: Stage::Ready(prepared),
            entry: None,
        }
    }

    /// Makes the call now, if that was not done.
    pub(super) fn start(mut self) -> Self {
        self.begin(None);
        self
    }

    /// Waits for the result in this thread, as [`Call::wait`](crate::Call::wait) does.
    ///
    /// # Errors
    ///
    /// As those of [`Call::wait`](crate::Call::wait).
    ///
    /// # Panics
    ///
    /// If the result was taken already, by a `poll` that returned it.
    pub fn wait(mut self) -> Result<R, Error> {
        self.begin(None);
        let _waiting = nested::wait();
        loop {
            match std::mem::replace(&mut self.stage, Stage::Over) {
                Stage::Out(ticket) => {
                    let deadline = ticket.deadline;
                    self.handle_end(ticket.wait(), deadline, None);
                }
                Stage::Ended(result) => return self.finish(result),
                Stage::Ready(_) | Stage::Over => panic!("{TAKEN}"),
            }
        }
    }

    /// Makes the call, if that was not done. `waker` is woken when it ends.
    fn begin(&mut self, waker: Option<&Waker>) {
        match std::mem::replace(&mut self.stage, Stage::Over) {
            Stage::Ready(prepared) => {
                self.stage = prepared
                    .begin(waker, &mut self.entry)
                    .unwrap_or_else(|error| Stage::Ended(Err(error)));
            }
            begun => self.stage = begun,
        }
    }

    /// The engine is done with it.
    fn handle_end(&mut self, ended: Ended, deadline: Time, waker: Option<&Waker>) {
        self.stage = match (ended, &self.channel.road) {
            // A oneway call of which the system did not take everything goes out once more, until its deadline.
            (Ended::Unsent(message), Road::Remote(engine)) => {
                let interface = self.channel.interface;
                let again = engine.start(interface, self.method, message, None, deadline, waker);
                match again {
                    Ok(ticket) => Stage::Out(ticket),
                    Err(error) => Stage::Ended(Err(self.channel.no_io_thread(self.method, error))),
                }
            }
            (ended, Road::Remote(engine)) => {
                Stage::Ended(self.channel.result(engine, self.method, ended))
            }
            // No local call has a ticket.
            (_, Road::Local(_)) => Stage::Over,
        };
    }

    fn finish(&mut self, result: Result<Vec<u8>, Error>) -> Result<R, Error> {
        let decoded =
            result.and_then(|result| self.channel.decoded(self.method, result, self.decode));
        self.channel
            .settle(decoded, self.entry.take(), |result| result)
    }
}

const TAKEN: &str = "the result of a call was taken before";

impl<R> Future for Pending<R> {
    type Output = Result<R, Error>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let waker = cx.waker();
        self.begin(Some(waker));
        loop {
            match std::mem::replace(&mut self.stage, Stage::Over) {
                Stage::Out(mut ticket) => match ticket.poll(waker) {
                    Poll::Ready(ended) => self.handle_end(ended, ticket.deadline, Some(waker)),
                    Poll::Pending => {
                        self.stage = Stage::Out(ticket);
                        return Poll::Pending;
                    }
                },
                Stage::Ended(result) => return Poll::Ready(self.finish(result)),
                Stage::Ready(_) | Stage::Over => panic!("{TAKEN}"),
            }
        }
    }
}

impl Prepared {
    /// Makes the call, of which `waker` hears when it ends.
    fn begin(self, waker: Option<&Waker>, entry: &mut Option<Entry>) -> Result<Stage, Error> {
        let Self {
            channel,
            method,
            what,
            deadline,
        } = self;
        let deadline = nested::shorten(deadline);
        let (message, name) = match what {
            What::Refused(error) => return Err(error),
            What::Again(call) => {
                return call.start_asking(deadline, entry, waker).map(Stage::Out);
            }
            What::New { message, name } => (message, name),
        };
        match &channel.road {
            Road::Local(service) => {
                *entry = name.noted();
                let result = local::call(&**service, method, message, deadline);
                Ok(Stage::Ended(
                    result.map_err(|refusal| channel.refused(method, refusal)),
                ))
            }
            Road::Remote(engine) => {
                let deadline = now() + deadline;
                let key = channel.named(engine, method, &message, name, entry)?;
                let interface = channel.interface;
                engine
                    .start(interface, method, message, key, deadline, waker)
                    .map(Stage::Out)
                    .map_err(|error| channel.no_io_thread(method, error))
            }
        }
    }
}

impl<R> fmt::Debug for Pending<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let stage = match &self.stage {
            Stage::Ready(_) => "not made yet",
            Stage::Out(_) => "under way",
            Stage::Ended(_) => "ended",
            Stage::Over => "taken",
        };
        let name = self.channel.interface.name;
        write!(f, "Pending({name}.{}, {stage})", self.method.name)
    }
}
