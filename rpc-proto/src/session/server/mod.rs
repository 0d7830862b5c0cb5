//! The server's half of the session protocol.

mod api;
mod grant;
mod ids;
mod program;
mod reply;
mod session;

use crate::describe::{Interface, Method, Semantics};
use crate::entropy::Entropy;
use crate::message::{AcceptStatus, AuthStatus, Call, Flavor, Message};
use crate::record::MARK;
use crate::session::program::{Keeper, ReceivedArgs};
use crate::session::wire::{
    Credential, Outcome, RequestId, SESSION_FLAVOR, SESSION_PROGRAM, SESSION_VERSION, SessionId,
    procedure,
};
use crate::time::{Executed, Time};
pub use api::{Config, Done, Handled, Origin, Route, Run, Stats, Token};
use ids::FastMap;
use reply::Answer;
pub use reply::REPLY_HEADROOM;
use session::{Arrival, Asker, OpenKey, ReplyCache, Session, State};
use siphasher::sip128::{Hasher128, SipHasher13};
use std::collections::{HashMap, VecDeque};
use std::hash::Hasher;
use std::time::Duration;

/// The server's session machine. It knows which calls it has seen and decides which of them run.
///
/// Order of calling: for each message [`handle_message`](Self::handle_message); for each [`Run`] it returns, exactly one
/// [`handle_done`](Self::handle_done), at any later time; [`handle_timeout`](Self::handle_timeout) when
/// [`poll_timeout`](Self::poll_timeout) is reached, then [`poll_transmit`](Self::poll_transmit) until it is empty.
pub struct Server {
    config: Config,
    interfaces: Vec<&'static Interface>,
    incarnation: u64,
    store: Option<[u8; 16]>,
    entropy: Entropy,
    digest_key: [u8; 16],
    sessions: FastMap<SessionId, Session>,
    opens: HashMap<OpenKey, SessionId>,
    cache: ReplyCache,
    /// Calls that came in datagrams, in the order in which they began; the ended ones are skipped when their time comes.
    running: VecDeque<(Time, RequestId)>,
    outbox: VecDeque<(Route, Vec<u8>)>,
    next_sweep: Time,
    shutting_down: bool,
    next_xid: u32,
    stats: Stats,
}

impl Server {
    /// A server of `interfaces`. `incarnation` is a number that no earlier life of this server had; `store` names what
    /// keeps exactly-once calls; `seed` comes from the operating system.
    pub fn new(
        config: Config,
        interfaces: Vec<&'static Interface>,
        incarnation: u64,
        store: Option<[u8; 16]>,
        seed: [u8; 32],
    ) -> Self {
        let mut entropy = Entropy::new(seed);
        let digest_key = entropy.bytes();
        Self {
            config,
            interfaces,
            incarnation,
            store,
            entropy,
            digest_key,
            sessions: FastMap::default(),
            opens: HashMap::new(),
            cache: ReplyCache::default(),
            running: VecDeque::new(),
            outbox: VecDeque::new(),
            next_sweep: Time::ZERO,
            shutting_down: false,
            next_xid: 1 << 31,
            stats: Stats::default(),
        }
    }

    /// The number of this life of the server.
    pub fn incarnation(&self) -> u64 {
        self.incarnation
    }

    /// What was done so far.
    pub fn stats(&self) -> Stats {
        self.stats
    }

    /// Takes one message. What is to be sent back at once is appended to `out` as a framed message: a record mark and
    /// the message; datagrams go without the mark.
    ///
    /// A message that is not a call is ignored: it can be anything, and no answer could be right.
    pub fn handle_message(
        &mut self,
        now: Time,
        origin: Origin<'_>,
        message: &[u8],
        out: &mut Vec<u8>,
    ) -> Handled {
        let call = match Message::decode(message) {
            Ok(Message::Call(call)) => call,
            Ok(Message::Reply(_)) => return Handled::Nothing,
            Err(error) => {
                return error.reply().map_or(Handled::Nothing, |header| {
                    reply::append_header(out, &header)
                });
            }
        };
        let credential = call.header.credential;
        match credential.flavor() {
            Flavor(SESSION_FLAVOR) => match Credential::from_bytes(credential.body()) {
                Some(credential) => {
                    self.handle_session_call(now, origin, message, &call, credential, out)
                }
                None => reply::deny_credential(call.header.xid, AuthStatus::BadCredential, out),
            },
            Flavor::NONE | Flavor::SYS => self.handle_plain_call(now, origin, message, &call, out),
            // Procedure 0 asks for nothing, so nobody has to prove who asks (M-7).
            _ if call.header.procedure == 0 => {
                self.handle_plain_call(now, origin, message, &call, out)
            }
            _ => reply::deny_credential(call.header.xid, AuthStatus::RejectedCredential, out),
        }
    }

    /// Takes the end of a begun call. `out[at..]` holds [`REPLY_HEADROOM`] bytes and the encoded result; afterwards it
    /// holds the framed reply, to be sent to the returned route, or nothing if nobody waits for it.
    pub fn handle_done(
        &mut self,
        token: Token,
        done: Done,
        out: &mut Vec<u8>,
        at: usize,
    ) -> Option<Route> {
        if !matches!(done, Done::Returned | Done::Panicked | Done::Unencodable) {
            self.stats.refused += 1;
        }
        let Some(id) = token.id else {
            return self.finish_plain(&token, done, out, at);
        };
        let mut answer = Answer::of(done);
        let Some(session) = self.sessions.get_mut(&id.session) else {
            out.truncate(at);
            return None;
        };
        let Some(asker) = session.asker(id.seq) else {
            out.truncate(at);
            return None;
        };
        let window = self.config.window;
        let refused = answer.executed == Executed::No;
        answer.admit(session.ran(id.seq));
        if token.oneway {
            out.truncate(at);
            session.finish(id.seq, &[], false, &mut self.cache);
            return None;
        }
        reply::finish(
            out,
            at,
            asker.xid,
            &answer.verifier(self.incarnation, id.seq, window),
            answer.status,
        );
        let forgotten = session.is_forgotten(id.seq);
        session.finish(id.seq, &out[at..], refused, &mut self.cache);
        if forgotten {
            out.truncate(at);
            return None;
        }
        self.fit_datagram(asker, id.seq, out, at);
        Some(asker.route)
    }

    /// From now on new calls are refused; copies of known ones are still answered.
    pub fn handle_shutdown(&mut self) {
        self.shutting_down = true;
    }

    /// Ends sessions whose lease has run out and tells clients of long-running calls to stop sending them.
    pub fn handle_timeout(&mut self, now: Time) {
        while let Some(&(begun, id)) = self.running.front() {
            let due = begun + self.config.early_ack <= now;
            let asker = self.sessions.get_mut(&id.session).and_then(|session| {
                match session.look(id.seq)?.state {
                    State::Running { .. } if !session.is_forgotten(id.seq) => session.asker(id.seq),
                    _ => None,
                }
            });
            // Calls that have ended leave the queue before their time, else each would have a timer of its own.
            if asker.is_some() && !due {
                break;
            }
            self.running.pop_front();
            if let Some(asker) = asker {
                let mut message = Vec::new();
                self.put_received(asker.xid, id.seq, &mut message);
                self.outbox.push_back((asker.route, message));
            }
        }
        if now >= self.next_sweep {
            self.next_sweep = now + self.config.lease / 4;
            let ended: Vec<_> = self
                .sessions
                .iter()
                .filter(|(_, s)| now >= s.lease_until)
                .map(|(id, _)| *id)
                .collect();
            ended.into_iter().for_each(|id| self.end_session(id));
        }
    }

    /// When [`handle_timeout`](Self::handle_timeout) has something to do; `None` while there is no session.
    pub fn poll_timeout(&self) -> Option<Time> {
        let early = self
            .running
            .front()
            .map(|(begun, _)| *begun + self.config.early_ack);
        let sweep = (!self.sessions.is_empty()).then_some(self.next_sweep);
        [early, sweep].into_iter().flatten().min()
    }

    /// A framed message to be sent that answers nothing that came in.
    pub fn poll_transmit(&mut self) -> Option<(Route, Vec<u8>)> {
        self.outbox.pop_front()
    }

    /// Checks what must hold between any two inputs. For simulations; it looks at everything.
    ///
    /// # Panics
    /// If a bound is broken.
    pub fn check_invariants(&self) {
        let window = self.config.window as usize;
        assert!(
            self.sessions.len() <= self.config.max_sessions,
            "more sessions than there may be"
        );
        assert_eq!(
            self.sessions.len(),
            self.opens.len(),
            "a session without its key, or a key without its session"
        );
        for session in self.sessions.values() {
            assert!(
                session.records() <= 2 * window,
                "more records than twice the window"
            );
            assert!(
                session.intervals() <= 2 * window + 1,
                "more intervals than numbers that can separate them"
            );
        }
        let kept: usize = self.sessions.values().map(Session::reply_bytes).sum();
        assert_eq!(
            kept, self.cache.bytes,
            "the count of kept bytes has drifted"
        );
    }

    fn handle_session_call(
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
        if session
            .acknowledge(
                credential.first_incomplete,
                credential.done_mask,
                &mut self.cache,
            )
            .is_err()
        {
            self.end_session(credential.session);
            return self.refuse(
                call.header.xid,
                credential.seq,
                Outcome::UnknownSession,
                out,
            );
        }
        if call.header.program == SESSION_PROGRAM {
            return self.handle_session_program(origin, call, credential, out);
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
        let digest = self.digest(call, call.args);
        let Some(session) = self.sessions.get_mut(&id.session) else {
            return Handled::Nothing;
        };
        match session.arrive(id.seq, digest, asker) {
            Arrival::Expired => {
                self.stats.expired += 1;
                self.refuse(call.header.xid, id.seq, Outcome::Expired, out)
            }
            Arrival::Conflict => self.refuse(call.header.xid, id.seq, Outcome::Conflict, out),
            Arrival::Running => {
                self.stats.duplicates += 1;
                if !origin.datagram {
                    return Handled::Nothing;
                }
                self.put_received(call.header.xid, id.seq, out);
                Handled::Reply
            }
            Arrival::Finished => {
                self.stats.duplicates += 1;
                self.replay(id, asker, out)
            }
            Arrival::New => {
                self.begin(now, id, asker, digest, call, message.len(), credential, out)
            }
        }
    }

    #[expect(
        clippy::too_many_arguments,
        reason = "all of them describe the one call that begins"
    )]
    fn begin(
        &mut self,
        now: Time,
        id: RequestId,
        asker: Asker,
        digest: u128,
        call: &Call<'_>,
        end: usize,
        credential: Credential,
        out: &mut Vec<u8>,
    ) -> Handled {
        let target = self.find_method(call);
        let semantics = match target {
            Ok((_, Some(method))) => method.semantics,
            _ => Semantics::Idempotent,
        };
        let Some(session) = self.sessions.get_mut(&id.session) else {
            return Handled::Nothing;
        };
        let answer = if !session.has_room() && !session.ran(id.seq) {
            Some(Answer::refusal(Outcome::Overloaded))
        } else if let Err(status) = target {
            Some(Answer::unavailable(status))
        } else if !fits(semantics, session.keeper) {
            Some(Answer::refusal(Outcome::WrongKeeper))
        } else if credential.time_left_ms == 0 {
            Some(Answer::refusal(Outcome::DeadlinePassed))
        } else if self.shutting_down {
            Some(Answer::refusal(Outcome::ShuttingDown))
        } else if self.cache.bytes >= self.config.max_reply_bytes {
            Some(Answer::refusal(Outcome::Overloaded))
        } else {
            None
        };
        let needs_record = !matches!(semantics, Semantics::Idempotent | Semantics::Readonly);
        if let Some(answer) = answer {
            return self.refuse_for_good(id, asker, digest, answer, out);
        }
        session.begin(id.seq, digest, asker, needs_record);
        let oneway = semantics == Semantics::Oneway;
        if asker.datagram && !oneway {
            self.running.push_back((now, id));
        }
        self.stats.begun += 1;
        let (interface, method) = target.unwrap_or((0, None));
        let deadline = Some(now + Duration::from_millis(credential.time_left_ms.into()));
        Handled::Run(Run {
            token: Token {
                id: Some(id),
                asker,
                oneway,
            },
            interface,
            method,
            args: end - call.args.len()..end,
            deadline,
        })
    }

    /// Refuses a call and marks its number finished first, so that no copy of it can run later.
    fn refuse_for_good(
        &mut self,
        id: RequestId,
        asker: Asker,
        digest: u128,
        mut answer: Answer,
        out: &mut Vec<u8>,
    ) -> Handled {
        self.stats.refused += 1;
        let ran = self
            .sessions
            .get(&id.session)
            .is_some_and(|session| session.ran(id.seq));
        answer.admit(ran);
        let at = out.len();
        self.put_answer(asker.xid, id.seq, answer, out);
        let Some(session) = self.sessions.get_mut(&id.session) else {
            return Handled::Nothing;
        };
        if session.has_room() || ran {
            session.begin(id.seq, digest, asker, true);
            session.finish(id.seq, &out[at..], true, &mut self.cache);
        } else if session.forget_unseen(id.seq).is_err() {
            self.end_session(id.session);
        }
        Handled::Reply
    }

    /// Answers a call that is not run, without finishing its number.
    fn refuse(&mut self, xid: u32, seq: u64, outcome: Outcome, out: &mut Vec<u8>) -> Handled {
        self.put_answer(xid, seq, Answer::refusal(outcome), out);
        Handled::Reply
    }

    /// Appends a framed reply without a result.
    fn put_answer(&self, xid: u32, seq: u64, answer: Answer, out: &mut Vec<u8>) {
        let at = out.len();
        out.resize(at + REPLY_HEADROOM, 0);
        self.finish_answer(xid, seq, answer, out, at);
    }

    /// Completes the framed reply whose headroom, and result if it has one, stand at `at`.
    fn finish_answer(&self, xid: u32, seq: u64, answer: Answer, out: &mut Vec<u8>, at: usize) {
        let verifier = answer.verifier(self.incarnation, seq, self.config.window);
        reply::finish(out, at, xid, &verifier, answer.status);
    }

    /// Appends the recorded reply again.
    fn replay(&mut self, id: RequestId, asker: Asker, out: &mut Vec<u8>) -> Handled {
        let record = self
            .sessions
            .get_mut(&id.session)
            .and_then(|session| session.look(id.seq));
        let Some(State::Finished { reply }) = record.map(|record| &record.state) else {
            return Handled::Nothing;
        };
        if reply.is_empty() {
            return Handled::Nothing;
        }
        let at = out.len();
        out.extend_from_slice(reply);
        reply::set_xid(&mut out[at..], asker.xid);
        self.stats.replayed += 1;
        self.fit_datagram(asker, id.seq, out, at);
        Handled::Reply
    }

    /// A reply that no datagram can hold stays recorded, and the caller is told to fetch it another way.
    fn fit_datagram(&self, asker: Asker, seq: u64, out: &mut Vec<u8>, at: usize) {
        if asker.datagram && out.len() - at - MARK > self.config.max_datagram {
            out.truncate(at);
            self.put_answer(asker.xid, seq, Answer::refusal(Outcome::ReplyTooLarge), out);
        }
    }

    fn put_received(&mut self, call_xid: u32, seq: u64, out: &mut Vec<u8>) {
        self.next_xid = self.next_xid.wrapping_add(1) | 1 << 31;
        let args = ReceivedArgs {
            xid: call_xid,
            seq,
            incarnation: self.incarnation,
        };
        reply::put_call(
            self.next_xid,
            [SESSION_PROGRAM, SESSION_VERSION, procedure::RECEIVED],
            &args,
            out,
        );
    }

    fn digest(&self, call: &Call<'_>, args: &[u8]) -> u128 {
        let mut hasher = SipHasher13::new_with_key(&self.digest_key);
        hasher.write_u64(u64::from(call.header.program) << 32 | u64::from(call.header.version));
        hasher.write_u32(call.header.procedure);
        hasher.write(args);
        hasher.finish128().as_u128()
    }

    /// Which of the interfaces, and which of its methods; procedure 0 has none.
    fn find_method(
        &self,
        call: &Call<'_>,
    ) -> Result<(usize, Option<&'static Method>), AcceptStatus> {
        let served = |interface: &&'static Interface| interface.program == call.header.program;
        let found = self
            .interfaces
            .iter()
            .position(|i| served(i) && i.version == call.header.version);
        match found {
            Some(index) if call.header.procedure == 0 => Ok((index, None)),
            Some(index) => match self.interfaces[index].method(call.header.procedure) {
                Some(method) => Ok((index, Some(method))),
                None => Err(AcceptStatus::ProcedureUnavailable),
            },
            None => match self.versions_of(call.header.program) {
                Some((low, high)) => Err(AcceptStatus::ProgramMismatch { low, high }),
                None => Err(AcceptStatus::ProgramUnavailable),
            },
        }
    }

    fn versions_of(&self, program: u32) -> Option<(u32, u32)> {
        let versions = || {
            self.interfaces
                .iter()
                .filter(|i| i.program == program)
                .map(|i| i.version)
        };
        Some((versions().min()?, versions().max()?))
    }

    fn end_session(&mut self, id: SessionId) {
        if let Some(session) = self.sessions.remove(&id) {
            self.opens.remove(&session.opened_as);
            session.end(&mut self.cache);
        }
    }
}

/// Whether a session of this keeper keeps what the method promises.
fn fits(semantics: Semantics, keeper: Keeper) -> bool {
    (semantics == Semantics::ExactlyOnce) == (keeper == Keeper::Store)
}
