//! rpcbind between C programs and ours: on a host of its own, with the real one and with `matchmaker --rpcbind`.

use crate::echo::{EchoV1Client, EchoV2Client};
use crate::peers::{self, CServer, client_with, output};
use crate::service;
use rpc_core::{Endpoint, ErrorKind, Server};
use std::os::unix::net::UnixStream;
use std::process::{Command, Stdio};
use std::time::Duration;
use testkit::{Running, alone, eventually};

/// Of the contract.
const PROGRAM: &str = "536874696";

/// How long anything may take that should happen soon: long enough for a busy machine.
const SOON: Duration = Duration::from_secs(20);

/// What has to be installed first, if anything.
pub fn missing_tool() -> Option<String> {
    let programs = ["rpcbind", "rpcinfo", "ip"];
    peers::missing_tool()
        .or_else(|| testkit::missing_program(&programs))
        .or_else(testkit::obstacle)
}

/// The real one, and then ours.
pub fn each_registry(test: fn()) {
    let mut real = Command::new("rpcbind");
    real.args(["-f", "-w"]);
    let mut ours = peers::matchmaker();
    ours.arg("--rpcbind");
    for mut registry in [real, ours] {
        println!("{registry:?}");
        let quiet = registry.stdout(Stdio::null()).stderr(Stdio::null());
        let _process = Running(quiet.spawn().expect("it starts"));
        eventually("the registry answers", SOON, || {
            UnixStream::connect(rpc_core::rpcbind::SOCKET).ok()
        });
        test();
    }
}

#[track_caller]
fn rpcinfo(words: &[&str]) -> String {
    output(Command::new("rpcinfo").args(words))
}

/// `version netid` of each registration of the contract's program, sorted.
fn registered() -> Vec<String> {
    let table = rpcinfo(&[]);
    let rows = table.lines().map(|line| line.split_whitespace().collect());
    let ours = rows.filter(|row: &Vec<&str>| row[0] == PROGRAM);
    let mut found: Vec<String> = ours.map(|row| format!("{} {}", row[1], row[2])).collect();
    found.sort();
    found
}

fn ours() -> Server {
    let builder = service::server()
        .listen("tcp://0.0.0.0:0")
        .listen("udp://0.0.0.0:0")
        .listen("tcp://[::1]:0")
        .listen("udp://[::1]:0")
        .listen("unix:/run/ours.sock");
    builder
        .register("rpcbind://")
        .start()
        .expect("it is registered")
}

const EVERYWHERE: [&str; 10] = [
    "1 local", "1 tcp", "1 tcp6", "1 udp", "1 udp6", "2 local", "2 tcp", "2 tcp6", "2 udp",
    "2 udp6",
];

#[test]
fn c_servers_are_found_by_our_clients() {
    let test = "registry::c_servers_are_found_by_our_clients";
    if let Some(missing) = missing_tool() {
        return testkit::skip(test, &missing);
    }
    if alone(test, peers::built) {
        each_registry(find_c_servers);
    }
}

fn find_c_servers() {
    let server = CServer::register(&["1", "2"]);
    assert_eq!(registered(), EVERYWHERE);
    for endpoint in [
        "rpcbind://",
        "rpcbind:///536874696.2",
        "rpcbind:///0x20000ec8",
        "rpcbind://?transport=tcp",
        "rpcbind://?transport=udp",
        "rpcbind://?transport=local",
        "rpcbind://127.0.0.1",
        "rpcbind://localhost/536874696.2?transport=udp",
        "rpcbind://[::1]",
        "rpcbind://[::1]:111/536874696.2?transport=udp",
    ] {
        let client = EchoV2Client::connect(endpoint).expect(endpoint);
        let found = client.echo_id(7).wait();
        assert_eq!(found.expect("it answers"), 7, "{endpoint}");
    }
    // It moves, and the clients of the one that is killed find the next one, of which version 2 is gone.
    let client = EchoV1Client::connect("rpcbind://").expect("it is registered");
    assert_eq!(client.echo_old(b"one").wait().expect("it answers"), b"one");
    drop(server);
    let _server = CServer::register(&["1"]);
    eventually("the next server answers", SOON, || {
        client.echo_old(b"two").wait().ok()
    });
    rpcinfo(&["-d", PROGRAM, "2"]);
    let client = EchoV2Client::connect("rpcbind://").expect("another version is registered");
    let error = client.echo_id(7).wait().expect_err("it is of old");
    assert_eq!(error.kind(), ErrorKind::OtherVersions { low: 1, high: 1 });
}

#[test]
fn a_server_of_one_kind_of_address_is_found_by_a_name_that_has_both() {
    let test = "registry::a_server_of_one_kind_of_address_is_found_by_a_name_that_has_both";
    if let Some(missing) = missing_tool() {
        return testkit::skip(test, &missing);
    }
    if alone(test, peers::built) {
        std::fs::write("/run/hosts", "::1 both\n127.0.0.1 both\n").expect("it can be written");
        output(Command::new("mount").args(["--bind", "/run/hosts", "/etc/hosts"]));
        each_registry(find_by_name);
    }
}

fn find_by_name() {
    let server = service::server()
        .listen("tcp://0.0.0.0:0")
        .listen("udp://0.0.0.0:0")
        .register("rpcbind://")
        .start()
        .expect("it is registered");
    let [tcp, udp] = server.endpoints() else {
        panic!("{:?}", server.endpoints())
    };
    let named = |endpoint: &Endpoint| endpoint.to_string().replace("0.0.0.0", "both");
    for endpoint in [
        "rpcbind://both".to_owned(),
        "rpcbind://both?transport=udp".to_owned(),
        named(tcp),
        named(udp),
    ] {
        let client = EchoV2Client::connect(&endpoint).expect(&endpoint);
        assert_eq!(client.echo_id(7).wait().expect("it answers"), 7);
    }
}

#[test]
fn our_servers_are_found_by_c_clients() {
    let test = "registry::our_servers_are_found_by_c_clients";
    if let Some(missing) = missing_tool() {
        return testkit::skip(test, &missing);
    }
    if alone(test, peers::built) {
        each_registry(be_found_by_c_clients);
    }
}

fn be_found_by_c_clients() {
    let server = ours();
    assert_eq!(registered(), EVERYWHERE);
    for (netid, host) in [
        ("tcp", "127.0.0.1"),
        ("udp", "127.0.0.1"),
        ("tcp6", "::1"),
        ("udp6", "::1"),
    ] {
        let find = format!("find-{}", netid.trim_end_matches('6'));
        let counted = output(client_with(&find, host).args(["count", "3"]));
        assert!(counted.trim().parse::<u64>().is_ok_and(|sum| sum >= 3));
        let both = rpcinfo(&["-T", netid, host, PROGRAM]);
        for version in [1, 2] {
            let line = format!("program {PROGRAM} version {version} ready and waiting");
            assert!(both.contains(&line), "{netid}: {both}");
        }
    }
    for option in ["-t", "-u"] {
        let both = rpcinfo(&[option, "127.0.0.1", PROGRAM]);
        assert_eq!(both.matches("ready and waiting").count(), 2, "{both}");
    }
    server.shutdown(SOON).expect("it ends");
    assert_eq!(registered(), Vec::<String>::new());
}

#[test]
fn what_a_dead_server_left_behind_is_replaced() {
    let test = "registry::what_a_dead_server_left_behind_is_replaced";
    if let Some(missing) = missing_tool() {
        return testkit::skip(test, &missing);
    }
    if alone(test, peers::built) {
        each_registry(replace_what_is_left);
    }
}

fn replace_what_is_left() {
    drop(CServer::register(&["1", "2"]));
    assert_eq!(registered(), EVERYWHERE);
    let register = || {
        service::server()
            .listen("tcp://127.0.0.1:0")
            .register("rpcbind://")
    };
    let server = register().start().expect("it takes the place");
    assert_eq!(registered(), ["1 tcp", "2 tcp"]);
    let client = EchoV2Client::connect("rpcbind://").expect("it is registered");
    assert_eq!(client.echo_id(7).wait().expect("it answers"), 7);
    drop(server);
    // Without the socket, over the loopback address. Nobody comes after this one.
    std::fs::remove_file(rpc_core::rpcbind::SOCKET).expect("it is there");
    let server = register().start().expect("it registers");
    let client = EchoV2Client::connect("rpcbind://").expect("it is registered");
    assert_eq!(client.echo_id(7).wait().expect("it answers"), 7);
    drop(server);
    let error = EchoV2Client::connect("rpcbind://?transport=tcp").expect_err("it has withdrawn");
    let why = "knows no server of EchoV2 (program 536874696, version 2)";
    assert!(error.to_string().contains(why), "{error}");
}
