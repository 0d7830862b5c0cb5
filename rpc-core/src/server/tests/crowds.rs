//! More connections than there may be, and callers who want more than their share.

use super::support::*;
use rpc_proto::record;
use std::io::Write;

const TCP: &[&str] = &["tcp://127.0.0.1:0"];

/// A server that takes in so many connections.
fn small(desk: &Desk, connections: usize) -> crate::Server {
    start_with(desk, TCP, |builder| {
        // The listener counts as one.
        builder.with_bounds(|bounds| bounds.connections = 1 + connections)
    })
}

#[test]
fn idle_connections_make_room_for_new_ones_and_a_busy_caller_stays() {
    let server = small(&Desk::default(), 4);
    let mut regular = Caller::new(&server);
    let mut strangers = Vec::new();
    for round in 0..50u32 {
        // It says nothing, or it called once.
        let mut stranger = Caller::new(&server);
        if round % 2 == 0 {
            assert_eq!(stranger.ask(ECHO, b"new"), Answer::Bytes(b"new".to_vec()));
        }
        strangers.push(stranger);
        assert_eq!(regular.ask(ECHO, b"old"), Answer::Bytes(b"old".to_vec()));
    }
    assert_eq!(strangers[0].next(), None, "idle for longest");
    assert_eq!(server.stats().turned_away, 0);
}

/// A call under way, a call half sent, answers that are not read: none of these is idle, so the newcomer is turned away.
#[test]
fn connections_with_anything_under_way_are_kept_and_room_is_used_again() {
    let desk = Desk::default();
    let server = small(&desk, 3);
    let mut waits = Caller::new(&server);
    waits.send(&call(1, WAIT, b"patient"));
    desk.gate.wait_for(1);
    let mut halves = Caller::new(&server);
    let whole = call(2, ECHO, b"in two halves");
    assert_eq!(halves.ask(ECHO, b""), Answer::Bytes(vec![]));
    halves.send(&[&call(3, ECHO, b"")[..], &whole[..whole.len() / 2]].concat());
    assert_eq!(halves.expect().0, 3);
    let mut reads_late = Caller::new(&server);
    let count = 16_000_000u32.to_be_bytes();
    reads_late.send(&call(4, BYTES, &count));
    let mut first = [0; 1];
    assert_eq!(reads_late.stream.peek(&mut first).expect("it comes"), 1);

    let mut newcomer = Caller::new(&server);
    assert_eq!(newcomer.next(), None, "turned away");
    assert_eq!(server.stats().turned_away, 1);

    halves.send(&whole[whole.len() / 2..]);
    assert_eq!(
        halves.expect(),
        (2, Answer::Bytes(b"in two halves".to_vec()))
    );
    // The server may still be at its last step for that caller, so the newcomer may have to try again.
    let served = (0..10_000).any(|_| {
        let mut caller = Caller::new(&server);
        // A connection that is turned away may break while it sends.
        let _ = caller.stream.write_all(&call(1, ECHO, b""));
        caller.next().is_some()
    });
    assert!(served);
    assert_eq!(reads_late.expect().0, 4);
    desk.gate.open(1);
    assert_eq!(waits.expect(), (1, Answer::Bytes(b"patient".to_vec())));
}

/// The answer to this needs no worker; so when it is there, what was sent before it has been taken in.
fn is_taken_in(caller: &mut Caller) {
    let nowhere = rpc_proto::message::CallHeader {
        program: PROGRAM + 7,
        ..header(99, 1)
    };
    caller.send(&raw_call(nowhere, b""));
    assert_eq!(caller.expect().0, 99);
}

#[test]
fn who_sends_one_call_does_not_wait_for_all_that_another_has_sent() {
    let desk = Desk::default();
    let server = start_with(&desk, TCP, |builder| builder.threads(1));
    let mut greedy = Caller::new(&server);
    greedy.send(&call(0, WAIT, b""));
    desk.gate.wait_for(1);
    for xid in 1..=50 {
        greedy.send(&call(xid, WAIT, b""));
    }
    is_taken_in(&mut greedy);
    let mut modest = Caller::new(&server);
    modest.send(&call(1, ECHO, b"one"));
    is_taken_in(&mut modest);
    // The handler that runs, and one more.
    desk.gate.open(2);
    assert_eq!(modest.expect(), (1, Answer::Bytes(b"one".to_vec())));
    desk.gate.open(49);
    let mut xids: Vec<u32> = (0..=50).map(|_| greedy.expect().0).collect();
    xids.sort_unstable();
    assert_eq!(xids, (0..=50).collect::<Vec<_>>());
}

#[test]
fn calls_with_more_arguments_than_may_wait_are_refused() {
    let desk = Desk::default();
    let server = start_with(&desk, TCP, |builder| {
        builder
            .threads(1)
            .with_bounds(|bounds| bounds.waiting_bytes = 100_000)
    });
    let mut greedy = Caller::new(&server);
    greedy.send(&call(0, WAIT, b""));
    desk.gate.wait_for(1);
    for xid in 1..=4 {
        greedy.send(&call(xid, ECHO, &[7; 50_000]));
    }
    for xid in [3, 4] {
        let overloaded = Answer::Failed(rpc_proto::message::AcceptStatus::SystemError);
        assert_eq!(greedy.expect(), (xid, overloaded));
    }
    desk.gate.open(1);
    let mut answered = [0; 3].map(|_| greedy.expect());
    answered.sort_unstable_by_key(|(xid, _)| *xid);
    assert_eq!(answered.map(|(xid, _)| xid), [0, 1, 2]);
}

/// Half-sent calls and answers that nobody reads: each is within the bounds of one connection, and together they are not.
#[test]
fn connections_that_together_hold_too_much_memory_are_closed_and_others_go_on() {
    let half = record::mark(8 << 20).expect("short enough").to_vec();
    let half = [&half[..], &vec![7; 1 << 20]].concat();
    let unread = call(1, BYTES, &16_000_000u32.to_be_bytes());
    for (name, sent, held) in [("half-sent", half, 4 << 20), ("unread", unread, 16 << 20)] {
        let server = start_with(&Desk::default(), TCP, |builder| {
            builder.with_bounds(|bounds| bounds.held = held)
        });
        let mut regular = Caller::new(&server);
        let mut strangers: Vec<Caller> = (0..12).map(|_| Caller::new(&server)).collect();
        for stranger in &mut strangers {
            // It may be closed already.
            let _ = stranger.stream.write_all(&sent);
            assert_eq!(regular.ask(ECHO, b"well"), Answer::Bytes(b"well".to_vec()));
        }
        let end = to_the_end(&mut strangers[0].stream);
        assert!(end.is_none(), "{name}: {end:?}");
        assert_eq!(regular.ask(ECHO, b"well"), Answer::Bytes(b"well".to_vec()));
    }
}

/// Reads on until the connection has ended.
fn to_the_end(stream: &mut std::net::TcpStream) -> Option<std::io::Error> {
    let ended = std::io::copy(stream, &mut std::io::sink()).err();
    ended.filter(|error| error.kind() != std::io::ErrorKind::ConnectionReset)
}
