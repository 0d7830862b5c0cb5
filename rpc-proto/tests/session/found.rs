//! Mistakes that the simulation found in the machines, each with the shortest history that shows it.

use super::{BANK, Ended, NOT_SERVED, Pair};
use rpc_proto::session::client::{Client, Config, FailureKind, LinkKind};
use rpc_proto::session::server::{self, Server};
use rpc_proto::session::wire::procedure;
use rpc_proto::time::Executed;
use std::time::Duration;

/// Both waited for the server to say what it serves. The one that could only fail took itself out of the queue, and then
/// whatever stood at the queue's front was taken for it, and hung to its deadline.
#[test]
fn a_call_that_can_only_fail_leaves_its_neighbours_in_the_queue() {
    let mut pair = Pair::new(LinkKind::Stream);
    pair.call_of(&NOT_SERVED, 2, 0);
    pair.call(2, 5);
    pair.settle();
    let ends: Vec<_> = pair.finished.iter().map(|(_, end)| *end).collect();
    assert!(ends.contains(&Err((FailureKind::NoProgram, Executed::No))));
    assert!(ends.contains(&Ok(10)), "{ends:?}");
}

/// Nothing was kept of a method that may run twice, so a copy was refused as if no other had come before.
#[test]
fn a_refused_copy_does_not_deny_that_an_earlier_one_ran() {
    let mut pair = Pair::new(LinkKind::Datagram);
    pair.call(1, 1);
    pair.settle();
    pair.call(1, 2);
    pair.send();
    pair.serve();
    pair.to_client.clear();
    pair.server.handle_shutdown();
    pair.pass(Duration::from_secs(11));
    assert_eq!(pair.runs[&2], 1);
    let (_, executed) = pair.last().expect_err("nobody answers it any more");
    assert_eq!(executed, Executed::Maybe);
}

/// The end of a call is acknowledged when nothing else is sent; that was also done on a new link, before anybody there
/// had said who it is.
#[test]
fn nothing_is_acknowledged_to_a_server_that_has_not_said_who_it_is() {
    let mut pair = Pair::new(LinkKind::Stream);
    pair.call(2, 1);
    pair.settle();
    pair.client.handle_link_down(pair.now);
    pair.client.handle_link_up(pair.now, LinkKind::Stream);
    for _ in 0..20 {
        pair.now = pair.now + Duration::from_millis(100);
        pair.client.handle_timeout(pair.now);
        pair.send();
    }
    let is_hello = |message: &Vec<u8>| message[20..24] == procedure::HELLO.to_be_bytes();
    assert!(
        pair.to_server.iter().all(is_hello),
        "the session was named to a stranger"
    );
}

/// While first contact was made anew, the only timer of a session with a call in flight was that of its end. It stayed so when
/// contact was made, and the session ended under a call that was well (seed 704767).
#[test]
fn a_session_is_renewed_after_contact_was_made_anew() {
    let mut pair = Pair::new(LinkKind::Stream);
    let config = Config {
        probe_interval: Duration::from_secs(60),
        ..Config::default()
    };
    pair.client = Client::new(config, [1; 32]);
    let config = server::Config {
        lease: Duration::from_millis(1500),
        ..server::Config::default()
    };
    pair.server = Server::new(config, vec![(&BANK).into()], 7, None, [7; 32]);
    pair.patience = Duration::from_secs(120);
    pair.client.handle_link_up(pair.now, LinkKind::Stream);
    pair.call(2, 1);
    pair.settle();
    pair.pass(Duration::from_millis(300));
    pair.call(2, 2);
    pair.send();
    pair.to_server.clear();

    pair.client.handle_link_up(pair.now, LinkKind::Stream);
    pair.patience = Duration::from_millis(1);
    pair.call(2, 3);
    pair.send();
    pair.now = pair.now + Duration::from_millis(2);
    pair.client.handle_timeout(pair.now);
    pair.serve();
    pair.receive();
    pair.send();
    // The second call stays in its handler.
    let is_call = |message: &Vec<u8>| message[12..16] == BANK.program.to_be_bytes();
    pair.to_server.retain(|message| !is_call(message));
    pair.settle();
    pair.pass(Duration::from_secs(2));
    let lost = |end: &Ended| matches!(end, Err((FailureKind::SessionLost, _)));
    assert!(
        !pair.finished.iter().any(|(_, end)| lost(end)),
        "{:?}",
        pair.finished
    );
}
