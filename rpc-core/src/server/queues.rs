//! Work that waits for a worker: calls that the housekeeper took in, and connections that are not finished.

use super::claim::{Hold, Ready};
use super::source::Source;
use crate::Peer;
use rpc_proto::session::server::{Route, Run};
use std::collections::VecDeque;
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
