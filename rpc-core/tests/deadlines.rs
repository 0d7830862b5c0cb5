//! A method says how long a call of it may take: over every transport, without one, and unless the caller says otherwise.

use std::ops::Range;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use rpc_core::{Context, ErrorKind, Server, rpc};

const HOUR: Duration = Duration::from_secs(3600);
/// Longer than any test takes that passes.
const AMPLE: Duration = Duration::from_secs(20);

/// Says how much time it is given.
#[rpc(program = 0x2000_0dea, version = 1)]
trait Clock {
    /// The usual.
    fn usual(&self, cx: &Context) -> u64;

    /// Hours.
    #[rpc(readonly, deadline = "2h")]
    fn long(&self, cx: &Context) -> u64;

    /// Hours, and nobody hears the answer.
    #[rpc(oneway, deadline = "120min")]
    fn note(&self, cx: &Context);

    /// Never answers in time.
    #[rpc(idempotent, deadline = "1ms")]
    fn never(&self);
}

struct Told {
    notes: Mutex<Sender<u64>>,
    gate: Mutex<Receiver<()>>,
}

impl Clock for Told {
    fn usual(&self, cx: &Context) -> u64 {
        seconds(cx)
    }

    fn long(&self, cx: &Context) -> u64 {
        seconds(cx)
    }

    fn note(&self, cx: &Context) {
        let notes = self.notes.lock().unwrap_or_else(PoisonError::into_inner);
        notes.send(seconds(cx)).expect("somebody listens");
    }

    fn never(&self) {
        let gate = self.gate.lock().unwrap_or_else(PoisonError::into_inner);
        // An error is the end of the test, which opens the gate too.
        let _ = gate.recv();
    }
}

fn seconds(cx: &Context) -> u64 {
    cx.remaining().expect("every call has a deadline").as_secs()
}

fn check(clock: &ClockClient, notes: &Receiver<u64>) {
    let within = |hours: Range<u32>| (HOUR * hours.start).as_secs()..=(HOUR * hours.end).as_secs();
    assert!(clock.usual().wait().expect("it is answered") <= 10);
    assert!(within(1..2).contains(&clock.long().wait().expect("it is answered")));
    let longer = clock
        .long()
        .deadline(5 * HOUR)
        .wait()
        .expect("it is answered");
    assert!(within(4..5).contains(&longer));
    clock.note().send().expect("it is sent");
    assert!(within(1..2).contains(&notes.recv_timeout(AMPLE).expect("it arrives")));
    clock.note().deadline(5 * HOUR).send().expect("it is sent");
    assert!(within(4..5).contains(&notes.recv_timeout(AMPLE).expect("it arrives")));
}

#[test]
fn a_method_s_deadline_is_its_callers_unless_they_say_otherwise() {
    let socket = format!("unix:@deadlines-{}", std::process::id());
    for endpoint in [
        "tcp://127.0.0.1:0",
        "udp://127.0.0.1:0",
        "mem://clock",
        &socket,
    ] {
        let (notes, heard) = channel();
        let (open, gate) = channel();
        let (notes, gate) = (Mutex::new(notes), Mutex::new(gate));
        let server = Server::builder()
            .serve(ClockService::new(Told { notes, gate }))
            .listen(endpoint)
            .start()
            .expect("started");
        let clock = ClockClient::connect(&server.endpoints()[0].to_string()).expect("connected");
        check(&clock, &heard);
        let error = clock.never().wait().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Deadline, "{endpoint}: {error}");
        drop(open);
        server.shutdown(AMPLE).expect("all has ended");
    }
}

#[test]
fn a_local_call_has_its_method_s_deadline_too() {
    let (notes, heard) = channel();
    let (_open, gate) = channel();
    let (notes, gate) = (Mutex::new(notes), Mutex::new(gate));
    check(&ClockClient::local(Told { notes, gate }), &heard);
}

#[test]
fn the_descriptor_says_the_deadline() {
    let said = ClockClient::INTERFACE
        .methods
        .iter()
        .map(|method| method.deadline);
    let expected = [
        None,
        Some(2 * HOUR),
        Some(2 * HOUR),
        Some(Duration::from_millis(1)),
    ];
    assert!(said.eq(expected));
}
