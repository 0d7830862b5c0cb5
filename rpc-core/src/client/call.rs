//! Calls as their callers hold them.

use std::fmt;
use std::marker::PhantomData;
use std::time::Duration;

use rpc_proto::describe::Method;
use rpc_proto::session::client::Failure;
use rpc_proto::time::{Executed, Retry};
use rpc_proto::xdr::{Decode, EncodeError, Limits, from_slice};

use super::engine::Engine;
use super::failure::kind;
use super::state::Ended;
use super::{Channel, Road, buffers, local};
use crate::error::{Error, ErrorKind};
use crate::nested;
use crate::system::now;

/// A call that is ready to be made. Nothing is sent before [`wait`](Self::wait).
///
/// It borrows nothing: the arguments are encoded already.
#[must_use = "a call is made by waiting for it"]
pub struct Call<R> {
    prepared: Prepared,
    result: PhantomData<fn() -> R>,
}

impl<R> Call<R> {
    pub(super) fn new(prepared: Prepared) -> Self {
        Self {
            prepared,
            result: PhantomData,
        }
    }

    /// Gives the call this much time, counted from [`wait`](Self::wait), instead of 10 seconds.
    ///
    /// A call that is made by a handler ends, whatever is said here, when the handler's own caller stops waiting.
    pub fn deadline(mut self, within: Duration) -> Self {
        self.prepared.deadline = within;
        self
    }
}

impl<R: for<'a> Decode<'a>> Call<R> {
    /// Makes the call and waits for its result.
    ///
    /// # Errors
    ///
    /// What the framework could not do; the error says whether the method ran all the same. What the method itself
    /// declares as an error is part of the result.
    pub fn wait(self) -> Result<R, Error> {
        self.prepared
            .run(|result| from_slice(result, Limits::default()))
    }
}

/// A call without a reply that is ready to be made. Nothing is sent before [`send`](Self::send).
#[must_use = "a oneway call is made by sending it"]
pub struct Oneway {
    prepared: Prepared,
}

impl Oneway {
    pub(super) fn new(prepared: Prepared) -> Self {
        Self { prepared }
    }

    /// Gives the call this much time, counted from [`send`](Self::send), instead of 10 seconds.
    ///
    /// A call that is made by a handler ends, whatever is said here, when the handler's own caller stops waiting.
    pub fn deadline(mut self, within: Duration) -> Self {
        self.prepared.deadline = within;
        self
    }

    /// Sends the call. Success means that it was handed over, not that it ran.
    ///
    /// # Errors
    ///
    /// It could not be handed over, so it does not run.
    pub fn send(self) -> Result<(), Error> {
        self.prepared.run(|_| Ok(()))
    }
}

/// A method with its arguments.
pub(super) struct Prepared {
    pub(super) channel: Channel,
    pub(super) method: &'static Method,
    /// Room for the headers, then the encoded arguments.
    pub(super) message: Result<Vec<u8>, EncodeError>,
    pub(super) deadline: Duration,
}

impl Prepared {
    fn run<R>(
        self,
        decode: impl FnOnce(&[u8]) -> Result<R, rpc_proto::xdr::DecodeError>,
    ) -> Result<R, Error> {
        let Self {
            channel,
            method,
            message,
            deadline,
        } = self;
        let deadline = nested::shorten(deadline);
        let message = match message {
            Ok(message) => message,
            Err(error) => {
                let failed = channel.error(
                    method,
                    ErrorKind::ArgumentsUnencodable,
                    Executed::No,
                    Retry::Never,
                );
                return Err(failed.with_source(error));
            }
        };
        let result = match &channel.road {
            Road::Local(service) => local::call(&**service, method, message, deadline)
                .map_err(|refusal| channel.refused(method, refusal))?,
            Road::Remote(engine) => channel.call_remote(engine, method, message, deadline)?,
        };
        let decoded = decode(&result);
        buffers::give(result);
        decoded.map_err(|error| {
            channel
                .error(method, ErrorKind::BadResult, Executed::Yes, Retry::Never)
                .with_source(error)
        })
    }
}

impl Channel {
    /// The encoded result.
    fn call_remote(
        &self,
        engine: &Engine,
        method: &'static Method,
        mut message: Vec<u8>,
        deadline: Duration,
    ) -> Result<Vec<u8>, Error> {
        let deadline = now() + deadline;
        let _waiting = nested::wait();
        loop {
            match engine.call(self.interface, method, message, deadline) {
                Ended::Returned(result) => return Ok(result),
                // None of it was handed over whole, so it can go out once more. At the deadline the machine refuses it.
                Ended::Unsent(again) => message = again,
                Ended::Failed(failure, breaks, buffer) => {
                    buffers::give(buffer);
                    return Err(self.failed(engine, method, &failure, breaks));
                }
                Ended::Broken => {
                    return Err(self.error(
                        method,
                        ErrorKind::Client,
                        Executed::Maybe,
                        Retry::Never,
                    ));
                }
            }
        }
    }

    /// `breaks`: so many connections broke while the call was out.
    fn failed(&self, engine: &Engine, method: &Method, failure: &Failure, breaks: u64) -> Error {
        let Failure {
            executed, retry, ..
        } = *failure;
        let kind = kind(failure.kind);
        if kind != ErrorKind::Deadline {
            return self.error(method, kind, executed, retry);
        }
        match engine.trouble() {
            // That there is no way to the server explains more than that the time ran out.
            Some(trouble) => {
                let kind = if executed == Executed::No {
                    ErrorKind::Unreachable
                } else {
                    kind
                };
                self.error(method, kind, executed, retry)
                    .with_source(trouble)
            }
            None if breaks > 0 => self
                .error(method, kind, executed, retry)
                .with_source(Breaks(breaks)),
            None => self.error(method, kind, executed, retry),
        }
    }

    fn refused(&self, method: &Method, refusal: local::Refusal) -> Error {
        let local::Refusal {
            kind,
            executed,
            source,
        } = refusal;
        let error = self.error(method, kind, executed, Retry::Never);
        match source {
            Some(source) => error.with_source(source),
            None => error,
        }
    }

    fn error(&self, method: &Method, kind: ErrorKind, executed: Executed, retry: Retry) -> Error {
        let peer = match &self.road {
            Road::Local(_) => "local".to_owned(),
            Road::Remote(engine) => engine.peer(),
        };
        Error::new(
            kind,
            executed,
            retry,
            peer,
            format!("{}.{}", self.interface.name, method.name),
        )
    }
}

/// The connection did not last: why a call came to its deadline although its server could be reached.
#[derive(Debug, thiserror::Error)]
#[error("the connection broke {}; the server, or something on the way to it, ends it", times(*.0))]
struct Breaks(u64);

fn times(count: u64) -> String {
    match count {
        1 => "once".to_owned(),
        count => format!("{count} times"),
    }
}

impl<R> fmt::Debug for Call<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Call").field(&self.prepared).finish()
    }
}

impl fmt::Debug for Oneway {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Oneway").field(&self.prepared).finish()
    }
}

impl fmt::Debug for Prepared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}.{} within {:?}",
            self.channel.interface.name, self.method.name, self.deadline
        )
    }
}
