//! Servers of another make, which know no sessions: over real sockets, with every byte written here (P-9 to P-12, M-5, M-6).

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream, UdpSocket};

use rpc_proto::message::{AuthStatus, Message, RejectStatus};
use rpc_proto::record::Reader;
use rpc_proto::session::wire::SESSION_PROGRAM;

use super::*;
use crate::Executed;
use crate::context::Claim;
use crate::endpoint::Endpoint;
use crate::error::{ConnectError, ErrorKind};

/// What the server sends for a call: whole messages, in this order.
type Script = fn(&[u8]) -> Vec<Vec<u8>>;

/// An answer: the xid of the call, that it is a reply, and these words.
fn answer(call: &[u8], words: &[u32]) -> Vec<u8> {
    let mut answer = [&call[..4], &[0, 0, 0, 1]].concat();
    answer.extend(words.iter().flat_map(|word| word.to_be_bytes()));
    answer
}

/// A result of the fake service: this number, and no bytes. Accepted, with an empty verifier.
fn result(call: &[u8], number: u32) -> Vec<u8> {
    answer(call, &[0, 0, 0, 0, 0, number, 0])
}

/// What to send for a message that has come.
fn replies(message: &[u8], script: Script) -> Vec<Vec<u8>> {
    let Ok(Message::Call(call)) = Message::decode(message) else {
        panic!("a client sends what is no call")
    };
    if call.header.program == SESSION_PROGRAM {
        return vec![answer(message, &[0, 0, 0, 1])];
    }
    script(message)
}

/// Servers that know no sessions and answer all else by the script, on datagrams and on streams.
fn plain_servers(script: Script) -> [Endpoint; 2] {
    servers(move |message| replies(message, script))
}

/// Servers for as long as the test program runs.
fn servers(answers: impl Fn(&[u8]) -> Vec<Vec<u8>> + Copy + Send + 'static) -> [Endpoint; 2] {
    [on_datagrams(answers), on_streams(answers)]
}

fn on_datagrams(answers: impl Fn(&[u8]) -> Vec<Vec<u8>> + Send + 'static) -> Endpoint {
    let socket = UdpSocket::bind("127.0.0.1:0").expect("bound");
    let endpoint = format!("udp://{}", socket.local_addr().expect("an address"));
    std::thread::spawn(move || {
        let mut buffer = [0; 65_536];
        while let Ok((length, from)) = socket.recv_from(&mut buffer) {
            for reply in answers(&buffer[..length]) {
                socket.send_to(&reply, from).expect("sent");
            }
        }
    });
    endpoint.parse().expect("an endpoint")
}

/// A server on streams. It sends each reply in fragments of 5 bytes.
fn on_streams(answers: impl Fn(&[u8]) -> Vec<Vec<u8>> + Copy + Send + 'static) -> Endpoint {
    let listener = TcpListener::bind("127.0.0.1:0").expect("bound");
    let endpoint = format!("tcp://{}", listener.local_addr().expect("an address"));
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            std::thread::spawn(move || serve(stream, answers));
        }
    });
    endpoint.parse().expect("an endpoint")
}

fn serve(mut stream: TcpStream, answers: impl Fn(&[u8]) -> Vec<Vec<u8>>) {
    let mut reader = Reader::new(1 << 20);
    while let Ok(length @ 1..) = stream.read(reader.space()) {
        reader.handle_filled(length);
        while let Ok(Some(message)) = reader.poll_record() {
            for reply in answers(message) {
                stream.write_all(&in_fragments(&reply)).expect("sent");
            }
        }
    }
}

fn in_fragments(message: &[u8]) -> Vec<u8> {
    let mut record = Vec::new();
    let pieces = message.len().div_ceil(5);
    for (place, piece) in message.chunks(5).enumerate() {
        let last = u32::from(place + 1 == pieces) << 31;
        record.extend((last | piece.len() as u32).to_be_bytes());
        record.extend(piece);
    }
    record
}

fn ask(channel: &Channel, method: &'static Method) -> Result<u64, (ErrorKind, Executed)> {
    let told = call(channel, method, 1, &[]).deadline(AMPLE).wait();
    told.map(|(number, _)| number)
        .map_err(|error| (error.kind(), error.executed()))
}

/// The words of an answer, what a caller is told, and whether the method ran.
type Row = (Script, ErrorKind, Executed);

/// Every status but SUCCESS.
#[test]
fn each_status_is_understood() {
    use ErrorKind::*;
    use Executed::{Maybe, No};
    let mismatch = RejectStatus::RpcMismatch { low: 2, high: 2 };
    let rows: [Row; 6] = [
        (|call| vec![answer(call, &[0, 0, 0, 1])], NoProgram, No),
        (
            |call| vec![answer(call, &[0, 0, 0, 2, 3, 7])],
            OtherVersions { low: 3, high: 7 },
            No,
        ),
        (|call| vec![answer(call, &[0, 0, 0, 3])], NoProcedure, No),
        (|call| vec![answer(call, &[0, 0, 0, 4])], BadArguments, No),
        (
            |call| vec![answer(call, &[0, 0, 0, 5])],
            ServerFailed,
            Maybe,
        ),
        (
            |call| vec![answer(call, &[1, 0, 2, 2])],
            Denied(mismatch),
            No,
        ),
    ];
    for (script, kind, executed) in rows {
        for endpoint in plain_servers(script) {
            let channel = Channel::connect(&endpoint.to_string(), &INTERFACE).expect("connected");
            assert_eq!(ask(&channel, ONCE), Err((kind, executed)), "{endpoint}");
        }
    }
}

/// Each reason of AUTH_ERROR. The procedure's argument stands in the last word but one.
#[test]
fn each_reason_of_a_denial_is_told() {
    let script: Script = |call| {
        let at = call.len() - 8;
        vec![answer(call, &[1, 1, u32::from(call[at + 3])])]
    };
    for endpoint in plain_servers(script) {
        let channel = Channel::connect(&endpoint.to_string(), &INTERFACE).expect("connected");
        for (number, status) in AuthStatus::ALL.iter().enumerate() {
            let told = call(&channel, ONCE, number as u64, &[])
                .deadline(AMPLE)
                .wait();
            let error = told.expect_err("it is denied");
            let why = RejectStatus::AuthError(*status);
            assert_eq!(
                (error.kind(), error.executed()),
                (ErrorKind::Denied(why), Executed::No)
            );
            assert!(error.to_string().contains(&status.to_string()), "{error}");
        }
    }
}

/// One that denies before it looks at the program: whether it knows sessions is not to be learnt, but why it denies is.
#[test]
fn who_is_denied_at_first_contact_is_told_at_once() {
    let rows: [(Script, RejectStatus); 2] = [
        (
            |call| vec![answer(call, &[1, 1, AuthStatus::TooWeak as u32])],
            RejectStatus::AuthError(AuthStatus::TooWeak),
        ),
        (
            |call| vec![answer(call, &[1, 0, 3, 4])],
            RejectStatus::RpcMismatch { low: 3, high: 4 },
        ),
    ];
    for (script, why) in rows {
        for endpoint in servers(script) {
            let refused = Channel::connect(&endpoint.to_string(), &INTERFACE);
            let error = refused.err().expect("it is denied");
            assert!(
                matches!(error, ConnectError::Refused { kind: ErrorKind::Denied(told), .. } if told == why),
                "{error}"
            );
        }
    }
}

/// What else may come, before the reply or with it.
#[test]
fn a_reply_is_found_among_others() {
    let rows: [(&str, Script); 4] = [
        ("in fragments", |call| vec![result(call, 7)]),
        ("with AUTH_SHORT for a verifier", |call| {
            vec![answer(call, &[0, 2, 8, 1, 2, 0, 0, 7, 0])]
        }),
        ("after that of a call that was never made", |call| {
            let mut other = call.to_vec();
            other[1] ^= 1;
            vec![result(&other, 8), result(call, 7)]
        }),
        ("twice", |call| vec![result(call, 7), result(call, 8)]),
    ];
    for (name, script) in rows {
        for endpoint in plain_servers(script) {
            let channel = Channel::connect(&endpoint.to_string(), &INTERFACE).expect("connected");
            for method in [ONCE, REPEATABLE, ONCE] {
                assert_eq!(ask(&channel, method), Ok(7), "{name}, {endpoint}");
            }
            let refused = Err((ErrorKind::PlainPeer, Executed::No));
            assert_eq!(ask(&channel, DURABLE), refused, "{endpoint}");
        }
    }
}

/// Such servers look at the version and the procedure of a call only. First contact must not run what they have at 1.1.
#[test]
fn first_contact_runs_nothing_where_the_program_does_not_matter() {
    let careless = |message: &[u8]| match Message::decode(message) {
        Ok(Message::Call(call)) if call.header.version != INTERFACE.version => {
            vec![answer(message, &[0, 0, 0, 1])]
        }
        Ok(Message::Call(call)) => {
            assert_eq!(call.header.program, INTERFACE.program);
            vec![result(message, 7)]
        }
        _ => panic!("a client sends what is no call"),
    };
    for endpoint in servers(careless) {
        let channel = Channel::connect(&endpoint.to_string(), &INTERFACE).expect("connected");
        assert_eq!(ask(&channel, ONCE), Ok(7), "{endpoint}");
    }
}

/// A server that demands AUTH_SYS, and gives the uid back.
#[test]
fn a_server_may_demand_to_know_who_calls() {
    let script: Script = |call| {
        let Ok(Message::Call(parsed)) = Message::decode(call) else {
            return Vec::new();
        };
        let body = parsed.header.credential.body();
        match rpc_proto::message::SysCredential::from_bytes(body) {
            Ok(said) => vec![result(call, said.uid())],
            Err(_) => vec![answer(call, &[1, 1, AuthStatus::TooWeak as u32])],
        }
    };
    for endpoint in plain_servers(script) {
        let unknown = Channel::connect(&endpoint.to_string(), &INTERFACE).expect("connected");
        let why = RejectStatus::AuthError(AuthStatus::TooWeak);
        assert_eq!(
            ask(&unknown, ONCE),
            Err((ErrorKind::Denied(why), Executed::No))
        );
        // As short and as long as a claim can be.
        for (machine, gids) in [(String::new(), vec![]), ("h".repeat(255), vec![9; 16])] {
            let claim = Claim::new(&machine, 4711, 100, &gids).expect("it has room");
            let config = Config {
                claim: Some(claim.credential()),
                ..Config::default()
            };
            let endpoint = endpoint.clone();
            let known = Channel::connect_with(endpoint, &INTERFACE, AMPLE, config);
            assert_eq!(ask(&known.expect("connected"), ONCE), Ok(4711));
        }
    }
}
