//! What a server has its store keep, and that nothing leaves before it is kept.

use super::answers::{end_of, none, served};
use super::keys::Verdict;
use super::numbers::{Numbers, Stage};
use super::replies::Answer;
use super::{Class, Expected, Known, Model, What};
use crate::simulation::disk::Disk;
use crate::simulation::service::SERVED;
use crate::simulation::visits::{Visit, Visits};
use rpc_core::describe::Semantics;
use rpc_core::{Executed, Time};
use rpc_proto::session::program::Keeper;
use rpc_proto::session::server::{Done, Route, Run};
use rpc_proto::session::store::{CallKey, Change, FinishedCall, Kept, StartedCall};
use rpc_proto::session::wire::{Outcome, RequestId, SessionId};

/// What is going on while a server says what has to be kept.
#[derive(Clone, Copy, Debug)]
pub enum During<'a> {
    /// It takes over what its predecessors left.
    Restoring,
    /// It has just taken this message.
    Message(&'a Expected),
    /// Anything else.
    Other,
}

impl Model {
    /// The server takes over what a disk holds.
    pub fn restore(
        &mut self,
        now: Time,
        wall: u64,
        kept: &Kept,
        disk: &Disk,
        visits: &mut Visits,
    ) -> Result<(), String> {
        self.clock(wall.max(kept.clock));
        for (key, _, reply) in &kept.keys {
            visits.count(Visit::KeyRestored);
            let owner = disk.durable.keys.get(key).map(|(owner, ..)| *owner);
            self.restore_key(*key, owner, reply, disk)?;
        }
        for (id, session) in &kept.sessions {
            let key = (session.client, session.nonce, true);
            if self.opens.insert(key, *id).is_some() {
                return Err("a disk holds two sessions of one OPEN".to_owned());
            }
            let known = Known {
                keeper: Keeper::Store,
                heard: now,
                ended: false,
                rogue: false,
                restored: true,
                told: session.forgotten.clone(),
                numbers: Numbers::restore(&session.forgotten),
            };
            self.sessions.insert(*id, known);
        }
        for (id, finished) in &kept.finished {
            self.restore_end(*id, finished, disk)?;
        }
        Ok(())
    }

    /// `owner`: the call whose reply it is. Only what a disk holds counts: who was about to run under the key may have been
    /// shut out before anything of it was written.
    fn restore_key(
        &mut self,
        key: CallKey,
        owner: Option<RequestId>,
        reply: &[u8],
        disk: &Disk,
    ) -> Result<(), String> {
        let digest = owner.and_then(|owner| disk.digests.get(&owner).copied());
        let digest = digest.ok_or("a disk holds a key that was never seen")?;
        let kept = Answer::of(unframed(reply)?)?.kept();
        self.keys.restore(key, digest, kept);
        Ok(())
    }

    fn restore_end(
        &mut self,
        id: RequestId,
        finished: &FinishedCall,
        disk: &Disk,
    ) -> Result<(), String> {
        let Some(known) = self.sessions.get_mut(&id.session) else {
            return Ok(());
        };
        let digest = disk.digests.get(&id).copied();
        let digest = digest.ok_or("a disk holds the end of a call that was never seen")?;
        let kept = Answer::of(unframed(&finished.reply)?)?.kept();
        known
            .numbers
            .restore_call(id.seq, digest, Stage::Finished(kept));
        Ok(())
    }

    /// The server says what has to be kept.
    pub fn changed(
        &mut self,
        now: Time,
        change: &Change,
        during: During<'_>,
        disk: &mut Disk,
        visits: &mut Visits,
    ) -> Result<(), String> {
        match change {
            Change::Grant(id, session) => {
                let key = (session.client, session.nonce, true);
                let lease = self.config.lease;
                let before = self.opens.insert(key, *id);
                if let Some(known) = before.and_then(|before| self.sessions.get(&before))
                    && !known.ended
                    && now < known.heard + lease
                {
                    return Err("the same OPEN is answered with two sessions".to_owned());
                }
                let known = Known {
                    keeper: Keeper::Store,
                    heard: now,
                    ended: false,
                    rogue: false,
                    restored: false,
                    told: session.forgotten.clone(),
                    numbers: Numbers::default(),
                };
                match self.sessions.insert(*id, known) {
                    None => Ok(()),
                    Some(_) => Err("two clients were granted one session".to_owned()),
                }
            }
            Change::Start(id, started) => self.starts(now, *id, started, during, disk, visits),
            Change::Finish(id, finished) => match during {
                During::Restoring => {
                    let answer = Answer::of(unframed(&finished.reply)?)?;
                    match answer.outcome {
                        Outcome::Interrupted => {
                            answer.says(Outcome::Interrupted, Executed::Maybe)?
                        }
                        _ => answer.says(Outcome::Returned, Executed::Yes)?,
                    }
                    if let Some(key) = finished.key {
                        self.restore_key(key, Some(*id), &finished.reply, disk)?;
                    }
                    self.restore_end(*id, finished, disk)
                }
                During::Message(expected) if self.is_new(*id, expected) => {
                    self.refuses(*id, finished, expected, disk, visits)
                }
                _ => {
                    if let Some(number) = self.number((id.session, id.seq)) {
                        disk.digests.insert(*id, number.digest);
                    }
                    self.ends(now, *id, finished, visits)
                }
            },
            Change::Drop(id) => self.drops(now, *id, during),
            Change::Forget(id, forgotten) => match self.sessions.get_mut(id) {
                Some(known) if !known.numbers.has_forgotten(forgotten) => {
                    Err("the store is told to forget a number that was not acknowledged".to_owned())
                }
                Some(known) => {
                    known.told = forgotten.clone();
                    Ok(())
                }
                None => Ok(()),
            },
            Change::End(id) => match self.sessions.get_mut(id) {
                Some(known) if !known.ended && now < known.heard + self.config.lease => {
                    Err("a session is ended while its lease runs".to_owned())
                }
                Some(known) => {
                    known.ended = true;
                    Ok(())
                }
                None => Ok(()),
            },
            Change::ForgetKey(key) => self.forget_key(now, key, visits),
            Change::Clock(wall) => self.keep_clock(*wall),
        }
    }

    /// A record is taken away.
    fn drops(&self, now: Time, id: RequestId, during: During<'_>) -> Result<(), String> {
        let known = self.sessions.get(&id.session);
        let live = known.filter(|known| !known.ended && now < known.heard + self.config.lease);
        let (Some(known), false) = (live, matches!(during, During::Restoring)) else {
            return Ok(());
        };
        if !known.numbers.is_forgotten(id.seq) {
            return Err(format!("the record of number {} is dropped", id.seq));
        }
        if !known.told.contains(id.seq) {
            let seq = id.seq;
            return Err(format!(
                "number {seq} has no record and could be new to the next life"
            ));
        }
        Ok(())
    }

    fn is_new(&self, id: RequestId, expected: &Expected) -> bool {
        matches!(&expected.what, What::Numbered { id: this, class: Class::New, .. } if *this == (id.session, id.seq))
    }

    /// A call whose effects are not in the store is about to begin.
    fn starts(
        &mut self,
        now: Time,
        id: RequestId,
        started: &StartedCall,
        during: During<'_>,
        disk: &mut Disk,
        visits: &mut Visits,
    ) -> Result<(), String> {
        let During::Message(expected) = during else {
            return Err("a call starts that nobody asks for".to_owned());
        };
        let What::Numbered { call, .. } = &expected.what else {
            return Err("a call starts without a session".to_owned());
        };
        if !self.is_new(id, expected) {
            return Err("a copy of a known call starts".to_owned());
        }
        let method = served(call).ok_or("a call starts of what is not served")?;
        let asked = [call.program, call.version, call.procedure];
        if asked != [started.program, started.version, started.procedure] {
            return Err("another method is started than was called".to_owned());
        }
        if call.program == SERVED.program {
            return Err("a call with all its effects in the store is started first".to_owned());
        }
        if call.time_left_ms == 0 || self.shutting_down || self.store_failed {
            return Err("a call starts that had to be refused".to_owned());
        }
        if method.semantics != Semantics::ExactlyOnce || !self.is_durable(id.session) {
            return Err("a call starts on a session that cannot keep its promise".to_owned());
        }
        visits.count(Visit::ServerStarting);
        disk.digests.insert(id, call.digest);
        if started.key != call.key {
            return Err("a call starts under another key than it was sent with".to_owned());
        }
        self.begin_key(&expected.what, id)?;
        self.begin(now, expected, method.semantics, false);
        if let Some(number) = self.number((id.session, id.seq)) {
            number.stage = Stage::Starting;
        }
        Ok(())
    }

    /// A call with its effects in the store begins at once.
    pub fn begins(
        &mut self,
        id: RequestId,
        expected: &Expected,
        disk: &mut Disk,
    ) -> Result<(), String> {
        let What::Numbered { call, .. } = &expected.what else {
            return Ok(());
        };
        if !self.is_durable(id.session) {
            return Ok(());
        }
        disk.digests.insert(id, call.digest);
        if call.program != SERVED.program {
            return Err("a call begins before the store has its start".to_owned());
        }
        if self.store_failed {
            return Err("a call begins though the store has failed".to_owned());
        }
        self.begin_key(&expected.what, id)
    }

    /// A new number is refused.
    fn refuses(
        &mut self,
        id: RequestId,
        finished: &FinishedCall,
        expected: &Expected,
        disk: &mut Disk,
        visits: &mut Visits,
    ) -> Result<(), String> {
        let What::Numbered { class, call, .. } = &expected.what else {
            return Err("a refusal of nothing".to_owned());
        };
        let answer = Answer::of(unframed(&finished.reply)?)?;
        if answer.seq != id.seq {
            return Err("a refusal names another number".to_owned());
        }
        disk.digests.insert(id, call.digest);
        let stage = Stage::Settling(answer.kept());
        match self.key_verdict(&expected.what) {
            Verdict::Unknown => {}
            Verdict::Follows | Verdict::Known(_)
                if (answer.outcome, answer.executed) == (Outcome::Overloaded, Executed::Maybe)
                    && self.config.max_reply_bytes < 1 << 20 =>
            {
                self.settle_new(id, expected, call.digest, stage);
                return Ok(());
            }
            Verdict::Follows => return Err("a call is answered while its key's runs".to_owned()),
            Verdict::Known(kept) => {
                visits.count(Visit::KeyReplayed);
                self.settle_new(id, expected, call.digest, stage);
                return answer.repeats(kept, false);
            }
            Verdict::Refused(outcome, executed, visit) => {
                let tombstone = outcome == Outcome::Expired && answer.outcome != outcome;
                if !tombstone {
                    visits.count(visit);
                    self.settle_new(id, expected, call.digest, stage);
                    return answer.says(outcome, executed);
                }
            }
        }
        self.refused(
            expected,
            (id.session, id.seq),
            *class,
            *call,
            &answer,
            visits,
        )
    }

    fn settle_new(&mut self, id: RequestId, expected: &Expected, digest: u64, stage: Stage) {
        if let Some(known) = self.sessions.get_mut(&id.session) {
            let semantics = Semantics::ExactlyOnce;
            known
                .numbers
                .refuse(id.seq, expected, digest, semantics, stage);
        }
    }

    /// A new number under a key waits for the call that runs for it.
    pub(super) fn follows(&mut self, now: Time, expected: &Expected, visits: &mut Visits) {
        visits.count(Visit::KeyFollowed);
        self.begin(now, expected, Semantics::ExactlyOnce, false);
        if let What::Numbered { id, call, .. } = &expected.what
            && let Some(number) = self.number(*id)
        {
            number.follows = call.key;
        }
    }

    /// A call has ended.
    fn ends(
        &mut self,
        now: Time,
        id: RequestId,
        finished: &FinishedCall,
        visits: &mut Visits,
    ) -> Result<(), String> {
        let lease = self.config.lease;
        let kept = Answer::of(unframed(&finished.reply)?)?.kept();
        self.ends_of_keys.insert(id, finished.key.map(|_| kept));
        let Some(known) = self.sessions.get_mut(&id.session) else {
            return Ok(());
        };
        if known.ended || now >= known.heard + lease {
            known.numbers.remove(id.seq);
            return Ok(());
        }
        let Some(number) = known.numbers.seen.get_mut(&id.seq) else {
            return Err("a call ends that never began".to_owned());
        };
        if let (Some(key), Stage::Running) = (number.follows, &number.stage) {
            let answer = Answer::of(unframed(&finished.reply)?)?;
            number.stage = Stage::Settling(answer.kept());
            if answer.seq != id.seq {
                return Err("a reply names another number".to_owned());
            }
            return self.keys.check_follower(&key, &answer);
        }
        let (Some(done), Stage::Running) = (number.ended_as, &number.stage) else {
            return Err(format!("a call is said to end that is {:?}", number.stage));
        };
        let answer = Answer::of(unframed(&finished.reply)?)?;
        if answer.seq != id.seq {
            return Err("a reply names another number".to_owned());
        }
        let (outcome, executed) = end_of(done);
        answer.says(outcome, executed)?;
        super::answers::count_end(done, visits);
        number.stage = Stage::Settling(answer.kept());
        Ok(())
    }

    /// A handler's transaction has taken the end of its call with it, and the server was told.
    pub fn recorded(
        &mut self,
        now: Time,
        id: RequestId,
        done: Done,
        change: &Change,
        visits: &mut Visits,
    ) -> Result<(), String> {
        self.done(now, id, done, None, visits)?;
        match change {
            Change::Finish(other, finished) if *other == id => self.ends(now, id, finished, visits),
            _ => Err("the record of a call is another change".to_owned()),
        }
    }

    /// The message was answered with nothing, and the number is new: the answer has to wait for the store.
    pub(super) fn put_off(&mut self, id: (SessionId, u64)) -> Result<(), String> {
        if self.number(id).is_none() && !self.is_full(id.0) {
            return Err(format!("number {} is ignored", id.1));
        }
        Ok(())
    }

    pub(super) fn is_full(&self, session: SessionId) -> bool {
        let window = self.config.window as usize;
        let known = self.sessions.get(&session);
        known.is_some_and(|known| known.numbers.kept >= 2 * window)
    }

    /// The store has a start, and the call begins.
    pub fn started(&mut self, id: RequestId, run: &Run, disk: &Disk) -> Result<(), String> {
        if run.token.id() != Some(id) {
            return Err("a call runs under another's number".to_owned());
        }
        let over = match self.sessions.get(&id.session) {
            Some(known) => known.ended || known.numbers.is_forgotten(id.seq),
            None => true,
        };
        if !over && !disk.durable.is_started(id) {
            return Err("a call runs whose start is not on the disk".to_owned());
        }
        match self.number((id.session, id.seq)) {
            Some(number) if number.stage == Stage::Starting => {
                number.stage = Stage::Running;
                Ok(())
            }
            // Its session is over. That it was to run is on the disk, and so it runs.
            _ if over => Ok(()),
            other => Err(format!("a call runs that was not to start: {other:?}")),
        }
    }

    /// The store has the end of a call.
    pub fn kept_call(
        &mut self,
        now: Time,
        id: RequestId,
        sent: Option<(Route, &[u8])>,
        disk: &Disk,
        visits: &mut Visits,
    ) -> Result<(), String> {
        let lease = self.config.lease;
        if let Some(kept) = self.ends_of_keys.remove(&id) {
            self.keys.end(id, kept);
        }
        let Some(known) = self.sessions.get_mut(&id.session) else {
            return none(sent);
        };
        if known.ended || now >= known.heard + lease {
            // It may be swept already, or not yet; the client has given the session up long ago.
            known.numbers.remove(id.seq);
            return Ok(());
        }
        let forgotten = known.numbers.is_forgotten(id.seq);
        let Some(number) = known.numbers.seen.get_mut(&id.seq) else {
            return none(sent);
        };
        let Stage::Settling(kept) = number.stage else {
            return none(sent);
        };
        if forgotten {
            known.numbers.remove(id.seq);
            return none(sent);
        }
        visits.count(Visit::ServerDone);
        number.stage = Stage::Finished(kept);
        let (route, frame) = sent.ok_or("a record is kept, and its reply does not leave")?;
        if route != number.route {
            return Err("a reply goes elsewhere than where the last copy came from".to_owned());
        }
        let answer = Answer::of(frame)?;
        answer.is_for(number.xid, None)?;
        answer.repeats(kept, number.datagram)?;
        is_durable(&answer, id, frame, disk)
    }

    /// The store has a session.
    pub fn kept_session(&mut self, id: SessionId, disk: &Disk) -> Result<(), String> {
        if !disk.durable.sessions.contains_key(&id.0) {
            return Err("a session is granted that is not on the disk".to_owned());
        }
        match self.sessions.get(&id) {
            Some(known) if !known.ended => Ok(()),
            _ => Err("a session is granted that is over".to_owned()),
        }
    }

    /// An `OPEN` was not answered at once.
    pub fn opening(&mut self, now: Time, client: [u8; 16], nonce: u64) -> Result<(), String> {
        let id = self.opens.get(&(client, nonce, true));
        match id.and_then(|id| self.sessions.get_mut(id)) {
            Some(known) if self.durable && !known.ended => {
                known.heard = now;
                Ok(())
            }
            _ => Err("an OPEN is ignored".to_owned()),
        }
    }

    /// A number was answered with its end. Every such answer is on the disk before it leaves.
    pub fn check_kept(
        &self,
        expected: &Expected,
        frames: &[&[u8]],
        disk: &Disk,
    ) -> Result<(), String> {
        let (id, class) = match &expected.what {
            What::Numbered { id, class, .. } => (*id, *class),
            What::Program {
                session,
                probe: Some((seq, class)),
                ..
            } => ((*session, *seq), *class),
            _ => return Ok(()),
        };
        if class != Class::Finished || !self.is_durable(id.0) {
            return Ok(());
        }
        let id = RequestId {
            session: id.0,
            seq: id.1,
        };
        let replay = match (&expected.what, frames) {
            (What::Numbered { .. }, [frame]) | (What::Program { .. }, [_, frame]) => frame,
            _ => return Ok(()),
        };
        is_durable(&Answer::of(replay)?, id, replay, disk)
    }
}

/// A reply is what a crash could not take back.
fn is_durable(answer: &Answer, id: RequestId, frame: &[u8], disk: &Disk) -> Result<(), String> {
    if answer.outcome == Outcome::StoreFailed {
        return Ok(());
    }
    let Some(reply) = disk.durable.reply(id) else {
        return Err(format!(
            "the reply of number {} leaves before it is on the disk",
            id.seq
        ));
    };
    let whole = answer.outcome != Outcome::ReplyTooLarge;
    if whole && unframed(reply)?.get(4..) != frame.get(4..) {
        return Err(format!(
            "number {} is told something else than what is on the disk",
            id.seq
        ));
    }
    Ok(())
}

/// A recorded reply without its record mark.
fn unframed(reply: &[u8]) -> Result<&[u8], String> {
    reply
        .get(4..)
        .ok_or_else(|| "a record with an empty reply".to_owned())
}
