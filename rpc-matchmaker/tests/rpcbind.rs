//! rpcbind beside the matchmaker: whoever registers at the one is shown by the other.

use rpc_core::rpcbind::{Mapping, PortmapV2Client, Rpcb, RpcbindV4Client};
use rpc_core::{Endpoint, Server, rpc};
use rpc_matchmaker::Daemon;
use rpc_matchmaker::registry::Limits;
use rpc_matchmaker::rpcbind::Rpcbind;
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
