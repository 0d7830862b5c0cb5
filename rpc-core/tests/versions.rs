//! Several versions of one interface on one server: old clients keep working, and who asks for what is gone is told the range.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use rpc_core::{Client, ConnectError, Error, ErrorKind, Executed, Retry, Server, rpc};

const PROGRAM: u32 = 0x2000_0b0b;
/// Longer than any test takes that passes.
const AMPLE: Duration = Duration::from_secs(20);

/// As it was.
#[rpc(program = PROGRAM, version = 1, name = "Bank")]
trait BankV1 {
    /// Whole units.
    fn pay(&self, account: u32, units: u32) -> i64;
}

/// Never served here.
#[rpc(program = PROGRAM, version = 2, name = "Bank")]
trait BankV2 {
    /// Counted twice, which is why it is gone.
    fn pay(&self, account: u32, units: u32) -> i64;
}

/// As it is.
#[rpc(program = PROGRAM, version = 3, name = "Bank")]
trait BankV3 {
    /// Cents, and why.
    fn pay(&self, account: u32, cents: i64, reason: &str) -> Result<i64, String>;
    /// New.
    #[rpc(readonly)]
    fn balance(&self) -> i64;
}

/// Version 1 as it will be: with a method that no server here has.
#[rpc(program = PROGRAM, version = 1, name = "Bank")]
trait BankV1Later {
    fn pay(&self, account: u32, units: u32) -> i64;
    fn refund(&self, account: u32) -> i64;
}

/// Another program.
#[rpc(program = PROGRAM + 1, version = 1)]
trait Stranger {
    fn hello(&self);
}

/// One type for both versions.
#[derive(Clone, Default)]
struct Vault(Arc<AtomicI64>);

impl BankV3 for Vault {
    fn pay(&self, _account: u32, cents: i64, reason: &str) -> Result<i64, String> {
        if reason.is_empty() {
            return Err("say why".to_owned());
        }
        Ok(self.0.fetch_add(cents, Ordering::SeqCst) + cents)
    }

    fn balance(&self) -> i64 {
        self.0.load(Ordering::SeqCst)
    }
}

/// The old version asks the new one.
impl BankV1 for Vault {
    fn pay(&self, account: u32, units: u32) -> i64 {
        let paid = BankV3::pay(self, account, i64::from(units) * 100, "version 1");
        paid.map_or(-1, |cents| cents / 100)
    }
}

/// Version 1 and version 3: a gap between them.
fn serve(endpoint: &str) -> Server {
    let vault = Vault::default();
    Server::builder()
        .serve(BankV1Service::new(vault.clone()))
        .serve(BankV3Service::new(vault))
        .listen(endpoint)
        .start()
        .expect("started")
}

fn endpoint_of(server: &Server) -> String {
    server.endpoints()[0].to_string()
}

fn abstract_socket(name: &str) -> String {
    format!("unix:@versions-{name}-{}", std::process::id())
}

fn refused<C: Client>(connected: Result<C, ConnectError>) -> ErrorKind {
    match connected.map(drop) {
        Err(ConnectError::Refused { kind, .. }) => kind,
        other => panic!("{other:?}"),
    }
}

const GAP: ErrorKind = ErrorKind::OtherVersions { low: 1, high: 3 };

#[test]
fn old_and_new_clients_are_served_side_by_side() {
    let socket = abstract_socket("both");
    for endpoint in [
        "tcp://127.0.0.1:0",
        "udp://127.0.0.1:0",
        "mem://versions",
        &socket,
    ] {
        let server = serve(endpoint);
        let endpoint = endpoint_of(&server);
        let old = BankV1Client::connect(&endpoint).expect("version 1 is served");
        let new = BankV3Client::connect(&endpoint).expect("version 3 is served");
        assert_eq!(old.pay(7, 2).wait().unwrap(), 2);
        assert_eq!(new.pay(7, 50, "a coffee").wait().unwrap(), Ok(250));
        assert_eq!(
            new.pay(7, 50, "").wait().unwrap(),
            Err("say why".to_owned())
        );
        assert_eq!(old.pay(7, 1).wait().unwrap(), 3);
        assert_eq!(new.balance().wait().unwrap(), 350);

        assert_eq!(refused(BankV2Client::connect(&endpoint)), GAP, "{endpoint}");
        assert_eq!(
            refused(StrangerClient::connect(&endpoint)),
            ErrorKind::NoProgram
        );
        let later = BankV1LaterClient::connect(&endpoint).expect("most of it is there");
        assert_eq!(later.pay(7, 1).wait().unwrap(), 4);
        let error = later.refund(7).wait().unwrap_err();
        assert_eq!(
            facts(&error),
            (ErrorKind::NoProcedure, Executed::No, Retry::Never)
        );
        server.shutdown(AMPLE).expect("all has ended");
    }
}

fn facts(error: &Error) -> (ErrorKind, Executed, Retry) {
    (error.kind(), error.executed(), error.retry())
}

#[test]
fn who_cannot_connect_is_told_what_is_served() {
    let server = serve("tcp://127.0.0.1:0");
    let endpoint = endpoint_of(&server);
    let error = BankV2Client::connect(&endpoint).unwrap_err();
    let told =
        "answers, but the server serves versions of this interface from 1 to 3, and not ours";
    assert_eq!(error.to_string(), format!("{endpoint} {told}"));

    let only = Server::builder()
        .serve(BankV3Service::new(Vault::default()))
        .listen("tcp://127.0.0.1:0")
        .start()
        .expect("started");
    let endpoint = endpoint_of(&only);
    let error = BankV1Client::connect(&endpoint).unwrap_err();
    let told = "answers, but the server serves version 3 of this interface, and not ours";
    assert_eq!(error.to_string(), format!("{endpoint} {told}"));
}

/// The client is there already when the next server comes, which serves its version no longer.
#[test]
fn a_client_whose_version_goes_is_told_so_and_nothing_runs() {
    let endpoint = abstract_socket("gone");
    let server = serve(&endpoint);
    let old = BankV1Client::connect(&endpoint).expect("version 1 is served");
    assert_eq!(old.pay(7, 2).wait().unwrap(), 2);
    server.shutdown(AMPLE).expect("all has ended");
    let vault = Vault::default();
    let _next = Server::builder()
        .serve(BankV3Service::new(vault.clone()))
        .listen(&endpoint)
        .start()
        .expect("started");
    let error = old.pay(7, 2).wait().unwrap_err();
    let gone = ErrorKind::OtherVersions { low: 3, high: 3 };
    assert_eq!(facts(&error), (gone, Executed::No, Retry::Never), "{error}");
    assert_eq!(BankV3::balance(&vault), 0);
}

/// A plain ONC RPC call of a procedure without arguments that matter.
fn plain_call(program: u32, version: u32, procedure: u32) -> Vec<u8> {
    let words = [77, 0, 2, program, version, procedure, 0, 0, 0, 0];
    words.into_iter().flat_map(u32::to_be_bytes).collect()
}

fn words(bytes: &[u8]) -> Vec<u32> {
    let words = bytes.chunks_exact(4);
    words
        .map(|word| u32::from_be_bytes(word.try_into().expect("four")))
        .collect()
}

/// What is read from a stream, without its record mark.
fn read_record(stream: &mut TcpStream) -> Option<Vec<u8>> {
    let mut mark = [0; 4];
    stream.read_exact(&mut mark).ok()?;
    let mut record = vec![0; (u32::from_be_bytes(mark) & 0x7fff_ffff) as usize];
    stream.read_exact(&mut record).ok()?;
    Some(record)
}

fn write_record(stream: &mut TcpStream, record: &[u8]) {
    let mark = 0x8000_0000 | u32::try_from(record.len()).expect("short");
    stream
        .write_all(&[&mark.to_be_bytes(), record].concat())
        .expect("written");
}

fn address(server: &Server) -> SocketAddr {
    let endpoint = endpoint_of(server);
    let (_, address) = endpoint.split_once("://").expect("an address");
    address.parse().expect("an address")
}

/// As RFC 5531 has it, for callers who know nothing of sessions.
#[test]
fn a_plain_caller_is_told_the_range_over_tcp_and_udp() {
    let accepted = [77, 1, 0, 0, 0];
    let rows: [(_, &[u32]); 5] = [
        (plain_call(PROGRAM, 2, 1), &[2, 1, 3]),
        (plain_call(PROGRAM, 4, 0), &[2, 1, 3]),
        (plain_call(PROGRAM + 1, 1, 1), &[1]),
        (plain_call(PROGRAM, 1, 9), &[3]),
        (plain_call(PROGRAM, 3, 0), &[0]),
    ];
    let (streams, datagrams) = (serve("tcp://127.0.0.1:0"), serve("udp://127.0.0.1:0"));
    let mut stream = TcpStream::connect(address(&streams)).expect("connected");
    stream.set_read_timeout(Some(AMPLE)).expect("set");
    let socket = UdpSocket::bind("127.0.0.1:0").expect("bound");
    socket.set_read_timeout(Some(AMPLE)).expect("set");
    for (call, status) in rows {
        let expected = [&accepted[..], status].concat();
        write_record(&mut stream, &call);
        let record = read_record(&mut stream).expect("answered");
        assert_eq!(words(&record), expected);

        let sent = socket.send_to(&call, address(&datagrams)).expect("sent");
        assert_eq!(sent, call.len());
        let mut reply = [0; 64];
        let length = socket.recv(&mut reply).expect("answered");
        assert_eq!(words(&reply[..length]), expected);
    }
}

/// A server of another make, with versions 1 and 3 of the bank.
fn plain_server() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("bound");
    let endpoint = format!("tcp://{}", listener.local_addr().expect("an address"));
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            std::thread::spawn(move || answer_all(stream));
        }
    });
    endpoint
}

fn answer_all(mut stream: TcpStream) {
    while let Some(call) = read_record(&mut stream) {
        let call = words(&call);
        let status: &[u32] = match (call[3], call[4]) {
            (PROGRAM, 1 | 3) => &[0],
            (PROGRAM, _) => &[2, 1, 3],
            _ => &[1],
        };
        let reply = [&[call[0], 1, 0, 0, 0], status].concat();
        let reply: Vec<u8> = reply.into_iter().flat_map(u32::to_be_bytes).collect();
        write_record(&mut stream, &reply);
    }
}

#[test]
fn the_range_of_a_server_of_another_make_is_told_too() {
    let endpoint = plain_server();
    let two = BankV2Client::connect(&endpoint).expect("a server answers");
    let error = two.pay(7, 2).wait().unwrap_err();
    assert_eq!(facts(&error), (GAP, Executed::No, Retry::Never), "{error}");
}
