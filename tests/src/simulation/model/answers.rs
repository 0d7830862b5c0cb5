//! What the server did, held against what it had to do.

use super::keys::Verdict;
use super::numbers::Stage;
use super::replies::{Answer, received};
use super::{CallFacts, Class, Expected, Model, What};
use crate::simulation::service::{OLDER, OUTSIDE, SERVED};
use crate::simulation::visits::{Visit, Visits};
use rpc_core::describe::{Method, Semantics};
use rpc_core::{Executed, Time};
use rpc_proto::session::program::{Keeper, ProbeState};
use rpc_proto::session::server::{Done, Route, Run};
use rpc_proto::session::wire::{Outcome, RequestId, SessionId, procedure};
use std::time::Duration;

impl Model {
    /// The server wants the call to run.
    pub fn runs(
        &mut self,
        now: Time,
        expected: &Expected,
        run: &Run,
        visits: &mut Visits,
    ) -> Result<(), String> {
        let What::Numbered { id, class, call } = &expected.what else {
            return Err(format!(
                "a call runs without a session: {:?}",
                expected.what
            ));
        };
        match class {
            Class::New => visits.count(Visit::ServerNew),
            Class::Unkept => visits.count(Visit::ServerRepeated),
            other => return Err(format!("a copy of a call that is {other:?} runs")),
        }
        let name = RequestId {
            session: id.0,
            seq: id.1,
        };
        if run.token.id() != Some(name) {
            return Err("a call runs under another's number".to_owned());
        }
        if call.time_left_ms == 0 || self.shutting_down {
            return Err("a call runs that had to be refused".to_owned());
        }
        if run.deadline != Some(now + Duration::from_millis(call.time_left_ms.into())) {
            return Err("a call runs with another deadline than its caller's".to_owned());
        }
        let method = served(call).ok_or("a call runs of what is not served")?;
        if run.method.map(|method| method.procedure) != Some(method.procedure) {
            return Err("another method runs than was called".to_owned());
        }
        if !self.keeper_fits(id.0, method.semantics) {
            return Err("a call runs on a session that cannot keep its promise".to_owned());
        }
        self.begin(now, expected, method.semantics, *class == Class::Unkept);
        Ok(())
    }

    /// The server has answered a message at once, or ignored it.
    pub fn replied(
        &mut self,
        now: Time,
        expected: &Expected,
        frames: &[&[u8]],
        visits: &mut Visits,
    ) -> Result<(), String> {
        match &expected.what {
            What::FirstContact => Ok(()),
            What::NoSession { outcome } => {
                let answer = Answer::only(frames)?;
                answer.is_for(expected.xid, Some(self.incarnation))?;
                answer.says(*outcome, Executed::Maybe)
            }
            What::Numbered { id, class, call } => {
                self.numbered(now, expected, *id, *class, *call, frames, visits)
            }
            What::Program {
                session,
                procedure,
                probe,
            } => {
                let answer = Answer::first(frames)?;
                answer.is_for(expected.xid, Some(self.incarnation))?;
                if answer.outcome == Outcome::UnknownSession && self.ended_rogue(*session, visits) {
                    return Ok(());
                }
                answer.says(Outcome::Returned, Executed::Yes)?;
                match (*procedure, probe) {
                    (procedure::PROBE, Some((seq, class))) => {
                        self.probed(expected, (*session, *seq), *class, &answer, frames, visits)
                    }
                    _ if frames.len() == 1 => Ok(()),
                    _ => Err("a call of the session program has several answers".to_owned()),
                }
            }
        }
    }

    /// The server sends a message that answers nothing that came in.
    pub fn volunteers(
        &mut self,
        route: Route,
        frame: &[u8],
        visits: &mut Visits,
    ) -> Result<(), String> {
        let (xid, seq) = received(frame, self.incarnation)?;
        for known in self.sessions.values_mut() {
            let forgotten = known.numbers.is_forgotten(seq);
            let Some(number) = known.numbers.seen.get_mut(&seq) else {
                continue;
            };
            let runs = number.stage.is_under_way() && !forgotten;
            if runs && number.route == route && number.xid == xid {
                visits.count(Visit::ServerReceived);
                number.told_received = true;
                return Ok(());
            }
        }
        Err("the server says RECEIVED of a call that nobody here waits for".to_owned())
    }

    /// A call that ran has ended, and this is what the server does about it.
    pub fn done(
        &mut self,
        now: Time,
        id: RequestId,
        done: Done,
        sent: Option<(Route, &[u8])>,
        visits: &mut Visits,
    ) -> Result<(), String> {
        let incarnation = self.incarnation;
        let durable = self.is_durable(id.session);
        let lease = self.config.lease;
        let early = self.config.early_ack;
        let Some(known) = self.sessions.get_mut(&id.session) else {
            return Err("a call ends of a session that was never granted".to_owned());
        };
        let forgotten = known.numbers.is_forgotten(id.seq);
        let Some(number) = known.numbers.seen.get_mut(&id.seq) else {
            return Err("a call ends that never began".to_owned());
        };
        if known.ended || now >= known.heard + lease {
            // The session may be swept already, or not yet.
            known.numbers.seen.remove(&id.seq);
            known.numbers.kept -= 1;
            return Ok(());
        }
        let oneway = number.semantics == Semantics::Oneway;
        let waits = now.since(number.began) > early + Duration::from_millis(1);
        if number.datagram && waits && !oneway && !forgotten && !number.told_received {
            return Err(format!(
                "number {} ran long without an early acknowledgement",
                id.seq
            ));
        }
        if done == Done::StoreFailed {
            self.keys.end(id, None);
        }
        if durable && done != Done::StoreFailed {
            number.ended_as = Some(done);
            return none(sent);
        }
        if forgotten {
            known.numbers.remove(id.seq);
            return none(sent);
        }
        if oneway {
            number.stage = Stage::Silent;
            return none(sent);
        }
        let (route, frame) = sent.ok_or("a call ends without a reply")?;
        if route != number.route {
            return Err("a reply goes elsewhere than where the last copy came from".to_owned());
        }
        let answer = Answer::of(frame)?;
        answer.is_for(number.xid, Some(incarnation))?;
        if answer.seq != id.seq {
            return Err("a reply names another number".to_owned());
        }
        let (outcome, executed) = end_of(done);
        if answer.outcome == Outcome::ReplyTooLarge && done == Done::Returned && number.datagram {
            visits.count(Visit::ServerTooLarge);
            answer.says(Outcome::ReplyTooLarge, Executed::Yes)?;
        } else if executed == Executed::No && number.ran {
            answer.says(outcome, Executed::Maybe)?;
        } else {
            answer.says(outcome, executed)?;
        }
        count_end(done, visits);
        let repeatable = matches!(
            number.semantics,
            Semantics::Readonly | Semantics::Idempotent
        );
        if repeatable && executed != Executed::No {
            visits.count(Visit::ServerDoneUnkept);
            number.stage = Stage::Unkept;
            number.ran = true;
        } else {
            visits.count(Visit::ServerDone);
            number.stage = Stage::Finished(answer.kept());
        }
        Ok(())
    }

    #[expect(clippy::too_many_arguments, reason = "all of them describe the answer")]
    fn numbered(
        &mut self,
        now: Time,
        expected: &Expected,
        id: (SessionId, u64),
        class: Class,
        call: CallFacts,
        frames: &[&[u8]],
        visits: &mut Visits,
    ) -> Result<(), String> {
        if class == Class::Running {
            return self.attached(expected, id, frames, visits);
        }
        let follows = matches!(self.key_verdict(&expected.what), Verdict::Follows);
        let unknown = class == Class::New && self.is_durable(id.0) && self.number(id).is_none();
        if unknown && follows && !self.store_failed && !self.is_full(id.0) {
            self.follows(now, expected, visits);
            return self.attached(expected, id, frames, visits);
        }
        if class == Class::New && frames.is_empty() && self.is_durable(id.0) {
            return self.put_off(id);
        }
        let silent = self
            .number(id)
            .is_some_and(|number| number.stage == Stage::Silent);
        if class == Class::Finished && silent {
            visits.count(Visit::ServerReplayed);
            return if frames.is_empty() {
                Ok(())
            } else {
                Err("a oneway call is answered".to_owned())
            };
        }
        let answer = Answer::only(frames)?;
        answer.is_for(expected.xid, self.speaker(id.0))?;
        if answer.seq != id.1 {
            return Err("an answer names another number".to_owned());
        }
        if answer.outcome == Outcome::UnknownSession && self.ended_rogue(id.0, visits) {
            return Ok(());
        }
        match class {
            Class::Forgotten => {
                visits.count(Visit::ServerExpired);
                answer.says(Outcome::Expired, Executed::Maybe)
            }
            Class::Conflict => {
                visits.count(Visit::Conflict);
                answer.says(Outcome::Conflict, Executed::No)
            }
            Class::Finished => {
                visits.count(Visit::ServerReplayed);
                self.replayed(expected, id, &answer)
            }
            Class::New if self.is_durable(id.0) => {
                visits.count(Visit::StoreFailed);
                if !self.store_failed {
                    return Err("a refusal leaves before the store has it".to_owned());
                }
                answer.says(Outcome::StoreFailed, Executed::Maybe)
            }
            Class::New | Class::Unkept | Class::Running => {
                self.refused(expected, id, class, call, &answer, visits)
            }
        }
    }

    fn attached(
        &mut self,
        expected: &Expected,
        id: (SessionId, u64),
        frames: &[&[u8]],
        visits: &mut Visits,
    ) -> Result<(), String> {
        visits.count(Visit::ServerAttached);
        let incarnation = self.incarnation;
        let (xid, route, datagram) = (expected.xid, expected.route, expected.datagram);
        if let Some(number) = self.number(id) {
            (number.xid, number.route, number.datagram) = (xid, route, datagram);
            number.told_received |= datagram;
            number.asked = true;
        }
        match frames {
            [] if !datagram => Ok(()),
            [frame] if received(frame, incarnation)? == (xid, id.1) => Ok(()),
            _ => Err("a copy of a running call is not answered with RECEIVED".to_owned()),
        }
    }

    fn replayed(
        &mut self,
        expected: &Expected,
        id: (SessionId, u64),
        answer: &Answer,
    ) -> Result<(), String> {
        let (xid, route, datagram) = (expected.xid, expected.route, expected.datagram);
        let Some(number) = self.number(id) else {
            return Err("a number that was never seen is replayed".to_owned());
        };
        (number.xid, number.route, number.datagram) = (xid, route, datagram);
        number.asked = true;
        match &number.stage {
            Stage::Finished(kept) => answer.repeats(*kept, datagram),
            other => Err(format!(
                "a call is answered from its record while it is {other:?}"
            )),
        }
    }

    /// A call that could run is refused: with a reason, and finished first.
    pub(super) fn refused(
        &mut self,
        expected: &Expected,
        id: (SessionId, u64),
        class: Class,
        call: CallFacts,
        answer: &Answer,
        visits: &mut Visits,
    ) -> Result<(), String> {
        let ran = class == Class::Unkept;
        let method = served(&call);
        let semantics = method.map_or(Semantics::Idempotent, |method| method.semantics);
        let fits = self.keeper_fits(id.0, semantics);
        let (shutting_down, window) = (self.shutting_down, self.config.window as usize);
        let (durable, has_room) = (self.is_durable(id.0), self.store_has_room);
        let small_cache = self.config.max_reply_bytes < 1 << 20;
        let Some(known) = self.sessions.get_mut(&id.0) else {
            return Ok(());
        };
        let full = known.numbers.kept >= 2 * window && !ran;
        let visit = match answer.outcome {
            Outcome::Overloaded if full => Visit::ServerNoRoom,
            Outcome::Overloaded if small_cache => Visit::ServerRepliesFull,
            Outcome::ShuttingDown if shutting_down => Visit::ServerShuttingDown,
            Outcome::Unavailable if method.is_none() => Visit::ServerUnavailable,
            Outcome::DeadlinePassed if call.time_left_ms == 0 => Visit::ServerLateDeadline,
            Outcome::WrongKeeper if !fits => Visit::ServerWrongKeeper,
            Outcome::StoreFull if durable && !has_room => Visit::ServerStoreFull,
            other => {
                return Err(format!(
                    "number {} is refused without a reason: {other:?}",
                    id.1
                ));
            }
        };
        if visit == Visit::ServerNoRoom && !known.rogue {
            // A client that keeps its window leaves room, unless calls that it has given up are still running.
            let given_up = known.numbers.given_up();
            if known.numbers.kept - given_up >= 2 * window {
                return Err("a client has more calls out than its window allows".to_owned());
            }
        }
        visits.count(visit);
        answer.says(
            answer.outcome,
            if ran { Executed::Maybe } else { Executed::No },
        )?;
        if full {
            known.numbers.forget(id.1);
            return Ok(());
        }
        let stage = if durable {
            Stage::Settling(answer.kept())
        } else {
            Stage::Finished(answer.kept())
        };
        known
            .numbers
            .refuse(id.1, expected, call.digest, semantics, stage);
        Ok(())
    }

    fn probed(
        &mut self,
        expected: &Expected,
        id: (SessionId, u64),
        class: Class,
        answer: &Answer,
        frames: &[&[u8]],
        visits: &mut Visits,
    ) -> Result<(), String> {
        let incarnation = self.speaker(id.0);
        let probe = answer.probe()?;
        // Of a record from a store nobody knows whom to answer: the caller has to send the call itself.
        let unasked = self.number(id).is_some_and(|number| !number.asked);
        let class = if unasked && class != Class::Forgotten {
            Class::New
        } else {
            class
        };
        let (state, visit) = match class {
            Class::Forgotten => (ProbeState::Expired, Visit::ProbeExpired),
            Class::New | Class::Unkept => (ProbeState::NeverSeen, Visit::ProbeNeverSeen),
            Class::Running => (ProbeState::Running, Visit::ProbeRunning),
            Class::Finished | Class::Conflict => (ProbeState::Finished, Visit::ProbeFinished),
        };
        visits.count(visit);
        if (probe.seq, probe.state) != (id.1, state) {
            return Err(format!(
                "{probe:?} answers a probe of number {}, which is {class:?}",
                id.1
            ));
        }
        let Some(number) = self
            .number(id)
            .filter(|number| number.stage != Stage::Unkept && number.asked)
        else {
            return if frames.len() == 1 {
                Ok(())
            } else {
                Err("a probe brings a reply of nothing".to_owned())
            };
        };
        if class != Class::Forgotten {
            (number.route, number.datagram) = (expected.route, expected.datagram);
            number.told_received |= class == Class::Running;
        }
        match (&number.stage, frames) {
            (Stage::Finished(kept), [_, frame]) if class == Class::Finished => {
                let reply = Answer::of(frame)?;
                reply.is_for(number.xid, incarnation)?;
                reply.repeats(*kept, expected.datagram)
            }
            (stage, [_]) if stage.is_under_way() || *stage == Stage::Silent => Ok(()),
            (_, [_]) if class == Class::Forgotten => Ok(()),
            (stage, _) => Err(format!(
                "{} answers to a probe of a call that is {stage:?}",
                frames.len()
            )),
        }
    }

    /// Whether a session of the rogue has just been ended for having too many numbers open.
    fn ended_rogue(&mut self, session: SessionId, visits: &mut Visits) -> bool {
        match self.sessions.get_mut(&session) {
            Some(known) if known.rogue => {
                visits.count(Visit::Overrun);
                known.ended = true;
                true
            }
            _ => false,
        }
    }

    fn keeper_fits(&self, session: SessionId, semantics: Semantics) -> bool {
        let keeper = self.sessions.get(&session).map(|known| known.keeper);
        (keeper == Some(Keeper::Store)) == (semantics == Semantics::ExactlyOnce)
    }
}

/// The method that a call asks for, if this server has it.
pub(super) fn served(call: &CallFacts) -> Option<&'static Method> {
    [&SERVED, &OLDER, &OUTSIDE]
        .into_iter()
        .find(|interface| (interface.program, interface.version) == (call.program, call.version))?
        .method(call.procedure)
}

pub(super) fn none(sent: Option<(Route, &[u8])>) -> Result<(), String> {
    match sent {
        None => Ok(()),
        Some(_) => Err("a reply is sent that nobody waits for".to_owned()),
    }
}

/// What the end of a handler means for the caller.
pub(super) fn end_of(done: Done) -> (Outcome, Executed) {
    match done {
        Done::Returned => (Outcome::Returned, Executed::Yes),
        Done::Panicked => (Outcome::Panicked, Executed::Maybe),
        Done::RolledBack => (Outcome::Panicked, Executed::No),
        Done::StoreFailed => (Outcome::StoreFailed, Executed::Maybe),
        Done::Unencodable => (Outcome::Unencodable, Executed::Yes),
        Done::BadArguments => (Outcome::BadArguments, Executed::No),
        Done::NoProcedure => (Outcome::Unavailable, Executed::No),
        Done::Overloaded => (Outcome::Overloaded, Executed::No),
        Done::DeadlinePassed => (Outcome::DeadlinePassed, Executed::No),
        Done::ShuttingDown => (Outcome::ShuttingDown, Executed::No),
    }
}

pub(super) fn count_end(done: Done, visits: &mut Visits) {
    match done {
        Done::Overloaded => visits.count(Visit::ServerQueueFull),
        Done::ShuttingDown => visits.count(Visit::ServerShuttingDown),
        Done::DeadlinePassed => visits.count(Visit::ServerLateDeadline),
        Done::BadArguments => visits.count(Visit::ServerBadArguments),
        _ => {}
    }
}
