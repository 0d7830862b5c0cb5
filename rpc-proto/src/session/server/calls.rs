//! Calls made on a session: known, new or refused.

use super::reply::Answer;
use super::session::{Arrival, Asker};
use super::{Effects, Handled, Origin, Run, Server, Token, TokenRecord};
use crate::describe::{Method, Semantics};
use crate::message::{Call, Flavor};
use crate::session::program::Keeper;
use crate::session::store::{CallKey, Change, FinishedCall, StartedCall};
use crate::session::wire::{
    CallVerifier, Credential, Outcome, RequestId, SESSION_FLAVOR, SESSION_PROGRAM,
};
use crate::time::Time;
use std::time::Duration;

/// A numbered call as it came in.
pub(super) struct Incoming<'a> {
    pub(super) now: Time,
    pub(super) id: RequestId,
    pub(super) asker: Asker,
    /// Of program, version, procedure and arguments.
    pub(super) digest: u128,
    pub(super) call: &'a Call<'a>,
    /// The length of the message, which ends with the arguments.
    pub(super) length: usize,
    pub(super) time_left_ms: u32,
    pub(super) key: Option<CallKey>,
}

/// A method that is served.
#[derive(Clone, Copy)]
pub(super) struct Target {
    pub(super) interface: usize,
    /// `None` for procedure 0.
    pub(super) method: Option<&'static Method>,
}

/// A call that begins when the record of its start is kept.
#[derive(Debug)]
pub(super) struct Starting {
    run: Run,
    args: Vec<u8>,
}

impl Server {
    pub(super) fn handle_session_call(
        &mut self,
        now: Time,
        origin: Origin<'_>,
        message: &[u8],
        call: &Call<'_>,
        credential: Credential,
        out: &mut Vec<u8>,
    ) -> Handled {
        let known = self.sessions.get_mut(&credential.session);
        let Some(session) = known.filter(|s| {
            now < s.lease_until && origin.security >= s.security && credential.principal == 0
        }) else {
            let outcome = if credential.incarnation == self.incarnation {
                Outcome::UnknownSession
            } else {
                Outcome::StaleIncarnation
            };
            return self.refuse(call.header.xid, credential.seq, outcome, out);
        };
        session.lease_until = now + self.config.lease;
        let (first, mask) = (credential.first_incomplete, credential.done_mask);
        if session.acknowledge(first, mask, &mut self.cache).is_err() {
            self.end_session(credential.session);
            let outcome = Outcome::UnknownSession;
            return self.refuse(call.header.xid, credential.seq, outcome, out);
        }
        self.say_forgotten(credential.session);
        if call.header.program == SESSION_PROGRAM {
            return self.handle_session_program(now, origin, call, credential, out);
        }
        self.handle_numbered(now, origin, message, call, credential, out)
    }

    fn handle_numbered(
        &mut self,
        now: Time,
        origin: Origin<'_>,
        message: &[u8],
        call: &Call<'_>,
        credential: Credential,
        out: &mut Vec<u8>,
    ) -> Handled {
        let id = RequestId {
            session: credential.session,
            seq: credential.seq,
        };
        let asker = Asker {
            route: origin.route,
            xid: call.header.xid,
            datagram: origin.datagram,
        };
        let Some(session) = self.sessions.get(&id.session) else {
            return Handled::Nothing;
        };
        let digest = self.digest(session.keeper, call);
        let Some(session) = self.sessions.get_mut(&id.session) else {
            return Handled::Nothing;
        };
        match session.arrive(id.seq, digest, asker) {
            Arrival::Expired => {
                self.stats.expired += 1;
                self.refuse(asker.xid, id.seq, Outcome::Expired, out)
            }
            Arrival::Conflict => self.refuse(asker.xid, id.seq, Outcome::Conflict, out),
            Arrival::UnderWay => {
                self.stats.duplicates += 1;
                self.attach(asker, id.seq, out)
            }
            Arrival::Finished => {
                self.stats.duplicates += 1;
                self.replay(id, asker, out)
            }
            Arrival::New => {
                let incoming = Incoming {
                    now,
                    id,
                    asker,
                    digest,
                    call,
                    length: message.len(),
                    time_left_ms: credential.time_left_ms,
                    key: None,
                };
                self.begin(incoming, out)
            }
        }
    }

    /// The reply of a call that is under way will go to where this copy came from.
    pub(super) fn attach(&mut self, asker: Asker, seq: u64, out: &mut Vec<u8>) -> Handled {
        if !asker.datagram {
            return Handled::Nothing;
        }
        self.put_received(asker.xid, seq, out);
        Handled::Reply
    }

    fn begin(&mut self, mut incoming: Incoming<'_>, out: &mut Vec<u8>) -> Handled {
        let Incoming { id, asker, .. } = incoming;
        if self.is_kept_durably(id.session) {
            if self.store_failed {
                return self.refuse(asker.xid, id.seq, Outcome::StoreFailed, out);
            }
            // Its window is full of calls that it has given up and that still run, or it breaks its window. A refusal would have
            // to be kept, for which there is no room either: another copy will come.
            let known = self.sessions.get(&id.session);
            if known.is_some_and(|session| !session.has_room()) {
                return Handled::Nothing;
            }
        }
        // What is known under its key comes before any reason to refuse it: a call that ran must not be told that it did not.
        incoming.key = match key_of(incoming.call) {
            Ok(key) => key,
            Err(answer) => return self.refuse_for_good(&incoming, answer, out),
        };
        if let Some(key) = incoming.key
            && let Some(handled) = self.look_up_key(&incoming, key, out)
        {
            return handled;
        }
        match self.admit(&incoming) {
            Ok(target) => self.start(incoming, target),
            Err(answer) => self.refuse_for_good(&incoming, answer, out),
        }
    }

    /// Whether a new call may begin, and what it is a call of.
    fn admit(&self, incoming: &Incoming<'_>) -> Result<Target, Answer> {
        let target = self.find_method(incoming.call);
        let Some(session) = self.sessions.get(&incoming.id.session) else {
            return Err(Answer::refusal(Outcome::UnknownSession));
        };
        if !session.has_room() && !session.ran(incoming.id.seq) {
            return Err(Answer::refusal(Outcome::Overloaded));
        }
        let target = target.map_err(Answer::unavailable)?;
        let durable = session.keeper == Keeper::Store && self.store_is_durable();
        let refused = if !fits(target.semantics(), session.keeper) {
            Some(Outcome::WrongKeeper)
        } else if incoming.time_left_ms == 0 {
            Some(Outcome::DeadlinePassed)
        } else if self.shutting_down {
            Some(Outcome::ShuttingDown)
        } else if self.is_crowded() {
            Some(Outcome::Overloaded)
        } else if durable && !self.store_has_room {
            Some(Outcome::StoreFull)
        } else {
            None
        };
        refused.map_or(Ok(target), |outcome| Err(Answer::refusal(outcome)))
    }

    /// Begins a call: it runs now, or when the record of its start is kept.
    fn start(&mut self, incoming: Incoming<'_>, target: Target) -> Handled {
        let Incoming {
            now,
            id,
            asker,
            call,
            ..
        } = incoming;
        let semantics = target.semantics();
        let needs_record = !matches!(semantics, Semantics::Idempotent | Semantics::Readonly);
        let mut claimed = None;
        if let Some(session) = self.sessions.get_mut(&id.session) {
            session.begin(id.seq, incoming.digest, Some(asker), needs_record);
            claimed.clone_from(&session.claimed);
        }
        if let Some(key) = incoming.key {
            self.keys.begin(key, incoming.digest, id);
        }
        let oneway = semantics == Semantics::Oneway;
        if asker.datagram && !oneway {
            self.running.push_back((now, id));
        }
        self.stats.begun += 1;
        let args = incoming.length - call.args.len()..incoming.length;
        let durable = self.is_kept_durably(id.session);
        let effects = self.offers[target.interface].effects;
        let starts = durable && effects == Effects::Elsewhere;
        let mut run = Run {
            token: Token {
                id: Some(id),
                asker,
                oneway,
                remembered: None,
                record: durable.then(|| self.token_record(&incoming, starts)),
            },
            interface: target.interface,
            method: target.method,
            args,
            deadline: Some(now + Duration::from_millis(incoming.time_left_ms.into())),
            claimed,
        };
        if !starts {
            return Handled::Run(run);
        }
        run.args = 0..call.args.len();
        let args = call.args.to_vec();
        let started = StartedCall {
            digest: incoming.digest,
            key: incoming.key,
            program: call.header.program,
            version: call.header.version,
            procedure: call.header.procedure,
            args: args.clone(),
        };
        self.changes.push_back(Change::Start(id, started));
        self.starting_bytes += args.len();
        self.starting.insert(id, Starting { run, args });
        Handled::Nothing
    }

    /// The run of a call whose start is kept now.
    pub(super) fn take_started(&mut self, id: RequestId) -> Option<(Run, Vec<u8>)> {
        let Starting { run, args } = self.starting.remove(&id)?;
        self.starting_bytes -= args.len();
        Some((run, args))
    }

    fn token_record(&self, incoming: &Incoming<'_>, started: bool) -> Box<TokenRecord> {
        Box::new(TokenRecord {
            digest: incoming.digest,
            key: incoming.key,
            started,
            incarnation: self.incarnation,
            window: self.config.window,
        })
    }

    /// Refuses a call and marks its number finished first, so that no copy of it can run later.
    pub(super) fn refuse_for_good(
        &mut self,
        incoming: &Incoming<'_>,
        mut answer: Answer,
        out: &mut Vec<u8>,
    ) -> Handled {
        let Incoming {
            id, asker, digest, ..
        } = *incoming;
        self.stats.refused += 1;
        let durable = self.is_kept_durably(id.session);
        let known = self.sessions.get(&id.session);
        let ran = known.is_some_and(|session| session.ran(id.seq));
        answer.admit(ran);
        let at = out.len();
        self.put_answer(asker.xid, id.seq, answer, out);
        let Some(session) = self.sessions.get_mut(&id.session) else {
            return Handled::Nothing;
        };
        if durable {
            session.begin(id.seq, digest, Some(asker), true);
            session.settle(id.seq, &out[at..], &mut self.cache);
            let reply = out.split_off(at);
            let finished = FinishedCall {
                digest,
                key: None,
                reply,
            };
            self.changes.push_back(Change::Finish(id, finished));
            return Handled::Nothing;
        }
        if session.has_room() || ran {
            session.begin(id.seq, digest, Some(asker), true);
            session.finish(id.seq, &out[at..], true, &mut self.cache);
        } else if session.forget_unseen(id.seq).is_err() {
            self.end_session(id.session);
        }
        Handled::Reply
    }
}

impl Target {
    pub(super) fn semantics(&self) -> Semantics {
        // Procedure 0 does nothing, however often.
        self.method
            .map_or(Semantics::Idempotent, |method| method.semantics)
    }
}

/// The key that a call names, if it names one.
fn key_of(call: &Call<'_>) -> Result<Option<CallKey>, Answer> {
    let verifier = call.header.verifier;
    if verifier.flavor() != Flavor(SESSION_FLAVOR) {
        return Ok(None);
    }
    let said = CallVerifier::from_bytes(verifier.body());
    let Some(CallVerifier { key }) = said else {
        // What it wants to say is not known, so it must not run as if it had said nothing.
        return Err(Answer::refusal(Outcome::BadArguments));
    };
    Ok(key.map(|id| CallKey {
        program: call.header.program,
        version: call.header.version,
        procedure: call.header.procedure,
        id,
    }))
}

/// Whether a session of this keeper keeps what the method promises.
fn fits(semantics: Semantics, keeper: Keeper) -> bool {
    (semantics == Semantics::ExactlyOnce) == (keeper == Keeper::Store)
}
