//! A turn on a datagram socket: each message is answered before the next is taken.

use super::claim::Hold;
use super::hands::{BUDGET, Begun, Hands, Turn, keep_small};
use super::routes::AddressBytes;
use super::sessions::Caller;
use super::shared::send_datagrams;
use super::source::{DatagramPort, Source};
use crate::context::Peer;
use crate::system;
use crate::transport::{Address, DATAGRAM_LIMIT};
use rpc_proto::session::Security;
use rpc_proto::session::server::{Handled, Origin};
use std::io;
use std::mem::{swap, take};

impl Hands<'_> {
    /// Answers datagrams until none waits, or others should have their turn.
    pub(super) fn serve_datagrams(
        &mut self,
        source: &Source,
        port: &DatagramPort,
        hold: Hold,
    ) -> Turn {
        let mut datagram = take(&mut self.datagram);
        datagram.resize(DATAGRAM_LIMIT, 0);
        let turn = self.receive(source, port, hold, &mut datagram);
        self.datagram = datagram;
        turn
    }

    fn receive(
        &mut self,
        source: &Source,
        port: &DatagramPort,
        hold: Hold,
        buffer: &mut [u8],
    ) -> Turn {
        // Known to be so: it is looked at before a handler runs, and then the look that finds nothing is the last.
        let mut behind = false;
        for _ in 0..BUDGET {
            if !source.claim.is_held_by(hold) {
                return Turn::Lost;
            }
            let (length, ends) = match port.socket.recv_from(buffer) {
                Ok(received) => received,
                Err(error) => {
                    if error.kind() != io::ErrorKind::WouldBlock {
                        tracing::warn!(%error, "receiving datagrams failed");
                    }
                    return Turn::Idle;
                }
            };
            let message = &buffer[..length];
            let now = system::now();
            let route = self.shared.routes.route(port.index, ends);
            let address = AddressBytes::of_socket(ends.peer);
            let origin = Origin {
                route,
                address: address.as_slice(),
                host: address.host(),
                listener: source.number,
                datagram: true,
                security: Security::Network,
            };
            let peer = Peer::new(Address::Udp(ends.peer), None);
            let caller = Caller {
                route,
                peer: Some(&peer),
                stream: None,
            };
            let handled = self
                .shared
                .handle_message(now, origin, caller, message, &mut self.out);
            send_datagrams(&port.socket, &self.out, ends);
            self.out.clear();
            if let Handled::Run(run) = handled {
                let args = &message[run.args.clone()];
                behind = behind || port.socket.has_waiting();
                let begun = Begun {
                    run,
                    now,
                    peer: &peer,
                    route,
                    held: Some((source.number, hold)),
                    behind,
                };
                match self.run_or_queue(source, begun, args) {
                    Some(to) if to == route && !behind => {
                        swap(&mut self.out, &mut self.reply);
                        self.datagram_to = Some(ends);
                    }
                    Some(to) => self.shared.deliver(to, &self.reply),
                    None => {}
                }
                if !behind {
                    // What came since then is a new edge.
                    return Turn::Idle;
                }
            }
        }
        Turn::Unfinished
    }

    /// Sends the last reply of a turn, which waited until the socket was free for others.
    pub(super) fn send_last(&mut self, port: &DatagramPort) {
        if let Some(to) = self.datagram_to.take() {
            send_datagrams(&port.socket, &self.out, to);
            keep_small(&mut self.out);
        }
    }
}
