//! The first connection.

use std::io;
use std::time::Duration;

use rpc_proto::describe::Interface;
use rpc_proto::session::client::Readiness;
use rpc_proto::time::Time;

use super::failure::kind;
use super::reading::{Event, Reading};
use super::state::State;
use crate::endpoint::Endpoint;
use crate::error::{ConnectError, ErrorKind};
use crate::system::now;

impl State {
    /// Connects and makes first contact until `limit`, before anybody can call.
    pub(super) fn make_contact(
        &mut self,
        interface: &'static Interface,
        endpoint: &Endpoint,
        limit: Time,
    ) -> Result<(), ConnectError> {
        let Some(mut reading) = self.reading.take() else {
            return Ok(());
        };
        let span = (now(), limit);
        // Why the service was not found. A server that is started together with its client may be registered in a moment.
        let mut unknown = None;
        let contact = loop {
            match self.try_contact(&mut reading, interface, endpoint, span, &mut unknown) {
                Ok(true) => break Ok(()),
                Ok(false) => {}
                Err(error) => break Err(error),
            }
        };
        self.reading = Some(reading);
        contact
    }

    fn try_contact(
        &mut self,
        reading: &mut Reading,
        interface: &'static Interface,
        endpoint: &Endpoint,
        (begun, limit): (Time, Time),
        unknown: &mut Option<ConnectError>,
    ) -> Result<bool, ConnectError> {
        let start = now();
        if reading.has_link() {
            self.machine.handle_prepare(start, interface);
        }
        self.work(start, None);
        match self.machine.readiness(interface) {
            Readiness::Ready => return Ok(true),
            Readiness::Refused(failure) => {
                return Err(ConnectError::Refused {
                    endpoint: endpoint.clone(),
                    kind: kind(failure.kind),
                });
            }
            Readiness::Pending if start < limit => {}
            Readiness::Pending if self.machine.is_turned_away() => {
                return Err(ConnectError::Refused {
                    endpoint: endpoint.clone(),
                    kind: ErrorKind::NoRoomForSession,
                });
            }
            Readiness::Pending => {
                let silent = || self.not_understood(endpoint, start.since(begun));
                return Err(unknown.take().unwrap_or_else(silent));
            }
        }
        let until = self
            .machine
            .poll_timeout()
            .map_or(limit, |due| due.min(limit));
        match reading.wait(start, until, self.wants_room()) {
            Event::Unreachable(error) if error.is_unknown_name() => {
                *unknown = Some(error);
                Ok(false)
            }
            Event::Unreachable(error) => Err(error),
            Event::Down(error) if !reading.has_more() => {
                Err(error.unwrap_or_else(|| self.ended(endpoint)))
            }
            event => {
                if reading.has_link() {
                    *unknown = None;
                }
                self.handle(now(), event, reading, None);
                Ok(false)
            }
        }
    }

    /// The link to `endpoint` has ended: by the peer, or because we gave it up for its silence. Of itself the end looks the
    /// same.
    fn ended(&self, endpoint: &Endpoint) -> ConnectError {
        if self.silent {
            return silent(endpoint, now().since(self.heard));
        }
        let why = "it takes the connection and closes it without an answer that is understood";
        unreachable(endpoint, io::ErrorKind::UnexpectedEof, why.to_owned())
    }

    /// The time for connecting, `within`, is over.
    fn not_understood(&self, endpoint: &Endpoint, within: Duration) -> ConnectError {
        if !self.spoken {
            return silent(endpoint, within);
        }
        let why = format!(
            "it answers, but nothing that is understood in {within:.0?}; does an RPC server listen there?"
        );
        unreachable(endpoint, io::ErrorKind::InvalidData, why)
    }
}

fn silent(endpoint: &Endpoint, within: Duration) -> ConnectError {
    let why = format!(
        "nothing was answered for {within:.0?}; does an RPC server listen there, and does it run?"
    );
    unreachable(endpoint, io::ErrorKind::TimedOut, why)
}

fn unreachable(endpoint: &Endpoint, kind: io::ErrorKind, why: String) -> ConnectError {
    ConnectError::Unreachable {
        endpoint: endpoint.clone(),
        source: io::Error::new(kind, why),
    }
}
