//! What only the reader has: the way in, and the bytes that have come by it.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use rpc_proto::record::{Reader, RecordError};
use rpc_proto::time::Time;

use super::connector::{Connector, Step};
use crate::error::ConnectError;
use crate::transport::{DATAGRAM_LIMIT, Link, Received};

/// The state of the reader. Whoever is the reader owns it; else it lies in the shared state, for the next one.
#[derive(Debug)]
pub(super) struct Reading {
    connector: Connector,
    /// The way in. The shared state has the same one for sending, unless that was given up.
    link: Option<Arc<Link>>,
    records: Reader,
    datagram: Vec<u8>,
    /// How much of `datagram` waits to be taken out.
    received: Option<usize>,
    heard: bool,
    max_message: usize,
    /// Of which machine this is the reader's state.
    pub(super) epoch: u64,
}

/// What happened while the reader waited.
#[derive(Debug)]
pub(super) enum Event {
    /// Nothing, or the time is over.
    Nothing,
    /// Bytes have come: take the messages out.
    Messages,
    /// There is a new link.
    Up(Arc<Link>),
    /// The link is gone; this is what the system says of it.
    Down(Option<ConnectError>),
    /// Nobody could be reached.
    Unreachable(ConnectError),
}

impl Reading {
    pub(super) fn new(connector: Connector, max_message: usize) -> Self {
        let records = Reader::new(max_message);
        Self {
            connector,
            link: None,
            records,
            datagram: Vec::new(),
            received: None,
            heard: false,
            max_message,
            epoch: 0,
        }
    }

    /// Waits until something happens, or until about `until`; also for room to write if `write`. With no lock held.
    pub(super) fn wait(&mut self, now: Time, until: Time, write: bool) -> Event {
        let Some(link) = self.link.clone() else {
            return self.connect(until);
        };
        let timeout = until.since(now);
        if write {
            match link.wait(true, true, timeout) {
                Ok(ready) if ready.read => {}
                Ok(_) => return Event::Nothing,
                Err(error) => return self.down(Some(error)),
            }
        }
        match self.receive(&link, if write { Duration::ZERO } else { timeout }) {
            Ok(Received::Bytes(_)) => {
                if !self.heard {
                    self.heard = true;
                    self.connector.heard();
                }
                Event::Messages
            }
            Ok(Received::Timeout) => Event::Nothing,
            // A datagram socket says so (`ConnectionRefused`) when nobody has the port: a hint to look for the server.
            Err(error) => self.down(Some(error)),
            Ok(Received::End) => self.down(None),
        }
    }

    /// The next whole message of those that have come.
    pub(super) fn next_message(&mut self) -> Result<Option<&[u8]>, RecordError> {
        match self.received.take() {
            Some(length) => Ok(Some(&self.datagram[..length])),
            None => self.records.poll_record(),
        }
    }

    /// One of the messages was the result of a call.
    pub(super) fn answered(&mut self) {
        self.connector.answered();
    }

    /// Gives the link up, with what it may still hold.
    pub(super) fn down(&mut self, error: Option<io::Error>) -> Event {
        let Some(link) = self.link.take() else {
            return Event::Nothing;
        };
        link.shutdown();
        if self.heard {
            self.connector.lost_heard();
        } else {
            self.connector.lost_unheard();
        }
        Event::Down(error.map(|source| ConnectError::Unreachable {
            endpoint: link.peer().endpoint(),
            source,
        }))
    }

    /// Looking for the server failed in a way that nobody foresaw.
    pub(super) fn connecting_failed(&mut self) {
        self.connector.lost_unheard();
    }

    pub(super) fn has_link(&self) -> bool {
        self.link.is_some()
    }

    /// Whether there is another endpoint to try at once.
    pub(super) fn has_more(&self) -> bool {
        self.connector.has_more()
    }

    fn connect(&mut self, until: Time) -> Event {
        match self.connector.step(until) {
            Step::Connected(link) => {
                let link = Arc::new(link);
                self.link = Some(link.clone());
                self.records = Reader::new(self.max_message);
                self.received = None;
                self.heard = false;
                if link.is_datagram() {
                    self.datagram.resize(DATAGRAM_LIMIT, 0);
                }
                Event::Up(link)
            }
            Step::Later => Event::Nothing,
            Step::Failed(error) => Event::Unreachable(error),
        }
    }

    fn receive(&mut self, link: &Link, timeout: Duration) -> io::Result<Received> {
        let datagrams = link.is_datagram();
        let space = if datagrams {
            &mut self.datagram[..]
        } else {
            self.records.space()
        };
        let received = link.recv(space, timeout)?;
        if let Received::Bytes(length) = received {
            if datagrams {
                self.received = Some(length);
            } else {
                self.records.handle_filled(length);
            }
        }
        Ok(received)
    }
}
