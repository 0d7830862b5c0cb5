//! One call on its way.

use super::{CallId, Failure, Request};
use crate::describe::Semantics;
use crate::session::wire::{Outcome, Verifier};
use crate::time::{Executed, Time};

/// A call that has not ended.
///
/// A flight makes one or more attempts. Each has a number of its own, and a new one is begun only when the one before
/// certainly did not run, or when the method may run twice. All copies of one attempt carry the same number.
#[derive(Debug)]
pub(super) struct Flight {
    pub(super) call: CallId,
    pub(super) request: Request,
    /// Bytes before the arguments in its buffer.
    pub(super) headroom: usize,
    pub(super) stage: Stage,
    /// When something is to be done; never later than the deadline.
    pub(super) timer: Time,
    pub(super) attempt: Attempt,
    /// An earlier attempt may have run.
    pub(super) maybe: bool,
    /// How often a server asked to try again later.
    pub(super) refusals: u32,
    /// How it ended while it was shelved, for whoever asks again.
    pub(super) ended: Option<Failure>,
}

/// The copies of a call that carry one number.
#[derive(Debug, Default)]
pub(super) struct Attempt {
    pub(super) xid: u32,
    pub(super) seq: u64,
    /// The incarnation that the first copy was sent to.
    pub(super) incarnation: u64,
    /// The store that keeps the session, if it is not the incarnation.
    pub(super) store: Option<[u8; 16]>,
    /// Copies handed to a transport.
    pub(super) copies: u32,
    /// Of those, the ones handed to the present link.
    pub(super) copies_here: u32,
    pub(super) first_sent: Time,
    pub(super) probes: u32,
    /// A question what became of it is to be sent.
    pub(super) asking: bool,
    /// It is made to a server without sessions, and its number means nothing.
    pub(super) plain: bool,
    /// The session is gone; only a reply that is already on its way can still come.
    pub(super) orphaned: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// It has no number: it waits for a session, or for room in the window.
    Waiting,
    /// A copy is to be sent.
    Queued,
    /// A copy is out.
    Sent,
    /// The server has it; it is asked now and then what became of it.
    Received,
    /// The link is down, or the server behind a new link has not said who it is.
    Parked,
    /// A server asked to try again later.
    Pausing,
    /// Its caller was told that the deadline has passed, and may ask again.
    Shelved,
}

impl Flight {
    pub(super) fn semantics(&self) -> Semantics {
        self.request.method.semantics
    }

    /// Whether a second run does no harm.
    pub(super) fn may_repeat(&self) -> bool {
        matches!(
            self.semantics(),
            Semantics::Idempotent | Semantics::Readonly
        )
    }

    /// Whether it may get another number although it may have run: a second run does no harm, or there will be none,
    /// since the store knows the call by its key.
    pub(super) fn may_go_on(&self) -> bool {
        self.may_repeat() || self.request.key.is_some()
    }

    /// From now on only the store that may have run it is asked under its key.
    pub(super) fn stay_with_store(&mut self) {
        if let Some(key) = &mut self.request.key {
            key.store = key.store.or(self.attempt.store);
        }
    }

    /// Whether its caller may ask again once the deadline has passed.
    pub(super) fn may_be_shelved(&self) -> bool {
        let once = matches!(
            self.semantics(),
            Semantics::AtMostOnce | Semantics::ExactlyOnce
        );
        once && self.request.shelve && self.executed(self.attempt_executed()) == Executed::Maybe
    }

    /// Whether a copy is out on the present link, or about to be.
    pub(super) fn is_out(&self) -> bool {
        matches!(self.stage, Stage::Queued | Stage::Sent | Stage::Received)
    }

    pub(super) fn has_number(&self) -> bool {
        self.attempt.seq != 0
    }

    /// Whether a session's verifier speaks of the present attempt. Another session may have given out the same number;
    /// what the records of a store answer may come from another incarnation than the one that was asked first.
    pub(super) fn is_answered_by(&self, verifier: &Verifier) -> bool {
        let same_incarnation = verifier.incarnation == self.attempt.incarnation;
        verifier.seq == self.attempt.seq
            && (same_incarnation
                || verifier.outcome == Outcome::StaleIncarnation
                || self.semantics() == Semantics::ExactlyOnce)
    }

    /// Whether the present attempt may have run, if nothing else is known than what was sent.
    pub(super) fn attempt_executed(&self) -> Executed {
        if self.attempt.copies > 0 {
            Executed::Maybe
        } else {
            Executed::No
        }
    }

    /// What the refusal of a copy says of the attempt, if whoever refused keeps no record: nothing of the other copies.
    pub(super) fn refused_without_record(&self) -> Executed {
        if self.attempt.copies > 1 {
            Executed::Maybe
        } else {
            Executed::No
        }
    }

    /// What is known of the whole call, given what is known of the present attempt.
    pub(super) fn executed(&self, attempt: Executed) -> Executed {
        if attempt == Executed::No && self.maybe {
            Executed::Maybe
        } else {
            attempt
        }
    }
}
