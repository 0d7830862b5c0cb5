//! What becomes of an `ACK` that is lost, late, or not enough (S-21).

use super::{NOT_SERVED, Pair};
use rpc_proto::session::client::{Client, Config, LinkKind};
use rpc_proto::session::wire::procedure;
use std::time::Duration;

/// Where the round trip is longer than the longest wait, each answer finds a later copy on its way.
#[test]
fn an_acknowledgement_answered_late_counts() {
    let mut pair = Pair::new(LinkKind::Datagram);
    pair.call(2, 1);
    pair.settle();
    let is_ack = |message: &Vec<u8>| message[20..24] == procedure::ACK.to_be_bytes();
    let mut ids = Vec::new();
    for _ in 0..40 {
        let Some(due) = pair.client.poll_timeout() else {
            break;
        };
        pair.now = pair.now.max(due);
        pair.client.handle_timeout(pair.now);
        pair.send();
        let acks = pair.to_server.iter().filter(|message| is_ack(message));
        ids.extend(acks.map(|message| message[..4].to_vec()));
        if ids.len() > 2 {
            break;
        }
        pair.to_server.clear();
    }
    assert!(ids.len() > 2, "an ACK without an answer is sent again");
    assert!(
        ids.iter().all(|id| *id == ids[0]),
        "the answer to the first copy would be taken for no answer"
    );
}

/// While an `ACK` is on its way others finish, too. Were they not reported after its answer, nothing would ever make room
/// again as long as the first call is out.
#[test]
fn numbers_that_finish_while_an_acknowledgement_is_out_are_reported_next() {
    for link_breaks in [false, true] {
        let pair = stuck_behind_an_acknowledgement(link_breaks);
        // The one before, and all but the stuck one.
        assert_eq!(pair.finished.len(), 2001, "link breaks: {link_breaks}");
    }
}

fn stuck_behind_an_acknowledgement(link_breaks: bool) -> Pair {
    let mut pair = Pair::new(LinkKind::Datagram);
    pair.call(2, 1);
    pair.settle();
    pair.call(2, 1000);
    pair.send();
    pair.to_server.clear();
    let mut ack = None;
    for value in 0..2000 {
        pair.call(2, 2000 + value);
    }
    loop {
        pair.send();
        let found = pair
            .to_server
            .iter()
            .position(|message| message[20..24] == procedure::ACK.to_be_bytes());
        if ack.is_none() {
            ack = found.and_then(|at| pair.to_server.remove(at));
        }
        if pair.to_server.is_empty() && pair.to_client.is_empty() {
            break;
        }
        pair.serve();
        pair.receive();
    }
    assert!(pair.finished.len() < 2000, "there is no room for all");
    if link_breaks {
        pair.client.handle_link_up(pair.now, LinkKind::Datagram);
        pair.send();
        pair.serve();
        pair.receive();
        pair.send();
        pair.to_server
            .retain(|message| !message.ends_with(&1000u64.to_be_bytes()));
    } else {
        pair.to_server.extend(ack);
    }
    pair.settle();
    pair
}

/// A `DESCRIBE` is answered whose second copy, which was lost, told of a call that had ended meanwhile. The first copy had said
/// nothing of it.
#[test]
fn what_only_a_lost_copy_of_a_question_told_is_told_again() {
    let describes = |message: &Vec<u8>| message[20..24] == procedure::DESCRIBE.to_be_bytes();
    let mut pair = Pair::new(LinkKind::Datagram);
    let config = Config {
        ack_delay: Duration::from_secs(2),
        ..Config::default()
    };
    pair.client = Client::new(config, [1; 32]);
    pair.client.handle_link_up(pair.now, LinkKind::Datagram);
    pair.call(2, 1);
    pair.settle();
    pair.pass(Duration::from_secs(5));
    let before = acknowledgements(&pair);

    pair.call(2, 2);
    pair.call_of(&NOT_SERVED, 2, 3);
    pair.send();
    let first = pair.to_server.iter().position(describes);
    let first = first.and_then(|at| pair.to_server.remove(at));
    pair.settle();
    assert_eq!(pair.finished.len(), 2);
    while pair.to_server.is_empty() {
        let due = pair.client.poll_timeout();
        pair.now = pair.now.max(due.expect("the question is to be repeated"));
        pair.client.handle_timeout(pair.now);
        pair.send();
    }
    assert!(pair.to_server.iter().all(describes));
    pair.to_server.clear();
    pair.to_server.extend(first);
    pair.settle();
    assert_eq!(pair.finished.len(), 3);
    pair.pass(Duration::from_secs(5));
    assert_eq!(acknowledgements(&pair), before + 1);
}

fn acknowledgements(pair: &Pair) -> usize {
    let is_ack = |message: &&Vec<u8>| message[20..24] == procedure::ACK.to_be_bytes();
    pair.calls_seen.iter().filter(is_ack).count()
}
