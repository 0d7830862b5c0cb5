//! Starting and ending a server.

use super::super::source::Source;
use super::support::*;
use crate::{HeldUp, Server, StartError};
use rpc_proto::message::AcceptStatus;
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;

const TCP: &[&str] = &["tcp://127.0.0.1:0"];

#[test]
fn a_server_that_cannot_start_says_why() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("bind");
    let taken = format!("tcp://{}", taken.local_addr().expect("address"));
    let desk = || Server::builder().serve(Desk::default());
    let rows = [
        (
            Server::builder().listen("mem://nothing-to-serve"),
            "there is nothing to serve",
        ),
        (desk(), "there is no endpoint to listen at"),
        (desk().listen("tcp:/x"), "`tcp:/x` is not an endpoint"),
        (
            desk().listen(&taken),
            &*format!("cannot listen at {taken}: "),
        ),
        (
            desk().listen("unix:/no/such/directory"),
            "cannot listen at unix:/no/such/directory: there is no directory /no/such; make it",
        ),
        (
            desk().listen("unix:desk.sock"),
            "`unix:desk.sock` is not an endpoint: `desk.sock` is not the name of a Unix socket: write an absolute path",
        ),
        (
            desk().listen("match://desk"),
            "cannot listen at match://desk: ",
        ),
        (
            desk().serve(Desk::default()).listen("mem://twice"),
            "Desk and Desk are both program 0x20000bab version 3",
        ),
        (
            Server::builder().serve(Ledger).listen("mem://ledger"),
            "exactly once needs a place for the completion records of Ledger.transfer, Ledger.close; \
             write .completions(DurableStore::open(directory)?), or .memory_completions()",
        ),
    ];
    for (builder, expected) in rows {
        let error = builder.start().expect_err(expected).to_string();
        assert!(
            error.starts_with(expected),
            "{error:?} begins with {expected:?}"
        );
    }
}

#[test]
fn a_server_that_cannot_start_leaves_nothing_behind() {
    let builder = || {
        Server::builder()
            .serve(Desk::default())
            .listen("mem://left-behind")
    };
    let error = builder()
        .listen("tcp://256.0.0.1:0")
        .start()
        .expect_err("no such address");
    assert!(matches!(error, StartError::Listen { .. }), "{error}");
    builder().start().expect("the name is free");
}

#[test]
fn exactly_once_methods_are_served_from_memory_when_that_is_said() {
    let server = Server::builder()
        .serve(Ledger)
        .memory_completions()
        .listen("tcp://127.0.0.1:0")
        .start();
    server
        .expect("starts")
        .shutdown(PATIENCE)
        .expect("nothing holds it");
}

#[test]
fn after_a_shutdown_nobody_answers_and_the_port_is_free() {
    let server = start(&Desk::default(), TCP);
    let address = address(&server);
    let mut caller = Caller::new(&server);
    assert_eq!(caller.ask(ECHO, b"well"), Answer::Bytes(b"well".to_vec()));
    server.shutdown(PATIENCE).expect("nothing holds it");
    assert_eq!(caller.next(), None, "connections are closed");
    assert!(TcpStream::connect(address).is_err());
}

#[test]
fn a_shutdown_lets_running_calls_end_and_refuses_new_ones() {
    for endpoint in ["tcp://127.0.0.1:0", "udp://127.0.0.1:0"] {
        let desk = Desk::default();
        let server = start(&desk, &[endpoint]);
        let datagrams = endpoint.starts_with("udp");
        let mut stream = (!datagrams).then(|| Caller::new(&server));
        let datagram = datagrams.then(|| DatagramCaller::new(address(&server)));
        let mut ask = |calls: &[Vec<u8>], answers: usize| -> Vec<(u32, Answer)> {
            match (&mut stream, &datagram) {
                (Some(caller), _) => {
                    caller.send(&calls.concat());
                    (0..answers).map(|_| caller.expect()).collect()
                }
                (_, Some(caller)) => {
                    calls.iter().for_each(|call| caller.send(call));
                    (0..answers).map(|_| caller.expect()).collect()
                }
                _ => Vec::new(),
            }
        };
        ask(&[call(1, WAIT, b"a")], 0);
        desk.gate.wait_for(1);
        let shared = server.shared.clone();
        let ending = std::thread::spawn(move || server.shutdown(PATIENCE));
        while shared.phase() == super::super::shared::Phase::Serving {
            std::thread::yield_now();
        }
        assert_eq!(
            ask(&[call(2, ECHO, b"b")], 1),
            [(2, Answer::Failed(AcceptStatus::SystemError))]
        );
        desk.gate.open(1);
        assert_eq!(ask(&[], 1), [(1, Answer::Bytes(b"a".to_vec()))]);
        ending.join().expect("no panic").expect("nothing holds it");
    }
}

#[test]
fn a_shutdown_names_what_holds_it_up() {
    let desk = Desk::default();
    let server = start(&desk, TCP);
    let mut caller = Caller::new(&server);
    let here = format!("tcp://{}", caller.stream.local_addr().expect("address"));
    caller.send(&[call(1, ECHO, b""), call(2, WAIT, b"")].concat());
    desk.gate.wait_for(1);
    let error = server
        .shutdown(Duration::from_millis(20))
        .expect_err("a handler waits");
    assert_eq!(
        error.held_up(),
        [HeldUp::Handler {
            method: "Desk.wait".into(),
            peer: here.clone()
        }]
    );
    let text =
        format!("the server did not come to its end within 20ms: Desk.wait still runs for {here}");
    assert_eq!(error.to_string(), text);
    assert_eq!(
        caller.next().map(|(xid, _)| xid),
        Some(1),
        "what was finished was sent"
    );
    assert_eq!(caller.next(), None, "the connection is closed all the same");
    desk.gate.open(1);
}

#[test]
fn a_shutdown_names_a_peer_that_does_not_read() {
    let server = start(&Desk::default(), TCP);
    let mut caller = Caller::new(&server);
    let here = format!("tcp://{}", caller.stream.local_addr().expect("address"));
    // More than the system's buffers take.
    let size = 14_000_000u32;
    caller.send(&[call(1, BYTES, &size.to_be_bytes()), call(2, ECHO, b"")].concat());
    let waits = |source: &Arc<Source>| {
        source
            .as_stream()
            .is_some_and(|stream| stream.outbox.waits_since().is_some())
    };
    while !server.shared.sources.all().iter().any(waits) {
        std::thread::yield_now();
    }
    let error = server
        .shutdown(Duration::from_millis(50))
        .expect_err("the reply is not read");
    assert_eq!(error.held_up(), [HeldUp::Reader { peer: here }], "{error}");
}

#[test]
fn dropping_a_server_ends_it() {
    let server = start(&Desk::default(), &["mem://dropped", "tcp://127.0.0.1:0"]);
    let address = address_of(&server.endpoints()[1]);
    drop(server);
    assert!(TcpStream::connect(address).is_err());
    start(&Desk::default(), &["mem://dropped"]);
}

#[test]
fn run_ends_when_its_threads_do() {
    // A server that cannot start does not run.
    assert!(matches!(
        Server::builder().run(),
        Err(StartError::NoService)
    ));
}
