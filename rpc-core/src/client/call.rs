//! Calls as their callers hold them.

use std::fmt;
use std::time::{Duration, SystemTime};

use rpc_proto::xdr::DecodeError;

use super::pending::Pending;
use super::prepared::Prepared;
use crate::error::Error;

/// Makes a result of its bytes.
pub(super) type Decoding<R> = fn(&[u8]) -> Result<R, DecodeError>;

/// A call that is ready to be made. Nothing is sent before one of these:
///
/// - [`wait`](Self::wait) makes it and waits in this thread;
/// - `.await` makes it and waits as a future, on any runtime;
/// - [`start`](Self::start) makes it and waits for nothing, so that more calls can follow: their requests are all on the
///   way before the first is waited for.
///
/// It borrows nothing: the arguments are encoded already. A client in the same process
/// ([`Channel::local`](crate::__private::Channel::local) behind `XClient::local`) has nobody to hand a call to: the method
/// runs, to its end, in the thread that waits, starts, or polls for the first time.
///
/// ```
/// use std::future::IntoFuture;
/// use std::pin::pin;
/// use std::sync::Arc;
/// use std::task::{Context, Poll, Wake};
/// use std::thread::{self, Thread};
///
/// use rpc_core::{Server, rpc};
///
/// #[rpc(program = 0x2000_0ca1, version = 1)]
/// trait Doubler {
///     fn double(&self, number: u32) -> u64;
/// }
///
/// struct Twice;
///
/// impl Doubler for Twice {
///     fn double(&self, number: u32) -> u64 {
///         2 * u64::from(number)
///     }
/// }
///
/// // A whole executor: a waker that unparks the thread that polls.
/// struct Unpark(Thread);
///
/// impl Wake for Unpark {
///     fn wake(self: Arc<Self>) {
///         self.0.unpark();
///     }
/// }
///
/// fn block_on<F: IntoFuture>(future: F) -> F::Output {
///     let mut future = pin!(future.into_future());
///     let waker = Arc::new(Unpark(thread::current())).into();
///     loop {
///         match future.as_mut().poll(&mut Context::from_waker(&waker)) {
///             Poll::Ready(output) => return output,
///             Poll::Pending => thread::park(),
///         }
///     }
/// }
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let server = Server::builder()
///     .serve(DoublerService::new(Twice))
///     .listen("tcp://127.0.0.1:0")
///     .start()?;
/// let doubler = DoublerClient::connect(&server.endpoints()[0].to_string())?;
/// let sum = block_on(async {
///     // Both requests leave before either is waited for.
///     let (a, b) = (doubler.double(1).start(), doubler.double(2).start());
///     Ok::<_, rpc_core::Error>(a.await? + b.await? + doubler.double(3).await?)
/// });
/// assert_eq!(sum?, 12);
/// # Ok(())
/// # }
/// ```
#[must_use = "a call is made by waiting for it, starting it or awaiting it"]
pub struct Call<R> {
    prepared: Prepared,
    decode: Decoding<R>,
}

impl<R> Call<R> {
    pub(super) fn new(prepared: Prepared, decode: Decoding<R>) -> Self {
        Self { prepared, decode }
    }

    /// Gives the call this much time, counted from when it is made, instead of what its method says
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

/// A call without a reply that is ready to be made. Nothing is sent before [`send`](Self::send) or `.await`.
///
/// To hand a call over takes a moment, and as long as the deadline allows while there is no way to the server. `send` holds
/// its thread for that; `.await` does not.
#[must_use = "a oneway call is made by sending or awaiting it"]
pub struct Oneway {
    prepared: Prepared,
}

impl Oneway {
    pub(super) fn new(prepared: Prepared) -> Self {
        Self { prepared }
    }

    /// Gives the call this much time, counted from when it is made, instead of what its method says, or 10 seconds.
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

impl<R> Call<R> {
    /// Makes the call and waits for nothing: the request is sent, or will be as soon as it can.
    ///
    /// What comes of it is told by what this returns, which can be awaited or waited for, in any order and thread. Dropped,
    /// the answer is given up. Up to 4,095 calls of a client are in flight at a time, as far as the server grants them;
    /// up to 65,536 more wait for their turn, within their deadlines. One that gets none fails as
    /// [`ErrorKind::TooManyCalls`](crate::ErrorKind::TooManyCalls), and did not run.
    ///
    /// It does not block, with one exception: a client with a session file notes exactly-once calls before they are sent,
    /// and waits until they are on the disk.
    pub fn start(self) -> Pending<R> {
        self.into_future().start()
    }
}

impl<R> IntoFuture for Call<R> {
    type Output = Result<R, Error>;
    type IntoFuture = Pending<R>;

    /// The future makes the call when it is first polled. Its errors are those of [`wait`](Self::wait).
    fn into_future(self) -> Pending<R> {
        Pending::new(self.prepared, self.decode)
    }
}

impl IntoFuture for Oneway {
    type Output = Result<(), Error>;
    type IntoFuture = Pending<()>;

    /// The future sends the call when it is first polled. Its errors are those of [`send`](Self::send).
    fn into_future(self) -> Pending<()> {
        Pending::new(self.prepared, |_| Ok(()))
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
