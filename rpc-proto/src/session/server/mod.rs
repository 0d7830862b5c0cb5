//! The server's half of the session protocol.

mod api;
mod calls;
mod duplicates;
mod grant;
mod keeping;
mod keys;
mod plain;
mod program;
mod reply;
mod session;
mod shares;

use crate::describe::Interface;
use crate::entropy::Entropy;
use crate::message::{AcceptStatus, AuthStatus, Call, Flavor, Message, claimed};
use crate::record::MARK;
use crate::session::ids::FastMap;
use crate::session::program::{Keeper, ReceivedArgs};
use crate::session::store::{Change, StoreIdentity};
use crate::session::wire::{
    Credential, Outcome, PROGRAM_VERSION, RequestId, SESSION_FLAVOR, SESSION_PROGRAM, SessionId,
    procedure,
};
use crate::time::{Executed, Time};
use api::TokenRecord;
pub use api::{Config, Done, Effects, Handled, Offer, Origin, Resumed, Route, Run, Stats, Token};
use calls::{Starting, Target};
use duplicates::Duplicates;
use keys::Keys;
use reply::Answer;
pub use reply::REPLY_HEADROOM;
use session::{Asker, OpenKey, ReplyCache, Session, State};
use siphasher::sip128::{Hasher128, SipHasher13};
use std::collections::{HashMap, VecDeque};
use std::hash::Hasher;
use std::sync::Arc;

/// The server's session machine. It knows which calls it has seen and decides which of them run.
///
/// Order of calling: for each message [`handle_message`](Self::handle_message); for each [`Run`] it returns, exactly one
/// [`handle_done`](Self::handle_done), at any later time; [`handle_timeout`](Self::handle_timeout) when
/// [`poll_timeout`](Self::poll_timeout) is reached, then [`poll_transmit`](Self::poll_transmit) until it is empty.
///
/// With a durable store, [`restore`](Self::restore) comes first of all; after every input the driver looks for changes
/// ([`poll_change`](Self::poll_change)), keeps them, and says so by [`handle_kept`](Self::handle_kept).
pub struct Server {
    config: Config,
    offers: Vec<Offer>,
    incarnation: u64,
    store: Option<StoreIdentity>,
    entropy: Entropy,
    /// Keys the digests that live and die with this incarnation; those that a store keeps are keyed by its secret.
    digest_key: [u8; 16],
    sessions: FastMap<SessionId, Session>,
    opens: HashMap<OpenKey, SessionId>,
    cache: ReplyCache,
    keys: Keys,
    /// Of peers without sessions.
    duplicates: Duplicates,
    /// What the store has to keep.
    changes: VecDeque<Change>,
    /// Calls that begin when the store has kept that they start.
    starting: FastMap<RequestId, Starting>,
    starting_bytes: usize,
    store_failed: bool,
    store_has_room: bool,
    /// Milliseconds since 1970 as far as the driver has said; it never goes back.
    wall_ms: u64,
    /// Calls that came in datagrams, in the order in which they began; the ended ones are skipped when their time comes.
    running: VecDeque<(Time, RequestId)>,
    outbox: VecDeque<(Route, Vec<u8>)>,
    next_sweep: Time,
    shutting_down: bool,
    next_xid: u32,
    stats: Stats,
}

impl Server {
    /// A server of `offers`. `incarnation` is a number that no earlier life of this server had; `store` is what keeps
    /// exactly-once calls; `seed` comes from the operating system.
    pub fn new(
        config: Config,
        offers: Vec<Offer>,
        incarnation: u64,
        store: Option<StoreIdentity>,
        seed: [u8; 32],
    ) -> Self {
        let mut entropy = Entropy::new(seed);
        let digest_key = entropy.bytes();
        let duplicates = Duplicates::new(config.plain_bounds());
        Self {
            config,
            offers,
            incarnation,
            store,
            entropy,
            digest_key,
            sessions: FastMap::default(),
            opens: HashMap::new(),
            cache: ReplyCache::default(),
            keys: Keys::default(),
            duplicates,
            changes: VecDeque::new(),
            starting: FastMap::default(),
            starting_bytes: 0,
            store_failed: false,
            store_has_room: true,
            wall_ms: 0,
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
            _ => match claimed(&call.header) {
                Ok(claim) => {
                    let claim = claim.map(Arc::new);
                    self.handle_plain_call(now, origin, message, &call, claim, out)
                }
                Err(why) => reply::deny_credential(call.header.xid, why, out),
            },
        }
    }

    /// Takes the end of a begun call. `out[at..]` holds [`REPLY_HEADROOM`] bytes and the encoded result; afterwards it
    /// holds the framed reply, to be sent to the returned route, or nothing if nobody waits for it, or if it has to wait
    /// until a durable store has kept it.
    pub fn handle_done(
        &mut self,
        token: Token,
        done: Done,
        out: &mut Vec<u8>,
        at: usize,
    ) -> Option<Route> {
        if done.is_refusal() {
            self.stats.refused += 1;
        }
        let Some(id) = token.id else {
            return self.finish_plain(&token, done, out, at);
        };
        if token.awaits_record() {
            return self.handle_done_durably(&token, done, out, at);
        }
        if self.keys.is_owner(id) {
            self.end_key(id, done, out, at);
        }
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
            let known = self.sessions.get(&id.session);
            let asker = known
                .filter(|session| session.is_under_way(id.seq))
                .and_then(|session| session.asker(id.seq));
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
        self.duplicates.tell_time(now);
        if now >= self.next_sweep {
            self.next_sweep = now + self.config.lease / 4;
            let ended: Vec<_> = self
                .sessions
                .iter()
                .filter(|(_, s)| now >= s.lease_until)
                .map(|(id, _)| *id)
                .collect();
            ended.into_iter().for_each(|id| self.end_session(id));
            self.say_all_forgotten();
            self.sweep_keys(now);
        }
    }

    /// When [`handle_timeout`](Self::handle_timeout) has something to do; `None` while nothing is kept.
    pub fn poll_timeout(&self) -> Option<Time> {
        let early = self
            .running
            .front()
            .map(|(begun, _)| *begun + self.config.early_ack);
        let sweep = self.has_to_sweep().then_some(self.next_sweep);
        [early, sweep, self.duplicates.due()]
            .into_iter()
            .flatten()
            .min()
    }

    /// Whether there is anything that comes to an end by itself.
    fn has_to_sweep(&self) -> bool {
        !self.sessions.is_empty() || self.keys.len() > 0
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
        self.duplicates.check_invariants();
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
        if asker.datagram && out.len() - at > MARK + self.config.max_datagram {
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
            [SESSION_PROGRAM, PROGRAM_VERSION, procedure::RECEIVED],
            &args,
            out,
        );
    }

    /// What keys the digests that this keeper's records hold.
    fn digest_key(&self, keeper: Keeper) -> [u8; 16] {
        match (keeper, self.store) {
            (Keeper::Store, Some(store)) => store.secret,
            _ => self.digest_key,
        }
    }

    /// A digest by which copies of a call are known from other calls.
    fn digest(&self, keeper: Keeper, call: &Call<'_>) -> u128 {
        let mut hasher = SipHasher13::new_with_key(&self.digest_key(keeper));
        hasher.write_u64(u64::from(call.header.program) << 32 | u64::from(call.header.version));
        hasher.write_u32(call.header.procedure);
        hasher.write(call.args);
        hasher.finish128().as_u128()
    }

    /// What a call is a call of, or why it is not served.
    fn find_method(&self, call: &Call<'_>) -> Result<Target, AcceptStatus> {
        let (program, version) = (call.header.program, call.header.version);
        let served =
            |interface: &Interface| (interface.program, interface.version) == (program, version);
        let found = self.interfaces().position(served);
        let Some(index) = found else {
            return Err(match self.versions_of(program) {
                Some((low, high)) => AcceptStatus::ProgramMismatch { low, high },
                None => AcceptStatus::ProgramUnavailable,
            });
        };
        let method = self.offers[index].interface.method(call.header.procedure);
        if method.is_none() && call.header.procedure != 0 {
            return Err(AcceptStatus::ProcedureUnavailable);
        }
        Ok(Target {
            interface: index,
            method,
        })
    }

    fn versions_of(&self, program: u32) -> Option<(u32, u32)> {
        let versions = || {
            let of_program = self.interfaces().filter(|i| i.program == program);
            of_program.map(|interface| interface.version)
        };
        Some((versions().min()?, versions().max()?))
    }

    fn interfaces(&self) -> impl Iterator<Item = &'static Interface> {
        self.offers.iter().map(|offer| offer.interface)
    }

    fn end_session(&mut self, id: SessionId) {
        let durable = self.is_kept_durably(id);
        if let Some(session) = self.sessions.remove(&id) {
            if durable {
                self.changes.push_back(Change::End(id));
            }
            self.opens.remove(&session.opened_as);
            session.end(&mut self.cache);
        }
    }
}
