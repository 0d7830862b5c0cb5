//! Connections, and peers that misbehave on them.

use super::support::*;
use rpc_proto::record;
use rpc_proto::xdr::Limits;
use std::io::{ErrorKind, Read, Write};
use std::net::Shutdown;
use std::time::Duration;

const TCP: &[&str] = &["tcp://127.0.0.1:0"];

/// A small generator of numbers, so that a seed replays.
fn numbers(seed: u64) -> impl FnMut() -> u64 {
    let mut state = seed;
    move || {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (state ^ state >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed ^ mixed >> 31
    }
}

#[test]
fn what_is_no_record_ends_the_connection_and_nothing_else() {
    let server = start(&Desk::default(), TCP);
    let limit = Limits::default().message;
    let mut other = Caller::new(&server);
    let rows = [
        (
            "a record longer than the limit",
            record::mark(limit + 1).expect("short enough").to_vec(),
        ),
        ("the longest record", vec![0xff; 4]),
        ("an empty fragment", vec![0; 4]),
        (
            "an HTTP request",
            b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n".to_vec(),
        ),
    ];
    for (name, bytes) in rows {
        let mut caller = Caller::new(&server);
        caller.send(&bytes);
        assert_eq!(caller.next(), None, "{name}");
        assert_eq!(
            other.ask(ECHO, b"well"),
            Answer::Bytes(b"well".to_vec()),
            "{name}"
        );
    }
    assert_eq!(server.stats().broken_streams, 4);
}

#[test]
fn no_bytes_of_any_kind_stop_the_server() {
    let server = start(
        &Desk::default(),
        &["tcp://127.0.0.1:0", "udp://127.0.0.1:0"],
    );
    for seed in 0..200 {
        let mut next = numbers(seed);
        let mut stream = call(1, ECHO, b"a call to be damaged");
        let at = next() as usize % stream.len();
        stream[at] ^= (next() as u8).max(1);
        let garbage: Vec<u8> = (0..next() % 100).map(|_| next() as u8).collect();
        stream.extend(garbage);
        let datagrams = DatagramCaller::new(address_of(&server.endpoints()[1]));
        datagrams.send(&stream);
        let mut caller = Caller::new(&server);
        // The server may have closed the connection already, and it may say so before or after the rest is sent.
        let _ = caller.stream.write_all(&stream);
        let _ = caller.stream.shutdown(Shutdown::Write);
        let mut answers = Vec::new();
        match caller.stream.read_to_end(&mut answers) {
            Ok(_) => {}
            Err(error) => assert_eq!(error.kind(), ErrorKind::ConnectionReset, "seed {seed}"),
        }
        datagrams.send(&call(77, ECHO, b"well"));
        while datagrams.expect() != (77, Answer::Bytes(b"well".to_vec())) {}
    }
    assert_eq!(
        Caller::new(&server).ask(ECHO, b"well"),
        Answer::Bytes(b"well".to_vec())
    );
}

#[test]
fn a_record_of_many_fragments_is_one_call() {
    let server = start(&Desk::default(), TCP);
    let mut caller = Caller::new(&server);
    let message = &call(5, ECHO, b"in pieces")[4..];
    for (index, piece) in message.chunks(7).enumerate() {
        let last = (index + 1) * 7 >= message.len();
        let mark = piece.len() as u32 | if last { 1 << 31 } else { 0 };
        caller.send(&mark.to_be_bytes());
        caller.send(piece);
    }
    assert_eq!(caller.expect(), (5, Answer::Bytes(b"in pieces".to_vec())));
}

#[test]
fn the_longest_messages_go_both_ways() {
    let server = start(&Desk::default(), TCP);
    let mut caller = Caller::new(&server);
    let long: Vec<u8> = (0..Limits::default().message as u32 / 4 - 100)
        .flat_map(u32::to_be_bytes)
        .collect();
    for _ in 0..3 {
        assert!(caller.ask(ECHO, &long) == Answer::Bytes(long.clone()));
        assert_eq!(caller.ask(ECHO, b"short"), Answer::Bytes(b"short".to_vec()));
    }
}

/// A peer that asks and does not read is not read either, so that no more gathers than a bounded part of what it asks for.
/// As soon as it reads, it gets everything.
#[test]
fn a_peer_that_does_not_read_is_not_served_on() {
    for threads in [1, 3] {
        let server = start_with(&Desk::default(), TCP, |builder| builder.threads(threads));
        let mut caller = Caller::new(&server);
        let size = 100_000u32;
        let total = 300;
        let mut sender = caller.stream.try_clone().expect("clone");
        let sending = std::thread::spawn(move || {
            for xid in 0..total {
                sender
                    .write_all(&call(xid, BYTES, &size.to_be_bytes()))
                    .expect("send");
            }
        });
        // Others are served, however much this one asks for.
        let mut other = Caller::new(&server);
        for _ in 0..100 {
            assert_eq!(other.ask(ECHO, b"well"), Answer::Bytes(b"well".to_vec()));
        }
        let mut seen = vec![false; total as usize];
        for _ in 0..total {
            let (xid, answer) = caller.expect();
            assert!(matches!(answer, Answer::Bytes(bytes) if bytes.len() == size as usize));
            assert!(
                !std::mem::replace(&mut seen[xid as usize], true),
                "answered once"
            );
        }
        sending.join().expect("sent");
    }
}

#[test]
fn a_peer_that_never_reads_costs_bounded_memory_and_is_closed_in_the_end() {
    let desk = Desk::default();
    let server = start_with(&desk, TCP, |builder| {
        builder.with_bounds(|bounds| bounds.patience = Duration::from_millis(300))
    });
    let mut caller = Caller::new(&server);
    let size = 1_000_000u32;
    // Sending blocks once the server reads no more, and fails when it closes the connection.
    let sent = (0..).find(|xid| {
        caller
            .stream
            .write_all(&call(*xid, BYTES, &size.to_be_bytes()))
            .is_err()
    });
    assert!(sent.is_some());
    let executed = server.stats().executed;
    assert!(
        executed < 400,
        "{executed} replies of a megabyte were made for a peer that reads none"
    );
}

#[test]
fn a_record_that_does_not_come_to_its_end_is_not_waited_for() {
    let server = start_with(&Desk::default(), TCP, |builder| {
        builder.with_bounds(|bounds| bounds.patience = Duration::from_millis(300))
    });
    let mut idle = Caller::new(&server);
    assert_eq!(idle.ask(ECHO, b""), Answer::Bytes(vec![]));
    let mut caller = Caller::new(&server);
    caller.send(&call(1, ECHO, b"begun and not ended")[..40]);
    assert_eq!(caller.next(), None, "the server closes it");
    assert_eq!(
        idle.ask(ECHO, b"still here"),
        Answer::Bytes(b"still here".to_vec()),
        "one that only idles stays"
    );
}

#[test]
fn a_peer_that_says_its_last_word_still_gets_its_answers() {
    let server = start(&Desk::default(), TCP);
    let mut caller = Caller::new(&server);
    let size = 1_000_000u32;
    let calls: Vec<u8> = (0..10)
        .flat_map(|xid| call(xid, BYTES, &size.to_be_bytes()))
        .collect();
    caller.send(&calls);
    caller.stream.shutdown(Shutdown::Write).expect("shutdown");
    for _ in 0..10 {
        assert!(caller.next().is_some(), "all answers come");
    }
    assert_eq!(caller.next(), None, "and then the end");
}

#[test]
fn thousands_of_connections_are_served() {
    let count = descriptors().min(3000);
    let server = start(&Desk::default(), TCP);
    let mut callers: Vec<_> = (0..count).map(|_| Caller::new(&server)).collect();
    for round in 0..3u32 {
        for (index, caller) in callers.iter_mut().enumerate() {
            caller.send(&call(index as u32, ECHO, &round.to_be_bytes()));
        }
        for (index, caller) in callers.iter_mut().enumerate() {
            assert_eq!(
                caller.expect(),
                (index as u32, Answer::Bytes(round.to_be_bytes().to_vec()))
            );
        }
    }
    assert_eq!(server.stats().connections, count as u64);
}

/// How many connections fit: each has two descriptors here, and other tests run beside this one.
fn descriptors() -> usize {
    let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile).current;
    limit.map_or(usize::MAX, |limit| limit as usize) / 4
}

/// Many threads on few connections: whatever the workers do to each other, each call is answered once.
#[test]
fn calls_from_all_sides_are_each_answered_once() {
    let server = start_with(&Desk::default(), TCP, |builder| builder.threads(4));
    let server = &server;
    std::thread::scope(|scope| {
        for seed in 0..8u64 {
            scope.spawn(move || {
                let mut next = numbers(seed);
                let mut caller = Caller::new(server);
                let mut xid = 0;
                for _ in 0..100 {
                    let batch = 1 + next() % 20;
                    let calls: Vec<u8> = (0..batch as u32)
                        .flat_map(|n| call(xid + n, ECHO, b"x"))
                        .collect();
                    // Cut anywhere, so that records end inside reads.
                    let cut = next() as usize % calls.len();
                    caller.send(&calls[..cut]);
                    caller.send(&calls[cut..]);
                    let mut answered: Vec<u32> = (0..batch).map(|_| caller.expect().0).collect();
                    answered.sort_unstable();
                    assert_eq!(
                        answered,
                        (xid..xid + batch as u32).collect::<Vec<_>>(),
                        "seed {seed}"
                    );
                    xid += batch as u32;
                }
            });
        }
    });
}
