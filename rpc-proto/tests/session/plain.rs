//! The client's machine and servers without sessions (S-26), whose answers are written here by hand.

use super::Pair;
use rpc_proto::session::client::{FailureKind, LinkKind};
use rpc_proto::time::Executed;
use std::time::Duration;

/// A plain server's answer: accepted with this status, or denied for its credential, without a session verifier.
pub(super) fn plain_answer(call: &[u8], words: &[u32]) -> Vec<u8> {
    let mut answer = call[..4].to_vec();
    answer.extend(1u32.to_be_bytes());
    answer.extend(words.iter().flat_map(|word| word.to_be_bytes()));
    answer
}

fn plain_pair(kind: LinkKind) -> Pair {
    let mut pair = Pair::new(kind);
    pair.call(1, 1);
    pair.send();
    let hello = pair.to_server.pop_front().expect("HELLO");
    pair.to_client
        .push_back(plain_answer(&hello, &[0, 0, 0, 1]));
    pair.receive();
    pair.send();
    pair
}

#[test]
fn a_plain_server_that_refuses_a_second_copy_says_nothing_of_the_first() {
    let program_unavailable = [0, 0, 0, 1].as_slice();
    let too_weak = [1, 1, 5].as_slice();
    for (refusal, kind) in [
        (program_unavailable, FailureKind::NoProgram),
        (too_weak, FailureKind::Denied),
    ] {
        for (copies, executed) in [(1, Executed::No), (2, Executed::Maybe)] {
            let mut pair = plain_pair(LinkKind::Datagram);
            while pair.to_server.len() < copies {
                pair.now = pair.client.poll_timeout().expect("a copy is due");
                pair.client.handle_timeout(pair.now);
                pair.send();
            }
            let copy = pair.to_server.pop_back().expect("the call");
            pair.to_client.push_back(plain_answer(&copy, refusal));
            pair.receive();
            pair.send();
            assert_eq!(pair.last(), Err((kind, executed)), "{copies} copies");
        }
    }
}

#[test]
fn a_plain_server_may_be_slow_but_not_silent_until_the_deadline() {
    let mut pair = plain_pair(LinkKind::Stream);
    let call = pair.to_server.pop_front().expect("the call");
    pair.now = pair.now + Duration::from_secs(4);
    pair.call(1, 2);
    pair.send();
    pair.client.handle_timeout(pair.now);
    assert!(!pair.client.poll_reconnect(), "it may be working");
    let mut answer = plain_answer(&call, &[0, 0, 0, 0]);
    answer.extend(5u64.to_be_bytes());
    pair.to_client.push_back(answer);
    pair.receive();
    assert_eq!(pair.last(), Ok(5));

    pair.now = pair.now + Duration::from_secs(1);
    pair.call(1, 3);
    pair.send();
    pair.now = pair.now + Duration::from_secs(10);
    pair.client.handle_timeout(pair.now);
    assert!(pair.client.poll_reconnect(), "nothing came in 10 s");
}

#[test]
fn a_verifier_from_a_plain_server_means_nothing() {
    let mut pair = plain_pair(LinkKind::Stream);
    let call = pair.to_server.pop_front().expect("the call");
    let mut answer = plain_answer(&call, &[0, 0x5250_4301, 40]);
    // Kind 2 of incarnation 0, for number 1: an unknown session.
    for word in [2u32, 0, 0, 0, 0, 1, 12, 1, 0, 0, /* SUCCESS */ 0, 0, 9] {
        answer.extend(word.to_be_bytes());
    }
    pair.to_client.push_back(answer);
    pair.receive();
    assert_eq!(pair.last(), Ok(9));
}

#[test]
fn a_plain_server_cannot_stop_a_call_from_being_sent_again() {
    let mut pair = plain_pair(LinkKind::Datagram);
    let call = pair.to_server.pop_front().expect("the call");
    let xid = u32::from_be_bytes([call[0], call[1], call[2], call[3]]);
    // RECEIVED for this call, number 1, incarnation 0.
    let words = [
        1 << 31,
        0,
        2,
        0x2052_5043,
        1,
        6,
        0,
        0,
        0,
        0,
        xid,
        0,
        1,
        0,
        0,
    ];
    let received: Vec<u8> = words
        .iter()
        .flat_map(|word: &u32| word.to_be_bytes())
        .collect();
    pair.to_client.push_back(received);
    pair.receive();
    pair.now = pair.now + Duration::from_secs(3);
    pair.client.handle_timeout(pair.now);
    pair.send();
    assert_eq!(
        pair.to_server,
        [call],
        "only a server with sessions can be asked"
    );
}
