//! `mem`: a socket pair inside this process, with record marking as on every stream.

use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rustix::event::{EventfdFlags, eventfd};
use rustix::net::{AddressFamily, SocketFlags, SocketType, socketpair};

use super::{Address, StreamSocket, next_connection};
use crate::endpoint::Endpoint;

/// How many connections may wait to be accepted before more are refused, as the system does with TCP.
const BACKLOG: usize = 128;

/// The names of this process and who listens there.
static NAMES: Mutex<BTreeMap<Arc<str>, Arc<Queue>>> = Mutex::new(BTreeMap::new());

/// A name of this process that takes in connections.
#[derive(Debug)]
pub(crate) struct MemListener {
    queue: Arc<Queue>,
    endpoint: Endpoint,
}

impl MemListener {
    pub(super) fn bind(name: &str) -> io::Result<Self> {
        let flags = EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK;
        let queue = Queue {
            name: name.into(),
            ready: eventfd(0, flags)?,
            waiting: Mutex::default(),
        };
        let queue = Arc::new(queue);
        let mut names = lock(&NAMES);
        if names.contains_key(name) {
            return Err(io::Error::new(
                io::ErrorKind::AddrInUse,
                format!("mem://{name} is served already"),
            ));
        }
        names.insert(queue.name.clone(), queue.clone());
        Ok(Self {
            queue,
            endpoint: Endpoint::Mem(name.to_owned()),
        })
    }

    pub(super) fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    pub(super) fn accept(&self) -> io::Result<Option<StreamSocket>> {
        let mut waiting = lock(&self.queue.waiting);
        let next = waiting.pop_front();
        if waiting.is_empty() {
            // Under the lock that connecting takes too, so that a signal for a later connection is not swallowed.
            match rustix::io::read(&self.queue.ready, &mut [0; 8]) {
                Ok(_) | Err(rustix::io::Errno::AGAIN) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(next)
    }
}

impl AsFd for MemListener {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.queue.ready.as_fd()
    }
}

impl Drop for MemListener {
    fn drop(&mut self) {
        lock(&NAMES).remove(&self.queue.name);
        // Whoever connected and was not accepted sees the end of the stream, as with TCP.
        lock(&self.queue.waiting).clear();
    }
}

#[derive(Debug)]
struct Queue {
    name: Arc<str>,
    /// Readable while connections wait.
    ready: OwnedFd,
    waiting: Mutex<VecDeque<StreamSocket>>,
}

/// Connects to `name`: the client's end, and who is at the other one.
pub(super) fn connect(name: &str) -> io::Result<(OwnedFd, Address)> {
    // The table stays locked until the connection waits: a listener dropped in between would never see it.
    let names = lock(&NAMES);
    let Some(queue) = names.get(name) else {
        let text = format!("nobody in this process serves mem://{name}");
        return Err(io::Error::new(io::ErrorKind::ConnectionRefused, text));
    };
    let mut waiting = lock(&queue.waiting);
    if waiting.len() >= BACKLOG {
        return Err(io::Error::new(
            io::ErrorKind::ConnectionRefused,
            "too many connections wait to be accepted",
        ));
    }
    let (here, there) = socketpair(
        AddressFamily::UNIX,
        SocketType::STREAM,
        SocketFlags::CLOEXEC,
        None,
    )?;
    let peer = Address::Mem(queue.name.clone(), next_connection());
    waiting.push_back(StreamSocket {
        fd: there,
        peer: peer.clone(),
    });
    rustix::io::write(&queue.ready, &1u64.to_ne_bytes())?;
    Ok((here, peer))
}

/// No code that can panic runs under these locks, so a poisoned one guards whole data.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
