//! The first connection.

use std::io;

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
        let contact = loop {
            match self.try_contact(&mut reading, interface, endpoint, limit) {
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
        limit: Time,
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
            Readiness::Pending => return Err(unreachable(endpoint, io::ErrorKind::TimedOut)),
        }
        let until = self
            .machine
            .poll_timeout()
            .map_or(limit, |due| due.min(limit));
        match reading.wait(start, until, self.wants_room()) {
            Event::Unreachable(error) => Err(error),
            Event::Down(error) if !reading.has_more() => {
                Err(error.unwrap_or_else(|| unreachable(endpoint, io::ErrorKind::UnexpectedEof)))
            }
            event => {
                self.handle(now(), event, reading, None);
                Ok(false)
            }
        }
    }
}

fn unreachable(endpoint: &Endpoint, kind: io::ErrorKind) -> ConnectError {
    ConnectError::Unreachable {
        endpoint: endpoint.clone(),
        source: kind.into(),
    }
}
