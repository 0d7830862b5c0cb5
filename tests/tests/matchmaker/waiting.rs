//! Clients and people who wait for a server to come.

use super::stage::{self, Matchmaker, Registered, SOON};
use super::{LONG, connect};
use rpc_core::matchmaker::Sight;
use std::io::{BufRead, BufReader};
use std::process::Stdio;
use std::thread;
use std::time::Duration;
use testkit::Running;

#[test]
fn a_client_that_is_started_before_its_server_waits_for_it() {
    let matchmaker = Matchmaker::start(None, LONG);
    thread::scope(|scope| {
        let connecting = scope.spawn(|| connect(&matchmaker, "who"));
        // It has asked by then, as a rule; and if not, nothing is lost but the test's point.
        matchmaker.await_entries("who", 0);
        let server = Registered::start(&matchmaker, "who", &[]);
        let client = connecting.join().expect("no panic");
        let client = client.expect("it comes in time");
        assert_eq!(client.process().wait().expect("it answers"), server.id());
    });
}

#[test]
fn a_call_waits_for_the_successor_of_a_killed_server() {
    let matchmaker = Matchmaker::start(None, LONG);
    let mut first = Registered::start(&matchmaker, "who", &[]);
    let client = connect(&matchmaker, "who").expect("it is registered");
    first.kill();
    thread::scope(|scope| {
        let calling = scope.spawn(|| client.process().deadline(SOON).wait());
        matchmaker.await_entries("who", 0);
        let second = Registered::start(&matchmaker, "who", &[]);
        let answer = calling.join().expect("no panic");
        assert_eq!(answer.expect("it is found"), second.id());
    });
}

#[test]
fn a_watcher_is_answered_when_a_server_comes_and_when_it_goes() {
    let matchmaker = Matchmaker::start(None, LONG);
    let client = matchmaker.client();
    let watch = |known, wait: Duration| -> Sight {
        let call = client.watch("who", known, wait.as_millis() as u32);
        call.deadline(2 * SOON).wait().expect("it answers")
    };
    let empty = watch(0, SOON);
    assert!(empty.entries.is_empty() && empty.generation != 0);
    let same = watch(empty.generation, Duration::from_millis(1));
    assert_eq!((&same, same.pause_ms), (&empty, 0), "the time is over");
    thread::scope(|scope| {
        let watching = scope.spawn(|| watch(empty.generation, SOON));
        let mut server = Registered::start(&matchmaker, "who", &[]);
        let one = watching.join().expect("no panic");
        assert_eq!(one.entries.len(), 1);
        let watching = scope.spawn(move || watch(one.generation, SOON));
        server.kill();
        assert!(watching.join().expect("no panic").entries.is_empty());
    });
}

#[test]
fn too_many_watchers_are_told_to_come_again_and_hold_nobody_up() {
    let matchmaker = Matchmaker::start(None, LONG);
    let client = matchmaker.client();
    let known = |name: &str| {
        let sight = client.watch(name, 0, 0).wait();
        sight.expect("it answers").generation
    };
    let generation = known("who");
    thread::scope(|scope| {
        let watch = || {
            let client = matchmaker.client();
            let wait = SOON.as_millis() as u32;
            let call = client.watch("who", generation, wait).deadline(2 * SOON);
            call.wait().expect("it answers").pause_ms
        };
        let watching: Vec<_> = (0..rpc_matchmaker::MOST_WATCHERS + 4)
            .map(|_| scope.spawn(watch))
            .collect();
        let turned_away = || watching.iter().filter(|one| one.is_finished()).count();
        testkit::eventually("four that there is no room for", SOON, || {
            (turned_away() == 4).then_some(())
        });
        // All others wait, and so all are answered.
        let server = Registered::start(&matchmaker, "who", &[]);
        let pauses = watching
            .into_iter()
            .map(|one| one.join().expect("no panic"));
        assert_eq!(pauses.filter(|pause| *pause > 0).count(), 4);
        drop(server);
    });
}

#[test]
fn a_person_sees_who_comes_and_who_goes() {
    let matchmaker = Matchmaker::start(None, LONG);
    let mut command = stage::matchmaker();
    command.args(["watch", "who", "--at", &matchmaker.address]);
    let mut watching = Running(command.stdout(Stdio::piped()).spawn().expect("it starts"));
    let mut lines = BufReader::new(watching.0.stdout.take().expect("it is piped")).lines();
    let mut line = || lines.next().expect("it goes on").expect("text");
    let mut server = Registered::start(&matchmaker, "who", &[]);
    let come = line();
    let expected = format!("+ who version 1 at {} (", server.endpoint);
    assert!(come.starts_with(&expected), "{come}");
    server.end();
    assert_eq!(line(), come.replacen('+', "-", 1));
}

#[test]
fn a_matchmaker_ends_although_somebody_watches() {
    let mut matchmaker = Matchmaker::start(None, LONG);
    let client = matchmaker.client();
    let sight = client.watch("who", 0, 0).wait().expect("it answers");
    thread::scope(|scope| {
        let wait = SOON.as_millis() as u32;
        let watching = client.watch("who", sight.generation, wait);
        let watching = scope.spawn(move || watching.deadline(SOON / 4).wait());
        super::signal(&matchmaker.process.0, rustix::process::Signal::TERM);
        let ended = matchmaker.process.0.wait().expect("it is ours");
        assert!(ended.success(), "in good order");
        // It is answered, or finds nobody any more.
        let _ = watching.join().expect("no panic");
    });
}
