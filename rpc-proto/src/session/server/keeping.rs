//! What a durable store keeps for the server, and what waits until it is kept.
//!
//! The machine says what changes ([`Server::poll_change`]); the driver keeps the changes and says so
//! ([`Server::handle_kept`]). In between nobody is told of what they say.

use super::api::Resumed;
use super::grant::answer_open;
use super::reply::{self, Answer, REPLY_HEADROOM};
use super::session::{OpenKey, State};
use super::{Done, Route, Server, Session, Token};
use crate::session::program::Keeper;
use crate::session::store::{
    Change, FinishedCall, Kept, KeptSession, Recovered, StartedCall, Subject,
};
use crate::session::wire::{Outcome, RequestId, SessionId};
use crate::time::Time;
use std::sync::Arc;

/// How many dropped records a session gathers before the store is told. Until then a copy of one would be answered again.
const FORGET_TOGETHER: usize = 32;

impl Token {
    /// Frames the reply of a call whose driver commits its record itself, in the transaction of the handler. `out[at..]`
    /// holds [`REPLY_HEADROOM`] bytes and the encoded result. `None` for calls that await no record.
    pub fn finish(&self, done: Done, out: &mut Vec<u8>, at: usize) -> Option<Change> {
        let (id, record) = (self.id?, self.record.as_ref()?);
        let answer = Answer::of(done);
        let verifier = answer.verifier(record.incarnation, id.seq, record.window);
        reply::finish(out, at, 0, &verifier, answer.status);
        let finished = FinishedCall {
            digest: record.digest,
            key: record.key.filter(|_| binds(done)),
            reply: out[at..].to_vec(),
        };
        Some(Change::Finish(id, finished))
    }
}

/// Whether an end is that of the call, and not only of this attempt: asking again under the same key gets it again.
fn binds(done: Done) -> bool {
    matches!(
        done,
        Done::Returned | Done::Panicked | Done::RolledBack | Done::Unencodable | Done::BadArguments
    )
}

impl Server {
    /// Takes over what the store holds, before the first message. `recover` is asked about each call that was started and
    /// has no end. The changes that this makes are to be kept before the first message too.
    pub fn restore(
        &mut self,
        now: Time,
        wall_ms: u64,
        kept: Kept,
        recover: &mut dyn FnMut(&StartedCall) -> Recovered,
    ) {
        self.wall_ms = wall_ms.max(kept.clock);
        self.next_sweep = now + self.config.lease / 4;
        for (id, session) in kept.sessions {
            self.restore_session(now, id, &session);
        }
        for (key, digest, mut reply) in kept.keys {
            self.check_reply(0, &mut reply);
            self.keys.restore(key, digest, reply);
        }
        for (id, mut finished) in kept.finished {
            self.check_reply(id.seq, &mut finished.reply);
            self.restore_finished(id, &finished);
        }
        for (id, started) in kept.started {
            self.recover(id, started, recover);
        }
        self.sweep_keys(now);
    }

    /// The next change to be kept. They are to be kept in this order; many of them can go into one commit.
    pub fn poll_change(&mut self) -> Option<Change> {
        self.changes.pop_front()
    }

    /// Whether there are changes to be kept.
    pub fn has_changes(&self) -> bool {
        !self.changes.is_empty()
    }

    /// The change with this subject is kept, durably. What can be sent now is appended to `out` as a framed message.
    pub fn handle_kept(&mut self, subject: Subject, out: &mut Vec<u8>) -> Resumed {
        match subject {
            Subject::Session(id) => self.granted(id, out),
            Subject::Call(id) => match self.take_started(id) {
                Some((run, args)) => Resumed::Run(run, args),
                None => self.finished(id, out),
            },
        }
    }

    /// The store failed, and nothing that it was given since its last commit may be relied on. Calls that need it are refused
    /// from now on; what waits for it is never answered, since only the next life of the server can know what became of it.
    pub fn handle_store_failed(&mut self) {
        self.store_failed = true;
        self.changes.clear();
        self.starting.clear();
        self.starting_bytes = 0;
    }

    /// Whether the store has room for new calls. Without, they are refused; what is under way goes on.
    pub fn handle_store_room(&mut self, has_room: bool) {
        self.store_has_room = has_room;
    }

    /// Takes the end of a begun call whose record the driver has committed with the handler's transaction, but not durably
    /// yet: `reply` is what [`Token::finish`] framed. [`handle_kept`](Self::handle_kept) is to follow when it is durable.
    pub fn handle_recorded(&mut self, token: Token, reply: &[u8]) {
        let Some(id) = token.id else { return };
        self.keys.end(id, reply, true);
        self.settle(id, reply);
    }

    /// As [`handle_done`](Self::handle_done), for a call that awaits its record.
    pub(super) fn handle_done_durably(
        &mut self,
        token: &Token,
        done: Done,
        out: &mut Vec<u8>,
        at: usize,
    ) -> Option<Route> {
        let id = token.id?;
        let change = token.finish(done, out, at)?;
        if done == Done::StoreFailed {
            return self.end_unkept(token, out, at);
        }
        self.keys.end(id, &out[at..], binds(done));
        if !self.store_failed {
            self.changes.push_back(change);
            self.settle(id, &out[at..]);
        }
        out.truncate(at);
        None
    }

    /// A call has ended of which nothing is kept. "Maybe" is said, so there is nothing to wait for.
    fn end_unkept(&mut self, token: &Token, out: &mut Vec<u8>, at: usize) -> Option<Route> {
        let id = token.id?;
        // What it did elsewhere is not taken back, so nothing else may run under its key: the next life finds its start.
        let started = token.record.as_ref().is_some_and(|record| record.started);
        self.keys.end(id, &out[at..], started);
        self.resolve_key(id);
        let asker = self.sessions.get_mut(&id.session).and_then(|session| {
            session.settle(id.seq, &out[at..], &mut self.cache);
            session.kept(id.seq, &mut self.cache)
        });
        match asker {
            Some(asker) => reply::set_xid(&mut out[at..], asker.xid),
            None => out.truncate(at),
        }
        asker.map(|asker| asker.route)
    }

    /// A call has ended, and its record is on its way to the store.
    fn settle(&mut self, id: RequestId, reply: &[u8]) {
        match self.sessions.get_mut(&id.session) {
            Some(session) => session.settle(id.seq, reply, &mut self.cache),
            // Its session ended meanwhile, so the record that it just got goes too.
            None => self.changes.push_back(Change::Drop(id)),
        }
    }

    /// As [`handle_done_durably`](Self::handle_done_durably) does it: the key of a call of which no durable store keeps anything.
    pub(super) fn end_key(&mut self, id: RequestId, done: Done, out: &[u8], at: usize) {
        let mut reply = out[at..].to_vec();
        self.finish_answer(0, id.seq, Answer::of(done), &mut reply, 0);
        self.keys.end(id, &reply, binds(done));
        self.resolve_key(id);
    }

    fn granted(&mut self, id: SessionId, out: &mut Vec<u8>) -> Resumed {
        let asked = self
            .sessions
            .get_mut(&id)
            .and_then(|session| session.granting.take());
        match asked {
            Some((route, xid)) => {
                answer_open(xid, &self.grant(id), out);
                Resumed::Reply(route)
            }
            None => Resumed::Nothing,
        }
    }

    fn finished(&mut self, id: RequestId, out: &mut Vec<u8>) -> Resumed {
        self.resolve_key(id);
        let Some(session) = self.sessions.get_mut(&id.session) else {
            return Resumed::Nothing;
        };
        let Some(asker) = session.kept(id.seq, &mut self.cache) else {
            if session.is_forgotten(id.seq) {
                // Written after the store was told to forget the number, so nothing else would take it away again; or before, and
                // without its record it must not be new to the next life.
                self.say_forgotten_beyond(id.session, 0);
                self.changes.push_back(Change::Drop(id));
            }
            return Resumed::Nothing;
        };
        let at = out.len();
        if let Some(State::Finished { reply }) = session.look(id.seq).map(|record| &record.state) {
            out.extend_from_slice(reply);
            reply::set_xid(&mut out[at..], asker.xid);
        }
        self.fit_datagram(asker, id.seq, out, at);
        Resumed::Reply(asker.route)
    }

    fn restore_session(&mut self, now: Time, id: SessionId, kept: &KeptSession) {
        let key = OpenKey {
            client: kept.client,
            nonce: kept.nonce,
            keeper: Keeper::Store,
            identity: kept.identity,
            security: kept.security,
        };
        // Downtime does not count: the client gets a whole lease to find us.
        let lease_until = now + self.config.lease;
        self.opens.insert(key.clone(), id);
        let mut session = Session::new(key, kept.security, lease_until, self.config.window);
        session.claimed = kept.claimed.clone().map(Arc::new);
        session.restore_forgotten(&kept.forgotten);
        self.sessions.insert(id, session);
    }

    /// A record that is damaged says only that there was a call.
    fn check_reply(&self, seq: u64, reply: &mut Vec<u8>) {
        if !reply::is_whole(reply) {
            reply.clear();
            self.put_answer(0, seq, Answer::refusal(Outcome::Interrupted), reply);
        }
    }

    fn restore_finished(&mut self, id: RequestId, finished: &FinishedCall) {
        match self.sessions.get_mut(&id.session) {
            Some(session) if !session.is_forgotten(id.seq) => {
                session.restore_finished(id.seq, finished.digest, &finished.reply, &mut self.cache);
            }
            _ => self.changes.push_back(Change::Drop(id)),
        }
    }

    /// A call was under way when the server died.
    fn recover(
        &mut self,
        id: RequestId,
        started: StartedCall,
        recover: &mut dyn FnMut(&StartedCall) -> Recovered,
    ) {
        let known = self.sessions.get(&id.session);
        let awaited = known.is_some_and(|session| !session.is_forgotten(id.seq));
        if !awaited && started.key.is_none() {
            return self.changes.push_back(Change::Drop(id));
        }
        let mut reply = vec![0; REPLY_HEADROOM];
        let answer = match recover(&started) {
            Recovered::DidNot => return self.changes.push_back(Change::Drop(id)),
            Recovered::Did(result) => {
                reply.extend_from_slice(&result);
                Answer::of(Done::Returned)
            }
            Recovered::CannotTell => Answer::refusal(Outcome::Interrupted),
        };
        self.finish_answer(0, id.seq, answer, &mut reply, 0);
        if let Some(key) = started.key {
            self.keys.restore(key, started.digest, reply.clone());
        }
        let finished = FinishedCall {
            digest: started.digest,
            key: started.key,
            reply,
        };
        if awaited {
            self.restore_finished(id, &finished);
        }
        self.changes.push_back(Change::Finish(id, finished));
        if !awaited {
            self.changes.push_back(Change::Drop(id));
        }
    }

    /// Tells the store what a session has forgotten, if that is much.
    pub(super) fn say_forgotten(&mut self, id: SessionId) {
        self.say_forgotten_beyond(id, FORGET_TOGETHER);
    }

    /// Tells the store all that its sessions have forgotten.
    pub(super) fn say_all_forgotten(&mut self) {
        let ids: Vec<_> = self.sessions.keys().copied().collect();
        ids.into_iter()
            .for_each(|id| self.say_forgotten_beyond(id, 0));
    }

    fn say_forgotten_beyond(&mut self, id: SessionId, least: usize) {
        if !self.is_kept_durably(id) {
            return;
        }
        let forgotten = self
            .sessions
            .get_mut(&id)
            .and_then(|s| s.say_forgotten(least));
        if let Some(forgotten) = forgotten {
            self.changes.push_back(Change::Forget(id, forgotten));
        }
    }

    /// Whether a durable store keeps this session.
    pub(super) fn is_kept_durably(&self, id: SessionId) -> bool {
        self.store_is_durable()
            && self
                .sessions
                .get(&id)
                .is_some_and(|session| session.keeper == Keeper::Store)
    }

    pub(super) fn store_is_durable(&self) -> bool {
        self.store.is_some_and(|store| store.durable)
    }

    /// Whether as much is kept for callers, and waits to begin, as may be. What is kept under keys has a bound of its own:
    /// it stays for the retention, and must not keep out calls that have no key all that time.
    pub(super) fn is_crowded(&self) -> bool {
        self.cache.bytes + self.starting_bytes >= self.config.max_reply_bytes
    }
}
