//! Calls on a good day, and mistakes that no network is needed for.

use rpc_proto::describe::Interface;
use rpc_proto::time::{Executed, Retry};
use rpc_proto::xdr::EncodeError;

use super::*;
use crate::error::{ConnectError, ErrorKind};

#[test]
fn a_call_brings_its_result() {
    for transport in Transport::ALL {
        let fake = Fake::start(transport, |_| Act::Answer);
        let channel = connect(&fake);
        for number in 0..300 {
            let bytes = vec![number as u8; number as usize];
            assert_eq!(
                call(&channel, ONCE, number, &bytes)
                    .wait()
                    .expect("a result"),
                (number, bytes)
            );
        }
        assert_eq!(channel.stats().calls, 300);
        assert_eq!(channel.stats().reconnects, 0);
    }
}

#[test]
fn big_calls_go_both_ways() {
    for transport in Transport::ALL {
        let fake = Fake::start(transport, |_| Act::Answer);
        let channel = connect(&fake);
        let lengths = if transport == Transport::Udp {
            [0, 1000, 60_000]
        } else {
            [100_000, 1 << 20, 8 << 20]
        };
        for length in lengths {
            let bytes: Vec<u8> = (0..length)
                .map(|at: usize| (at ^ (at >> 8)) as u8)
                .collect();
            let result = call(&channel, ONCE, 7, &bytes).wait().expect("a result");
            assert!(result == (7, bytes), "{transport:?} {length}");
        }
    }
}

#[test]
fn a_call_too_big_for_its_way_is_refused_before_it_is_sent() {
    let rows = [
        (Transport::Udp, 70_000),
        (Transport::Tcp, 17 << 20),
        (Transport::Mem, 17 << 20),
    ];
    for (transport, length) in rows {
        let fake = Fake::start(transport, |_| Act::Answer);
        let channel = connect(&fake);
        let error = call(&channel, ONCE, 7, &vec![0; length])
            .wait()
            .expect_err("too big");
        assert_eq!(
            (error.kind(), error.executed()),
            (ErrorKind::RequestTooLarge, Executed::No),
            "{error}"
        );
        call(&channel, ONCE, 8, b"")
            .wait()
            .expect("others are not harmed");
    }
}

#[test]
fn a_oneway_call_is_handed_over_and_begins() {
    for transport in Transport::ALL {
        let fake = Fake::start(transport, |_| Act::Answer);
        let channel = connect(&fake);
        for number in [1, 2] {
            note(&channel, number, b"hello").send().expect("sent");
            fake.wait_for(Seen::Call(number));
        }
        let big = vec![
            7;
            if transport == Transport::Udp {
                50_000
            } else {
                6 << 20
            }
        ];
        note(&channel, 3, &big)
            .send()
            .expect("sent to the last byte");
        drop(channel);
        fake.wait_for(Seen::Call(3));
    }
}

#[test]
fn the_server_hears_when_the_last_clone_is_dropped() {
    for transport in Transport::ALL {
        let fake = Fake::start(transport, |_| Act::Answer);
        let channel = connect(&fake);
        let clone = channel.clone();
        drop(channel);
        call(&clone, ONCE, 1, b"").wait().expect("a result");
        fake.wait_for(Seen::Call(1));
        drop(clone);
        fake.wait_for(Seen::Goodbye);
    }
}

#[test]
fn arguments_without_an_encoding_are_told_when_waiting() {
    let fake = Fake::start(Transport::Mem, |_| Act::Answer);
    let channel = connect(&fake);
    let error = channel
        .call(ONCE, |_| Err(EncodeError::Depth), from_reply::<()>)
        .wait()
        .expect_err("no encoding");
    assert_eq!(
        (error.kind(), error.executed(), error.retry()),
        (ErrorKind::ArgumentsUnencodable, Executed::No, Retry::Never)
    );
    assert_eq!(error.method(), "Fake.once");
    assert_eq!(error.peer(), fake.endpoint().to_string());
    assert!(std::error::Error::source(&error).is_some());
}

#[test]
fn a_result_of_another_type_is_told_with_the_truth_that_it_ran() {
    let fake = Fake::start(Transport::Mem, |_| Act::Answer);
    let channel = connect(&fake);
    let encode = |out: &mut Encoder| {
        out.u64(2);
        out.opaque(b"")
    };
    let error = channel
        .call(ONCE, encode, from_reply::<bool>)
        .wait()
        .expect_err("no bool");
    assert_eq!(
        (error.kind(), error.executed()),
        (ErrorKind::BadResult, Executed::Yes)
    );
}

#[test]
fn a_method_that_panics_may_have_run() {
    let fake = Fake::start(Transport::Tcp, |_| Act::Panic);
    let error = call(&connect(&fake), ONCE, 1, b"")
        .wait()
        .expect_err("it panicked");
    assert_eq!(
        (error.kind(), error.executed(), error.retry()),
        (ErrorKind::Panicked, Executed::Maybe, Retry::Never)
    );
}

#[test]
fn connecting_tells_what_is_wrong() {
    let refused = |endpoint: &str| {
        Channel::connect(endpoint, &INTERFACE)
            .err()
            .expect("not connected")
    };
    assert!(matches!(refused("nowhere"), ConnectError::Endpoint(_)));
    assert!(matches!(
        refused("mem://nobody"),
        ConnectError::Unreachable { .. }
    ));
    for transport in Transport::ALL {
        let fake = Fake::start(transport, |_| Act::Answer);
        let endpoint = fake.endpoint().clone();
        let channel = Channel::connect(&endpoint.to_string(), &OTHER);
        let error = channel.err().expect("another interface is served");
        assert!(
            matches!(
                error,
                ConnectError::Refused {
                    kind: ErrorKind::NoProgram,
                    ..
                }
            ),
            "{error}"
        );
        drop(fake);
        // For a datagram the system tells, too, that nobody has the port.
        let error = refused(&endpoint.to_string());
        assert!(matches!(error, ConnectError::Unreachable { .. }), "{error}");
        assert!(error.to_string().contains(&endpoint.to_string()), "{error}");
    }
}

#[test]
fn methods_that_need_more_than_the_server_keeps_are_refused_before_they_are_sent() {
    let fake = Fake::start(Transport::Mem, |_| Act::Answer);
    let error = call(&connect(&fake), DURABLE, 1, b"")
        .wait()
        .expect_err("there is no store");
    assert_eq!(
        (error.kind(), error.executed()),
        (ErrorKind::NoCompletionStore, Executed::No),
        "{error}"
    );
}

static OTHER: Interface = Interface {
    name: "Other",
    program: 0x2000_0bad,
    version: 1,
    methods: INTERFACE.methods,
};
