//! Making a call: what is between the caller's wait and the engine.

use std::fmt;
use std::time::{Duration, SystemTime};

use rpc_proto::describe::{Method, Semantics};
use rpc_proto::session::client::{Failure, HEADROOM, Key};
use rpc_proto::session::wire::KeyId;
use rpc_proto::time::{Executed, Retry};
use rpc_proto::xdr::DecodeError;

use super::engine::Engine;
use super::failure::kind;
use super::session_file::{Entry, NoteError};
use super::state::Ended;
use super::unanswered::Unanswered;
use super::{Channel, Road, buffers, local};
use crate::error::{Error, ErrorKind};
use crate::nested;
use crate::system::now;

/// A method with what it is called with.
pub(super) struct Prepared {
    pub(super) channel: Channel,
    pub(super) method: &'static Method,
    pub(super) what: What,
    pub(super) deadline: Duration,
}

/// What is to be done when the caller waits.
pub(super) enum What {
    /// A new call.
    New {
        /// Room for the headers, then the encoded arguments.
        message: Vec<u8>,
        /// Under which name.
        name: Name,
    },
    /// A call that was made before.
    Again(Box<Unanswered>),
    /// Nothing can be done.
    Refused(Error),
}

/// What a call is known by beyond its session.
pub(super) enum Name {
    /// Nothing, or what a session file gives it.
    None,
    /// What its caller calls it.
    Given(KeyId),
    /// A predecessor has noted it.
    Noted(Box<Entry>),
}

impl Name {
    pub(super) fn noted(self) -> Option<Entry> {
        match self {
            Name::Noted(entry) => Some(*entry),
            Name::None | Name::Given(_) => None,
        }
    }
}

impl Prepared {
    /// Gives the call a name, or the reason why it can have none.
    pub(super) fn name(&mut self, text: &str, issued: SystemTime) {
        let What::New { name, .. } = &mut self.what else {
            return;
        };
        match self.channel.key(self.method, text, issued) {
            // One that a predecessor made has its name already.
            Ok(key) if !matches!(name, Name::Noted(_)) => *name = Name::Given(key),
            Ok(_) => {}
            Err(kind) => self.what = What::Refused(self.channel.refusal(self.method, kind)),
        }
    }

    /// Makes the call. Only when `keep` has had the result, a session file notes that it is taken.
    pub(super) fn run<R, T>(
        self,
        decode: impl FnOnce(&[u8]) -> Result<R, DecodeError>,
        keep: impl FnOnce(R) -> T,
    ) -> Result<T, Error> {
        let Self {
            channel,
            method,
            what,
            deadline,
        } = self;
        let deadline = nested::shorten(deadline);
        let mut entry = None;
        let result = match what {
            What::Refused(error) => return Err(error),
            What::Again(call) => call.ask(deadline, &mut entry),
            What::New { message, name } => match &channel.road {
                Road::Local(service) => {
                    entry = name.noted();
                    local::call(&**service, method, message, deadline)
                        .map_err(|refusal| channel.refused(method, refusal))
                }
                Road::Remote(engine) => {
                    channel.call_remote(engine, method, message, name, deadline, &mut entry)
                }
            },
        };
        let result = result.and_then(|result| channel.decoded(method, result, decode));
        channel.settle(result, entry, keep)
    }
}

impl Channel {
    /// What the server is told for a caller's name.
    fn key(&self, method: &Method, name: &str, issued: SystemTime) -> Result<KeyId, ErrorKind> {
        if method.semantics != Semantics::ExactlyOnce {
            return Err(ErrorKind::KeyNotSupported);
        }
        let space = self.space.as_ref().ok_or(ErrorKind::NoKeySpace)?;
        let issued = issued
            .duration_since(SystemTime::UNIX_EPOCH)
            .ok()
            .and_then(|since| u64::try_from(since.as_millis()).ok())
            .ok_or(ErrorKind::KeyNotDated)?;
        Ok(space.key(name.as_bytes(), issued))
    }

    /// The encoded result.
    fn call_remote(
        &self,
        engine: &Engine,
        method: &'static Method,
        mut message: Vec<u8>,
        name: Name,
        deadline: Duration,
        entry: &mut Option<Entry>,
    ) -> Result<Vec<u8>, Error> {
        let deadline = now() + deadline;
        let key = self.named(engine, method, &message, name, entry)?;
        let _waiting = nested::wait();
        loop {
            match engine.call(self.interface, method, message, key, deadline) {
                // None of it was handed over whole, so it can go out once more. At the deadline the machine refuses it.
                Ended::Unsent(again) => message = again,
                ended => return self.result(engine, method, ended),
            }
        }
    }

    /// The key of a call, which is noted in the session file if there is one and it is not there yet.
    pub(super) fn named(
        &self,
        engine: &Engine,
        method: &Method,
        message: &[u8],
        name: Name,
        entry: &mut Option<Entry>,
    ) -> Result<Option<Key>, Error> {
        let name = match name {
            Name::None => None,
            Name::Given(key) => Some(key),
            Name::Noted(noted) => return Ok(Some(entry.insert(*noted).key)),
        };
        let once = method.semantics == Semantics::ExactlyOnce;
        let Some(journaling) = self.journaling.as_ref().filter(|_| once) else {
            return Ok(name.map(Key::from));
        };
        let args = &message[HEADROOM..];
        let store = engine.store();
        let noted = journaling
            .file
            .begin(self.interface, method, args, name, store)
            .map_err(|error| match error {
                NoteError::Full => self.refusal(method, ErrorKind::SessionFileFull),
                NoteError::File(error) => self
                    .refusal(method, ErrorKind::SessionFile)
                    .with_source(error),
            })?;
        journaling.release();
        Ok(Some(entry.insert(noted).key))
    }

    /// The result as the caller sees it.
    pub(super) fn decoded<R>(
        &self,
        method: &Method,
        result: Vec<u8>,
        decode: impl FnOnce(&[u8]) -> Result<R, DecodeError>,
    ) -> Result<R, Error> {
        let decoded = decode(&result);
        buffers::give(result);
        decoded.map_err(|error| {
            self.error(method, ErrorKind::BadResult, Executed::Yes, Retry::Never)
                .with_source(error)
        })
    }

    /// Tells the session file, if the call is noted in one, what came of it.
    pub(super) fn settle<R, T>(
        &self,
        result: Result<R, Error>,
        entry: Option<Entry>,
        keep: impl FnOnce(R) -> T,
    ) -> Result<T, Error> {
        match result {
            Ok(result) => {
                let kept = keep(result);
                self.confirm(entry);
                Ok(kept)
            }
            Err(error) if error.executed() == Executed::No => {
                self.confirm(entry);
                Err(error)
            }
            Err(error) => Err(error.noted(entry)),
        }
    }

    #[inline]
    fn confirm(&self, entry: Option<Entry>) {
        match (entry, &self.journaling) {
            (Some(entry), Some(journaling)) => journaling.confirm(entry),
            (Some(entry), None) => {
                entry.confirm();
            }
            (None, _) => {}
        }
    }

    /// The encoded result of a call that has ended.
    pub(super) fn result(
        &self,
        engine: &Engine,
        method: &'static Method,
        ended: Ended,
    ) -> Result<Vec<u8>, Error> {
        match ended {
            Ended::Returned(result) => Ok(result),
            Ended::Failed(failure, breaks, buffer) => {
                buffers::give(buffer);
                Err(self.failed(engine, method, &failure, breaks))
            }
            Ended::Unanswered(failure, breaks, shelved) => Err(self
                .failed(engine, method, &failure, breaks)
                .with_unanswered(Unanswered::new(self.clone(), method, shelved))),
            // Only oneway calls end unsent, and those are sent again.
            Ended::Unsent(_) | Ended::Broken => {
                Err(self.error(method, ErrorKind::Client, Executed::Maybe, Retry::Never))
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

    pub(super) fn refused(&self, method: &Method, refusal: local::Refusal) -> Error {
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

    /// A call whose future nobody would look after, of which nothing is sent.
    pub(super) fn no_io_thread(&self, method: &Method, error: std::io::Error) -> Error {
        self.refusal(method, ErrorKind::NoIoThread)
            .with_source(error)
    }

    /// An error of a call of which nothing is sent.
    pub(super) fn refusal(&self, method: &Method, kind: ErrorKind) -> Error {
        self.error(method, kind, Executed::No, Retry::Never)
    }

    pub(super) fn peer(&self) -> String {
        match &self.road {
            Road::Local(_) => "local".to_owned(),
            Road::Remote(engine) => engine.peer(),
        }
    }

    pub(super) fn error(
        &self,
        method: &Method,
        kind: ErrorKind,
        executed: Executed,
        retry: Retry,
    ) -> Error {
        Error::new(
            kind,
            executed,
            retry,
            self.peer(),
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

impl fmt::Debug for Prepared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}.{} within {:?}",
            self.channel.interface.name, self.method.name, self.deadline
        )
    }
}
