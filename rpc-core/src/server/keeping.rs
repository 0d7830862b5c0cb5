//! Having the store keep what changes, and going on with what waited for that.

use super::queues::WaitingCall;
use super::seat::Seat;
use super::sessions::Batch;
use super::shared::Shared;
use crate::context::{Access, Recording};
use crate::describe::Method;
use crate::store::{Change, CommitNumber, OpenStore, StoreError};
use crate::system;
use rpc_proto::session::server::{Done, REPLY_HEADROOM, Route, Token};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

/// A call's means to end in the store.
pub(super) enum Means {
    /// None: how it ended is said afterwards.
    None(Token),
    /// Its handler may record the end itself.
    Recording(Arc<Recording>),
}

impl Shared {
    /// What a handler of `method` may do in the store.
    pub(super) fn access(&self, method: &'static Method, token: Token) -> (Access, Means) {
        match &self.store {
            None => (Access::None, Means::None(token)),
            Some(store) if token.awaits_record() => {
                let max_result = self.bounds.message;
                let recording = Recording::new(store.clone(), method, max_result, token);
                let recording = Arc::new(recording);
                let access = Access::Records(recording.clone());
                (access, Means::Recording(recording))
            }
            Some(store) => (Access::Reads(store.clone()), Means::None(token)),
        }
    }

    /// Commits what waits and goes on with it. False: another thread is at it, and will look again.
    ///
    /// The store works without the sessions' lock. What comes meanwhile is left for the next commit.
    pub(super) fn commit(&self, seat: Option<&Seat>) -> bool {
        let Some(store) = &self.store else {
            return true;
        };
        if !self.committing.begin() {
            return false;
        }
        let mut batch = Batch::default();
        let mut sessions = self.sessions();
        let there_is = !sessions.failed && sessions.take_batch(&mut batch);
        self.committing.note(&sessions);
        drop(sessions);
        if !there_is {
            self.committing.end();
            return true;
        }
        if let Some(seat) = seat {
            let now = system::now();
            seat.begin_commit(now);
            if self.all_busy() {
                self.house.watch_handlers(now);
            }
        }
        let (begun, answered) = (system::now(), batch.waiting.len());
        let committed = commit_changes(&**store, &batch.changes);
        self.committing.learn(answered, system::now().since(begun));
        match committed {
            Ok(durable) => self.go_on(&**store, durable, &mut batch),
            Err(error) => self.fail_store(&error, &mut batch),
        }
        self.committing.end();
        self.send(batch, seat.is_some());
        if let Some(seat) = seat {
            seat.end();
        }
        true
    }

    /// The batch is durable.
    fn go_on(&self, store: &dyn OpenStore, durable: CommitNumber, batch: &mut Batch) {
        let has_room = store.has_room();
        let mut sessions = self.sessions();
        sessions.kept(durable, batch);
        let changed = sessions.tell_room(has_room);
        self.look_after(sessions);
        match changed {
            true if has_room => tracing::info!("the completion store has room for new calls again"),
            true => tracing::error!(
                "the completion store is full: exactly-once calls are refused until there is room on its disk"
            ),
            false => {}
        }
    }

    /// The store has failed. What waits for it is never answered, since only the next life of the server can know what
    /// became of it.
    pub(super) fn fail_store(&self, error: &StoreError, batch: &mut Batch) {
        let mut sessions = self.sessions();
        let is_first = !sessions.failed;
        sessions.store_failed(batch);
        self.look_after(sessions);
        if !is_first {
            return;
        }
        match error {
            StoreError::Fenced => tracing::error!(
                "another server has opened the completion store, so this one runs no exactly-once calls any more: stop it"
            ),
            error => tracing::error!(
                %error,
                "exactly-once calls are refused from now on; see to the disk, then start the server again"
            ),
        }
    }

    /// Sends what a commit has brought, what goes to one peer together, and has the calls run that begin now.
    ///
    /// `looks`: the thread looks for calls to run when it is back.
    pub(super) fn send(&self, batch: Batch, looks: bool) {
        let mut start = 0;
        let parts = batch.ends.iter().map(|&(route, end)| {
            let part = (route, &batch.messages[start..end]);
            start = end;
            part
        });
        let mut parts: Vec<(Route, &[u8])> = parts.collect();
        // Stable, so those of one peer stay in order.
        parts.sort_by_key(|(route, _)| route.0);
        for same in parts.chunk_by(|one, other| one.0 == other.0) {
            match same {
                [(route, message)] => self.deliver(*route, message),
                several => {
                    let messages: Vec<&[u8]> = several.iter().map(|(_, part)| *part).collect();
                    self.deliver(several[0].0, &messages.concat());
                }
            }
        }
        for route in batch.ended {
            self.end_detached_call_at(route);
        }
        let wakes = !looks || batch.runs.len() > 1;
        let any = !batch.runs.is_empty();
        for run in batch.runs {
            self.begin_later(run);
        }
        if any && wakes {
            self.poller.wake();
        }
    }

    /// Queues a call that has been waiting for its start to be kept, if there is room.
    fn begin_later(&self, call: WaitingCall) {
        if !self.is_overloaded() {
            return self.calls.push(call);
        }
        let mut refusal = vec![0; REPLY_HEADROOM];
        let (token, from) = (call.run.token, call.route);
        if let Some(to) = self.handle_done(token, Done::Overloaded, from, &mut refusal) {
            self.deliver(to, &refusal);
        }
        self.end_detached_call_at(from);
    }

    /// Something that came from `route` waits no more.
    fn end_detached_call_at(&self, route: Route) {
        if let Some(source) = self.sources.get(route.0) {
            self.end_detached_call(&source);
        }
    }
}

/// Commits durably. A store that panics has failed.
fn commit_changes(store: &dyn OpenStore, changes: &[Change]) -> Result<CommitNumber, StoreError> {
    catch_unwind(AssertUnwindSafe(|| store.commit(changes)))
        .unwrap_or_else(|_| Err(StoreError::Failed("it panicked".to_owned())))
}
