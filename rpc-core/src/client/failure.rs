//! From the session machine's refusals to the errors that users see.

use rpc_proto::session::client::FailureKind;

use crate::error::ErrorKind;

/// The one place where a refusal becomes an error.
pub(super) fn kind(failure: FailureKind) -> ErrorKind {
    match failure {
        FailureKind::DeadlineExceeded | FailureKind::DeadlinePassedAtServer => ErrorKind::Deadline,
        FailureKind::ServerRestarted => ErrorKind::ServerRestarted,
        FailureKind::SessionLost => ErrorKind::SessionLost,
        FailureKind::ConnectionLost => ErrorKind::ConnectionLost,
        FailureKind::Overloaded => ErrorKind::Overloaded,
        FailureKind::ShuttingDown => ErrorKind::ShuttingDown,
        FailureKind::NoRoomForSession => ErrorKind::NoRoomForSession,
        FailureKind::NoCompletionStore => ErrorKind::NoCompletionStore,
        FailureKind::PlainPeer => ErrorKind::PlainPeer,
        FailureKind::NoProgram => ErrorKind::NoProgram,
        FailureKind::OtherVersions { low, high } => ErrorKind::OtherVersions { low, high },
        FailureKind::NoProcedure => ErrorKind::NoProcedure,
        FailureKind::Incompatible => ErrorKind::Incompatible,
        FailureKind::BadArguments => ErrorKind::BadArguments,
        FailureKind::Panicked => ErrorKind::Panicked,
        FailureKind::ServerFailed => ErrorKind::ServerFailed,
        FailureKind::Unencodable => ErrorKind::ResultUnencodable,
        FailureKind::ReplyTooLarge => ErrorKind::ReplyTooLarge,
        FailureKind::RequestTooLarge => ErrorKind::RequestTooLarge,
        FailureKind::Expired => ErrorKind::Expired,
        FailureKind::Conflict => ErrorKind::Conflict,
        FailureKind::WrongKeeper => ErrorKind::WrongKeeper,
        FailureKind::Interrupted => ErrorKind::Interrupted,
        FailureKind::StoreFailed => ErrorKind::StoreFailed,
        FailureKind::StoreFull => ErrorKind::StoreFull,
        FailureKind::OtherStore => ErrorKind::OtherStore,
        FailureKind::KeyNotSupported => ErrorKind::KeyNotSupported,
        FailureKind::KeyAhead => ErrorKind::KeyAhead,
        FailureKind::Denied(why) => ErrorKind::Denied(why),
        FailureKind::BadReply => ErrorKind::BadReply,
        FailureKind::TooManyCalls => ErrorKind::TooManyCalls,
        FailureKind::Closed => ErrorKind::Closed,
    }
}
