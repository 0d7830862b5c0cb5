//! The matchmaker, servers that register and clients that look for them, as processes that can be killed.

mod ownership;
mod restarting;
mod sockets;
mod stage;
mod waiting;

use rpc_core::matchmaker::{MatchmakerClient, Registration};
use rpc_core::{Bounded, ConnectError, ErrorKind, Executed};
use rpc_matchmaker::Daemon;
use rpc_matchmaker::registry::Limits;
use rustix::process::{Pid, Signal, kill_process};
use stage::{Matchmaker, Registered, SOON, failing_server};
use std::process::Child;
use std::time::{Duration, Instant};
use testkit::eventually;
use testkit::who::{MisunderstoodClient, WhoClient, WhoV2Client};

/// Longer than any test here takes: entries then end for other reasons only.
const LONG: u32 = 600_000;

fn signal(process: &Child, signal: Signal) {
    kill_process(Pid::from_child(process), signal).expect("it is ours");
}

fn connect(matchmaker: &Matchmaker, name: &str) -> Result<WhoClient, ConnectError> {
    WhoClient::connect(&format!("match://{}/{name}", matchmaker.address))
}

#[test]
fn a_registered_server_is_found_by_clients_and_shown_on_the_command_line() {
    let matchmaker = Matchmaker::start(None, LONG);
    let socket = format!("unix:@who-{}", std::process::id());
    let server = Registered::start(
        &matchmaker,
        "",
        &[
            "--listen",
            "tcp://127.0.0.1:0",
            "--listen",
            "udp://127.0.0.1:0",
            "--listen",
            &socket,
        ],
    );
    for endpoint in [
        "who",
        "Who",
        "who?transport=udp",
        "who?transport=tcp",
        "who?transport=unix",
        "",
    ] {
        let client = connect(&matchmaker, endpoint).expect("it is registered");
        assert_eq!(
            client.process().wait().expect("it answers"),
            server.id(),
            "as {endpoint:?}"
        );
    }

    let shown = matchmaker.ask(&["lookup", "who"]);
    let text = String::from_utf8(shown.stdout).expect("text");
    assert!(shown.status.success());
    assert!(
        text.starts_with("NAME  PROGRAM     VERSION  ENDPOINTS"),
        "{text}"
    );
    assert!(
        text.contains(&format!("Who   0x20000f00  1        {}", server.endpoint)),
        "{text}"
    );
    let fingerprint = WhoClient::INTERFACE.methods[0].fingerprint();
    assert!(
        text.contains(&format!("procedure 1    fingerprint {fingerprint:016x}")),
        "{text}"
    );
    let listed = matchmaker.ask(&["list"]);
    assert!(
        listed.status.success()
            && String::from_utf8_lossy(&listed.stdout).contains(&server.endpoint)
    );
}

#[test]
fn what_is_not_registered_is_told_plainly_with_names_that_look_alike() {
    let matchmaker = Matchmaker::start(None, LONG);
    assert_eq!(matchmaker.ask(&["list"]).status.code(), Some(1));
    let _server = Registered::start(&matchmaker, "who-knows", &[]);
    let shown = matchmaker.ask(&["lookup", "who-knwos"]);
    assert_eq!(shown.status.code(), Some(1));
    let told = String::from_utf8_lossy(&shown.stderr);
    assert!(
        told.contains("`who-knwos`") && told.contains("who-knows"),
        "{told}"
    );

    let error = connect(&matchmaker, "who-knwos")
        .expect_err("there is no such name")
        .to_string();
    assert!(
        error.ends_with("knows nobody by the name `who-knwos`; it knows `who-knows`"),
        "{error}"
    );
    let error = WhoV2Client::connect(&format!("match://{}/who-knows", matchmaker.address));
    let error = error.expect_err("only version 1 is served").to_string();
    assert!(
        error.ends_with("it serves Who in version 1, and this client speaks version 2"),
        "{error}"
    );
    let error = connect(&matchmaker, "who-knows?version=2").expect_err("only version 1 is served");
    let told =
        "it serves Who in version 1; version 2 is asked for, and this client speaks version 1";
    assert!(error.to_string().ends_with(told), "{error}");
    connect(&matchmaker, "who-knows?version=1&transport=tcp").expect("it is served");
    let error = WhoClient::connect(&format!(
        "match://{}/who-knows?transport=udp",
        matchmaker.address
    ));
    let error = error.expect_err("it listens on TCP only").to_string();
    assert!(error.ends_with("it has no endpoint for udp"), "{error}");
}

#[test]
fn a_method_that_differs_is_refused_and_the_others_work() {
    let matchmaker = Matchmaker::start(None, LONG);
    let _server = Registered::start(&matchmaker, "who", &[]);
    let client = MisunderstoodClient::connect(&format!("match://{}/who", matchmaker.address))
        .expect("it is served");
    let error = client.process().wait().expect_err("its answer is no text");
    assert_eq!(
        (error.kind(), error.executed()),
        (ErrorKind::Incompatible, Executed::No),
        "{error}"
    );
    assert_eq!(client.user().wait().expect("this one is understood"), 7);
}

#[test]
fn an_entry_ends_when_its_owner_is_killed() {
    let matchmaker = Matchmaker::start(None, LONG);
    let mut server = Registered::start(&matchmaker, "who", &[]);
    let client = connect(&matchmaker, "who").expect("it is registered");
    assert_eq!(matchmaker.await_entries("who", 1).len(), 1);
    server.kill();
    matchmaker.await_entries("who", 0);
    let error = client
        .process()
        .deadline(SOON / 20)
        .wait()
        .expect_err("nobody is left");
    assert!(
        error.to_string().contains("knows nobody by the name `who`"),
        "{error}"
    );
}

#[test]
fn an_entry_ends_with_its_lease_and_comes_back_with_its_owner() {
    let matchmaker = Matchmaker::start(None, 1_000);
    let server = Registered::start(&matchmaker, "who", &[]);
    matchmaker.await_entries("who", 1);
    // Its connection stays open, but nobody renews.
    signal(&server.process.0, Signal::STOP);
    matchmaker.await_entries("who", 0);
    signal(&server.process.0, Signal::CONT);
    matchmaker.await_entries("who", 1);
}

#[test]
fn an_entry_from_a_datagram_outlives_its_sender_until_the_lease_ends() {
    let limits = Limits {
        shortest_lease: Duration::from_millis(50),
        ..Limits::default()
    };
    let daemon =
        Daemon::start(&["tcp://127.0.0.1:0", "udp://127.0.0.1:0"], limits).expect("free ports");
    let client = |index: usize| {
        MatchmakerClient::connect(&daemon.endpoints()[index].to_string()).expect("it answers")
    };
    let (by_stream, by_datagram) = (client(0), client(1));
    for (client, name, lease_ms) in [
        (&by_stream, "stream", LONG),
        (&by_datagram, "datagram", 1_000),
    ] {
        let registered = client
            .register(registration(name), lease_ms)
            .wait()
            .expect("it answers");
        registered.expect("it is taken");
    }
    drop((by_stream, by_datagram));

    let client = client(1);
    let found = |name: &str| client.lookup(name).wait().expect("it answers").is_ok();
    eventually("the end of the stream's entry", SOON, || {
        (!found("stream")).then_some(())
    });
    eventually("the end of the datagram's entry", SOON, || {
        (!found("datagram")).then_some(())
    });
    daemon.shutdown(SOON).expect("nothing holds it up");
}

fn registration(name: &str) -> Registration {
    let endpoint = Bounded::new("tcp://127.0.0.1:1".to_owned()).expect("short");
    Registration {
        name: Bounded::new(name.to_owned()).expect("short"),
        program: 1,
        version: 1,
        fingerprints: Bounded::default(),
        instance: [1; 16],
        incarnation: 1,
        store: None,
        endpoints: Bounded::new(vec![endpoint]).expect("one"),
    }
}

#[test]
fn an_entry_is_renewed_for_longer_than_its_lease() {
    let matchmaker = Matchmaker::start(None, 500);
    let _server = Registered::start(&matchmaker, "who", &[]);
    let client = matchmaker.client();
    eventually("an entry that is older than three leases", SOON, || {
        // An entry that ended and was made anew would be young again.
        matchmaker
            .entries(&client, "who")
            .first()
            .filter(|entry| entry.age_ms > 1_500)
            .map(|_| ())
    });
}

#[test]
fn a_server_withdraws_when_it_shuts_down() {
    let matchmaker = Matchmaker::start(None, LONG);
    let mut server = Registered::start(&matchmaker, "who", &[]);
    let client = matchmaker.client();
    assert!(server.end().success());
    assert_eq!(
        matchmaker.entries(&client, "who"),
        [],
        "at once, with nothing left to notice"
    );
}

#[test]
fn a_matchmaker_that_hangs_holds_up_neither_a_server_nor_its_end() {
    let matchmaker = Matchmaker::start(None, 1_000);
    let mut server = Registered::start(&matchmaker, "who", &[]);
    let client = connect(&matchmaker, "who").expect("it is registered");
    signal(&matchmaker.process.0, Signal::STOP);
    let start = Instant::now();
    while start.elapsed() < Duration::from_secs(1) {
        assert_eq!(
            client.process().wait().expect("it goes on serving"),
            server.id()
        );
    }
    assert!(server.end().success(), "it ends in good order");
    signal(&matchmaker.process.0, Signal::CONT);
    matchmaker.await_entries("who", 0);
}

#[test]
fn entries_come_back_after_the_matchmaker_was_restarted() {
    let mut first = Matchmaker::start(None, 1_000);
    let server = Registered::start(&first, "who", &[]);
    let client = connect(&first, "who").expect("it is registered");
    first.kill();
    assert_eq!(
        client.process().wait().expect("it goes on serving"),
        server.id()
    );

    let second = Matchmaker::start(Some(&first.address), 1_000);
    second.await_entries("who", 1);
    let client = connect(&second, "who").expect("it is registered again");
    assert_eq!(client.process().wait().expect("it answers"), server.id());
}

#[test]
fn of_two_servers_of_a_name_the_newer_is_called_and_the_other_takes_over() {
    let matchmaker = Matchmaker::start(None, LONG);
    let older = Registered::start(&matchmaker, "who", &[]);
    let loyal = connect(&matchmaker, "who").expect("it is registered");
    let mut newer = Registered::start(&matchmaker, "who", &[]);
    let entries = matchmaker.await_entries("who", 2);
    assert_eq!(
        entries[0].registration.endpoints[0].as_str(),
        newer.endpoint
    );
    let client = connect(&matchmaker, "who").expect("both are registered");
    assert_eq!(client.process().wait().expect("it answers"), newer.id());
    assert_eq!(loyal.process().wait().expect("it answers"), older.id());

    newer.kill();
    assert_eq!(
        client.process().wait().expect("the other one answers"),
        older.id()
    );
    matchmaker.await_entries("who", 1);
}

#[test]
fn a_server_may_advertise_another_endpoint_than_its_own() {
    let matchmaker = Matchmaker::start(None, LONG);
    let hidden = Registered::start(&matchmaker, "hidden", &[]);
    let relayed = ["--advertise", hidden.endpoint.as_str()];
    let _server = Registered::start(&matchmaker, "who", &relayed);
    let client = connect(&matchmaker, "who").expect("it is registered");
    assert_eq!(client.process().wait().expect("it answers"), hidden.id());
}

#[test]
fn a_server_without_a_matchmaker_does_not_start_and_says_why() {
    let mut matchmaker = Matchmaker::start(None, LONG);
    signal(&matchmaker.process.0, Signal::TERM);
    assert!(
        matchmaker.process.0.wait().expect("it is ours").success(),
        "SIGTERM ends it in good order"
    );
    let told = failing_server(&matchmaker.address, "who", &[]);
    assert!(
        told.contains(&format!("no matchmaker at tcp://{}", matchmaker.address)),
        "{told}"
    );
    let error = connect(&matchmaker, "who")
        .expect_err("nobody is there")
        .to_string();
    assert!(
        error.contains(&format!(
            "no matchmaker helps at tcp://{}",
            matchmaker.address
        )),
        "{error}"
    );
    assert_eq!(matchmaker.ask(&["list"]).status.code(), Some(1));
}

#[test]
fn what_cannot_be_called_is_not_registered() {
    let matchmaker = Matchmaker::start(None, LONG);
    let told = failing_server(&matchmaker.address, "who", &["--listen", "tcp://0.0.0.0:0"]);
    assert!(told.contains("listens on every address"), "{told}");
    let told = failing_server(&matchmaker.address, "who", &["--advertise", "mem://who"]);
    assert!(told.contains("no endpoint to register"), "{told}");
}

#[test]
fn the_environment_may_say_where_the_matchmaker_is() {
    let matchmaker = Matchmaker::start(None, LONG);
    let server = Registered::start_with_environment(&matchmaker.address);
    let mut question = stage::matchmaker();
    let shown = question
        .args(["lookup", "who"])
        .env("RPC_MATCHMAKER", &matchmaker.address)
        .output()
        .expect("it runs");
    assert!(String::from_utf8_lossy(&shown.stdout).contains(&server.endpoint));

    let mut question = stage::matchmaker();
    let told = question
        .arg("list")
        .env("RPC_MATCHMAKER", "nowhere")
        .output()
        .expect("it runs");
    let told = String::from_utf8_lossy(&told.stderr);
    assert!(
        told.contains("RPC_MATCHMAKER: `nowhere` is not where a matchmaker answers"),
        "{told}"
    );
}

#[test]
fn a_port_in_use_is_told_with_what_to_do() {
    let first = Matchmaker::start(None, LONG);
    let output = stage::matchmaker()
        .args(["--listen", &format!("tcp://{}", first.address)])
        .output()
        .expect("it runs");
    assert_eq!(output.status.code(), Some(1));
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(
        told.contains(&first.address) && told.contains("--listen tcp://127.0.0.1:PORT"),
        "{told}"
    );
}
