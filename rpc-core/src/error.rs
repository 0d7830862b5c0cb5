//! What can go wrong, told so that the caller knows whether the method ran and what to do next.

use std::error::Error as StdError;
use std::fmt;
use std::io;

use rpc_proto::message::RejectStatus;
use rpc_proto::time::{Executed, Retry};
use rpc_proto::xdr::Limits;

use crate::client::{Entry, Unanswered};
use crate::endpoint::{Endpoint, EndpointError};
use crate::matchmaker::{AddressError, ENVIRONMENT};
use crate::rpcbind::RpcbindError;

/// A call that failed in the framework: what happened, to whom, whether the method ran, and what to do.
///
/// The errors that a method declares are no such errors: they arrive as the method's own `Result`.
pub struct Error(Box<Facts>);

struct Facts {
    kind: ErrorKind,
    executed: Executed,
    retry: Retry,
    peer: String,
    method: String,
    source: Option<Box<dyn StdError + Send + Sync>>,
    unanswered: Option<Unanswered>,
}

impl Error {
    /// `method` of `peer` failed like this.
    pub(crate) fn new(
        kind: ErrorKind,
        executed: Executed,
        retry: Retry,
        peer: String,
        method: String,
    ) -> Self {
        Self(Box::new(Facts {
            kind,
            executed,
            retry,
            peer,
            method,
            source: None,
            unanswered: None,
        }))
    }

    /// With a call that can be asked about again.
    pub(crate) fn with_unanswered(mut self, call: Unanswered) -> Self {
        self.0.unanswered = Some(call);
        self
    }

    /// With the error that lies beneath.
    pub(crate) fn with_source(
        mut self,
        source: impl Into<Box<dyn StdError + Send + Sync>>,
    ) -> Self {
        self.0.source = Some(source.into());
        self
    }

    /// With what a session file has of the call that can be asked about again. Of any other it is left unfinished there.
    pub(crate) fn noted(mut self, entry: Option<Entry>) -> Self {
        self.0.unanswered = self.0.unanswered.map(|call| call.noted(entry));
        self
    }

    /// What happened.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// Whether the method ran. Never wrong: `Maybe` only where nobody here could know.
    pub fn executed(&self) -> Executed {
        self.0.executed
    }

    /// Whether, and when, calling again makes sense.
    pub fn retry(&self) -> Retry {
        self.0.retry
    }

    /// Who was called: an endpoint, never empty.
    pub fn peer(&self) -> &str {
        &self.0.peer
    }

    /// The call itself, if it may have run, must run only once, and came to its deadline without an answer: whoever wants
    /// the answer still can ask again. Gives it once; an error that is dropped with it gives the answer up.
    pub fn unanswered(&mut self) -> Option<Unanswered> {
        self.0.unanswered.take()
    }

    /// What was called, as `Interface.method`.
    pub fn method(&self) -> &str {
        &self.0.method
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Facts {
            kind,
            executed,
            retry,
            peer,
            method,
            source,
            unanswered: _,
        } = &*self.0;
        write!(f, "{method} to {peer}: {kind}")?;
        if let Some(source) = source {
            write!(f, " ({source})")?;
        }
        f.write_str(match executed {
            Executed::No => "; it did not run (executed: No)",
            Executed::Maybe => "; it may have run (executed: Maybe)",
            Executed::Yes => "; it ran (executed: Yes)",
        })?;
        match (retry, executed) {
            (Retry::Now, _) => f.write_str("; calling again is safe"),
            (Retry::After(wait), _) => write!(f, "; call again in {wait:?}"),
            (Retry::Never, Executed::Maybe) => f.write_str("; do not retry blindly"),
            (Retry::Never, _) => f.write_str("; calling again would not help"),
        }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Facts {
            kind,
            executed,
            retry,
            peer,
            method,
            source,
            unanswered,
        } = &*self.0;
        let mut debug = f.debug_struct("Error");
        debug
            .field("kind", kind)
            .field("executed", executed)
            .field("retry", retry);
        debug
            .field("peer", peer)
            .field("method", method)
            .field("source", source)
            .field("unanswered", unanswered)
            .finish()
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0
            .source
            .as_deref()
            .map(|source| source as &(dyn StdError + 'static))
    }
}

/// What happened to a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The arguments have no encoding: one nests too deep, for instance.
    #[error("the arguments cannot be encoded")]
    ArgumentsUnencodable,
    /// The request does not fit into a datagram, or into what a message may be.
    #[error("the request is larger than the way there allows")]
    RequestTooLarge,
    /// Nobody could be reached before the deadline.
    #[error("the server could not be reached before the deadline")]
    Unreachable,
    /// No answer came before the deadline, or the server got the call too late to begin.
    #[error("the deadline passed")]
    Deadline,
    /// The server was restarted or replaced while the call was out.
    #[error("the server was restarted while the call was out")]
    ServerRestarted,
    /// The server no longer keeps the session that the call belongs to.
    #[error("the server no longer keeps the session of the call")]
    SessionLost,
    /// The connection to a server without sessions broke, or was given up for its silence, while the call was out.
    #[error(
        "the connection to a server without sessions broke, or was given up for its silence, while the call was out"
    )]
    ConnectionLost,
    /// The server has more to do than it can take.
    #[error("the server is overloaded")]
    Overloaded,
    /// The server is shutting down.
    #[error("the server is shutting down")]
    ShuttingDown,
    /// The server has no room for another session.
    #[error("the server has no room for another session")]
    NoRoomForSession,
    /// The server keeps no completion records, which the method needs.
    #[error("the server keeps no completion records, which the method needs")]
    NoCompletionStore,
    /// The server knows no sessions and so cannot keep what the method promises.
    #[error("the server knows no sessions and so cannot keep what the method promises")]
    PlainPeer,
    /// The session cannot keep what the method promises.
    #[error("the session cannot keep what the method promises")]
    WrongKeeper,
    /// The call was started before the server died, and nobody can tell how far it came.
    #[error("the server died while the call ran, and nobody can tell how far it came")]
    Interrupted,
    /// The server's store of completion records failed. Its log says how; it has to be started again.
    #[error("the server's store of completion records failed")]
    StoreFailed,
    /// The server's store of completion records has no room for new calls.
    #[error("the server's store of completion records has no room for new calls")]
    StoreFull,
    /// The call's key was issued in the future, as the server's clock has it.
    #[error("the key was issued more than five minutes ahead of the server's clock")]
    KeyAhead,
    /// The call has a key, and the server has another store of completion records than the one that may have run the call.
    #[error("the server has another store of completion records than the one that knows the call")]
    OtherStore,
    /// A key was given to a call of a method that is not `exactly_once`.
    #[error("only calls of exactly_once methods can have a key")]
    KeyNotSupported,
    /// A call was named, and its client has no key space.
    #[error("the client has no key space; give it one with `with_key_space`")]
    NoKeySpace,
    /// A call was named, and its time of issue cannot be told.
    #[error("the key was issued before 1970, or too far in the future to be told")]
    KeyNotDated,
    /// The call could not be noted in the session file.
    #[error("the session file cannot be written")]
    SessionFile,
    /// So many calls are unfinished in the session file that no more are noted: ask again for them, or abandon them.
    #[error("too many calls are unfinished in the session file")]
    SessionFileFull,
    /// What is asked again is a call of another method, or one that has ended, or is taken for one with another result.
    #[error("what is asked again is no unfinished call of this method with this result")]
    OtherCall,
    /// The server does not serve the interface.
    #[error("the server does not serve this interface")]
    NoProgram,
    /// The server serves other versions of the interface; not all between these two need be there.
    #[error("the server serves {}, and not ours", versions(*low, *high))]
    OtherVersions {
        /// The lowest.
        low: u32,
        /// The highest.
        high: u32,
    },
    /// The server's version of the interface has no such method.
    #[error("the server does not know this method")]
    NoProcedure,
    /// The method's types or semantics at the server differ from ours.
    #[error("the method's types or semantics at the server differ from ours")]
    Incompatible,
    /// The server could not decode the arguments.
    #[error("the server could not decode the arguments")]
    BadArguments,
    /// The method panicked.
    #[error("the method panicked")]
    Panicked,
    /// A server without sessions failed, and does not say how (`SYSTEM_ERR` of RFC 5531).
    #[error("the server failed, and does not say how")]
    ServerFailed,
    /// The method's result could not be encoded: it is too long, or nests too deeply. The server's log says which.
    #[error(
        "the method's result could not be encoded: it is longer than a message may be ({} MiB), or breaks another limit",
        Limits::default().message >> 20
    )]
    ResultUnencodable,
    /// The reply does not fit into a datagram.
    #[error("the reply does not fit into a datagram")]
    ReplyTooLarge,
    /// The reply arrived and the result in it is not of the type that the method declares.
    #[error("the result cannot be decoded")]
    BadResult,
    /// The server answered with something that makes no sense.
    #[error("the server answered with something that makes no sense")]
    BadReply,
    /// The server has forgotten the request id of the call.
    #[error("the server has forgotten the request id of the call")]
    Expired,
    /// The server knows another call by the request id of this one.
    #[error("the server knows another call by the request id of this one")]
    Conflict,
    /// The server refuses this caller: a server of another make may want to know who it is ([`Client::connect_as`](crate::Client::connect_as)).
    #[error("{}", denied(_0))]
    Denied(RejectStatus),
    /// There are too many calls in flight on this client.
    #[error("too many calls are in flight on this client")]
    TooManyCalls,
    /// Calls that are awaited or started need the I/O thread of the process, and the system has no thread or descriptor for it.
    #[error("the I/O thread cannot be started")]
    NoIoThread,
    /// The client was closed.
    #[error("the client was closed")]
    Closed,
    /// The client failed inside: a mistake of ours.
    #[error("the client failed inside")]
    Client,
}

/// Which versions are served.
fn versions(low: u32, high: u32) -> String {
    if low == high {
        format!("version {low} of this interface")
    } else {
        format!("versions of this interface from {low} to {high}")
    }
}

/// What a denial is about: the caller, or the protocol.
fn denied(why: &RejectStatus) -> String {
    match why {
        RejectStatus::AuthError(_) => format!(
            "the server refuses this caller: {why}; if it wants to know who calls, `connect_as` tells it"
        ),
        RejectStatus::RpcMismatch { .. } => format!("the server refuses the call: {why}"),
    }
}

/// A client that could not be connected.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConnectError {
    /// The text is not an endpoint.
    #[error(transparent)]
    Endpoint(#[from] EndpointError),
    /// The endpoint is one that a matchmaker or an rpcbind knows, and it gives no address for it.
    #[error("{endpoint} cannot be resolved: {source}")]
    Resolve {
        /// What should be resolved.
        endpoint: Endpoint,
        /// Why it cannot. Boxed, so that results that carry a `ConnectError` stay small.
        source: Box<ResolveError>,
    },
    /// Nobody answers there.
    #[error("{endpoint} cannot be reached: {source}")]
    Unreachable {
        /// The endpoint tried last.
        endpoint: Endpoint,
        /// What the system says, or how what listens there behaves.
        source: io::Error,
    },
    /// A server answers there, and calls of this client would fail.
    #[error("{endpoint} answers, but {kind}")]
    Refused {
        /// The endpoint.
        endpoint: Endpoint,
        /// How calls would fail.
        kind: ErrorKind,
    },
    /// The system has no source of unpredictable bytes, which sessions need.
    #[error("the system gives no random bytes: {0}")]
    Entropy(#[source] io::Error),
}

impl ConnectError {
    /// Whether all that is missing is a registration, which may come.
    pub(crate) fn is_unknown_name(&self) -> bool {
        matches!(self, Self::Resolve { source, .. } if matches!(**source, ResolveError::Unknown { .. }))
    }
}

/// A name that could not be turned into endpoints.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ResolveError {
    /// Where the matchmaker is to be found is said in a way that cannot be understood.
    #[error(transparent)]
    Address(#[from] AddressError),
    /// The matchmaker did not answer, or failed.
    #[error("no matchmaker helps at {matchmaker}: {source}{}", how_to_find_one(&**source))]
    Away {
        /// Where it was looked for.
        matchmaker: Endpoint,
        /// What happened to the call.
        source: Box<dyn StdError + Send + Sync>,
    },
    /// The matchmaker does not know the name.
    #[error("{matchmaker} knows nobody by the name `{name}`{}", suggestion(near))]
    Unknown {
        /// Which matchmaker said so.
        matchmaker: Endpoint,
        /// The name.
        name: String,
        /// Names that it knows and that look alike.
        near: Vec<String>,
    },
    /// What the matchmaker has under the name is of no use to us.
    #[error("what {matchmaker} has for `{name}` is of no use: {why}")]
    Unusable {
        /// Which matchmaker.
        matchmaker: Endpoint,
        /// The name.
        name: String,
        /// What is wrong with it.
        why: String,
    },
    /// An rpcbind gave no address that can be used.
    #[error(transparent)]
    Rpcbind(Box<RpcbindError>),
}

/// Only where nobody was met: another matchmaker does not help against what this one answers.
fn how_to_find_one(source: &(dyn StdError + Send + Sync + 'static)) -> String {
    let connecting = source.downcast_ref::<ConnectError>();
    let calling = source.downcast_ref::<Error>().map(Error::kind);
    if matches!(connecting, Some(ConnectError::Unreachable { .. }))
        || calling == Some(ErrorKind::Unreachable)
    {
        format!("; start one with `matchmaker`, or say in {ENVIRONMENT} where one is")
    } else {
        String::new()
    }
}

fn suggestion(near: &[String]) -> String {
    match near {
        [] => String::new(),
        names => format!("; it knows `{}`", names.join("`, `")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn an_error_says_what_happened_to_whom_whether_it_ran_and_what_to_do() {
        let error = |kind, executed, retry| {
            Error::new(
                kind,
                executed,
                retry,
                "tcp://127.0.0.1:7000".into(),
                "Bank.transfer".into(),
            )
        };
        let rows = [
            (
                error(ErrorKind::ServerRestarted, Executed::Maybe, Retry::Never),
                "Bank.transfer to tcp://127.0.0.1:7000: the server was restarted while the call was out; \
                 it may have run (executed: Maybe); do not retry blindly",
            ),
            (
                error(
                    ErrorKind::Overloaded,
                    Executed::No,
                    Retry::After(Duration::from_millis(50)),
                ),
                "Bank.transfer to tcp://127.0.0.1:7000: the server is overloaded; \
                 it did not run (executed: No); call again in 50ms",
            ),
            (
                error(ErrorKind::Unreachable, Executed::No, Retry::Now).with_source(
                    io::Error::new(io::ErrorKind::ConnectionRefused, "connection refused"),
                ),
                "Bank.transfer to tcp://127.0.0.1:7000: the server could not be reached before the deadline \
                 (connection refused); it did not run (executed: No); calling again is safe",
            ),
            (
                error(ErrorKind::BadResult, Executed::Yes, Retry::Never),
                "Bank.transfer to tcp://127.0.0.1:7000: the result cannot be decoded; \
                 it ran (executed: Yes); calling again would not help",
            ),
        ];
        for (error, expected) in rows {
            assert_eq!(error.to_string(), expected);
        }
    }

    #[test]
    fn who_meets_no_matchmaker_is_told_how_to_find_one() {
        let matchmaker: Endpoint = "tcp://127.0.0.1:4111".parse().unwrap();
        let hint = "; start one with `matchmaker`, or say in RPC_MATCHMAKER where one is";
        let call = |kind| {
            let (peer, method) = ("tcp://127.0.0.1:4111".into(), "Matchmaker.lookup".into());
            Error::new(kind, Executed::No, Retry::Now, peer, method)
        };
        let nobody = ConnectError::Unreachable {
            endpoint: matchmaker.clone(),
            source: io::ErrorKind::ConnectionRefused.into(),
        };
        let somebody = ConnectError::Refused {
            endpoint: matchmaker.clone(),
            kind: ErrorKind::NoProgram,
        };
        let rows: [(Box<dyn StdError + Send + Sync>, bool); 4] = [
            (nobody.into(), true),
            (somebody.into(), false),
            (call(ErrorKind::Unreachable).into(), true),
            (call(ErrorKind::Overloaded).into(), false),
        ];
        for (source, expected) in rows {
            let error = ResolveError::Away {
                matchmaker: matchmaker.clone(),
                source,
            };
            assert_eq!(error.to_string().ends_with(hint), expected, "{error}");
        }
    }

    #[test]
    fn connecting_returns_no_large_errors() {
        assert!(size_of::<ConnectError>() < 128);
    }

    #[test]
    fn an_error_costs_a_result_one_word() {
        assert_eq!(size_of::<Result<(), Error>>(), size_of::<usize>());
    }
}
