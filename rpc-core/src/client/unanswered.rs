//! Calls whose deadline has passed, and whose callers may still ask for the answer.

use std::fmt;
use std::task::Waker;
use std::time::Duration;

use rpc_proto::describe::{Describe, Method};
use rpc_proto::time::{Executed, Retry};
use rpc_proto::xdr::Decode;

use super::prepared::{Prepared, What};
use super::session_file::Entry;
use super::state::Shelved;
use super::ticket::Ticket;
use super::{Call, Channel, Road, from_reply};
use crate::error::{Error, ErrorKind};
use crate::nested;
use crate::system::now;

/// A call that came to its deadline without an answer, and that the server still knows.
///
/// Asking again runs nothing twice. The server keeps the answer as long as the client keeps its session: while the client
/// makes calls, and for a while after the last of them (24 seconds with a server's usual lease). After that, asking again
/// says that the call may have run; a call with a name ([`Call::key`]) is asked for by its name then. Dropped, the call is
/// given up: the server is told that it may forget the answer. In a session file it stays unfinished.
#[must_use = "dropped, the answer is given up"]
pub struct Unanswered {
    channel: Channel,
    method: &'static Method,
    /// `None` once it is asked about.
    shelved: Option<Shelved>,
    /// The call as it is noted in a session file.
    entry: Option<Entry>,
}

impl Unanswered {
    pub(super) fn new(channel: Channel, method: &'static Method, shelved: Shelved) -> Self {
        Self {
            channel,
            method,
            shelved: Some(shelved),
            entry: None,
        }
    }

    /// The call is noted in a session file, where it is not for others to ask about as long as this lives.
    pub(crate) fn noted(mut self, entry: Option<Entry>) -> Self {
        self.entry = entry;
        self
    }

    /// What was called, as `Interface.method`.
    pub fn method(&self) -> String {
        format!("{}.{}", self.channel.interface.name, self.method.name)
    }

    /// The same call once more, for a caller who waits for so long. `R` is what its method returns; with any other type
    /// the call fails as [`ErrorKind::OtherCall`], and can be taken from that error again.
    pub fn ask_again<R: Describe + for<'a> Decode<'a>>(self, within: Duration) -> Call<R> {
        let (channel, method) = (self.channel.clone(), self.method);
        let what = if returns::<R>(method) {
            What::Again(Box::new(self))
        } else {
            let error = channel.error(method, ErrorKind::OtherCall, Executed::Maybe, Retry::Never);
            What::Refused(error.with_unanswered(self))
        };
        let prepared = Prepared {
            channel,
            method,
            what,
            deadline: within,
        };
        Call::new(prepared, from_reply)
    }

    /// The encoded result, if it comes in time; and what a session file has of the call.
    pub(super) fn ask(
        mut self,
        within: Duration,
        entry: &mut Option<Entry>,
    ) -> Result<Vec<u8>, Error> {
        *entry = self.entry.take();
        let (Road::Remote(engine), Some(shelved)) = (&self.channel.road, self.shelved.take())
        else {
            // Nothing is shelved without an engine, and nothing is asked twice.
            let (channel, method) = (&self.channel, self.method);
            return Err(channel.error(method, ErrorKind::Client, Executed::Maybe, Retry::Never));
        };
        let deadline = now() + within;
        let _waiting = nested::wait();
        let ended = engine.ask_again(shelved, deadline);
        self.channel.result(engine, self.method, ended)
    }
}

impl Unanswered {
    /// As [`ask`](Self::ask), for a future.
    pub(super) fn start_asking(
        mut self,
        within: Duration,
        entry: &mut Option<Entry>,
        waker: Option<&Waker>,
    ) -> Result<Ticket, Error> {
        let broken = |channel: &Channel, method| {
            channel.error(method, ErrorKind::Client, Executed::Maybe, Retry::Never)
        };
        let (Road::Remote(engine), Some(shelved)) = (&self.channel.road, self.shelved) else {
            return Err(broken(&self.channel, self.method));
        };
        match engine.start_asking(shelved, now() + within, waker) {
            Ok(ticket) => {
                self.shelved = None;
                *entry = self.entry.take();
                ticket.ok_or_else(|| broken(&self.channel, self.method))
            }
            Err(error) => {
                let (channel, method) = (self.channel.clone(), self.method);
                Err(channel
                    .error(method, ErrorKind::NoIoThread, Executed::Maybe, Retry::Never)
                    .with_source(error)
                    .with_unanswered(self))
            }
        }
    }
}

impl Drop for Unanswered {
    fn drop(&mut self) {
        if let (Road::Remote(engine), Some(shelved)) = (&self.channel.road, self.shelved.take()) {
            engine.give_up(shelved);
        }
    }
}

impl fmt::Debug for Unanswered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Unanswered").field(&self.method()).finish()
    }
}

/// Whether `R` is, on the wire, what the method returns.
pub(super) fn returns<R: Describe>(method: &Method) -> bool {
    let taken_for = Method {
        result: R::describe,
        ..*method
    };
    taken_for.fingerprint() == method.fingerprint()
}
