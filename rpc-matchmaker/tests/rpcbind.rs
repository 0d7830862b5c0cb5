//! rpcbind beside the matchmaker: whoever registers at the one is shown by the other.

use rpc_core::rpcbind::{Mapping, PortmapV2Client, Rpcb, RpcbindV4Client};
use rpc_core::{Endpoint, Server, rpc};
use rpc_matchmaker::Daemon;
use rpc_matchmaker::registry::Limits;
use rpc_matchmaker::rpcbind::Rpcbind;
use std::net::{SocketAddr, UdpSocket};
use std::thread;
use std::time::Duration;

#[rpc(program = 0x2000_0c02, version = 3)]
trait Clock {
    #[rpc(readonly)]
    fn hours(&self) -> u32;
}

struct Noon;

impl Clock for Noon {
    fn hours(&self) -> u32 {
        12
    }
}

const PROGRAM: u32 = 0x2000_0c02;
const PATIENCE: Duration = Duration::from_secs(30);

fn question(program: u32, version: u32, netid: &str, address: &str) -> Rpcb {
    Rpcb {
        prog: program,
        vers: version,
        netid: netid.into(),
        addr: address.into(),
        owner: Vec::new(),
    }
}

/// The universal address of a TCP endpoint.
fn universal(endpoint: &Endpoint) -> Vec<u8> {
    rpc_core::rpcbind::to_universal(endpoint)
        .expect("it has one")
        .into_bytes()
}

#[test]
fn a_server_of_the_matchmaker_is_found_as_long_as_it_is_registered() {
    let daemon = Daemon::start(&["tcp://127.0.0.1:0"], Limits::default()).expect("it starts");
    let rpcbind = Rpcbind::start(&["tcp://127.0.0.1:0"], false).expect("it starts");
    let place = daemon.endpoints()[0]
        .to_string()
        .replace("tcp://", "match://");
    let clock = || {
        let builder = Server::builder()
            .serve(ClockService::new(Noon))
            .listen("tcp://127.0.0.1:0");
        builder
            .register(format!("{place}/clock"))
            .start()
            .expect("it starts")
    };
    let asked_at = rpcbind.endpoints().next().expect("one").to_string();
    let v2 = PortmapV2Client::connect(&asked_at).expect("it answers");
    let v4 = RpcbindV4Client::connect(&asked_at).expect("it answers");
    let address = |version| {
        v4.getversaddr(question(PROGRAM, version, "tcp", ""))
            .wait()
            .expect("an answer")
    };

    // One that is there before, and one that comes while both are there.
    let early = clock();
    daemon.show_in(&rpcbind);
    assert_eq!(address(3), universal(&early.endpoints()[0]));
    assert_eq!(address(4), b"", "another version");
    let late = clock();
    assert_eq!(address(3), universal(&late.endpoints()[0]), "the newest");
    let listed = v4.dump().wait().expect("an answer").first;
    let ours: Vec<_> = listed
        .iter()
        .filter(|row| row.map.prog == PROGRAM)
        .collect();
    assert_eq!(ours.len(), 1, "{listed:?}");
    assert_eq!(
        ours[0].map.owner, b"unknown",
        "it registered over the network"
    );
    let asked = Mapping {
        prog: PROGRAM,
        vers: 3,
        prot: 6,
        port: 0,
    };
    let port = v2.getport(asked).wait().expect("an answer");
    assert_eq!(
        format!("tcp://127.0.0.1:{port}"),
        late.endpoints()[0].to_string()
    );

    // A program that SETs it goes before, and UNSET brings ours back.
    let mine = question(PROGRAM, 3, "tcp", "127.0.0.1.8.1");
    assert!(v4.set(mine.clone()).wait().expect("an answer"));
    assert_eq!(address(3), b"127.0.0.1.8.1");
    assert!(v4.unset(mine).wait().expect("an answer"));
    assert_eq!(address(3), universal(&late.endpoints()[0]));

    late.shutdown(PATIENCE).expect("nothing holds it up");
    assert_eq!(address(3), universal(&early.endpoints()[0]));
    early.shutdown(PATIENCE).expect("nothing holds it up");
    assert_eq!(address(3), b"");
}

/// What rpcbind enters of itself: each version at each place, the newest first.
#[test]
fn it_is_registered_itself() {
    let places = ["tcp://127.0.0.1:0", "udp://127.0.0.1:0"];
    let rpcbind = Rpcbind::start(&places, false).expect("it starts");
    let asked_at = rpcbind.endpoints().next().expect("two").to_string();
    let v4 = RpcbindV4Client::connect(&asked_at).expect("it answers");
    let listed = v4.dump().wait().expect("an answer").first;
    let rows: Vec<_> = listed
        .iter()
        .map(|row| {
            (
                row.map.prog,
                row.map.vers,
                &row.map.netid[..],
                &row.map.owner[..],
            )
        })
        .collect();
    let row = |version, netid: &'static [u8]| (100_000, version, netid, &b"superuser"[..]);
    let of = |netid| [row(4, netid), row(3, netid), row(2, netid)];
    assert_eq!(rows, [of(b"tcp"), of(b"udp")].concat());
}

/// A call through rpcbind that was made runs once, though its results are not passed on: neither where the program fails, nor
/// where they are too long for a datagram whose sender may be forged.
#[test]
fn a_call_through_rpcbind_is_made_once() {
    for (caller, accept_status, results) in [
        ("127.0.0.1:0", SYSTEM_ERR, vec![]),
        ("127.8.9.1:0", SUCCESS, vec![0; 1000]),
    ] {
        let places = ["udp://127.0.0.1:0", "tcp://127.0.0.1:0"];
        let rpcbind = Rpcbind::start(&places, true).expect("it starts");
        let (program, calls) = program(accept_status, results);
        let mut endpoints = rpcbind.endpoints();
        let Some(Endpoint::Udp(udp)) = endpoints.next() else {
            panic!("the first is UDP");
        };
        let v4 = RpcbindV4Client::connect(&endpoints.next().expect("two").to_string());
        let [high, low] = program.port().to_be_bytes();
        let address = format!("127.0.0.1.{high}.{low}");
        let entry = question(PROGRAM, 3, "udp", &address);
        let set = v4.expect("it answers").set(entry).wait();
        assert!(set.expect("an answer"));

        let socket = UdpSocket::bind(caller).expect("a port");
        socket
            .connect(udp.address().expect("an address"))
            .expect("it is there");
        socket.set_read_timeout(Some(PATIENCE)).expect("a timeout");
        // The copies come while the first is under way, or after its end.
        for (procedure, number) in [(BCAST, 2), (BCAST, 2), (INDIRECT, 4), (INDIRECT, 4)] {
            let header = [number, 0, 2, 100_000, 4, procedure, 0, 0, 0, 0];
            let asked = [PROGRAM, 3, number, 0];
            let call = [&header[..], &asked].concat();
            let call: Vec<u8> = call.iter().flat_map(|word| word.to_be_bytes()).collect();
            socket.send(&call).expect("sent");
        }
        let mut reply = [0; 2048];
        let mut answered = || {
            let length = socket.recv(&mut reply).expect("an answer");
            let word = |at: usize| u32::from_be_bytes(*reply[at..].first_chunk().expect("a word"));
            (length, word(0), word(20))
        };
        assert_eq!(answered(), (24, 4, SYSTEM_ERR), "{caller}");
        // One that ends both: what comes after it is not read any more.
        let last = [
            LAST, 0, 2, 100_000, 4, INDIRECT, 0, 0, 0, 0, PROGRAM, 3, LAST, 0,
        ];
        let last: Vec<u8> = last.iter().flat_map(|word| word.to_be_bytes()).collect();
        socket.send(&last).expect("sent");
        while answered().1 != LAST {}
        let mut calls = calls.join().expect("no panic");
        calls.sort_unstable();
        assert_eq!(calls, [2, 4, LAST], "{caller}");
    }
}

const SUCCESS: u32 = 0;
const SYSTEM_ERR: u32 = 5;
const BCAST: u32 = 5;
const INDIRECT: u32 = 10;
const LAST: u32 = 9;

/// A program that answers like this, and the procedures that were called of it, up to [`LAST`].
fn program(accept_status: u32, results: Vec<u8>) -> (SocketAddr, thread::JoinHandle<Vec<u32>>) {
    let socket = UdpSocket::bind("127.0.0.1:0").expect("a port");
    socket.set_read_timeout(Some(PATIENCE)).expect("a timeout");
    let address = socket.local_addr().expect("an address");
    let answering = move || {
        let mut calls = Vec::new();
        while calls.last() != Some(&LAST) {
            let mut call = [0; 100];
            let (_, from) = socket.recv_from(&mut call).expect("a call");
            calls.push(u32::from_be_bytes(*call[20..].first_chunk().expect("long")));
            let status = [1, 0, 0, 0, accept_status].map(u32::to_be_bytes).concat();
            let reply = [&call[..4], &status, &results].concat();
            socket.send_to(&reply, from).expect("sent");
        }
        calls
    };
    (address, thread::spawn(answering))
}
