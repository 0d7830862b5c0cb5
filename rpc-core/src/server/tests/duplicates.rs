//! Copies of calls of peers without sessions, over real sockets (P-1 to P-7).

use super::support::*;
use rpc_proto::message::{Auth, Flavor, SysCredential};
use std::net::Shutdown;

const TCP: &[&str] = &["tcp://127.0.0.1:0"];
const UDP: &[&str] = &["udp://127.0.0.1:0"];

/// A call of a user that says who it is.
fn call_as(uid: u32, xid: u32, procedure: u32, argument: &[u8]) -> Vec<u8> {
    let body = SysCredential::new("wagner", uid, 100, &[])
        .expect("short")
        .to_bytes();
    let mut header = header(xid, procedure);
    header.credential = Auth::new(Flavor::SYS, &body).expect("short");
    raw_call(header, &call(xid, procedure, argument)[44..])
}

fn count(number: u32) -> Answer {
    Answer::Bytes(number.to_be_bytes().to_vec())
}

#[test]
fn a_doubled_datagram_runs_once_and_has_the_same_answer() {
    let server = start(&Desk::default(), UDP);
    let (caller, other) = (
        DatagramCaller::new(address(&server)),
        DatagramCaller::new(address(&server)),
    );
    let mut last = Vec::new();
    for xid in 1..=100 {
        let message = call(xid, COUNT, b"");
        caller.send(&message);
        caller.send(&message);
        let (first, second) = (caller.receive(), caller.receive());
        assert_eq!(first, second);
        assert_eq!(answer(&first), (xid, count(xid)));
        last = message;
    }
    other.send(&last);
    assert_eq!(
        other.expect(),
        (100, count(101)),
        "another port is another caller"
    );
    let stats = server.stats();
    assert_eq!(
        (stats.executed, stats.duplicates, stats.replayed),
        (101, 100, 100)
    );
}

/// The first connection breaks before the reply, after it, and while the method runs.
#[test]
fn a_client_that_reconnects_gets_its_reply() {
    let desk = Desk::default();
    let server = start(&desk, TCP);
    let connect = || Caller::new(&server);
    for uid in [7, 8] {
        let message = call_as(uid, 1, COUNT, b"");
        let mut first = connect();
        first.send(&message);
        let told = first.expect();
        first.stream.shutdown(Shutdown::Both).expect("shut down");
        let mut second = connect();
        second.send(&message);
        assert_eq!(second.expect(), told);
    }
    assert_eq!(desk.counted.lock().expect("counted").len(), 2);

    let waits = call_as(7, 2, WAIT, b"w");
    let mut first = connect();
    first.send(&waits);
    desk.gate.wait_for(1);
    drop(first);
    let mut second = connect();
    second.send(&waits);
    // Answered behind the copy, which therefore was looked at.
    assert_eq!(second.ask(ECHO, b"e"), Answer::Bytes(b"e".to_vec()));
    desk.gate.open(1);
    assert_eq!(second.expect(), (2, Answer::Bytes(b"w".to_vec())));

    // Who says nothing of itself is known by its connection only.
    let message = call(3, COUNT, b"");
    let mut callers = [connect(), connect()];
    for (which, number) in [(0, 3), (1, 4), (0, 3)] {
        callers[which].send(&message);
        assert_eq!(callers[which].expect(), (3, count(number)));
    }
}

/// One call more than may be under way waits in its connection, with all that is behind it, and loses nothing.
#[test]
fn a_stream_is_not_read_while_its_call_cannot_be_remembered() {
    let desk = Desk::default();
    let server = start_with(&desk, &[TCP[0], UDP[0]], |builder| {
        builder.with_bounds(|bounds| bounds.plain_calls = 1)
    });
    let mut busy = Caller::new(&server);
    busy.send(&call(1, WAIT, b""));
    desk.gate.wait_for(1);

    let datagrams = DatagramCaller::new(address_of(&server.endpoints()[1]));
    datagrams.send(&call(1, COUNT, b"dropped"));
    datagrams.send(&call(2, WHO, b""));
    assert_eq!(datagrams.expect().0, 2, "what may run twice needs no room");

    let mut held: Vec<Caller> = (0..3).map(|_| Caller::new(&server)).collect();
    for caller in &mut held {
        caller.send(
            &[
                call(1, WHO, b""),
                call(2, COUNT, b"held"),
                call(3, COUNT, b"held"),
            ]
            .concat(),
        );
        assert_eq!(caller.expect().0, 1);
    }
    let mut free = Caller::new(&server);
    assert_ne!(free.ask(WHO, b""), Answer::Empty, "others are answered");
    assert!(desk.counted.lock().expect("counted").is_empty());
    desk.gate.open(1);
    assert_eq!(busy.expect().0, 1);
    for caller in &mut held {
        assert_eq!((caller.expect().0, caller.expect().0), (2, 3));
    }
    assert_eq!(
        *desk.counted.lock().expect("counted"),
        vec![b"held".to_vec(); 6]
    );
}

/// P-7: half of the places are all that one host gets.
#[test]
fn one_host_does_not_take_all_places() {
    let desk = Desk::default();
    let server = start_with(&desk, UDP, |builder| {
        builder.with_bounds(|bounds| bounds.plain_calls = 2)
    });
    let busy = DatagramCaller::new(address(&server));
    busy.send(&call(1, WAIT, b"w"));
    desk.gate.wait_for(1);
    busy.send(&call(2, COUNT, b"dropped"));
    busy.send(&call(3, WHO, b""));
    assert_eq!(busy.expect().0, 3, "what may run twice needs no place");

    let other = DatagramCaller::from("127.0.0.2", address(&server));
    other.send(&call(1, COUNT, b"other"));
    assert_eq!(other.expect(), (1, count(1)));
    desk.gate.open(1);
    assert_eq!(busy.expect().0, 1);
    busy.send(&call(2, COUNT, b"again"));
    assert_eq!(busy.expect(), (2, count(2)));
}

/// The end of one call lets one connection go on, whose end lets the next one, though another call runs all the time. A
/// connection that is closed meanwhile holds up none.
#[test]
fn connections_that_wait_for_room_go_on_one_after_the_other() {
    let desk = Desk::default();
    let server = start_with(&desk, TCP, |builder| {
        builder
            .threads(3)
            .with_bounds(|bounds| bounds.plain_calls = 4)
    });
    let mut busy = [Caller::new(&server), Caller::new(&server)];
    for (waiting, caller) in busy.iter_mut().enumerate() {
        caller.send(&call(1, WAIT, b""));
        desk.gate.wait_for(waiting + 1);
    }
    let mut held: Vec<Caller> = (0..5).map(|_| Caller::new(&server)).collect();
    for caller in &mut held {
        caller.send(&[call(1, WHO, b""), call(2, COUNT, b"held")].concat());
        assert_eq!(caller.expect().0, 1);
    }
    let closed = held.remove(0);
    closed.stream.shutdown(Shutdown::Both).expect("shut down");
    desk.gate.open(1);
    for caller in &mut held {
        assert_eq!(caller.expect().0, 2);
    }
    desk.gate.open(1);
    for caller in &mut busy {
        assert_eq!(caller.expect().0, 1);
    }
}
