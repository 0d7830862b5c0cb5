//! Calls on sessions: the real client, and a session spoken by hand where the test has to see each message.

use super::super::source::Source;
use super::support::*;
use crate::{Context, Executed, Server, rpc};
use rpc_proto::message::{Auth, CallHeader, Flavor, Message};
use rpc_proto::session::Security;
use rpc_proto::session::program::{
    Grant, HelloArgs, HelloReply, Keeper, OpenArgs, OpenReply, ProbeArgs, ProbeReply, ProbeState,
};
use rpc_proto::session::wire::{
    Credential, PROGRAM_VERSION, SESSION_FLAVOR, SESSION_PROGRAM, SESSION_VERSION, SessionId,
    procedure,
};
use rpc_proto::xdr::{self, Limits};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

#[rpc(program = 0x2000_0bac, version = 1)]
trait Office {
    /// Counts, and returns the number and the sequence number of the call.
    fn count(&self, cx: &Context) -> (u64, u64);
    /// Waits for the gate.
    fn wait(&self);
    #[rpc(exactly_once)]
    fn sign(&self, number: u64) -> u64;
    #[rpc(readonly)]
    fn time_left_ms(&self, cx: &Context) -> Option<u64>;
    fn fail(&self);
}

#[derive(Clone, Default)]
struct Clerk {
    counted: Arc<AtomicU64>,
    gate: Arc<Gate>,
}

impl Office for Clerk {
    fn count(&self, cx: &Context) -> (u64, u64) {
        let id = cx.request_id().expect("a session's call has a name");
        (self.counted.fetch_add(1, Ordering::SeqCst) + 1, id.seq)
    }

    fn wait(&self) {
        self.gate.pass();
    }

    fn sign(&self, number: u64) -> u64 {
        self.counted.fetch_add(1, Ordering::SeqCst);
        number
    }

    fn time_left_ms(&self, cx: &Context) -> Option<u64> {
        cx.remaining().map(|left| left.as_millis() as u64)
    }

    fn fail(&self) {
        panic!("as the test wants")
    }
}

const EVERYWHERE: &[&str] = &["tcp://127.0.0.1:0", "udp://127.0.0.1:0", "udp://[::1]:0"];

fn office(clerk: &Clerk, endpoints: &[&str]) -> Server {
    let builder = Server::builder()
        .serve(OfficeService::new(clerk.clone()))
        .threads(2)
        .memory_completions();
    endpoints
        .iter()
        .fold(builder, |builder, endpoint| builder.listen(endpoint))
        .start()
        .expect("the server starts")
}

#[test]
fn only_transports_within_the_host_are_trusted_to_keep_messages_there() {
    let socket = format!("unix:@trusted-{}", std::process::id());
    for (endpoint, expected) in [
        ("tcp://127.0.0.1:0", Security::Network),
        (&socket, Security::Local),
        ("mem://trusted", Security::Local),
    ] {
        let server = office(&Clerk::default(), &[endpoint]);
        let at = server.endpoints()[0].to_string();
        let office = OfficeClient::connect(&at).expect("connect");
        office.count().wait().expect("counted");
        let sources = server.shared.sources.all();
        let streams = sources
            .iter()
            .filter_map(|source| Source::as_stream(source));
        let securities: Vec<_> = streams.map(|stream| stream.security).collect();
        assert_eq!(securities, [expected], "{endpoint}");
    }
}

#[test]
fn calls_of_many_clients_run_once_each_on_every_transport() {
    let clerk = Clerk::default();
    let socket = format!("unix:@sessions-once-{}", std::process::id());
    let local: &[&str] = &[&socket, "mem://sessions-once"];
    let server = office(&clerk, &[EVERYWHERE, local].concat());
    let endpoints: Vec<String> = server.endpoints().iter().map(ToString::to_string).collect();
    let (threads, calls) = (2, 50);
    let numbers: Vec<u64> = std::thread::scope(|scope| {
        let callers: Vec<_> = endpoints
            .iter()
            .flat_map(|endpoint| (0..threads).map(move |_| endpoint))
            .map(|endpoint| {
                scope.spawn(move || {
                    let office = OfficeClient::connect(endpoint).expect("connect");
                    let count = |_| office.count().deadline(PATIENCE).wait().expect("counted");
                    let counted: Vec<_> = (0..calls).map(count).collect();
                    let names: BTreeSet<u64> = counted.iter().map(|(_, seq)| *seq).collect();
                    assert_eq!(names.len(), calls, "each call has its own name");
                    let sign = |number| {
                        office
                            .sign(number)
                            .deadline(PATIENCE)
                            .wait()
                            .expect("signed")
                    };
                    assert_eq!((0..5).map(sign).collect::<Vec<_>>(), [0, 1, 2, 3, 4]);
                    counted
                        .into_iter()
                        .map(|(number, _)| number)
                        .collect::<Vec<_>>()
                })
            })
            .collect();
        callers
            .into_iter()
            .flat_map(|caller| caller.join().expect("no panic"))
            .collect()
    });
    let distinct: BTreeSet<_> = numbers.iter().collect();
    assert_eq!(distinct.len(), numbers.len(), "no number was counted twice");
    let asked = (endpoints.len() * threads * (calls + 5)) as u64;
    assert_eq!(clerk.counted.load(Ordering::SeqCst), asked);
    assert_eq!(server.stats().executed, asked);
}

#[test]
fn a_handler_knows_the_deadline_of_its_caller() {
    let server = office(&Clerk::default(), EVERYWHERE);
    for endpoint in server.endpoints() {
        let office = OfficeClient::connect(&endpoint.to_string()).expect("connect");
        let left = office
            .time_left_ms()
            .deadline(PATIENCE)
            .wait()
            .expect("answered")
            .expect("a deadline");
        assert!(
            left > 0 && left <= PATIENCE.as_millis() as u64,
            "{left} ms on {endpoint}"
        );
    }
}

#[test]
fn a_panicking_handler_is_told_as_one_that_may_have_run() {
    let server = office(&Clerk::default(), EVERYWHERE);
    for endpoint in server.endpoints() {
        let office = OfficeClient::connect(&endpoint.to_string()).expect("connect");
        let error = office
            .fail()
            .deadline(PATIENCE)
            .wait()
            .expect_err("it panics");
        assert_eq!(error.executed(), Executed::Maybe, "{error}");
        assert!(office.count().deadline(PATIENCE).wait().is_ok());
    }
}

/// The server is refusing, so the caller may be told for certain that its call did not run.
#[test]
fn a_call_to_a_server_that_shuts_down_did_not_run() {
    let clerk = Clerk::default();
    let server = office(&clerk, &["tcp://127.0.0.1:0"]);
    let office = OfficeClient::connect(&server.endpoints()[0].to_string()).expect("connect");
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| office.wait().deadline(PATIENCE).wait());
        clerk.gate.wait_for(1);
        let shared = server.shared.clone();
        let ending = scope.spawn(move || server.shutdown(PATIENCE));
        while shared.phase() == super::super::shared::Phase::Serving {
            std::thread::yield_now();
        }
        let error = office
            .count()
            .deadline(Duration::from_millis(300))
            .wait()
            .expect_err("refused");
        assert_eq!(error.executed(), Executed::No, "{error}");
        clerk.gate.open(1);
        waiting
            .join()
            .expect("no panic")
            .expect("the running call came to its end");
        ending
            .join()
            .expect("no panic")
            .expect("nothing held the shutdown");
    });
    assert_eq!(clerk.counted.load(Ordering::SeqCst), 0);
}

/// One worker, and it is stuck. All that is answered meanwhile comes from the housekeeper.
#[test]
fn a_client_of_a_long_call_is_told_that_it_was_received_and_that_it_runs() {
    let clerk = Clerk::default();
    let server = Server::builder()
        .serve(OfficeService::new(clerk.clone()))
        .memory_completions()
        .threads(1)
        .listen("udp://127.0.0.1:0")
        .start()
        .expect("the server starts");
    let session = Session::open(&server);
    session.send(11, 1, 0x2000_0bac, 2, &[]);
    clerk.gate.wait_for(1);
    let (program, called) = session.expect_call();
    assert_eq!(
        (program, called),
        (SESSION_PROGRAM, procedure::RECEIVED),
        "the early acknowledgement"
    );
    for (xid, seq, expected) in [(12, 1, ProbeState::Running), (13, 2, ProbeState::NeverSeen)] {
        let args = xdr::to_vec(&ProbeArgs { seq, stamp: 5 }).expect("encodes");
        session.send(xid, 0, SESSION_PROGRAM, procedure::PROBE, &args);
        let reply: ProbeReply = session.expect_reply(xid);
        assert_eq!(
            reply,
            ProbeReply {
                seq,
                stamp: 5,
                state: expected
            }
        );
    }
    clerk.gate.open(1);
    session.expect_reply::<()>(11);
    assert_eq!(server.stats().executed, 1);
}

/// A session over UDP, spoken by hand.
struct Session {
    caller: DatagramCaller,
    incarnation: u64,
    grant: Grant,
}

impl Session {
    fn open(server: &Server) -> Self {
        let caller = DatagramCaller::new(address(server));
        let plain = |procedure| CallHeader {
            xid: 1,
            program: SESSION_PROGRAM,
            version: PROGRAM_VERSION,
            procedure,
            credential: Auth::NONE,
            verifier: Auth::NONE,
        };
        let padding = vec![0; 512];
        let hello = xdr::to_vec(&HelloArgs {
            version: SESSION_VERSION,
            padding: &padding,
        })
        .expect("encodes");
        caller.send(&raw_call(plain(procedure::HELLO), &hello));
        let HelloReply {
            incarnation,
            cookie,
            ..
        } = results(&caller.receive(), 1);
        let open = OpenArgs {
            cookie,
            client: [7; 16],
            nonce: 1,
            keeper: Keeper::Incarnation,
        };
        caller.send(&raw_call(
            plain(procedure::OPEN),
            &xdr::to_vec(&open).expect("encodes"),
        ));
        let OpenReply::Granted(grant) = results(&caller.receive(), 1) else {
            panic!("refused")
        };
        Self {
            caller,
            incarnation,
            grant,
        }
    }

    fn send(&self, xid: u32, seq: u64, program: u32, procedure: u32, args: &[u8]) {
        let credential = Credential {
            session: SessionId(self.grant.session),
            incarnation: self.incarnation,
            seq,
            first_incomplete: 1,
            done_mask: 0,
            time_left_ms: 60_000,
            principal: 0,
        };
        let body = credential.to_bytes();
        let credential = Auth::new(Flavor(SESSION_FLAVOR), &body).expect("short");
        let header = CallHeader {
            xid,
            program,
            version: 1,
            procedure,
            credential,
            verifier: Auth::NONE,
        };
        self.caller.send(&raw_call(header, args));
    }

    /// The program and procedure of a call that the server makes.
    fn expect_call(&self) -> (u32, u32) {
        let message = self.caller.receive();
        let Ok(Message::Call(call)) = Message::decode(&message) else {
            panic!("{message:?} is no call")
        };
        (call.header.program, call.header.procedure)
    }

    fn expect_reply<T: for<'a> xdr::Decode<'a>>(&self, xid: u32) -> T {
        results(&self.caller.receive(), xid)
    }
}

fn results<T: for<'a> xdr::Decode<'a>>(message: &[u8], xid: u32) -> T {
    let Ok(Message::Reply(reply)) = Message::decode(message) else {
        panic!("{message:?} is no reply")
    };
    assert_eq!(reply.header.xid, xid);
    xdr::from_slice(reply.results, Limits::default()).expect("the results decode")
}
