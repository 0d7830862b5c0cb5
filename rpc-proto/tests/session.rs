//! The two session machines talking to each other over a pair of queues.

#[path = "session/acknowledging.rs"]
mod acknowledging;
#[path = "session/asking_again.rs"]
mod asking_again;
#[path = "session/duplicates.rs"]
mod duplicates;
#[path = "session/durable.rs"]
mod durable;
#[path = "session/durable_keys.rs"]
mod durable_keys;
#[path = "session/found.rs"]
mod found;
#[path = "session/keys.rs"]
mod keys;
#[path = "session/limits.rs"]
mod limits;
#[path = "session/plain.rs"]
mod plain;
#[path = "session/restored.rs"]
mod restored;
#[path = "session/shaken.rs"]
mod shaken;
#[path = "session/shares.rs"]
mod shares;

use rpc_proto::describe::{Describe, Field, Interface, Method, Semantics};
use rpc_proto::session::Security;
use rpc_proto::session::client::{
    self, CallId, Client, FailureKind, Finished, HEADROOM, Key, LinkKind, Request,
};
use rpc_proto::session::server::{self, Done, Handled, Origin, REPLY_HEADROOM, Route, Server};
use rpc_proto::session::store::StoreIdentity;
use rpc_proto::session::wire::procedure;
use rpc_proto::time::{Executed, Time};
use std::collections::{HashMap, VecDeque};
use std::time::Duration;

const fn method(name: &'static str, procedure: u32, semantics: Semantics) -> Method {
    const ARGS: &[Field] = &[Field {
        name: "value",
        ty: u64::describe,
    }];
    Method {
        name,
        procedure,
        semantics,
        deadline: None,
        args: ARGS,
        result: u64::describe,
    }
}

static METHODS: [Method; 4] = [
    method("idempotent", 1, Semantics::Idempotent),
    method("at_most_once", 2, Semantics::AtMostOnce),
    method("exactly_once", 3, Semantics::ExactlyOnce),
    method("oneway", 4, Semantics::Oneway),
];
static BANK: Interface = Interface {
    name: "Bank",
    program: 0x2000_0001,
    version: 1,
    methods: &METHODS,
};
static NOT_SERVED: Interface = Interface {
    name: "Nobody",
    program: BANK.program + 1,
    version: 1,
    methods: &METHODS,
};

type Ended = Result<u64, (FailureKind, Executed)>;

/// A client, a server and what is on its way between them.
struct Pair {
    now: Time,
    kind: LinkKind,
    client: Client,
    server: Server,
    to_server: VecDeque<Vec<u8>>,
    to_client: VecDeque<Vec<u8>>,
    /// How often each value was executed.
    runs: HashMap<u64, u32>,
    finished: Vec<(CallId, Ended)>,
    /// How long the callers wait.
    patience: Duration,
    /// Those that ended shelved.
    shelved: Vec<CallId>,
    /// Every message that reached the server.
    calls_seen: Vec<Vec<u8>>,
}

impl Pair {
    fn new(kind: LinkKind) -> Self {
        let mut pair = Self {
            now: Time::from_nanos(1_000_000_000),
            kind,
            client: Client::new(client::Config::default(), [1; 32]),
            server: new_server(7),
            to_server: VecDeque::new(),
            to_client: VecDeque::new(),
            runs: HashMap::new(),
            finished: Vec::new(),
            patience: Duration::from_secs(10),
            shelved: Vec::new(),
            calls_seen: Vec::new(),
        };
        pair.client.handle_link_up(pair.now, kind);
        pair
    }

    fn call(&mut self, procedure: usize, value: u64) -> CallId {
        self.call_as(procedure, value, None, false)
    }

    /// A call of an interface with the methods of [`BANK`].
    fn call_of(&mut self, interface: &'static Interface, procedure: usize, value: u64) -> CallId {
        let mut message = vec![0; HEADROOM];
        message.extend_from_slice(&value.to_be_bytes());
        let request = Request {
            interface,
            method: &METHODS[procedure - 1],
            message,
            key: None,
            deadline: self.now + self.patience,
            shelve: false,
        };
        self.client.handle_call(self.now, request)
    }

    fn call_as(&mut self, procedure: usize, value: u64, key: Option<Key>, shelve: bool) -> CallId {
        let mut message = vec![0; HEADROOM];
        message.extend_from_slice(&value.to_be_bytes());
        let deadline = self.now + self.patience;
        let request = Request {
            interface: &BANK,
            method: &METHODS[procedure - 1],
            message,
            key,
            deadline,
            shelve,
        };
        self.client.handle_call(self.now, request)
    }

    /// Moves what the client has to send into the queue.
    fn send(&mut self) {
        while let Some(transmit) = self.client.poll_transmit(self.now) {
            self.to_server.push_back(transmit.message().to_vec());
        }
        while let Some(finished) = self.client.poll_finished() {
            self.note(finished, &[]);
        }
        self.client.check_invariants();
    }

    /// Lets the server handle one queued message.
    fn serve(&mut self) {
        let Some(message) = self.to_server.pop_front() else {
            return;
        };
        self.calls_seen.push(message.clone());
        let origin = self.origin();
        let mut out = Vec::new();
        match self
            .server
            .handle_message(self.now, origin, &message, &mut out)
        {
            Handled::Nothing | Handled::NoRoom => {}
            Handled::Reply => self.answer(&out),
            Handled::Run(run) => {
                let value =
                    u64::from_be_bytes(message[run.args.clone()].try_into().expect("one number"));
                *self.runs.entry(value).or_default() += 1;
                out.resize(REPLY_HEADROOM, 0);
                out.extend_from_slice(&(value * 2).to_be_bytes());
                if self
                    .server
                    .handle_done(run.token, Done::Returned, &mut out, 0)
                    .is_some()
                {
                    self.answer(&out);
                }
            }
        }
        self.server.check_invariants();
    }

    fn origin(&self) -> Origin<'static> {
        Origin {
            route: Route(1),
            address: b"client",
            host: b"host",
            listener: 0,
            datagram: self.kind == LinkKind::Datagram,
            security: Security::Network,
        }
    }

    /// Splits what was appended to a reply buffer into messages.
    fn answer(&mut self, mut framed: &[u8]) {
        while let Some((mark, rest)) = framed.split_first_chunk::<4>() {
            let length = (u32::from_be_bytes(*mark) & 0x7fff_ffff) as usize;
            self.to_client.push_back(rest[..length].to_vec());
            framed = &rest[length..];
        }
    }

    fn receive(&mut self) {
        let Some(message) = self.to_client.pop_front() else {
            return;
        };
        if let Some(finished) = self.client.handle_message(self.now, &message) {
            self.note(finished, &message);
        }
        self.client.check_invariants();
    }

    fn note(&mut self, finished: Finished, message: &[u8]) {
        if finished.shelved {
            self.shelved.push(finished.call);
        }
        let result = match finished.result {
            Ok(range) => Ok(message[range].try_into().map_or(0, u64::from_be_bytes)),
            Err(failure) => Err((failure.kind, failure.executed)),
        };
        self.finished.push((finished.call, result));
    }

    /// Exchanges messages until both sides are silent.
    fn settle(&mut self) {
        loop {
            self.send();
            if self.to_server.is_empty() && self.to_client.is_empty() {
                break;
            }
            self.serve();
            self.receive();
        }
    }

    /// Lets time pass, timer by timer.
    fn pass(&mut self, span: Duration) {
        let end = self.now + span;
        while let Some(next) = self.client.poll_timeout().filter(|next| *next <= end) {
            assert!(
                next >= self.now || self.client.poll_timeout() != Some(next),
                "a timer stays in the past"
            );
            self.now = next.max(self.now);
            self.client.handle_timeout(self.now);
            self.settle();
        }
        self.now = end;
        self.client.handle_timeout(self.now);
        self.settle();
    }

    fn restart_server(&mut self, incarnation: u64) {
        self.server = new_server(incarnation);
        self.to_server.clear();
        self.to_client.clear();
    }

    fn last(&self) -> Ended {
        self.finished.last().expect("a call has ended").1
    }
}

fn new_server(incarnation: u64) -> Server {
    new_server_with(incarnation, incarnation as u8)
}

/// Its clock says [`TODAY`].
fn new_server_with(incarnation: u64, store: u8) -> Server {
    let mut server = Server::new(
        server::Config::default(),
        vec![(&BANK).into()],
        incarnation,
        Some(StoreIdentity::passing([store; 32])),
        [incarnation as u8; 32],
    );
    server.handle_clock(TODAY);
    server
}

/// Milliseconds since 1970.
const TODAY: u64 = 1_800_000_000_000;

const BOTH: [LinkKind; 2] = [LinkKind::Stream, LinkKind::Datagram];

#[test]
fn every_semantics_runs_once_when_nothing_goes_wrong() {
    for kind in BOTH {
        for procedure in 1..=4 {
            let mut pair = Pair::new(kind);
            pair.call(procedure, 21);
            pair.settle();
            let expected = if procedure == 4 { 0 } else { 42 };
            assert_eq!(pair.last(), Ok(expected), "{kind:?}, procedure {procedure}");
            assert_eq!(pair.runs[&21], 1);
        }
    }
}

#[test]
fn a_lost_reply_is_replayed_and_the_method_does_not_run_again() {
    let mut pair = Pair::new(LinkKind::Datagram);
    pair.call(2, 1);
    pair.settle();
    pair.call(2, 5);
    pair.send();
    pair.serve();
    pair.to_client.clear();
    pair.pass(Duration::from_secs(1));
    assert_eq!(pair.last(), Ok(10));
    assert_eq!((pair.runs[&5], pair.server.stats().replayed), (1, 1));
}

#[test]
fn a_late_copy_of_an_acknowledged_call_is_told_expired() {
    let mut pair = Pair::new(LinkKind::Datagram);
    pair.call(2, 1);
    pair.settle();
    pair.call(2, 2);
    pair.send();
    let copy = pair.to_server.front().expect("the call").clone();
    pair.settle();
    pair.call(2, 3);
    pair.settle();
    pair.to_server.push_back(copy);
    pair.serve();
    assert_eq!((pair.runs[&2], pair.server.stats().expired), (1, 1));
}

#[test]
fn a_call_out_when_the_server_restarts_may_have_run() {
    for (kind, procedure) in [
        (LinkKind::Datagram, 2),
        (LinkKind::Datagram, 3),
        (LinkKind::Stream, 2),
        (LinkKind::Stream, 3),
    ] {
        let mut pair = Pair::new(kind);
        pair.call(procedure, 1);
        pair.settle();
        pair.call(procedure, 2);
        pair.send();
        pair.restart_server(8);
        if kind == LinkKind::Stream {
            pair.client.handle_link_down(pair.now);
            pair.client.handle_link_up(pair.now, kind);
        }
        pair.pass(Duration::from_secs(5));
        assert_eq!(
            pair.last(),
            Err((FailureKind::ServerRestarted, Executed::Maybe)),
            "{kind:?}"
        );
        pair.call(procedure, 3);
        pair.pass(Duration::from_secs(1));
        assert_eq!(pair.last(), Ok(6), "the next call finds the new server");
    }
}

#[test]
fn an_idempotent_call_survives_the_restart() {
    for kind in BOTH {
        let mut pair = Pair::new(kind);
        pair.call(1, 1);
        pair.settle();
        pair.call(1, 2);
        pair.send();
        pair.restart_server(8);
        if kind == LinkKind::Stream {
            pair.client.handle_link_down(pair.now);
            pair.client.handle_link_up(pair.now, kind);
        }
        pair.pass(Duration::from_secs(5));
        assert_eq!(pair.last(), Ok(4), "{kind:?}");
    }
}

#[test]
fn a_session_that_expired_during_idleness_is_replaced() {
    for kind in BOTH {
        let mut pair = Pair::new(kind);
        pair.call(2, 1);
        pair.settle();
        pair.pass(Duration::from_secs(100));
        pair.server.handle_timeout(pair.now);
        pair.call(2, 2);
        pair.pass(Duration::from_secs(1));
        assert_eq!(pair.last(), Ok(4), "{kind:?}");
    }
}

#[test]
fn silence_ends_in_the_deadline_and_in_maybe_only_if_something_was_sent() {
    let mut pair = Pair::new(LinkKind::Datagram);
    pair.call(2, 1);
    pair.send();
    pair.to_server.clear();
    while pair.finished.is_empty() {
        pair.now = pair
            .client
            .poll_timeout()
            .expect("a deadline")
            .max(pair.now);
        pair.client.handle_timeout(pair.now);
        pair.send();
        pair.to_server.clear();
    }
    assert_eq!(
        pair.last(),
        Err((FailureKind::DeadlineExceeded, Executed::No)),
        "only HELLO was sent"
    );
    assert!(
        pair.client.poll_reconnect(),
        "a silent peer is to be looked for elsewhere"
    );
}

#[test]
fn one_stuck_call_holds_up_nothing() {
    let mut pair = Pair::new(LinkKind::Datagram);
    pair.call(2, 1);
    pair.settle();
    pair.call(2, 1000);
    pair.send();
    let stuck = pair.to_server.pop_front().expect("the call");
    for value in 0..5000 {
        pair.call(2, 2000 + value);
        pair.settle();
        assert_eq!(pair.last(), Ok(2 * (2000 + value)));
    }
    pair.to_server.push_back(stuck);
    pair.settle();
    assert_eq!(pair.last(), Ok(2000));
}

/// Each of its answers leads to the same question again, so only a pause keeps the two from talking without end.
#[test]
fn a_server_that_makes_no_sense_is_not_asked_without_a_pause() {
    for nonsense in [procedure::OPEN, procedure::DESCRIBE] {
        let mut pair = Pair::new(LinkKind::Stream);
        pair.call(2, 1);
        for step in 0.. {
            pair.send();
            let Some(question) = pair.to_server.front() else {
                break;
            };
            assert!(step < 10, "procedure {nonsense} is called again and again");
            let asked = u32::from_be_bytes(question[20..24].try_into().expect("a header"));
            pair.serve();
            if asked == nonsense {
                let answer = pair.to_client.back_mut().expect("the server answers");
                let end = answer.len();
                match asked {
                    // A lease that is over when it begins.
                    procedure::OPEN => answer[end - 8..end - 4].fill(0),
                    _ => answer.truncate(end - 4),
                }
            }
            pair.receive();
        }
        pair.pass(Duration::from_secs(5));
        assert_eq!(pair.last(), Ok(2), "the server has come to its senses");
    }
}

/// The first answer to a call renews the session, so a call must not begin so late that its method outlasts the session.
#[test]
fn a_call_on_a_session_that_was_idle_for_long_has_time_for_its_answer() {
    for kind in BOTH {
        let mut pair = Pair::new(kind);
        pair.call(2, 1);
        pair.settle();
        // Four fifths of the lease, 24 s, are nearly over.
        pair.pass(Duration::from_millis(23_900));
        pair.call(2, 2);
        loop {
            pair.send();
            pair.serve();
            if pair.runs.contains_key(&2) {
                break;
            }
            pair.receive();
        }
        pair.now = pair.now + Duration::from_millis(500);
        pair.client.handle_timeout(pair.now);
        pair.settle();
        assert_eq!(pair.last(), Ok(4), "{kind:?}");
        assert_eq!(pair.runs[&2], 1);
    }
}

#[test]
fn a_session_asked_for_again_on_another_kind_of_transport_is_another() {
    let open = |server: &mut Server, security, message: &[u8]| {
        let origin = Origin {
            route: Route(1),
            address: b"client",
            host: b"host",
            listener: 0,
            datagram: false,
            security,
        };
        let mut out = Vec::new();
        server.handle_message(Time::from_nanos(1_000_000_000), origin, message, &mut out);
        // Mark, reply header, what the union says; then the session.
        out[4 + 24 + 4..][..16].to_vec()
    };
    let mut pair = Pair::new(LinkKind::Stream);
    pair.call(2, 1);
    pair.send();
    pair.serve();
    pair.receive();
    pair.send();
    let message = pair.to_server.pop_front().expect("OPEN");
    let local = open(&mut pair.server, Security::Local, &message);
    let network = open(&mut pair.server, Security::Network, &message);
    assert_ne!(local, network, "the session of this host is named outside");
    assert_eq!(local, open(&mut pair.server, Security::Local, &message));
}

#[test]
fn an_answer_of_another_incarnation_is_not_taken_for_ours() {
    let mut pair = Pair::new(LinkKind::Datagram);
    pair.call(2, 1);
    pair.settle();
    pair.call(2, 2);
    pair.send();
    pair.serve();
    let mut stale = pair.to_client.pop_front().expect("the reply");
    // The reply header up to the verifier's body, its kind and flags, then the incarnation.
    stale[20 + 8..][..8].copy_from_slice(&6u64.to_be_bytes());
    pair.to_client.push_back(stale);
    pair.receive();
    assert_eq!(pair.finished.len(), 1, "only the first call has ended");
    pair.pass(Duration::from_secs(1));
    assert_eq!((pair.last(), pair.runs[&2]), (Ok(4), 1));
}

#[test]
fn procedure_0_is_answered_whatever_the_credential() {
    let mut pair = Pair::new(LinkKind::Stream);
    for (program, version) in [(BANK.program, BANK.version), (0x2052_5043, 10)] {
        // RPCSEC_GSS, which nobody here can check.
        let words = [7, 0, 2, program, version, 0, 6, 0, 0, 0];
        let message: Vec<u8> = words
            .iter()
            .flat_map(|word: &u32| word.to_be_bytes())
            .collect();
        let origin = Origin {
            route: Route(1),
            address: b"client",
            host: b"host",
            listener: 0,
            datagram: false,
            security: Security::Network,
        };
        let mut out = Vec::new();
        match pair
            .server
            .handle_message(pair.now, origin, &message, &mut out)
        {
            Handled::Run(run) => assert!(run.method.is_none()),
            Handled::Reply => assert_eq!(out[4..], plain::plain_answer(&message, &[0, 0, 0, 0])),
            Handled::Nothing | Handled::NoRoom => {
                panic!("procedure 0 of {program:#x} is not answered")
            }
        }
    }
}

/// Whoever listens there has not said yet that it is the server that granted the session (S-9).
#[test]
fn a_client_that_closes_takes_leave_only_of_a_server_that_it_knows() {
    for known in [true, false] {
        let mut pair = Pair::new(LinkKind::Stream);
        pair.call(2, 1);
        pair.settle();
        if !known {
            pair.client.handle_link_up(pair.now, LinkKind::Stream);
        }
        pair.client.handle_close(pair.now);
        pair.send();
        assert_eq!(pair.to_server.len(), usize::from(known));
    }
}
