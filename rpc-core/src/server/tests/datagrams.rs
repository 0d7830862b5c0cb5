//! Datagrams at a server that has several addresses.

use super::support::*;
use std::io::ErrorKind;
use std::net::{IpAddr, UdpSocket};

/// A socket that hears nothing but what comes from `host` itself.
fn connected(server: &crate::Server, host: &str) -> DatagramCaller {
    let local = if host.contains(':') {
        "::1"
    } else {
        "127.0.0.1"
    };
    let host: IpAddr = host.parse().expect("an address");
    DatagramCaller::from(local, (host, address(server).port()).into())
}

/// The endpoints that take in all addresses, and addresses to ask at, of which the system would answer from another one.
const ROWS: &[(&str, &[&str])] = &[
    ("udp://0.0.0.0:0", &["127.0.0.1", "127.0.0.2", "127.8.9.10"]),
    ("udp://[::]:0", &["127.0.0.1", "127.0.0.2", "::1"]),
    ("udp://127.0.0.2:0", &["127.0.0.2"]),
];

#[test]
fn an_answer_comes_from_the_address_that_was_asked() {
    for (endpoint, hosts) in ROWS {
        let server = start(&Desk::default(), &[endpoint]);
        for host in *hosts {
            let caller = connected(&server, host);
            caller.send(&call(1, ECHO, b"well"));
            assert_eq!(
                caller.expect(),
                (1, Answer::Bytes(b"well".to_vec())),
                "{endpoint} at {host}"
            );
        }
    }
}

/// The only worker is in a handler, so the other call is answered by way of its route.
#[test]
fn an_answer_that_had_to_wait_comes_from_there_too() {
    for (endpoint, hosts) in ROWS {
        let desk = Desk::default();
        let server = start_with(&desk, &[endpoint], |builder| builder.threads(1));
        for host in *hosts {
            let caller = connected(&server, host);
            for (xid, procedure) in [(1, WAIT), (2, ECHO), (3, ECHO)] {
                caller.send(&call(xid, procedure, b""));
            }
            desk.gate.open(1);
            let mut xids = [0; 3].map(|_| caller.expect().0);
            xids.sort_unstable();
            assert_eq!(xids, [1, 2, 3], "{endpoint} at {host}");
        }
    }
}

/// The same call at two addresses of one endpoint is one call, answered where it was asked.
#[test]
fn a_copy_that_comes_to_another_address_runs_nothing() {
    let desk = Desk::default();
    let server = start(&desk, &["udp://0.0.0.0:0"]);
    let socket = UdpSocket::bind("127.0.0.1:0").expect("bind");
    socket
        .set_read_timeout(Some(PATIENCE))
        .expect("a timeout above zero");
    let port = address(&server).port();
    let mut buffer = [0; 256];
    for host in ["127.0.0.1", "127.0.0.2"] {
        socket
            .send_to(&call(7, COUNT, b"once")[4..], (host, port))
            .expect("sent");
        let (length, from) = socket.recv_from(&mut buffer).expect("an answer");
        assert_eq!(from.ip().to_string(), host);
        let once = Answer::Bytes(1u32.to_be_bytes().to_vec());
        assert_eq!(answer(&buffer[..length]), (7, once));
    }
    assert_eq!(desk.counted.lock().expect("counted").len(), 1);
    socket.set_nonblocking(true).expect("set");
    let nothing = socket.recv_from(&mut buffer).expect_err("no more came");
    assert_eq!(nothing.kind(), ErrorKind::WouldBlock);
}
