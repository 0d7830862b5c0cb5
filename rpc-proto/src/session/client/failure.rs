//! How calls fail.

use crate::message::RejectStatus;
use crate::time::{Executed, Retry};

/// A call that did not bring a result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// What went wrong.
    pub kind: FailureKind,
    /// Whether the method ran.
    pub executed: Executed,
    /// Whether asking again makes sense. For calls that may have run it is said only where a second run does no harm.
    pub retry: Retry,
}

/// What went wrong with a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FailureKind {
    /// No answer came in the time that the caller gave.
    DeadlineExceeded,
    /// The time ran out before the server could begin.
    DeadlinePassedAtServer,
    /// The server was restarted or replaced while the call was out.
    ServerRestarted,
    /// The server no longer keeps the session that the call belongs to.
    SessionLost,
    /// The connection to a server without sessions broke while the call was out.
    ConnectionLost,
    /// The server has more to do than it can take.
    Overloaded,
    /// The server is shutting down.
    ShuttingDown,
    /// The server has no room for another session.
    NoRoomForSession,
    /// The server keeps no completion records, which the method needs.
    NoCompletionStore,
    /// The server knows no sessions and so cannot keep what the method promises.
    PlainPeer,
    /// The server does not serve the program.
    NoProgram,
    /// The server serves other versions of the program.
    OtherVersions {
        /// The lowest.
        low: u32,
        /// The highest.
        high: u32,
    },
    /// The server's version of the interface has no such method.
    NoProcedure,
    /// The method's types or semantics at the server differ from ours.
    Incompatible,
    /// The server could not decode the arguments.
    BadArguments,
    /// The method panicked.
    Panicked,
    /// A server without sessions failed, and does not say how.
    ServerFailed,
    /// The method's result could not be encoded.
    Unencodable,
    /// The reply does not fit into a datagram.
    ReplyTooLarge,
    /// The request does not fit into a datagram, or into what a message may be.
    RequestTooLarge,
    /// The server has forgotten the number of the call.
    Expired,
    /// The server knows another call by the number of this one.
    Conflict,
    /// The session cannot keep what the method promises.
    WrongKeeper,
    /// The call was started before the server died, and nobody can tell how far it came.
    Interrupted,
    /// The server's store of completion records failed.
    StoreFailed,
    /// The server's store of completion records has no room for new calls.
    StoreFull,
    /// The call's key was issued in the future, as the server's clock has it.
    KeyAhead,
    /// The call has a key and may have run, but not at the store that the server has now.
    OtherStore,
    /// A key was given to a call of a method that is not exactly once.
    KeyNotSupported,
    /// The server did not look at the call: it refuses the credential, or speaks another version of RPC.
    Denied(RejectStatus),
    /// The server answered with a status that makes no sense here.
    BadReply,
    /// There are too many calls in flight on this client.
    TooManyCalls,
    /// The client was closed.
    Closed,
}

impl Failure {
    /// `repeatable`: a second run of the method does no harm.
    pub(super) fn new(
        kind: FailureKind,
        executed: Executed,
        repeatable: bool,
        pause: Option<std::time::Duration>,
    ) -> Self {
        let safe = executed == Executed::No || repeatable;
        let retry = if safe && kind.is_transient() {
            pause.map_or(Retry::Now, Retry::After)
        } else {
            Retry::Never
        };
        Self {
            kind,
            executed,
            retry,
        }
    }
}

impl FailureKind {
    /// Whether the same call may succeed later without anything being changed.
    fn is_transient(self) -> bool {
        use FailureKind::*;
        matches!(
            self,
            DeadlineExceeded
                | DeadlinePassedAtServer
                | ServerRestarted
                | OtherStore
                | SessionLost
                | ConnectionLost
                | Overloaded
                | ShuttingDown
                | NoRoomForSession
                | StoreFull
                | TooManyCalls
        )
    }
}
