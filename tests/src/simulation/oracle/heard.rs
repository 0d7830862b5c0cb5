//! What reaches a client.

use super::sent::decode;
use super::{Asked, Grantor, Name, Oracle, Session, Told, better};
use crate::simulation::service;
use crate::simulation::visits::{Visit, Visits};
use rpc_core::{Executed, Time};
use rpc_proto::message::{self, AcceptStatus, Message, Reply, ReplyStatus};
use rpc_proto::session::program::{
    HelloReply, Keeper, OpenRefusal, OpenReply, ProbeReply, ProbeState, ReceivedArgs,
};
use rpc_proto::session::wire::{
    Outcome, SESSION_FLAVOR, SESSION_PROGRAM, SessionId, Verifier, procedure,
};
use std::time::Duration;

impl Oracle {
    /// A message is about to be given to the client machine. The call that must end with it, if one must.
    pub fn heard(
        &mut self,
        now: Time,
        message: &[u8],
        visits: &mut Visits,
    ) -> Result<Option<u64>, String> {
        match Message::decode(message) {
            Ok(Message::Reply(reply)) => self.heard_reply(now, &reply, visits),
            Ok(Message::Call(call)) => self.heard_call(now, &call, visits).map(|()| None),
            Err(_) => Ok(None),
        }
    }

    fn heard_reply(
        &mut self,
        now: Time,
        reply: &Reply<'_>,
        visits: &mut Visits,
    ) -> Result<Option<u64>, String> {
        let Some(question) = self.questions.get(&reply.header.xid).copied() else {
            return Ok(None);
        };
        let ReplyStatus::Accepted { verifier, status } = reply.header.status else {
            return Ok(None);
        };
        let ours = (verifier.flavor().0 == SESSION_FLAVOR)
            .then(|| Verifier::from_bytes(verifier.body()))
            .flatten();
        match question.kind {
            Asked::Hello if self.hello != Some(reply.header.xid) => {}
            Asked::Hello => self.heard_hello(now, reply, status, visits)?,
            Asked::Open(keeper, grantor) if status == AcceptStatus::Success => {
                self.heard_open(reply, keeper, grantor, question.first, visits)?;
            }
            Asked::Open(..) => {}
            Asked::Call(name) => {
                if let Some(verifier) = ours.filter(|verifier| self.speaks_of(name, verifier)) {
                    let gone = self.is_gone(now, name.0);
                    let open = self.attempts.get(&name).is_some_and(|a| !a.finished);
                    if !open {
                        // Of a call that is over nobody needs to hear anything.
                        return Ok(None);
                    }
                    self.answered(now, name.0, &verifier, question.first, true);
                    return Ok(self.heard_of_call(name, gone, reply, status, &verifier, visits));
                }
            }
            Asked::Probe(name) => {
                let open = self.attempts.get(&name).is_some_and(|a| !a.finished);
                let shelved = self.attempts.get(&name).is_some_and(|a| a.shelved);
                let lost = |verifier: &Verifier| {
                    matches!(
                        verifier.outcome,
                        Outcome::UnknownSession | Outcome::StaleIncarnation
                    )
                };
                if shelved && ours.as_ref().is_some_and(lost) {
                    // Nobody waits for the answer, so the client may leave it to the next question to find out.
                    if let Some(session) = self.sessions.get_mut(&name.0) {
                        session.lapsed = true;
                    }
                    return Ok(None);
                }
                if let Some(verifier) = ours.filter(|_| open) {
                    self.answered(now, name.0, &verifier, Time::ZERO, true);
                    if verifier.outcome == Outcome::Returned && status == AcceptStatus::Success {
                        // Of a call that nobody waits for, the client need not listen to it.
                        self.heard_probe(now, name, &decode(reply.results)?, !shelved, visits);
                    }
                }
            }
            Asked::Session(id) | Asked::Description(id) => {
                if let Some(verifier) = ours {
                    if verifier.outcome == Outcome::Returned {
                        // A client that is making first contact anew has given up what it asked before.
                        self.answered(now, id, &verifier, question.first, false);
                    } else if let Some(session) = self.sessions.get_mut(&id) {
                        // By now the client may be asking another server, and not be listening any more.
                        session.lapsed = true;
                    }
                }
            }
        }
        Ok(None)
    }

    /// Whether a verifier is about the number that was asked for, and from its keeper.
    fn speaks_of(&self, name: Name, verifier: &Verifier) -> bool {
        let keeper = self.sessions.get(&name.0).is_some_and(|session| {
            session.keeper == Keeper::Store
                || session.grantor.incarnation == verifier.incarnation
                || verifier.outcome == Outcome::StaleIncarnation
        });
        verifier.seq == name.1 && keeper
    }

    /// A server that knows the session counts its lease from no earlier than the question was sent.
    fn answered(
        &mut self,
        now: Time,
        id: SessionId,
        verifier: &Verifier,
        asked: Time,
        surely: bool,
    ) {
        let gone = self.is_gone(now, id);
        if let Some(session) = self.sessions.get_mut(&id) {
            session.lapsed |= gone;
            match verifier.outcome {
                Outcome::UnknownSession | Outcome::StaleIncarnation => session.unknown = true,
                _ => {
                    session.renewed = session.renewed.max(asked);
                    if surely {
                        session.surely = session.surely.max(asked);
                    }
                }
            }
        }
    }

    fn heard_hello(
        &mut self,
        now: Time,
        reply: &Reply<'_>,
        status: AcceptStatus,
        visits: &mut Visits,
    ) -> Result<(), String> {
        if status == AcceptStatus::Success {
            let hello: HelloReply = decode(reply.results)?;
            if self.last_incarnation.replace(hello.incarnation) != Some(hello.incarnation) {
                visits.count(Visit::ClientNewIncarnation);
            }
            let at = Grantor {
                incarnation: hello.incarnation,
                store: hello.store,
            };
            self.hellos.push((hello.cookie, at));
            self.hello = None;
            self.hello_heard = now;
            for session in self.sessions.values_mut() {
                session.lapsed |= !session.is_kept_by(&at);
            }
        }
        Ok(())
    }

    fn heard_open(
        &mut self,
        reply: &Reply<'_>,
        keeper: Keeper,
        grantor: Grantor,
        asked: Time,
        visits: &mut Visits,
    ) -> Result<(), String> {
        let grant = match decode::<OpenReply>(reply.results)? {
            OpenReply::Granted(grant) => grant,
            OpenReply::Refused(OpenRefusal::BadCookie) => {
                visits.count(Visit::ClientBadCookie);
                return Ok(());
            }
            OpenReply::Refused(OpenRefusal::Full) => {
                self.told_full = true;
                return Ok(());
            }
            OpenReply::Refused(OpenRefusal::NoStore) => return Ok(()),
        };
        let id = SessionId(grant.session);
        if let Some(session) = self.sessions.get_mut(&id) {
            session.renewed = session.renewed.max(asked);
            session.granted_again.push(grantor.incarnation);
        } else {
            visits.count(Visit::ClientSession);
            // An idle session is left before its lease ends; what the server keeps of it goes with the lease.
            for other in self
                .sessions
                .values_mut()
                .filter(|other| other.keeper == keeper)
            {
                other.lapsed = true;
            }
            let session = Session {
                keeper,
                grantor,
                granted_again: Vec::new(),
                lease: Duration::from_millis(grant.lease_ms.into()),
                window: grant.window,
                renewed: asked,
                surely: self.hello_heard,
                unknown: false,
                lapsed: false,
                unfinished: 0,
                told_first: 1,
                unseen: Vec::new(),
            };
            self.sessions.insert(id, session);
        }
        Ok(())
    }

    fn heard_of_call(
        &mut self,
        name: Name,
        gone: bool,
        reply: &Reply<'_>,
        status: AcceptStatus,
        verifier: &Verifier,
        visits: &mut Visits,
    ) -> Option<u64> {
        let stream = self.link.is_some_and(|link| link.stream);
        if let Some(session) = self.sessions.get_mut(&name.0)
            && verifier.window > 0
        {
            session.window = session.window.max(verifier.window);
        }
        let attempt = self.attempts.get_mut(&name)?;
        if attempt.finished {
            return None;
        }
        // A call that may run twice is not bound to a session that is gone: it may be waiting for its next attempt.
        let doubtful = gone && attempt.repeatable;
        attempt.doubtful |= doubtful;
        let in_order = stream && attempt.copies == attempt.copies_here;
        let told = match (verifier.outcome, status) {
            (Outcome::Returned, AcceptStatus::Success) => {
                Told::Result(service::execution_of(reply.results).unwrap_or(u64::MAX))
            }
            (Outcome::UnknownSession | Outcome::StaleIncarnation, _) if in_order => Told::NoInOrder,
            _ => match verifier.executed {
                Executed::No => Told::No,
                Executed::Maybe => Told::Over,
                Executed::Yes => Told::Yes,
            },
        };
        if attempt.shelved {
            if matches!(told, Told::Result(_)) {
                // Nobody waits for it now; whoever asks again gets it again.
                return None;
            }
            attempt.doubtful = true;
        }
        attempt.told = better(attempt.told, told);
        attempt.of_the_key |= matches!(
            verifier.outcome,
            Outcome::Panicked | Outcome::BadArguments | Outcome::Conflict
        );
        if told == Told::NoInOrder {
            visits.count(Visit::ClientInOrder);
        }
        let (id, result) = (attempt.call, matches!(told, Told::Result(_)));
        let call = self.calls.entry(id).or_default();
        call.outcomes |= 1 << verifier.outcome as u32;
        // Of a session that is gone the client had let go before it heard this, and the next attempt has that reason.
        call.troubled = !gone
            && matches!(
                verifier.outcome,
                Outcome::Overloaded | Outcome::ShuttingDown
            );
        if result {
            self.succeeded += 1;
        }
        self.finish(name);
        (result && !doubtful).then_some(id)
    }

    fn heard_probe(
        &mut self,
        now: Time,
        name: Name,
        probe: &ProbeReply,
        surely: bool,
        visits: &mut Visits,
    ) {
        if probe.seq != name.1 {
            return;
        }
        if let Some(session) = self.sessions.get_mut(&name.0) {
            let stamp = Time::from_nanos(probe.stamp.min(now.as_nanos()));
            session.renewed = session.renewed.max(stamp);
            if surely {
                session.surely = session.surely.max(stamp);
            }
        }
        match probe.state {
            ProbeState::Running | ProbeState::Finished => self.server_has(now, name, visits),
            ProbeState::NeverSeen => {
                if let Some(attempt) = self.attempts.get_mut(&name) {
                    visits.count(Visit::ClientNeverSeen);
                    attempt.received = None;
                    attempt.never_seen = true;
                }
            }
            ProbeState::Expired => {
                if let Some(attempt) = self.attempts.get_mut(&name)
                    && !attempt.finished
                {
                    attempt.told = better(attempt.told, Told::Over);
                    let id = attempt.call;
                    self.calls.entry(id).or_default().outcomes |= 1 << Outcome::Expired as u32;
                    self.finish(name);
                }
            }
        }
    }

    fn heard_call(
        &mut self,
        now: Time,
        call: &message::Call<'_>,
        visits: &mut Visits,
    ) -> Result<(), String> {
        if [call.header.program, call.header.procedure] != [SESSION_PROGRAM, procedure::RECEIVED] {
            return Err("a server calls something else than RECEIVED".to_owned());
        }
        let args: ReceivedArgs = decode(call.args)?;
        if let Some(Asked::Call(name)) = self.questions.get(&args.xid).map(|q| q.kind)
            && name.1 == args.seq
        {
            self.server_has(now, name, visits);
        }
        Ok(())
    }

    fn server_has(&mut self, now: Time, name: Name, visits: &mut Visits) {
        let link = self.link.map(|link| link.number);
        if let Some(attempt) = self.attempts.get_mut(&name)
            && !attempt.finished
            && attempt.received != link
        {
            visits.count(Visit::ClientReceived);
            attempt.received = link;
            attempt.never_seen = false;
            attempt.asked = attempt.asked.max(now);
            self.received.push(name);
        }
    }
}
