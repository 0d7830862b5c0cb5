//! Calls as their callers hold them.

use std::fmt;
use std::time::{Duration, SystemTime};

use rpc_proto::xdr::DecodeError;

use super::prepared::Prepared;
use crate::error::Error;

/// Makes a result of its bytes.
pub(super) type Decoding<R> = fn(&[u8]) -> Result<R, DecodeError>;

/// A call that is ready to be made. Nothing is sent before [`wait`](Self::wait).
///
/// It borrows nothing: the arguments are encoded already.
#[must_use = "a call is made by waiting for it"]
pub struct Call<R> {
    prepared: Prepared,
    decode: Decoding<R>,
}

impl<R> Call<R> {
    pub(super) fn new(prepared: Prepared, decode: Decoding<R>) -> Self {
        Self { prepared, decode }
    }

    /// Gives the call this much time, counted from [`wait`](Self::wait), instead of what its method says
    /// (`#[rpc(deadline = "500ms")]`), or 10 seconds.
    ///
    /// A call that is made by a handler ends, whatever is said here, when the handler's own caller stops waiting.
    pub fn deadline(mut self, within: Duration) -> Self {
        self.prepared.deadline = within;
        self
    }

    /// Names the call. Every call of this method with the same name and the same `issued` is the same call, whichever
    /// process makes it: it runs once, and all get its reply. With other arguments it is refused
    /// ([`ErrorKind::Conflict`](crate::ErrorKind::Conflict)).
    ///
    /// `issued` is chosen once and kept with the name (the date of the invoice): the server remembers the reply for 24
    /// hours from then, unless it is configured otherwise, and refuses older names. Only calls of `exactly_once` methods
    /// have names, and only of a client with a key space, [`Client::with_key_space`](crate::Client::with_key_space);
    /// of any other the error comes before anything is sent.
    pub fn key(mut self, name: &str, issued: SystemTime) -> Self {
        self.prepared.name(name, issued);
        self
    }
}

impl<R> Call<R> {
    /// Makes the call and waits for its result.
    ///
    /// # Errors
    ///
    /// What the framework could not do; the error says whether the method ran all the same. What the method itself
    /// declares as an error is part of the result.
    pub fn wait(self) -> Result<R, Error> {
        self.wait_then(|result| result)
    }

    /// Makes the call, waits for its result, and gives it to `keep`.
    ///
    /// With a session file the call counts as unfinished until `keep` returns. Should the process die before, in `keep`
    /// or on the way there, its successor finds the call and asks again; with [`wait`](Self::wait) it does not find a
    /// call whose result was returned, whether or not anything was made of that.
    ///
    /// # Errors
    ///
    /// As those of [`wait`](Self::wait).
    pub fn wait_then<T>(self, keep: impl FnOnce(R) -> T) -> Result<T, Error> {
        self.prepared.run(self.decode, keep)
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

    /// Gives the call this much time, counted from [`send`](Self::send), instead of what its method says, or 10 seconds.
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
        self.prepared.run(|_| Ok(()), |()| ())
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
