//! Executors for tests: one future at a time, or many whose ends are told in their order.

use std::future::{Future, IntoFuture};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{Thread, current, park};

use super::AMPLE;

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// Polls in this thread until the future ends.
pub(super) fn block_on<F: IntoFuture>(future: F) -> F::Output {
    let mut future = pin!(future.into_future());
    let waker = Arc::new(Unpark(current())).into();
    loop {
        match future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(output) => return output,
            Poll::Pending => park(),
        }
    }
}

/// Polls once, with a waker that does nothing.
pub(super) fn poll_once<F: Future + Unpin>(future: &mut F) -> Poll<F::Output> {
    Pin::new(future).poll(&mut Context::from_waker(Waker::noop()))
}

/// Tells which of many futures was woken.
struct Bell(usize, Sender<usize>);

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        // Nobody listens any more once all have ended.
        let _ = self.1.send(self.0);
    }
}

/// Many futures at once. Each has a waker of its own, and is polled only when that was woken.
pub(super) struct Crowd<F> {
    futures: Vec<Option<F>>,
    wakers: Vec<Waker>,
    woken: Receiver<usize>,
}

impl<F: Future + Unpin> Crowd<F> {
    pub(super) fn new(futures: impl IntoIterator<Item = F>) -> Self {
        let (ring, woken) = channel();
        let futures: Vec<_> = futures.into_iter().map(Some).collect();
        let bells = (0..futures.len()).map(|at| Arc::new(Bell(at, ring.clone())).into());
        let wakers = bells.collect();
        (0..futures.len()).for_each(|at| ring.send(at).expect("it listens"));
        Self {
            futures,
            wakers,
            woken,
        }
    }

    /// The next one to end, and its number; none when all have.
    pub(super) fn next(&mut self) -> Option<(usize, F::Output)> {
        while self.futures.iter().any(Option::is_some) {
            let at = self.woken.recv_timeout(AMPLE).expect("woken in time");
            let Some(future) = &mut self.futures[at] else {
                continue;
            };
            let mut cx = Context::from_waker(&self.wakers[at]);
            if let Poll::Ready(output) = Pin::new(future).poll(&mut cx) {
                self.futures[at] = None;
                return Some((at, output));
            }
        }
        None
    }
}

impl<F: Future + Unpin> Iterator for Crowd<F> {
    type Item = (usize, F::Output);

    fn next(&mut self) -> Option<Self::Item> {
        Crowd::next(self)
    }
}
