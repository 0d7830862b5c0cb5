//! Calls that are shelved at their deadline, and asked about again (S-24).

use super::{BOTH, Ended, Pair};
use rpc_proto::session::client::{CallId, FailureKind, LinkKind};
use rpc_proto::session::wire::procedure;
use rpc_proto::time::Executed;
use std::time::Duration;

const DEADLINE: Duration = Duration::from_secs(10);
const MAYBE: Ended = Err((FailureKind::DeadlineExceeded, Executed::Maybe));

/// Where the call was when nobody answered any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Lost {
    /// On its way there.
    Call,
    /// The method ran, and nothing of the answer came back.
    Reply,
}

/// A pair with a session, and a call of `procedure` that has come to its deadline.
fn shelved(kind: LinkKind, procedure: usize, lost: Lost) -> (Pair, CallId) {
    let mut pair = Pair::new(kind);
    pair.call(procedure, 1);
    pair.settle();
    let call = pair.call_as(procedure, 2, None, true);
    pair.send();
    if lost == Lost::Call {
        pair.to_server.clear();
    }
    let end = pair.now + DEADLINE;
    while pair.finished.len() < 2 {
        pair.serve();
        pair.to_client.clear();
        pair.to_server.clear();
        pair.now = pair
            .client
            .poll_timeout()
            .expect("a deadline")
            .max(pair.now);
        pair.client.handle_timeout(pair.now);
        pair.send();
        pair.to_server.clear();
    }
    assert!(pair.now >= end && pair.shelved == [call]);
    assert_eq!(pair.last(), MAYBE, "{kind:?}, {lost:?}");
    (pair, call)
}

fn ask(pair: &mut Pair, call: CallId) {
    assert!(pair.client.ask_again(pair.now, call, pair.now + DEADLINE));
}

#[test]
fn who_asks_again_gets_the_answer_of_the_one_run() {
    for kind in BOTH {
        for procedure in [2, 3] {
            for lost in [Lost::Call, Lost::Reply] {
                for new_link in [false, true] {
                    let (mut pair, call) = shelved(kind, procedure, lost);
                    if new_link {
                        pair.client.handle_link_down(pair.now);
                    }
                    ask(&mut pair, call);
                    if new_link {
                        pair.client.handle_link_up(pair.now, kind);
                    }
                    pair.pass(Duration::from_secs(3));
                    let row = (kind, procedure, lost, new_link);
                    assert_eq!(pair.last(), Ok(4), "{row:?}");
                    assert_eq!(pair.runs[&2], 1, "{row:?}");
                }
            }
        }
    }
}

#[test]
fn an_answer_that_comes_while_the_call_is_shelved_is_not_lost() {
    for kind in BOTH {
        let mut pair = Pair::new(kind);
        pair.call(2, 1);
        pair.settle();
        let call = pair.call_as(2, 2, None, true);
        pair.send();
        pair.serve();
        let late = std::mem::take(&mut pair.to_client);
        pair.now = pair.now + DEADLINE;
        pair.client.handle_timeout(pair.now);
        pair.settle();
        assert_eq!(pair.last(), MAYBE);
        pair.to_client = late;
        pair.settle();
        assert_eq!(pair.finished.len(), 2, "it has ended before");
        ask(&mut pair, call);
        pair.settle();
        assert_eq!((pair.last(), pair.runs[&2]), (Ok(4), 1));
    }
}

#[test]
fn what_is_shelved_can_be_asked_about_until_it_is_given_up() {
    let (mut pair, call) = shelved(LinkKind::Datagram, 2, Lost::Reply);
    let patience = Duration::from_secs(2);
    for _ in 0..3 {
        assert!(pair.client.ask_again(pair.now, call, pair.now + patience));
        assert!(
            !pair.client.ask_again(pair.now, call, pair.now + DEADLINE),
            "it is asked about already"
        );
        pair.now = pair.now + patience;
        pair.client.handle_timeout(pair.now);
        pair.send();
        pair.to_server.clear();
        assert_eq!(pair.last(), MAYBE);
    }
    let ended = pair.finished.len();
    pair.client.give_up(pair.now, call);
    assert!(!pair.client.ask_again(pair.now, call, pair.now + DEADLINE));
    pair.pass(Duration::from_secs(1));
    assert_eq!(pair.finished.len(), ended, "a call given up ends no more");
    let is_copy = |seen: &&Vec<u8>| seen.ends_with(&2u64.to_be_bytes());
    let copy = pair.calls_seen.iter().find(is_copy).expect("the call");
    pair.to_server.push_back(copy.clone());
    pair.settle();
    assert_eq!(pair.server.stats().expired, 1, "the server was told");
}

/// The number is finished only when nobody can ask for the answer any more.
#[test]
fn the_number_of_a_shelved_call_is_not_acknowledged() {
    for kind in BOTH {
        let (mut pair, call) = shelved(kind, 3, Lost::Reply);
        for value in 10..20 {
            pair.call(3, value);
            pair.pass(Duration::from_secs(1));
        }
        ask(&mut pair, call);
        pair.pass(Duration::from_secs(3));
        assert_eq!((pair.last(), pair.runs[&2]), (Ok(4), 1), "{kind:?}");
    }
}

/// As long as somebody looks after the timers; a driver without a waiting caller may not.
#[test]
fn the_session_of_a_shelved_call_is_renewed() {
    let (mut pair, call) = shelved(LinkKind::Datagram, 2, Lost::Reply);
    pair.pass(Duration::from_secs(300));
    ask(&mut pair, call);
    pair.pass(Duration::from_secs(3));
    assert_eq!((pair.last(), pair.runs[&2]), (Ok(4), 1));
}

#[test]
fn who_asks_again_when_the_session_is_lost_is_told_what_is_true() {
    for kind in BOTH {
        for lost in [Lost::Call, Lost::Reply] {
            // Nobody looked after the lease.
            let (mut pair, call) = shelved(kind, 2, lost);
            pair.now = pair.now + Duration::from_secs(60);
            pair.client.handle_timeout(pair.now);
            ask(&mut pair, call);
            pair.pass(Duration::from_secs(1));
            let gone = Err((FailureKind::SessionLost, Executed::Maybe));
            assert_eq!(pair.last(), gone, "{kind:?}, {lost:?}");

            let (mut pair, call) = shelved(kind, 2, lost);
            pair.restart_server(8);
            pair.client.handle_link_up(pair.now, kind);
            pair.settle();
            ask(&mut pair, call);
            pair.settle();
            let gone = Err((FailureKind::ServerRestarted, Executed::Maybe));
            assert_eq!(pair.last(), gone, "{kind:?}, {lost:?}");
        }
    }
}

#[test]
fn nothing_is_shelved_that_did_not_run_or_may_run_twice() {
    for kind in BOTH {
        for (procedure, contact) in [(1, true), (2, false), (3, false)] {
            let mut pair = Pair::new(kind);
            if contact {
                pair.call(procedure, 1);
                pair.settle();
            }
            let call = pair.call_as(procedure, 2, None, true);
            pair.send();
            pair.now = pair.now + DEADLINE;
            pair.client.handle_timeout(pair.now);
            pair.send();
            assert!(
                pair.last().is_err() && pair.shelved.is_empty(),
                "{procedure}"
            );
            assert!(!pair.client.ask_again(pair.now, call, pair.now + DEADLINE));
        }
    }
}

#[test]
fn shelved_calls_count_among_the_calls_of_a_client_and_end_with_it() {
    let (mut pair, call) = shelved(LinkKind::Stream, 2, Lost::Reply);
    pair.client.handle_close(pair.now);
    let ended = pair.finished.len();
    pair.send();
    assert_eq!(pair.finished.len(), ended);
    assert!(!pair.client.ask_again(pair.now, call, pair.now + DEADLINE));
    let said: Vec<_> = pair
        .to_server
        .iter()
        .map(|said| said[20..24].to_vec())
        .collect();
    assert_eq!(said, [procedure::GOODBYE.to_be_bytes()]);
}

/// First contact is made anew over the same stream, for the other kind of session, when the caller asks again. Were the call
/// sent a second time, an unknown session told of that copy would say that the call did not run.
#[test]
fn a_copy_that_went_over_a_stream_does_not_go_over_it_again() {
    let (mut pair, call) = shelved(LinkKind::Stream, 2, Lost::Reply);
    for value in 10..16 {
        pair.now = pair.now + Duration::from_secs(5);
        pair.client.handle_timeout(pair.now);
        pair.call(2, value);
        pair.settle();
        assert_eq!(pair.last(), Ok(2 * value));
    }
    pair.calls_seen.clear();
    // The cookie has grown old, so that the session for this call takes another HELLO.
    pair.call(3, 20);
    pair.send();
    pair.serve();
    pair.receive();
    ask(&mut pair, call);
    pair.settle();
    let is_copy = |message: &&Vec<u8>| message.ends_with(&2u64.to_be_bytes());
    assert_eq!(pair.calls_seen.iter().filter(is_copy).count(), 0);
    pair.now = pair.now + Duration::from_secs(1);
    pair.client.handle_timeout(pair.now);
    pair.settle();
    assert_eq!(pair.runs[&2], 1);
    assert!(
        pair.finished
            .iter()
            .any(|(id, ended)| *id == call && *ended == Ok(4))
    );
}

/// Given up on its way: it does not end, its room is free, and the server hears that its number is finished.
#[test]
fn a_call_in_flight_can_be_given_up() {
    for kind in BOTH {
        for procedure in [2, 3] {
            for steps in 0..3 {
                let mut pair = Pair::new(kind);
                pair.call(procedure, 1);
                pair.settle();
                let call = pair.call_as(procedure, 2, None, true);
                let sent = steps > 0;
                if sent {
                    pair.send();
                }
                if steps > 1 {
                    pair.serve();
                }
                pair.client.give_up(pair.now, call);
                pair.client.check_invariants();
                assert!(!pair.client.ask_again(pair.now, call, pair.now + DEADLINE));
                pair.settle();
                pair.pass(Duration::from_secs(1));
                let what = format!("{kind:?}, procedure {procedure}, {steps} steps");
                assert_eq!(pair.finished.len(), 1, "{what}: it has ended");
                assert_eq!(pair.runs.get(&2).copied(), sent.then_some(1), "{what}");
                pair.call(procedure, 3);
                pair.settle();
                assert_eq!(pair.last(), Ok(6), "{what}");
                let is_copy = |seen: &&Vec<u8>| seen.ends_with(&2u64.to_be_bytes());
                if let Some(copy) = pair.calls_seen.iter().find(is_copy).cloned() {
                    pair.to_server.push_back(copy);
                    pair.settle();
                    assert_eq!(pair.server.stats().expired, 1, "{what}");
                    assert_eq!(pair.runs[&2], 1, "{what}");
                }
            }
        }
    }
}
