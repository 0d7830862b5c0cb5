//! Calls and their answers.

use super::support::*;
use rpc_proto::message::{AcceptStatus, CallHeader, RejectStatus};
use std::collections::BTreeSet;

const TCP: &[&str] = &["tcp://127.0.0.1:0"];
const UDP: &[&str] = &["udp://127.0.0.1:0"];

#[test]
fn a_call_is_answered_on_every_transport() {
    let desk = Desk::default();
    let server = start(
        &desk,
        &[
            "tcp://127.0.0.1:0",
            "udp://127.0.0.1:0",
            "tcp://[::1]:0",
            "udp://[::1]:0",
        ],
    );
    for endpoint in server.endpoints() {
        let expected = (7, Answer::Bytes(b"hello".to_vec()));
        let reply = if endpoint.to_string().starts_with("udp") {
            let caller = DatagramCaller::new(address_of(endpoint));
            caller.send(&call(7, ECHO, b"hello"));
            caller.expect()
        } else {
            let stream = std::net::TcpStream::connect(address_of(endpoint)).expect("connect");
            let mut caller = Caller::on(stream);
            caller.send(&call(7, ECHO, b"hello"));
            caller.expect()
        };
        assert_eq!(reply, expected, "{endpoint}");
    }
    assert_eq!(server.stats().executed, 4);
}

#[test]
fn a_handler_is_told_who_calls() {
    let server = start(&Desk::default(), TCP);
    let mut caller = Caller::new(&server);
    let here = format!("tcp://{}", caller.stream.local_addr().expect("address"));
    assert_eq!(caller.ask(WHO, b""), Answer::Bytes(here.into_bytes()));
}

#[test]
fn a_service_may_keep_quiet_and_hears_of_procedure_0() {
    let desk = Desk::default();
    let server = start(&desk, UDP);
    let caller = DatagramCaller::new(address_of(&server.endpoints()[0]));
    for message in [
        call(7, SILENT, b""),
        raw_call(header(8, 0), &[]),
        call(9, SILENT, b""),
        call(10, ECHO, b"x"),
    ] {
        caller.send(&message);
    }
    assert_eq!(caller.expect(), (8, Answer::Empty));
    assert_eq!(caller.expect(), (10, Answer::Bytes(b"x".to_vec())));
    assert_eq!(desk.pings.lock().expect("pings").len(), 1);
}

#[test]
fn a_call_that_ran_and_is_not_answered_runs_once() {
    let desk = Desk::default();
    let server = start(&desk, UDP);
    let caller = DatagramCaller::new(address_of(&server.endpoints()[0]));
    for message in [
        call(7, NOTE, b"a"),
        call(7, NOTE, b"a"),
        call(8, ECHO, b"x"),
        call(7, NOTE, b"a"),
        call(9, ECHO, b"y"),
        call(10, NOTE, b"told"),
        call(10, NOTE, b"told"),
    ] {
        caller.send(&message);
    }
    assert_eq!(caller.expect(), (8, Answer::Bytes(b"x".to_vec())));
    assert_eq!(caller.expect(), (9, Answer::Bytes(b"y".to_vec())));
    let failed = Answer::Failed(AcceptStatus::SystemError);
    assert_eq!(caller.expect(), (10, failed.clone()));
    assert_eq!(caller.expect(), (10, failed));
    assert_eq!(desk.counted.lock().expect("counted").len(), 2);
}

#[test]
fn what_cannot_be_answered_is_refused_as_rfc_5531_says() {
    let server = start(&Desk::default(), TCP);
    let mut caller = Caller::new(&server);
    let plain = header(9, ECHO);
    let x = &[0, 0, 0, 1, b'x', 0, 0, 0];
    let mut rpc_3 = raw_call(plain, x);
    rpc_3[15] = 3;
    let failed = Answer::Failed;
    let rows = [
        ("a call", raw_call(plain, x), Answer::Bytes(b"x".to_vec())),
        ("null", raw_call(header(9, 0), &[]), Answer::Empty),
        (
            "null with an argument",
            raw_call(header(9, 0), &[0; 4]),
            failed(AcceptStatus::GarbageArgs),
        ),
        (
            "no arguments",
            raw_call(plain, &[]),
            failed(AcceptStatus::GarbageArgs),
        ),
        (
            "too many arguments",
            raw_call(plain, &[0; 8]),
            failed(AcceptStatus::GarbageArgs),
        ),
        (
            "no such procedure",
            raw_call(header(9, 99), &[]),
            failed(AcceptStatus::ProcedureUnavailable),
        ),
        (
            "no such program",
            raw_call(
                CallHeader {
                    program: 1,
                    ..plain
                },
                x,
            ),
            failed(AcceptStatus::ProgramUnavailable),
        ),
        (
            "no such version",
            raw_call(
                CallHeader {
                    version: 2,
                    ..plain
                },
                x,
            ),
            failed(AcceptStatus::ProgramMismatch {
                low: VERSION,
                high: VERSION,
            }),
        ),
        (
            "RPC version 3",
            rpc_3,
            Answer::Denied(RejectStatus::RpcMismatch { low: 2, high: 2 }),
        ),
    ];
    for (name, message, expected) in rows {
        caller.send(&message);
        assert_eq!(caller.expect(), (9, expected), "{name}");
    }
}

#[test]
fn calls_that_come_together_are_all_answered() {
    let server = start(&Desk::default(), TCP);
    let mut caller = Caller::new(&server);
    let number = |xid: u32| xid.to_be_bytes();
    let calls: Vec<u8> = (0..1000)
        .flat_map(|xid| call(xid, ECHO, &number(xid)))
        .collect();
    caller.send(&calls);
    // As a rule in order; not if the system interrupts a handler for so long that others go on behind it.
    let answers: BTreeSet<_> = (0..1000)
        .map(|_| caller.expect())
        .map(|(xid, answer)| {
            assert_eq!(answer, Answer::Bytes(number(xid).to_vec()));
            xid
        })
        .collect();
    assert_eq!(answers.len(), 1000);
}

#[test]
fn calls_that_come_byte_by_byte_are_answered() {
    let server = start(&Desk::default(), TCP);
    let mut caller = Caller::new(&server);
    for xid in 0..3 {
        for byte in call(xid, ECHO, b"dribble") {
            caller.send(&[byte]);
        }
        assert_eq!(caller.expect(), (xid, Answer::Bytes(b"dribble".to_vec())));
    }
}

#[test]
fn a_panic_is_an_answer_and_nothing_else_suffers() {
    let server = start(&Desk::default(), TCP);
    let mut caller = Caller::new(&server);
    for _ in 0..10 {
        assert_eq!(
            caller.ask(PANIC, b""),
            Answer::Failed(AcceptStatus::SystemError)
        );
        assert_eq!(
            caller.ask(UNENCODABLE, b""),
            Answer::Failed(AcceptStatus::SystemError)
        );
        assert_eq!(caller.ask(ECHO, b"well"), Answer::Bytes(b"well".to_vec()));
    }
    assert_eq!(server.stats().panics, 10);
}

/// Calls 2 and on come in the same write as a call that waits for one of them.
#[test]
fn a_slow_handler_does_not_hold_up_the_calls_behind_it() {
    for endpoints in [TCP, UDP] {
        let desk = Desk::default();
        let server = start(&desk, endpoints);
        let calls = [
            call(1, ECHO, b"a"),
            call(2, WAIT, b"b"),
            call(3, ECHO, b"c"),
            call(4, PUSH, b""),
        ];
        let expected = BTreeSet::from([1, 2, 3]);
        let replies: BTreeSet<u32> = if endpoints == TCP {
            let mut caller = Caller::new(&server);
            caller.send(&calls.concat());
            (0..3).map(|_| caller.expect().0).collect()
        } else {
            let caller = DatagramCaller::new(address(&server));
            calls.iter().for_each(|call| caller.send(call));
            (0..3).map(|_| caller.expect().0).collect()
        };
        assert_eq!(replies, expected, "{endpoints:?}");
    }
}

/// All workers wait in handlers, and the call that lets them go is read by nobody but the housekeeper. It has to wait for
/// a worker, but those who only ask are answered, and those who ask for too much are refused.
#[test]
fn when_all_workers_are_busy_calls_wait_in_bounds_and_more_are_refused() {
    let desk = Desk::default();
    let server = start_with(&desk, TCP, |builder| {
        builder.with_bounds(|bounds| bounds.waiting_calls = 3)
    });
    let mut busy = Caller::new(&server);
    busy.send(&[call(1, WAIT, b""), call(2, WAIT, b"")].concat());
    desk.gate.wait_for(2);
    let mut caller = Caller::new(&server);
    let calls: Vec<u8> = (0..10).flat_map(|xid| call(xid, ECHO, b"")).collect();
    caller.send(&calls);
    let refused: BTreeSet<_> = (0..7)
        .map(|_| caller.expect())
        .collect::<Vec<_>>()
        .into_iter()
        .map(|(xid, answer)| {
            assert_eq!(answer, Answer::Failed(AcceptStatus::SystemError));
            xid
        })
        .collect();
    assert_eq!(refused, (3..10).collect(), "three may wait");
    assert_eq!(server.stats().refused, 7);
    desk.gate.open(2);
    let answered: BTreeSet<_> = (0..3).map(|_| caller.expect().0).collect();
    assert_eq!(answered, (0..3).collect());
}
