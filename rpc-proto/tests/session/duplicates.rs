//! Calls of peers without sessions (P-1 to P-8): what is run, and what copies are answered.

use super::{BANK, METHODS};
use rpc_proto::describe::Semantics;
use rpc_proto::message::{Auth, CallHeader, Flavor, SysCredential};
use rpc_proto::session::Security;
use rpc_proto::session::server::{
    Config, Done, Handled, Origin, REPLY_HEADROOM, Route, Server, Token,
};
use rpc_proto::time::Time;
use std::time::Duration;

const IDEMPOTENT: u32 = 1;
const AT_MOST_ONCE: u32 = 2;
const EXACTLY_ONCE: u32 = 3;
const ONEWAY: u32 = 4;

/// A call and where it comes from.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    pub(super) route: u64,
    pub(super) port: u8,
    pub(super) host: Vec<u8>,
    pub(super) listener: u64,
    pub(super) datagram: bool,
    pub(super) credential: (Flavor, Vec<u8>),
    pub(super) xid: u32,
    pub(super) version: u32,
    pub(super) procedure: u32,
    pub(super) args: Vec<u8>,
}

/// An increment by 5, from port 1 of a host, over the stream with route 1.
fn stream(credential: (Flavor, Vec<u8>)) -> Asked {
    Asked {
        route: 1,
        port: 1,
        host: b"host".to_vec(),
        listener: 0,
        datagram: false,
        credential,
        xid: 77,
        version: BANK.version,
        procedure: AT_MOST_ONCE,
        args: 5u64.to_be_bytes().to_vec(),
    }
}

pub(super) fn datagram(credential: (Flavor, Vec<u8>)) -> Asked {
    Asked {
        datagram: true,
        ..stream(credential)
    }
}

pub(super) fn nobody() -> (Flavor, Vec<u8>) {
    (Flavor::NONE, Vec::new())
}

fn user(uid: u32) -> (Flavor, Vec<u8>) {
    let said = SysCredential::new("wagner", uid, 100, &[27]).expect("short");
    (Flavor::SYS, said.to_bytes())
}

/// The same user, with another stamp.
fn stamped(uid: u32) -> (Flavor, Vec<u8>) {
    let (flavor, mut body) = user(uid);
    body[3] = 9;
    (flavor, body)
}

/// What the server makes of a call.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Took {
    Runs,
    Dropped,
    NoRoom,
    Answers(Vec<u8>),
}

pub(super) struct Desk {
    pub(super) now: Time,
    pub(super) server: Server,
    running: Vec<Token>,
    steps: u64,
}

impl Desk {
    pub(super) fn new() -> Self {
        Self::with(Config::default())
    }

    pub(super) fn with(config: Config) -> Self {
        Self {
            now: Time::from_nanos(1_000_000_000),
            server: Server::new(config, vec![(&BANK).into()], 7, None, [3; 32]),
            running: Vec::new(),
            steps: 0,
        }
    }

    pub(super) fn ask(&mut self, asked: &Asked) -> Took {
        let (flavor, body) = &asked.credential;
        let header = CallHeader {
            xid: asked.xid,
            program: BANK.program,
            version: asked.version,
            procedure: asked.procedure,
            credential: Auth::new(*flavor, body).expect("short"),
            verifier: Auth::NONE,
        };
        let mut message = Vec::new();
        header.encode_into(&mut message);
        message.extend_from_slice(&asked.args);
        let address = [&[asked.port], &asked.host[..]].concat();
        let origin = Origin {
            route: Route(asked.route),
            address: &address,
            host: &asked.host,
            listener: asked.listener,
            datagram: asked.datagram,
            security: Security::Network,
        };
        let mut out = Vec::new();
        let handled = self
            .server
            .handle_message(self.now, origin, &message, &mut out);
        self.check();
        match handled {
            Handled::Run(run) => {
                self.running.push(run.token);
                Took::Runs
            }
            Handled::Nothing => Took::Dropped,
            Handled::NoRoom => Took::NoRoom,
            Handled::Reply => Took::Answers(out),
        }
    }

    /// Ends the call that has run longest. Where its reply goes, and its bytes.
    pub(super) fn end(&mut self, done: Done, result: &[u8]) -> Option<(u64, Vec<u8>)> {
        let mut out = vec![0; REPLY_HEADROOM];
        out.extend_from_slice(result);
        let token = self.running.remove(0);
        let route = self.server.handle_done(token, done, &mut out, 0);
        self.check();
        route.map(|route| (route.0, out))
    }

    /// Looks at everything, while there is little of it, and then now and then.
    fn check(&mut self) {
        self.steps += 1;
        if self.steps < 100 || self.steps.is_multiple_of(100) {
            self.server.check_invariants();
        }
    }

    pub(super) fn ask_and_end(&mut self, asked: &Asked, result: &[u8]) -> Vec<u8> {
        assert_eq!(self.ask(asked), Took::Runs);
        self.end(Done::Returned, result).expect("a reply").1
    }
}

/// P-2: each thing by which two calls are told apart, over a stream and in datagrams, with a credential and without one.
#[test]
fn a_copy_is_known_by_all_that_it_repeats() {
    type Change = fn(&mut Asked);
    let always = |what: &Asked| -> [(&str, Change, bool); 9] {
        let nobody = what.credential.0 == Flavor::NONE;
        let port_counts = what.datagram || nobody;
        [
            ("nothing", |_| (), true),
            ("xid", |asked| asked.xid = 78, false),
            ("procedure", |asked| asked.procedure = EXACTLY_ONCE, false),
            ("arguments", |asked| asked.args[7] = 6, false),
            ("length", |asked| asked.args.extend([0; 4]), false),
            (
                "host",
                |asked| (asked.host, asked.route) = (b"tsoh".to_vec(), 2),
                false,
            ),
            ("endpoint", |asked| asked.listener = 1, false),
            (
                "port",
                |asked| (asked.port, asked.route) = (2, 2),
                !port_counts,
            ),
            // A port that is free again may be given to another program, or by a NAT to another host.
            (
                "connection from the same port",
                |asked| asked.route = 2,
                what.datagram || !nobody,
            ),
        ]
    };
    for asked in [
        stream(nobody()),
        stream(user(1)),
        datagram(nobody()),
        datagram(user(1)),
    ] {
        for (what, change, is_copy) in always(&asked) {
            let mut desk = Desk::new();
            let reply = desk.ask_and_end(&asked, &[0; 8]);
            let mut other = asked.clone();
            change(&mut other);
            let expected = if is_copy {
                Took::Answers(reply)
            } else {
                Took::Runs
            };
            assert_eq!(desk.ask(&other), expected, "another {what}: {asked:?}");
        }
    }
}

/// P-2: the credential counts, and all of it but the stamp.
#[test]
fn nobody_is_answered_what_another_user_asked() {
    let rows = [
        (user(1), user(1), true),
        (user(1), stamped(1), true),
        (user(1), user(2), false),
        (user(1), nobody(), false),
        (nobody(), user(1), false),
    ];
    for (first, second, is_copy) in rows {
        let mut desk = Desk::new();
        let reply = desk.ask_and_end(&stream(first.clone()), &[0; 8]);
        let expected = if is_copy {
            Took::Answers(reply)
        } else {
            Took::Runs
        };
        assert_eq!(
            desk.ask(&stream(second.clone())),
            expected,
            "{first:?}, then {second:?}"
        );
    }
}

/// P-1: which methods, by their semantics.
#[test]
fn what_may_run_twice_is_not_remembered() {
    let rows = [
        (0, Took::Runs),
        (IDEMPOTENT, Took::Runs),
        (AT_MOST_ONCE, Took::Answers(Vec::new())),
        (EXACTLY_ONCE, Took::Answers(Vec::new())),
        (ONEWAY, Took::Dropped),
    ];
    for (procedure, mut expected) in rows {
        let mut desk = Desk::new();
        let mut asked = datagram(nobody());
        asked.procedure = procedure;
        assert_eq!(desk.ask(&asked), Took::Runs);
        let reply = desk.end(Done::Returned, &[0; 8]);
        assert_eq!(reply.is_none(), procedure == ONEWAY);
        if let (Took::Answers(same), Some((_, reply))) = (&mut expected, reply) {
            *same = reply;
        }
        assert_eq!(desk.ask(&asked), expected, "procedure {procedure}");
    }
    assert_eq!(METHODS[0].semantics, Semantics::Idempotent);
}

/// P-3: a copy of a call under way gets no answer of its own.
#[test]
fn the_reply_goes_to_the_newest_connection() {
    for (credential, goes_to) in [(user(1), 2), (nobody(), 1)] {
        let mut desk = Desk::new();
        let first = stream(credential);
        let mut second = first.clone();
        (second.route, second.port) = (2, 2);
        assert_eq!(desk.ask(&first), Took::Runs);
        assert_eq!(desk.ask(&first), Took::Dropped, "a copy on the same stream");
        let again = desk.ask(&second);
        let is_copy = goes_to == 2;
        assert_eq!(again, if is_copy { Took::Dropped } else { Took::Runs });
        let (route, reply) = desk.end(Done::Returned, &[0; 8]).expect("a reply");
        assert_eq!(route, goes_to);
        assert_eq!(desk.ask(&first), Took::Answers(reply));
        assert_eq!(desk.server.stats().duplicates, if is_copy { 3 } else { 2 });
    }
}

/// P-4: what the end of a call says of its copies.
#[test]
fn a_call_that_did_not_run_may_run_yet() {
    let rows = [
        (Done::Returned, false),
        (Done::Panicked, false),
        (Done::Unencodable, false),
        (Done::StoreFailed, false),
        (Done::BadArguments, true),
        (Done::NoProcedure, true),
        (Done::Overloaded, true),
        (Done::ShuttingDown, true),
    ];
    for (done, runs) in rows {
        let mut desk = Desk::new();
        let asked = datagram(nobody());
        assert_eq!(desk.ask(&asked), Took::Runs);
        let (_, reply) = desk.end(done, &[]).expect("a reply");
        let expected = if runs {
            Took::Runs
        } else {
            Took::Answers(reply)
        };
        assert_eq!(desk.ask(&asked), expected, "{done:?}");
    }
}

/// P-5: the age is counted from the end, or a little later, and never from the beginning.
#[test]
fn a_call_is_forgotten_by_age() {
    let age = Config::default().plain_age;
    for (after, known) in [
        (age - Duration::from_nanos(1), true),
        (age, false),
        (2 * age, false),
    ] {
        let mut desk = Desk::new();
        let asked = datagram(nobody());
        assert_eq!(desk.ask(&asked), Took::Runs);
        desk.now = desk.now + 5 * age;
        assert_eq!(desk.ask(&asked), Took::Dropped, "it runs still");
        desk.end(Done::Returned, &[0; 8]).expect("a reply");
        desk.server.handle_timeout(desk.now);
        desk.now = desk.now + after;
        let again = desk.ask(&asked);
        assert_eq!(again != Took::Runs, known, "after {after:?}");
    }
}

fn small() -> Config {
    Config {
        max_plain_bytes: 64 << 10,
        max_plain_calls: 3,
        ..Config::default()
    }
}

/// P-6: for want of room the oldest ended calls go, and a reply too long for it is not kept: a copy is told that it failed.
#[test]
fn memory_is_bounded_and_the_oldest_go_first() {
    let mut desk = Desk::with(small());
    let ask = |xid| Asked {
        xid,
        ..datagram(nobody())
    };
    // Beside its 500 bytes each takes a header and an entry: fewer than 92 fit.
    for xid in 0..500 {
        desk.ask_and_end(&ask(xid), &[7; 500]);
    }
    let known: Vec<u32> = (0..500)
        .filter(|xid| match desk.ask(&ask(*xid)) {
            Took::Answers(_) => true,
            Took::Runs => {
                desk.end(Done::Overloaded, &[]);
                false
            }
            other => panic!("{other:?}"),
        })
        .collect();
    let first = known.first().copied().expect("some are known");
    assert_eq!(known, (first..500).collect::<Vec<_>>());
    assert!((80..92).contains(&known.len()), "{}", known.len());

    let reply = desk.ask_and_end(&ask(1000), &[7; 2000]);
    assert!(reply.len() > 2000, "its first asker gets it whole");
    let Took::Answers(failed) = desk.ask(&ask(1000)) else {
        panic!("it must not run again")
    };
    // Accepted, with an empty verifier, SYSTEM_ERR.
    assert_eq!(
        failed[8..],
        [0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 5]
    );
}

/// P-7: what is under way is never forgotten. When there is too much of it, datagrams are dropped and streams wait.
#[test]
fn calls_under_way_are_never_forgotten_and_bounded() {
    let mut desk = Desk::with(small());
    let ask = |xid| Asked {
        xid,
        ..datagram(nobody())
    };
    assert_eq!(desk.ask(&ask(1)), Took::Runs);
    assert_eq!(desk.ask(&ask(2)), Took::Runs);
    assert_eq!(desk.ask(&ask(3)), Took::Dropped);
    let of_another = |asked: Asked| Asked {
        host: b"tsoh".to_vec(),
        route: 2,
        ..asked
    };
    assert_eq!(desk.ask(&of_another(stream(nobody()))), Took::Runs);
    assert_eq!(desk.ask(&of_another(ask(3))), Took::Dropped);
    assert_eq!(desk.ask(&stream(nobody())), Took::NoRoom);
    assert_eq!(desk.server.plain_calls_under_way(), 3);
    desk.now = desk.now + Duration::from_secs(100_000);
    desk.server.handle_timeout(desk.now);
    assert_eq!(desk.ask(&ask(1)), Took::Dropped, "it runs still");
    let mut repeatable = ask(4);
    repeatable.procedure = IDEMPOTENT;
    assert_eq!(desk.ask(&repeatable), Took::Runs, "it needs no room");
    for left in [2, 1] {
        desk.end(Done::Returned, &[0; 8]).expect("a reply");
        assert_eq!(desk.server.plain_calls_under_way(), left);
    }
    assert_eq!(desk.ask(&stream(nobody())), Took::Runs);
}

/// P-8: another life of the server knows nothing of it.
#[test]
fn a_restart_forgets() {
    let asked = datagram(nobody());
    Desk::new().ask_and_end(&asked, &[0; 8]);
    assert_eq!(Desk::new().ask(&asked), Took::Runs);
}
