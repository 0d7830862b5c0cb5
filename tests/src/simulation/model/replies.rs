//! Reading what a server sends.

use super::decode;
use crate::simulation::trace::Digest;
use rpc_core::Executed;
use rpc_proto::message::{AcceptStatus, Message, Reply, ReplyStatus};
use rpc_proto::session::program::{ProbeReply, ReceivedArgs};
use rpc_proto::session::wire::{Outcome, SESSION_FLAVOR, SESSION_PROGRAM, Verifier, procedure};

/// A reply on a session.
#[derive(Debug)]
pub(super) struct Answer {
    xid: u32,
    incarnation: u64,
    pub(super) seq: u64,
    pub(super) outcome: Outcome,
    pub(super) executed: Executed,
    probe: Option<ProbeReply>,
    digest: u64,
}

/// What all copies of a finished call are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Kept {
    outcome: Outcome,
    executed: Executed,
    /// `None` if it was too large to be seen.
    digest: Option<u64>,
}

impl Answer {
    pub(super) fn only(frames: &[&[u8]]) -> Result<Self, String> {
        match frames {
            [frame] => Self::of(frame),
            _ => Err(format!(
                "{} answers where there has to be one",
                frames.len()
            )),
        }
    }

    pub(super) fn first(frames: &[&[u8]]) -> Result<Self, String> {
        match frames {
            [frame, ..] => Self::of(frame),
            [] => Err("no answer".to_owned()),
        }
    }

    pub(super) fn of(frame: &[u8]) -> Result<Self, String> {
        let Ok(Message::Reply(reply)) = Message::decode(frame) else {
            return Err("an answer that is no reply".to_owned());
        };
        let ReplyStatus::Accepted { verifier, status } = reply.header.status else {
            return Err("a call on a session is denied".to_owned());
        };
        let verifier = (verifier.flavor().0 == SESSION_FLAVOR)
            .then(|| Verifier::from_bytes(verifier.body()))
            .flatten()
            .ok_or("an answer on a session without its verifier")?;
        if (status == AcceptStatus::Success) != (verifier.outcome == Outcome::Returned) {
            return Err(format!("{status:?} with {:?}", verifier.outcome));
        }
        Ok(Self {
            xid: reply.header.xid,
            incarnation: verifier.incarnation,
            seq: verifier.seq,
            outcome: verifier.outcome,
            executed: verifier.executed,
            probe: decode(reply.results),
            digest: digest_of(&reply, status),
        })
    }

    /// `incarnation` is who must have answered, unless it is the store whose record it is.
    pub(super) fn is_for(&self, xid: u32, incarnation: Option<u64>) -> Result<(), String> {
        if self.xid != xid {
            return Err("an answer has another transaction id than its call".to_owned());
        }
        if incarnation.is_some_and(|incarnation| self.incarnation != incarnation) {
            return Err("an answer names another incarnation".to_owned());
        }
        Ok(())
    }

    pub(super) fn says(&self, outcome: Outcome, executed: Executed) -> Result<(), String> {
        if (self.outcome, self.executed) == (outcome, executed) {
            return Ok(());
        }
        Err(format!(
            "the server says {:?}, executed {:?}, and has to say {outcome:?}, executed {executed:?}",
            self.outcome, self.executed
        ))
    }

    pub(super) fn kept(&self) -> Kept {
        if self.outcome == Outcome::ReplyTooLarge {
            return Kept {
                outcome: Outcome::Returned,
                executed: Executed::Yes,
                digest: None,
            };
        }
        Kept {
            outcome: self.outcome,
            executed: self.executed,
            digest: Some(self.digest),
        }
    }

    pub(super) fn repeats(&self, kept: Kept, datagram: bool) -> Result<(), String> {
        if self.outcome == Outcome::ReplyTooLarge && datagram && kept.outcome == Outcome::Returned {
            return self.says(Outcome::ReplyTooLarge, Executed::Yes);
        }
        self.says(kept.outcome, kept.executed)?;
        if kept.digest.is_some_and(|digest| digest != self.digest) {
            return Err("a recorded reply has changed".to_owned());
        }
        Ok(())
    }

    pub(super) fn probe(&self) -> Result<ProbeReply, String> {
        self.probe
            .ok_or_else(|| "an answer to a probe that is none".to_owned())
    }
}

/// The transaction id and the number that a `RECEIVED` is about.
pub(super) fn received(frame: &[u8], incarnation: u64) -> Result<(u32, u64), String> {
    let Ok(Message::Call(call)) = Message::decode(frame) else {
        return Err("not a call of RECEIVED".to_owned());
    };
    let called = [call.header.program, call.header.procedure];
    let args: Option<ReceivedArgs> = decode(call.args);
    match args {
        Some(args)
            if called == [SESSION_PROGRAM, procedure::RECEIVED]
                && args.incarnation == incarnation =>
        {
            Ok((args.xid, args.seq))
        }
        _ => Err("not a call of RECEIVED".to_owned()),
    }
}

fn digest_of(reply: &Reply<'_>, status: AcceptStatus) -> u64 {
    let mut digest = Digest::new();
    digest.add_bytes(format_status(status).as_slice());
    digest.add_bytes(reply.results);
    digest.value()
}

fn format_status(status: AcceptStatus) -> [u8; 12] {
    let [kind, low, high] = match status {
        AcceptStatus::Success => [0, 0, 0],
        AcceptStatus::ProgramUnavailable => [1, 0, 0],
        AcceptStatus::ProgramMismatch { low, high } => [2, low, high],
        AcceptStatus::ProcedureUnavailable => [3, 0, 0],
        AcceptStatus::GarbageArgs => [4, 0, 0],
        AcceptStatus::SystemError => [5, 0, 0u32],
    };
    let mut bytes = [0; 12];
    for (place, word) in bytes.chunks_mut(4).zip([kind, low, high]) {
        place.copy_from_slice(&word.to_be_bytes());
    }
    bytes
}
