//! What the server needs from a service: its description, and a way to run one call.

use crate::Context;
use rpc_proto::describe::Interface;
pub use rpc_proto::session::server::Effects;
use rpc_proto::xdr::{DecodeError, Decoder, Encode, EncodeError, Encoder};

/// One interface with somebody who answers for it.
///
/// `#[rpc]` writes an implementation for each trait (`BankService` for `Bank`); a server and a local client only know
/// services through this trait, so one server can offer many.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a service",
    note = "`#[rpc]` writes a service beside each trait: for a trait `Bank` that `my_bank` implements, `BankService::new(my_bank)`"
)]
pub trait Service: Send + Sync + 'static {
    /// What it offers.
    fn interface(&self) -> &'static Interface;

    /// Decodes the arguments of `procedure` to their end, runs it, and encodes its result.
    ///
    /// All arguments are decoded before the method begins, so [`ServeError::NoProcedure`] and [`ServeError::Args`]
    /// promise that nothing ran.
    fn call(
        &self,
        cx: &Context,
        procedure: u32,
        args: &mut Decoder<'_>,
        reply: &mut Encoder,
    ) -> Result<(), ServeError>;

    /// Is told of each call of procedure 0, which the server answers itself. A service that keeps count wants to know.
    fn pinged(&self, cx: &Context) {
        let _ = cx;
    }

    /// Where the effects of its exactly-once methods are.
    fn effects(&self) -> Effects {
        Effects::Elsewhere
    }

    /// Finds out whether `procedure` ran, for a call that a crash interrupted: as [`call`](Self::call), but nothing runs.
    ///
    /// `reply` gets the result of a call that did run. A service that does not say otherwise cannot tell.
    fn recover(
        &self,
        cx: &Context,
        procedure: u32,
        args: &mut Decoder<'_>,
        reply: &mut Encoder,
    ) -> Result<Recovery<()>, ServeError> {
        let _ = (cx, procedure, args, reply);
        Ok(Recovery::CannotTell)
    }
}

/// What a service finds out about an exactly-once call that began before a crash and has no end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recovery<R> {
    /// It ran to its end: this is its result, which the caller gets.
    Did(R),
    /// It has had no effect and never will. If the caller asks again, it runs.
    DidNot,
    /// Nobody can tell: the caller is told so, and it never runs again.
    CannotTell,
}

impl<R> Recovery<R> {
    /// The same with another result, if there is one.
    #[doc(hidden)]
    pub fn map<S>(self, change: impl FnOnce(R) -> S) -> Recovery<S> {
        match self {
            Recovery::Did(result) => Recovery::Did(change(result)),
            Recovery::DidNot => Recovery::DidNot,
            Recovery::CannotTell => Recovery::CannotTell,
        }
    }
}

impl<R: Encode> Recovery<R> {
    /// Encodes the result, if there is one.
    #[doc(hidden)]
    pub fn encode(self, reply: &mut Encoder) -> Result<Recovery<()>, EncodeError> {
        Ok(match self {
            Recovery::Did(result) => Recovery::Did(result.encode(reply)?),
            Recovery::DidNot => Recovery::DidNot,
            Recovery::CannotTell => Recovery::CannotTell,
        })
    }
}

/// Why a call has no result.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ServeError {
    /// The interface has no such procedure. Nothing ran.
    #[error("there is no such procedure")]
    NoProcedure,
    /// The arguments are not what the method takes. Nothing ran.
    #[error("the arguments cannot be decoded: {0}")]
    Args(#[source] DecodeError),
    /// There is no result, as the service knows: nothing is logged. The caller is told what [`Reply`](Self::Reply) says if the
    /// method ran, and else what [`NoProcedure`](Self::NoProcedure) says.
    #[error("there is no result")]
    NoResult {
        /// The method ran: copies of the call do not run.
        ran: bool,
        /// A caller without a session is told. Else it gets no answer at all: to a broadcast call, those who have nothing to
        /// offer keep quiet (RFC 1833, section 2.2.1).
        is_told: bool,
    },
    /// The method ran, and its result cannot be encoded.
    #[error("the result cannot be encoded: {0}")]
    Reply(#[source] EncodeError),
}
