//! A service whose handlers wait for the test, and a caller that writes every byte itself.

use super::super::shared::Bounds;
use crate::describe::{Interface, Method, Semantics, Type};
use crate::{Context, Endpoint, ServeError, Server, ServerBuilder, Service};
use rpc_proto::message::{
    AcceptStatus, Auth, CallHeader, Flavor, Message, RejectStatus, ReplyStatus,
};
use rpc_proto::record::{self, Reader};
use rpc_proto::xdr::{Decoder, EncodeError, Encoder};
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream, UdpSocket};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

/// Long enough for anything that happens, on any machine; only a failing test takes it.
pub(super) const PATIENCE: Duration = Duration::from_secs(30);

pub(super) const PROGRAM: u32 = 0x2000_0bab;
pub(super) const VERSION: u32 = 3;

/// The procedures of [`Desk`].
pub(super) const ECHO: u32 = 1;
/// Waits until the gate is opened, then returns its argument.
pub(super) const WAIT: u32 = 2;
pub(super) const PANIC: u32 = 3;
pub(super) const UNENCODABLE: u32 = 4;
/// Takes a number and returns so many bytes.
pub(super) const BYTES: u32 = 5;
/// Oneway; lets one [`WAIT`] through.
pub(super) const PUSH: u32 = 6;
/// Returns who calls.
pub(super) const WHO: u32 = 7;
/// Has nothing to say.
pub(super) const SILENT: u32 = 8;
/// Notes its argument, and has nothing to say.
pub(super) const NOTE: u32 = 11;
/// Returns who the caller says it is.
pub(super) const CLAIM: u32 = 9;
/// Notes its argument and returns how many it has noted.
pub(super) const COUNT: u32 = 10;

macro_rules! method {
    ($name:literal, $procedure:expr, $semantics:ident) => {
        Method {
            name: $name,
            procedure: $procedure,
            semantics: Semantics::$semantics,
            deadline: None,
            args: &[],
            result: || &Type::Opaque,
        }
    };
}

pub(super) static DESK: Interface = Interface {
    name: "Desk",
    program: PROGRAM,
    version: VERSION,
    methods: &[
        method!("echo", ECHO, AtMostOnce),
        method!("wait", WAIT, AtMostOnce),
        method!("panic", PANIC, AtMostOnce),
        method!("unencodable", UNENCODABLE, AtMostOnce),
        method!("bytes", BYTES, Readonly),
        method!("push", PUSH, Oneway),
        method!("who", WHO, Readonly),
        method!("silent", SILENT, Readonly),
        method!("claim", CLAIM, Readonly),
        method!("count", COUNT, AtMostOnce),
        method!("note", NOTE, AtMostOnce),
    ],
};

/// The service.
#[derive(Clone, Default)]
pub(super) struct Desk {
    pub(super) gate: Arc<Gate>,
    /// Who called procedure 0.
    pub(super) pings: Arc<Mutex<Vec<String>>>,
    /// The argument of each [`COUNT`] and [`NOTE`].
    pub(super) counted: Arc<Mutex<Vec<Vec<u8>>>>,
}

impl Service for Desk {
    fn interface(&self) -> &'static Interface {
        &DESK
    }

    fn call(
        &self,
        cx: &Context,
        procedure: u32,
        args: &mut Decoder<'_>,
        reply: &mut Encoder,
    ) -> Result<(), ServeError> {
        let max = u32::MAX;
        let bytes = args.opaque(max).map_err(ServeError::Args)?;
        args.clone().finish().map_err(ServeError::Args)?;
        match procedure {
            ECHO => reply.opaque(bytes).map_err(ServeError::Reply),
            WAIT => {
                self.gate.pass();
                reply.opaque(bytes).map_err(ServeError::Reply)
            }
            PANIC => panic!("as the test wants"),
            SILENT => Err(ServeError::NoResult {
                ran: false,
                is_told: false,
            }),
            NOTE => {
                self.counted.lock().expect("counted").push(bytes.to_vec());
                Err(ServeError::NoResult {
                    ran: true,
                    is_told: bytes == b"told",
                })
            }
            UNENCODABLE => Err(ServeError::Reply(EncodeError::Depth)),
            BYTES => {
                let count = bytes
                    .first_chunk()
                    .map_or(0, |count| u32::from_be_bytes(*count));
                reply
                    .opaque(&vec![7; count as usize])
                    .map_err(ServeError::Reply)
            }
            PUSH => {
                self.gate.open(1);
                Ok(())
            }
            WHO => reply
                .opaque(cx.peer().to_string().as_bytes())
                .map_err(ServeError::Reply),
            COUNT => {
                let mut counted = self.counted.lock().expect("counted");
                counted.push(bytes.to_vec());
                let count = counted.len() as u32;
                reply
                    .opaque(&count.to_be_bytes())
                    .map_err(ServeError::Reply)
            }
            CLAIM => reply
                .opaque(claim_text(cx).as_bytes())
                .map_err(ServeError::Reply),
            _ => Err(ServeError::NoProcedure),
        }
    }

    fn pinged(&self, cx: &Context) {
        let mut pings = self.pings.lock().expect("pings");
        pings.push(cx.peer().to_string());
    }
}

fn claim_text(cx: &Context) -> String {
    match cx.peer().claimed() {
        Some(claim) => format!(
            "{} {} {} {:?}",
            claim.machine(),
            claim.uid(),
            claim.gid(),
            claim.gids()
        ),
        None => "nobody".to_owned(),
    }
}

/// Where handlers wait.
#[derive(Default)]
pub(super) struct Gate {
    state: Mutex<GateState>,
    changed: Condvar,
}

#[derive(Default)]
struct GateState {
    /// How many may pass.
    open: usize,
    /// How many have come.
    come: usize,
}

impl Gate {
    /// Lets so many more through.
    pub(super) fn open(&self, count: usize) {
        self.state.lock().expect("gate").open += count;
        self.changed.notify_all();
    }

    /// Waits until so many handlers have come.
    pub(super) fn wait_for(&self, count: usize) {
        let state = self.state.lock().expect("gate");
        let waited = self
            .changed
            .wait_timeout_while(state, PATIENCE, |state| state.come < count);
        let (state, timeout) = waited.expect("gate");
        assert!(
            !timeout.timed_out(),
            "{} of {count} handlers have come",
            state.come
        );
    }

    pub(super) fn pass(&self) {
        let mut state = self.state.lock().expect("gate");
        state.come += 1;
        self.changed.notify_all();
        let (mut state, timeout) = self
            .changed
            .wait_timeout_while(state, PATIENCE, |state| state.open == 0)
            .expect("gate");
        assert!(!timeout.timed_out(), "the test forgot a handler");
        state.open -= 1;
    }
}

/// A server of a [`Desk`] at `endpoints`.
pub(super) fn start(desk: &Desk, endpoints: &[&str]) -> Server {
    start_with(desk, endpoints, |builder| builder)
}

pub(super) fn start_with(
    desk: &Desk,
    endpoints: &[&str],
    change: impl FnOnce(ServerBuilder) -> ServerBuilder,
) -> Server {
    let builder = Server::builder().serve(desk.clone()).threads(2);
    let builder = endpoints
        .iter()
        .fold(builder, |builder, endpoint| builder.listen(endpoint));
    change(builder).start().expect("the server starts")
}

impl ServerBuilder {
    /// Changes bounds that are constants outside of tests.
    pub(super) fn with_bounds(mut self, change: impl FnOnce(&mut Bounds)) -> Self {
        change(&mut self.bounds);
        self
    }
}

/// The address of the server's first endpoint.
pub(super) fn address(server: &Server) -> SocketAddr {
    address_of(&server.endpoints()[0])
}

pub(super) fn address_of(endpoint: &Endpoint) -> SocketAddr {
    match endpoint {
        Endpoint::Tcp(authority) | Endpoint::Udp(authority) => {
            authority.address().expect("an address")
        }
        other => panic!("{other} has no address"),
    }
}

/// A call of a plain peer, framed.
pub(super) fn call(xid: u32, procedure: u32, argument: &[u8]) -> Vec<u8> {
    let mut args = Encoder::new();
    args.opaque(argument).expect("short enough");
    raw_call(header(xid, procedure), args.as_slice())
}

pub(super) fn header(xid: u32, procedure: u32) -> CallHeader<'static> {
    CallHeader {
        xid,
        program: PROGRAM,
        version: VERSION,
        procedure,
        credential: Auth::NONE,
        verifier: Auth::NONE,
    }
}

pub(super) fn raw_call(header: CallHeader<'_>, args: &[u8]) -> Vec<u8> {
    let mut message = Vec::new();
    header.encode_into(&mut message);
    message.extend_from_slice(args);
    framed(&message)
}

pub(super) fn framed(message: &[u8]) -> Vec<u8> {
    let mut framed = record::mark(message.len()).expect("short enough").to_vec();
    framed.extend_from_slice(message);
    framed
}

/// What a reply says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    Bytes(Vec<u8>),
    /// Success without a result.
    Empty,
    Failed(AcceptStatus),
    Denied(RejectStatus),
}

pub(super) fn answer(message: &[u8]) -> (u32, Answer) {
    let Ok(Message::Reply(reply)) = Message::decode(message) else {
        panic!("{message:?} is no reply")
    };
    let answer = match reply.header.status {
        ReplyStatus::Accepted { verifier, status } => {
            assert_eq!(
                verifier.flavor(),
                Flavor::NONE,
                "a plain peer gets a plain verifier"
            );
            match status {
                AcceptStatus::Success if reply.results.is_empty() => Answer::Empty,
                AcceptStatus::Success => {
                    let mut results =
                        Decoder::new(reply.results, rpc_proto::xdr::Limits::default());
                    Answer::Bytes(results.opaque(u32::MAX).expect("an opaque").to_vec())
                }
                status => Answer::Failed(status),
            }
        }
        ReplyStatus::Denied(status) => Answer::Denied(status),
    };
    (reply.header.xid, answer)
}

/// A plain peer on a TCP connection.
pub(super) struct Caller {
    pub(super) stream: TcpStream,
    reader: Reader,
    /// The transaction id of its last question.
    asked: u32,
}

impl Caller {
    pub(super) fn new(server: &Server) -> Self {
        Self::on(TcpStream::connect(address(server)).expect("connect"))
    }

    pub(super) fn on(stream: TcpStream) -> Self {
        stream.set_read_timeout(Some(PATIENCE)).expect("timeout");
        stream.set_nodelay(true).expect("no delay");
        Self {
            stream,
            reader: Reader::new(64 << 20),
            asked: 1000,
        }
    }

    pub(super) fn send(&mut self, framed: &[u8]) {
        self.stream.write_all(framed).expect("send");
    }

    /// The next reply; none at the end of the stream.
    pub(super) fn next(&mut self) -> Option<(u32, Answer)> {
        loop {
            if let Some(message) = self.reader.poll_record().expect("records") {
                return Some(answer(message));
            }
            match self.stream.read(self.reader.space()) {
                Ok(0) => return None,
                Ok(count) => self.reader.handle_filled(count),
                Err(error) if error.kind() == io::ErrorKind::ConnectionReset => return None,
                Err(error) => panic!("no reply: {error}"),
            }
        }
    }

    pub(super) fn expect(&mut self) -> (u32, Answer) {
        self.next().expect("the connection is open")
    }

    pub(super) fn ask(&mut self, procedure: u32, argument: &[u8]) -> Answer {
        self.asked += 1;
        self.send(&call(self.asked, procedure, argument));
        self.expect().1
    }
}

/// A plain peer on a UDP socket.
pub(super) struct DatagramCaller(pub(super) UdpSocket);

impl DatagramCaller {
    pub(super) fn new(to: SocketAddr) -> Self {
        Self::from(&to.ip().to_string(), to)
    }

    /// One at another address of this host.
    pub(super) fn from(host: &str, to: SocketAddr) -> Self {
        let socket = UdpSocket::bind((host, 0)).expect("bind");
        socket.set_read_timeout(Some(PATIENCE)).expect("timeout");
        socket.connect(to).expect("connect");
        Self(socket)
    }

    pub(super) fn send(&self, framed: &[u8]) {
        self.0.send(&framed[4..]).expect("send");
    }

    pub(super) fn expect(&self) -> (u32, Answer) {
        answer(&self.receive())
    }

    pub(super) fn receive(&self) -> Vec<u8> {
        let mut buffer = vec![0; 65_536];
        let length = self.0.recv(&mut buffer).expect("a message");
        buffer.truncate(length);
        buffer
    }
}

/// A service whose methods run exactly once.
pub(super) struct Ledger;

static LEDGER: Interface = Interface {
    name: "Ledger",
    program: PROGRAM + 1,
    version: 1,
    methods: &[
        method!("transfer", 1, ExactlyOnce),
        method!("balance", 2, Readonly),
        method!("close", 3, ExactlyOnce),
    ],
};

impl Service for Ledger {
    fn interface(&self) -> &'static Interface {
        &LEDGER
    }

    fn call(
        &self,
        _: &Context,
        _: u32,
        _: &mut Decoder<'_>,
        _: &mut Encoder,
    ) -> Result<(), ServeError> {
        Err(ServeError::NoProcedure)
    }
}
