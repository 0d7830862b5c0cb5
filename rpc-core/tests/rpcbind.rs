//! Clients and servers at an rpcbind: one of our own making, in each version of the protocol. Real ones are met in
//! `tests/tests/onc`.

use rpc_core::rpcbind::{Mapping, Rpcb, RpcbItem, RpcbList};
use rpc_core::{ConnectError, Context, Endpoint, Server, ServerBuilder, rpc};
use std::sync::{Arc, Mutex};

/// What rpc-core asks of `PortmapV2`.
#[rpc(program = 100_000, version = 2)]
trait Portmap {
    #[rpc(readonly, procedure = 3)]
    fn getport(&self, arg: Mapping) -> u32;
}

/// What rpc-core asks of `RpcbindV3`.
#[rpc(program = 100_000, version = 3)]
trait Rpcbind {
    #[rpc(procedure = 1)]
    fn set(&self, arg: Rpcb) -> bool;
    #[rpc(procedure = 2)]
    fn unset(&self, arg: Rpcb) -> bool;
    #[rpc(readonly, procedure = 3)]
    fn getaddr(&self, cx: &Context, arg: Rpcb) -> Vec<u8>;
    #[rpc(readonly, procedure = 4)]
    fn dump(&self) -> RpcbList;
}

/// What rpc-core asks of `RpcbindV4`.
#[rpc(program = 100_000, version = 4)]
trait Newest {
    #[rpc(readonly, procedure = 3)]
    fn getaddr(&self, cx: &Context, arg: Rpcb) -> Vec<u8>;
}

#[rpc(program = 0x2000_0abc, version = 1)]
trait Count {
    #[rpc(readonly)]
    fn count(&self) -> u64;
}

struct Fixed(u64);

impl Count for Fixed {
    fn count(&self) -> u64 {
        self.0
    }
}

#[derive(Clone, Default)]
struct Table(Arc<Mutex<Vec<Rpcb>>>);

impl Table {
    fn enter(&self, entry: Rpcb) -> bool {
        let mut entries = self.0.lock().expect("nobody panicked");
        let same = |other: &Rpcb| {
            (other.prog, other.vers, &other.netid) == (entry.prog, entry.vers, &entry.netid)
        };
        let free = !entries.iter().any(same);
        if free {
            entries.push(entry);
        }
        free
    }

    fn remove(&self, entry: &Rpcb) -> bool {
        let mut entries = self.0.lock().expect("nobody panicked");
        let before = entries.len();
        entries.retain(|other| {
            (other.prog, other.vers) != (entry.prog, entry.vers)
                || (!entry.netid.is_empty() && other.netid != entry.netid)
        });
        entries.len() < before
    }

    /// As rpcbind does: of the transport on which it is asked, and another version if need be.
    fn find(&self, program: u32, netid: &str) -> Vec<u8> {
        let entries = self.0.lock().expect("nobody panicked");
        let fits = |entry: &&Rpcb| entry.prog == program && entry.netid == netid.as_bytes();
        let found = entries.iter().find(fits);
        found.map(|entry| entry.addr.clone()).unwrap_or_default()
    }

    fn all(&self) -> RpcbList {
        let entries = self.0.lock().expect("nobody panicked");
        let item = |entry: &Rpcb| RpcbItem { map: entry.clone() };
        RpcbList {
            first: entries.iter().map(item).collect(),
        }
    }

    /// `netid address`, of each entry.
    fn places(&self) -> Vec<String> {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let place =
            |RpcbItem { map }: &RpcbItem| format!("{} {}", text(&map.netid), text(&map.addr));
        self.all().first.iter().map(place).collect()
    }
}

fn netid(cx: &Context) -> &'static str {
    if cx.peer().to_string().starts_with("udp:") {
        "udp"
    } else {
        "tcp"
    }
}

impl Newest for Table {
    fn getaddr(&self, cx: &Context, asked: Rpcb) -> Vec<u8> {
        self.find(asked.prog, netid(cx))
    }
}

impl Rpcbind for Table {
    fn set(&self, entry: Rpcb) -> bool {
        self.enter(entry)
    }

    fn unset(&self, entry: Rpcb) -> bool {
        self.remove(&entry)
    }

    fn getaddr(&self, cx: &Context, asked: Rpcb) -> Vec<u8> {
        self.find(asked.prog, netid(cx))
    }

    fn dump(&self) -> RpcbList {
        self.all()
    }
}

impl Portmap for Table {
    fn getport(&self, asked: Mapping) -> u32 {
        let netid = if asked.prot == 17 { "udp" } else { "tcp" };
        let address = String::from_utf8(self.find(asked.prog, netid)).expect("it is text");
        let mut bytes = address.rsplit('.').map(|byte| byte.parse().unwrap_or(0));
        let (low, high): (u32, u32) = (bytes.next().unwrap_or(0), bytes.next().unwrap_or(0));
        high << 8 | low
    }
}

/// An rpcbind that speaks these versions, at one port over both transports, and its endpoint.
fn start(table: &Table, versions: &[u32]) -> (Server, String) {
    let describe = |tcp: &str, udp: &str| -> ServerBuilder {
        let builder = Server::builder().listen(tcp).listen(udp);
        versions
            .iter()
            .fold(builder, |builder, version| match version {
                4 => builder.serve(NewestService::new(table.clone())),
                3 => builder.serve(RpcbindService::new(table.clone())),
                _ => builder.serve(PortmapService::new(table.clone())),
            })
    };
    for _ in 0..20 {
        let taken = std::net::UdpSocket::bind("127.0.0.1:0").expect("a port");
        let address = taken.local_addr().expect("an address");
        drop(taken);
        // Somebody may have the port by now, or its other half.
        let described = describe(&format!("tcp://{address}"), &format!("udp://{address}"));
        if let Ok(server) = described.start() {
            return (server, format!("rpcbind://{address}"));
        }
    }
    panic!("no port is free for both transports");
}

/// Starts a server that registers there, and gives its endpoints as an rpcbind writes them.
fn register(at: &str, value: u64, listen: &[&str]) -> (Server, Vec<String>) {
    let builder = Server::builder()
        .serve(CountService::new(Fixed(value)))
        .register(at);
    let builder = listen
        .iter()
        .fold(builder, |builder, listen| builder.listen(listen));
    let server = builder.start().expect("it is registered");
    let place = |endpoint: &Endpoint| {
        let netid = rpc_core::rpcbind::netid(endpoint).expect("it has a transport");
        let address = rpc_core::rpcbind::to_universal(endpoint).expect("it has an address");
        format!("{netid} {address}")
    };
    let places = server.endpoints().iter().map(place).collect();
    (server, places)
}

#[test]
fn a_server_is_found_in_every_version_and_over_every_transport() {
    for versions in [&[2, 3, 4][..], &[4], &[3, 2], &[3], &[2]] {
        let table = Table::default();
        // Whoever is asked in an old version only: the server registers in version 3.
        let (_registering, desk) = start(&table, &[3]);
        let (_asked, at) = start(&table, versions);
        let listen = ["tcp://127.0.0.1:0", "udp://127.0.0.1:0"];
        let (_server, places) = register(&desk, 7, &listen);
        assert_eq!(table.places(), places);
        for transport in ["", "?transport=tcp", "?transport=udp", "/0x20000abc.1"] {
            let endpoint = format!("{at}{transport}");
            let client = CountClient::connect(&endpoint).expect(&endpoint);
            assert_eq!(client.count().wait().expect("it answers"), 7, "{endpoint}");
        }
    }
}

#[test]
fn a_server_that_moved_is_found_again() {
    let table = Table::default();
    let (_rpcbind, at) = start(&table, &[3, 4]);
    let (first, _) = register(&at, 1, &["tcp://127.0.0.1:0"]);
    let client = CountClient::connect(&at).expect("it is registered");
    assert_eq!(client.count().wait().expect("it answers"), 1);
    drop(first);
    assert_eq!(table.places(), Vec::<String>::new());
    let (_second, places) = register(&at, 2, &["tcp://127.0.0.1:0"]);
    assert_eq!(client.count().wait().expect("it answers"), 2);
    assert_eq!(table.places(), places);
}

#[test]
fn what_a_killed_server_left_behind_is_replaced_and_a_successor_is_left_alone() {
    let table = Table::default();
    let (_rpcbind, at) = start(&table, &[3]);
    let entry = |netid: &str, vers| Rpcb {
        prog: 0x2000_0abc,
        vers,
        netid: netid.into(),
        addr: "127.0.0.1.0.9".into(),
        owner: Vec::new(),
    };
    for (netid, vers) in [("tcp", 1), ("udp", 1), ("tcp", 2)] {
        assert!(table.enter(entry(netid, vers)));
    }
    let (first, places) = register(&at, 1, &["tcp://127.0.0.1:0", "tcp://127.0.0.1:0"]);
    let other_version = "tcp 127.0.0.1.0.9";
    assert_eq!(table.places(), [other_version, &places[0]]);
    let (_second, places) = register(&at, 1, &["tcp://127.0.0.1:0"]);
    drop(first);
    assert_eq!(table.places(), [other_version, &places[0]]);
}

#[test]
fn only_what_was_asked_for_is_registered() {
    let table = Table::default();
    let (_rpcbind, at) = start(&table, &[3]);
    let listen = ["tcp://127.0.0.1:0", "udp://127.0.0.1:0", "mem://only-here"];
    let builder = || {
        let builder = Server::builder().serve(CountService::new(Fixed(0)));
        listen
            .iter()
            .fold(builder, |builder, at| builder.listen(at))
    };
    let of_udp = builder().register(format!("{at}?transport=udp")).start();
    let of_udp = of_udp.expect("it is registered");
    let found = rpc_core::rpcbind::to_universal(&of_udp.endpoints()[1]).expect("an address");
    assert_eq!(table.places(), [format!("udp {found}")]);
    drop(of_udp);
    let advertised = builder()
        .register(&at)
        .advertise("tcp://0.0.0.0:513")
        .start();
    let advertised = advertised.expect("it is registered");
    assert_eq!(table.places(), ["tcp 0.0.0.0.2.1"]);
    drop(advertised);

    for (target, advertise, why) in [
        (
            format!("{at}/0x20000abc.2"),
            "tcp://127.0.0.1:1",
            "/536873660.2 has other numbers than Count (program 536873660, version 1); leave them out",
        ),
        (
            at.clone(),
            "tcp://a-name:1",
            ": listen on tcp://, udp:// or unix:/path, and name hosts by their address",
        ),
        (
            "rpcbind://127.0.0.1:1".to_owned(),
            "tcp://127.0.0.1:1",
            "no rpcbind helps at tcp://127.0.0.1:1: ",
        ),
    ] {
        let refused = builder().register(target).advertise(advertise).start();
        let told = refused.expect_err("it is not registered").to_string();
        assert!(told.contains(why), "{told}");
    }
}

#[test]
fn an_rpcbind_that_refuses_is_named_with_what_it_was_asked() {
    let table = Table::default();
    struct Stubborn(Table);
    impl Rpcbind for Stubborn {
        fn set(&self, entry: Rpcb) -> bool {
            entry.netid != b"udp" && self.0.enter(entry)
        }
        fn unset(&self, entry: Rpcb) -> bool {
            self.0.remove(&entry)
        }
        fn getaddr(&self, _: &Context, _: Rpcb) -> Vec<u8> {
            b"127.0.0.1.99".to_vec()
        }
        fn dump(&self) -> RpcbList {
            self.0.all()
        }
    }
    let stubborn = Server::builder()
        .serve(RpcbindService::new(Stubborn(table.clone())))
        .listen("tcp://127.0.0.1:0")
        .start()
        .expect("it starts");
    let at = stubborn.endpoints()[0]
        .to_string()
        .replace("tcp", "rpcbind");
    let refused = Server::builder()
        .serve(CountService::new(Fixed(0)))
        .listen("tcp://127.0.0.1:0")
        .listen("udp://127.0.0.1:0")
        .register(&at)
        .start();
    let told = refused.expect_err("it is refused").to_string();
    let what = "does not register Count (program 536873660, version 1) at udp 127.0.0.1.";
    assert!(told.contains(what), "{told}");
    assert_eq!(
        table.places(),
        Vec::<String>::new(),
        "the first is gone, too"
    );

    let error = CountClient::connect(&at).expect_err("that is no address");
    let why = "is at `127.0.0.1.99`, which is no address of that transport";
    assert!(error.to_string().contains(why), "{error}");
}

#[test]
fn who_is_not_registered_is_told_at_once_with_whom_was_asked() {
    let table = Table::default();
    let (_rpcbind, at) = start(&table, &[2, 3, 4]);
    let error = CountClient::connect(&at).expect_err("nobody is registered");
    assert!(matches!(error, ConnectError::Resolve { .. }), "{error}");
    let address = at.trim_start_matches("rpcbind://");
    let why = format!(
        "rpcbind, asked at tcp://{address} and udp://{address}, knows no server of Count (program 536873660, version 1)"
    );
    assert!(error.to_string().contains(&why), "{error}");

    let error = CountClient::connect(&format!("{at}/100003.3")).expect_err("not these numbers");
    let why = "/100003.3 has other numbers than Count (program 536873660, version 1)";
    assert!(error.to_string().contains(why), "{error}");
}
