//! Work that waits for a worker: calls that the housekeeper took in, and connections that are not finished.

use super::claim::{Hold, Ready};
use super::source::Source;
use crate::Peer;
use rpc_proto::session::server::{Route, Run};
use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A queue that costs one atomic load to look at while it is empty.
#[derive(Debug)]
pub(crate) struct Queue<T> {
    items: Mutex<VecDeque<T>>,
    length: AtomicUsize,
}

impl<T> Default for Queue<T> {
    fn default() -> Self {
        Self {
            items: Mutex::default(),
            length: AtomicUsize::new(0),
        }
    }
}

impl<T> Queue<T> {
    /// Appends an item.
    pub(crate) fn push(&self, item: T) {
        let mut items = self.lock();
        items.push_back(item);
        self.length.store(items.len(), Ordering::Release);
    }

    /// The oldest item.
    pub(crate) fn pop(&self) -> Option<T> {
        if self.is_empty() {
            return None;
        }
        let mut items = self.lock();
        let item = items.pop_front();
        self.length.store(items.len(), Ordering::Release);
        item
    }

    /// Whether it is empty just now.
    pub(crate) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many items there are just now.
    pub(crate) fn len(&self) -> usize {
        self.length.load(Ordering::Acquire)
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<T>> {
        self.items.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Calls that wait for a worker. Those who sent them take turns, so that nobody waits for all that another has sent.
#[derive(Debug, Default)]
pub(crate) struct Calls {
    turns: Mutex<Turns>,
    length: AtomicUsize,
    /// How many bytes of arguments wait.
    bytes: AtomicUsize,
}

#[derive(Debug, Default)]
struct Turns {
    /// The calls of each peer, oldest first; none of the queues is empty.
    calls: HashMap<Route, VecDeque<WaitingCall>>,
    /// These peers, in the order of their turns.
    order: VecDeque<Route>,
}

impl Calls {
    /// Appends a call to those of its peer.
    pub(crate) fn push(&self, call: WaitingCall) {
        let mut turns = self.lock();
        let Turns { calls, order } = &mut *turns;
        self.length.fetch_add(1, Ordering::Release);
        self.bytes.fetch_add(call.args.len(), Ordering::Relaxed);
        let queue = calls.entry(call.route).or_insert_with(|| {
            order.push_back(call.route);
            VecDeque::new()
        });
        queue.push_back(call);
    }

    /// The oldest call of the peer whose turn it is.
    pub(crate) fn pop(&self) -> Option<WaitingCall> {
        if self.is_empty() {
            return None;
        }
        let mut turns = self.lock();
        let route = turns.order.pop_front()?;
        let queue = turns.calls.get_mut(&route)?;
        let call = queue.pop_front()?;
        if queue.is_empty() {
            turns.calls.remove(&route);
        } else {
            turns.order.push_back(route);
        }
        self.length.fetch_sub(1, Ordering::Release);
        self.bytes.fetch_sub(call.args.len(), Ordering::Relaxed);
        Some(call)
    }

    /// Whether it is empty just now.
    pub(crate) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many calls there are just now.
    pub(crate) fn len(&self) -> usize {
        self.length.load(Ordering::Acquire)
    }

    /// How many bytes of arguments they hold.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes.load(Ordering::Relaxed)
    }

    fn lock(&self) -> MutexGuard<'_, Turns> {
        self.turns.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A call that was let in and not begun.
#[derive(Debug)]
pub(crate) struct WaitingCall {
    pub(crate) run: Run,
    pub(crate) peer: Peer,
    pub(crate) route: Route,
    pub(crate) args: Vec<u8>,
}

/// A source whose claim belongs to whoever takes it from the queue.
#[derive(Debug)]
pub(crate) struct UnfinishedSource {
    pub(crate) source: Arc<Source>,
    pub(crate) hold: Hold,
    pub(crate) ready: Ready,
}
