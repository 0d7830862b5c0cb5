//! Writing replies: the header stands before the result in the same buffer.

use super::{Done, Handled};
use crate::message::{
    AcceptStatus, Auth, AuthStatus, CallHeader, Flavor, RejectStatus, ReplyHeader, ReplyStatus,
};
use crate::record::MARK;
use crate::session::frame;
use crate::session::wire::{Outcome, SESSION_FLAVOR, Verifier};
use crate::time::Executed;
use crate::xdr::{self, Encode};

/// Bytes to leave free before an encoded result: the record mark, the reply header and the session verifier.
pub const REPLY_HEADROOM: usize = PLAIN_HEADER + Verifier::LEN;

/// Record mark, xid, message type, reply status, flavour and length of the verifier, accept status.
const PLAIN_HEADER: usize = MARK + 24;

/// What a reply says of its call.
#[derive(Clone, Copy, Debug)]
pub(super) struct Answer {
    pub(super) outcome: Outcome,
    pub(super) executed: Executed,
    pub(super) status: AcceptStatus,
}

/// How long a client is asked to stay away when there is too much to do.
const OVERLOAD_PAUSE_MS: u32 = 20;

impl Answer {
    /// The answer to a call that was begun. This is the one table of what an end means (`docs/executed.md`).
    pub(super) fn of(done: Done) -> Answer {
        match done {
            Done::Returned => Answer {
                outcome: Outcome::Returned,
                executed: Executed::Yes,
                status: AcceptStatus::Success,
            },
            // Nobody knows how far a panicking method came.
            Done::Panicked => Answer {
                executed: Executed::Maybe,
                ..Answer::refusal(Outcome::Panicked)
            },
            // All that it did was taken back.
            Done::RolledBack => Answer::refusal(Outcome::Panicked),
            Done::StoreFailed => Answer::refusal(Outcome::StoreFailed),
            Done::Unencodable => Answer {
                executed: Executed::Yes,
                ..Answer::refusal(Outcome::Unencodable)
            },
            Done::BadArguments => Answer::refusal(Outcome::BadArguments),
            Done::NoProcedure => Answer::unavailable(AcceptStatus::ProcedureUnavailable),
            Done::Overloaded => Answer::refusal(Outcome::Overloaded),
            Done::DeadlinePassed => Answer::refusal(Outcome::DeadlinePassed),
            Done::ShuttingDown => Answer::refusal(Outcome::ShuttingDown),
        }
    }

    /// The answer to a call of something that is not served.
    pub(super) fn unavailable(status: AcceptStatus) -> Answer {
        Answer {
            status,
            ..Answer::refusal(Outcome::Unavailable)
        }
    }

    /// The answer to a call that is not run because of `outcome`.
    pub(super) fn refusal(outcome: Outcome) -> Answer {
        let executed = match outcome {
            // An earlier copy of the same call may have run, here or in another life of the server.
            Outcome::Expired | Outcome::StaleIncarnation | Outcome::UnknownSession => {
                Executed::Maybe
            }
            // Nobody can tell how far it came; or another life of the server may still run a late copy.
            Outcome::Interrupted | Outcome::StoreFailed => Executed::Maybe,
            Outcome::ReplyTooLarge => Executed::Yes,
            _ => Executed::No,
        };
        let status = if outcome == Outcome::BadArguments {
            AcceptStatus::GarbageArgs
        } else {
            AcceptStatus::SystemError
        };
        Answer {
            outcome,
            executed,
            status,
        }
    }

    /// The answer to a call that is known by its key, when there is no room to keep its reply under one more number.
    pub(super) fn too_much_to_keep() -> Answer {
        Answer {
            executed: Executed::Maybe,
            ..Answer::refusal(Outcome::Overloaded)
        }
    }

    /// A refusal of a copy does not say that the call did not run if an earlier copy of it did.
    pub(super) fn admit(&mut self, ran: bool) {
        if ran && self.executed == Executed::No {
            self.executed = Executed::Maybe;
        }
    }

    pub(super) fn verifier(&self, incarnation: u64, seq: u64, window: u32) -> Verifier {
        let retry_after_ms = match self.outcome {
            Outcome::Overloaded | Outcome::ShuttingDown => OVERLOAD_PAUSE_MS,
            _ => 0,
        };
        Verifier {
            incarnation,
            seq,
            outcome: self.outcome,
            executed: self.executed,
            retry_after_ms,
            window,
        }
    }
}

/// Writes the header of a session reply into the headroom at `at`. Of an answer without a result only the header stays.
pub(super) fn finish(
    out: &mut Vec<u8>,
    at: usize,
    xid: u32,
    verifier: &Verifier,
    status: AcceptStatus,
) {
    put_header(
        out,
        at,
        xid,
        Flavor(SESSION_FLAVOR),
        &verifier.to_bytes(),
        status,
    );
}

/// As [`finish`], for callers that know no sessions.
pub(super) fn finish_plain(out: &mut Vec<u8>, at: usize, xid: u32, status: AcceptStatus) {
    put_header(out, at, xid, Flavor::NONE, &[], status);
}

/// Appends the framed answer to a call without a session.
pub(super) fn answer_plain(
    xid: u32,
    status: AcceptStatus,
    result: &impl Encode,
    out: &mut Vec<u8>,
) -> Handled {
    let at = out.len();
    out.resize(at + REPLY_HEADROOM, 0);
    match xdr::to_vec(result) {
        Ok(body) => {
            out.extend_from_slice(&body);
            finish_plain(out, at, xid, status);
        }
        Err(_) => finish_plain(out, at, xid, AcceptStatus::SystemError),
    }
    Handled::Reply
}

/// Appends a framed MSG_DENIED.
pub(super) fn deny(xid: u32, status: RejectStatus, out: &mut Vec<u8>) -> Handled {
    append_header(
        out,
        &ReplyHeader {
            xid,
            status: ReplyStatus::Denied(status),
        },
    )
}

/// Appends a framed MSG_DENIED with AUTH_ERROR.
pub(super) fn deny_credential(xid: u32, status: AuthStatus, out: &mut Vec<u8>) -> Handled {
    deny(xid, RejectStatus::AuthError(status), out)
}

/// Appends a framed reply header.
pub(super) fn append_header(out: &mut Vec<u8>, header: &ReplyHeader<'_>) -> Handled {
    let at = out.len();
    out.extend_from_slice(&[0; MARK]);
    header.encode_into(out);
    frame(&mut out[at..]);
    Handled::Reply
}

/// Appends a framed call with AUTH_NONE.
pub(super) fn put_call(
    xid: u32,
    [program, version, procedure]: [u32; 3],
    args: &impl Encode,
    out: &mut Vec<u8>,
) {
    let at = out.len();
    out.extend_from_slice(&[0; MARK]);
    CallHeader {
        xid,
        program,
        version,
        procedure,
        credential: Auth::NONE,
        verifier: Auth::NONE,
    }
    .encode_into(out);
    match xdr::to_vec(args) {
        Ok(body) => out.extend_from_slice(&body),
        Err(_) => return out.truncate(at),
    }
    frame(&mut out[at..]);
}

/// Replaces the number of the call in the session verifier of a framed reply.
pub(super) fn set_seq(framed: &mut [u8], seq: u64) {
    if let Some(place) = framed.get_mut(MARK + 36..MARK + 44) {
        place.copy_from_slice(&seq.to_be_bytes());
    }
}

/// Whether this is one framed message, as long as its mark says: what a store gives back may be anything.
pub(super) fn is_whole(framed: &[u8]) -> bool {
    let Some((mark, message)) = framed.split_first_chunk::<MARK>() else {
        return false;
    };
    let length = u32::from_be_bytes(*mark) & 0x7fff_ffff;
    framed.len() >= PLAIN_HEADER && usize::try_from(length) == Ok(message.len())
}

/// Replaces the transaction id of a framed message.
pub(super) fn set_xid(framed: &mut [u8], xid: u32) {
    framed[MARK..MARK + 4].copy_from_slice(&xid.to_be_bytes());
}

fn put_header(
    out: &mut Vec<u8>,
    at: usize,
    xid: u32,
    flavor: Flavor,
    verifier: &[u8],
    status: AcceptStatus,
) {
    // Our verifiers are far shorter than what a message may hold.
    let verifier = Auth::new(flavor, verifier).unwrap_or(Auth::NONE);
    let header = ReplyHeader::accepted(xid, verifier, status);
    if status != AcceptStatus::Success {
        out.truncate(at);
        append_header(out, &header);
        return;
    }
    let length = MARK + header.encoded_len();
    if length < REPLY_HEADROOM {
        // The header of a plain reply is shorter, so the result moves up to it.
        out.drain(at + length..at + REPLY_HEADROOM);
    }
    header.write_to(&mut out[at + MARK..at + length]);
    frame(&mut out[at..]);
}
