//! The client's machine and servers without sessions (S-26), whose answers are written here by hand.

use super::Pair;
use rpc_proto::message::{AuthStatus, RejectStatus};
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

/// A client that has made a call of this procedure to a server that turned out to know no sessions.
fn plain_pair(kind: LinkKind) -> Pair {
    plain_pair_calling(kind, 1)
}

fn plain_pair_calling(kind: LinkKind, procedure: usize) -> Pair {
    let mut pair = Pair::new(kind);
    pair.call(procedure, 1);
    pair.send();
    meet(&mut pair);
    pair
}

/// The server answers `HELLO` as one without sessions does.
fn meet(pair: &mut Pair) {
    let hello = pair.to_server.pop_front().expect("HELLO");
    pair.to_client
        .push_back(plain_answer(&hello, &[0, 0, 0, 1]));
    pair.receive();
    pair.send();
}

/// The last of so many copies of a call, sent as they are due.
fn last_of(pair: &mut Pair, copies: usize) -> Vec<u8> {
    while pair.to_server.len() < copies {
        pair.now = pair.client.poll_timeout().expect("a copy is due");
        pair.client.handle_timeout(pair.now);
        pair.send();
    }
    pair.to_server.pop_back().expect("the call")
}

#[test]
fn a_plain_server_that_refuses_a_second_copy_says_nothing_of_the_first() {
    let program_unavailable = [0, 0, 0, 1].as_slice();
    let too_weak = [1, 1, 5].as_slice();
    for (refusal, kind) in [
        (program_unavailable, FailureKind::NoProgram),
        (
            too_weak,
            FailureKind::Denied(RejectStatus::AuthError(AuthStatus::TooWeak)),
        ),
    ] {
        for (copies, executed) in [(1, Executed::No), (2, Executed::Maybe)] {
            let mut pair = plain_pair(LinkKind::Datagram);
            let copy = last_of(&mut pair, copies);
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
        10,
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

/// P-9: which calls are sent again, in datagrams and over a stream that has been replaced.
#[test]
fn only_what_may_run_twice_is_sent_again() {
    for kind in [LinkKind::Datagram, LinkKind::Stream] {
        for (procedure, repeats) in [(1, true), (2, false)] {
            let mut pair = plain_pair_calling(kind, procedure);
            let call = pair.to_server.pop_front().expect("the call");
            let mut copies = Vec::new();
            for _ in 0..4 {
                if kind == LinkKind::Stream {
                    pair.client.handle_link_down(pair.now);
                    pair.client.handle_link_up(pair.now, kind);
                    pair.send();
                    if pair.to_server.is_empty() {
                        break;
                    }
                    meet(&mut pair);
                } else {
                    let Some(due) = pair.client.poll_timeout() else {
                        break;
                    };
                    pair.now = due;
                    pair.client.handle_timeout(due);
                    pair.send();
                }
                copies.extend(pair.to_server.drain(..));
            }
            assert!(copies.iter().all(|copy| *copy == call), "with the same xid");
            assert_eq!(
                !copies.is_empty(),
                repeats,
                "{kind:?}, procedure {procedure}"
            );
            if kind == LinkKind::Stream && !repeats {
                let lost = (FailureKind::ConnectionLost, Executed::Maybe);
                assert_eq!(pair.last(), Err(lost));
            }
        }
    }
}

/// P-9: behind a new link there is a server with sessions; the call gets a number there.
#[test]
fn a_call_to_a_plain_server_goes_on_in_a_session() {
    let mut pair = plain_pair(LinkKind::Stream);
    pair.to_server.clear();
    pair.client.handle_link_down(pair.now);
    pair.client.handle_link_up(pair.now, LinkKind::Stream);
    pair.settle();
    assert_eq!(pair.last(), Ok(2));
}

/// P-9: nothing is sent.
#[test]
fn an_exactly_once_call_is_refused_before_it_is_sent() {
    for kind in [LinkKind::Datagram, LinkKind::Stream] {
        let pair = plain_pair_calling(kind, 3);
        assert!(pair.to_server.is_empty());
        assert_eq!(pair.last(), Err((FailureKind::PlainPeer, Executed::No)));
    }
}

/// P-11: there is nothing better to wait for, and a denial of whatever kind says that the copy did not run.
#[test]
fn a_reply_that_makes_no_sense_ends_the_call() {
    for (words, denied) in [
        ([0, 0, 0, 9].as_slice(), false),
        (&[0, 0, 0, 5, 0], false),
        (&[0, 0, 404, 0], false),
        (&[2], false),
        (&[1, 7], true),
        (&[1, 1, 99], true),
        (&[1, 1, 5, 0], true),
    ] {
        for copies in [1, 2] {
            let mut pair = plain_pair(LinkKind::Datagram);
            let copy = last_of(&mut pair, copies);
            pair.to_client.push_back(plain_answer(&copy, words));
            pair.receive();
            pair.send();
            let executed = match denied && copies == 1 {
                true => Executed::No,
                false => Executed::Maybe,
            };
            assert_eq!(
                pair.last(),
                Err((FailureKind::BadReply, executed)),
                "{words:?}"
            );
        }
    }
}

/// P-10 and P-12: in any order; late, doubled and foreign ones mean nothing.
#[test]
fn replies_are_known_by_their_xid_alone() {
    let mut pair = plain_pair(LinkKind::Stream);
    for value in 2..=4 {
        pair.call(1, value);
    }
    pair.send();
    let calls: Vec<Vec<u8>> = pair.to_server.drain(..).collect();
    assert_eq!(calls.len(), 4);
    let reply = |call: &[u8], result: u64| {
        let mut reply = plain_answer(call, &[0, 0, 0, 0]);
        reply.extend(result.to_be_bytes());
        reply
    };
    let mut foreign = calls[0].clone();
    foreign[3] ^= 0x80;
    pair.to_client.push_back(reply(&foreign, 99));
    for (place, result) in [(3, 40), (1, 20), (1, 98), (0, 10), (2, 30), (3, 97)] {
        pair.to_client.push_back(reply(&calls[place], result));
    }
    while !pair.to_client.is_empty() {
        pair.receive();
    }
    let results: Vec<_> = pair.finished.iter().map(|(_, ended)| *ended).collect();
    assert_eq!(results, [Ok(40), Ok(20), Ok(10), Ok(30)]);

    pair.call(2, 5);
    pair.send();
    let call = pair.to_server.pop_front().expect("the call");
    pair.now = pair.now + Duration::from_secs(10);
    pair.client.handle_timeout(pair.now);
    pair.send();
    assert_eq!(
        pair.last(),
        Err((FailureKind::DeadlineExceeded, Executed::Maybe))
    );
    pair.to_client.push_back(reply(&call, 50));
    pair.receive();
    assert_eq!(pair.finished.len(), 5, "it came too late");
}

/// A server that remembers calls by their ids takes one that comes again for a copy: it does not run it, and answers it with
/// the reply of the other. Ids that held a part of the number only came again after 131,072 calls.
#[test]
fn no_id_comes_again_for_hundreds_of_thousands_of_calls() {
    let mut pair = plain_pair(LinkKind::Stream);
    let mut ids = std::collections::HashSet::new();
    for calls in 1..=(1 << 17) + 2 {
        let call = pair.to_server.pop_front().expect("the call");
        ids.insert([call[0], call[1], call[2], call[3]]);
        assert_eq!(ids.len(), calls);
        let mut answer = plain_answer(&call, &[0, 0, 0, 0]);
        answer.extend(7u64.to_be_bytes());
        pair.to_client.push_back(answer);
        pair.receive();
        assert_eq!(pair.finished.pop().map(|(_, ended)| ended), Some(Ok(7)));
        pair.call(1, 2);
        pair.send();
    }
}

/// S-25: a server that works on one call at a time answers none of the others meanwhile. The deadline of one of those must not cut
/// the link over which the answer comes to another that nobody could ask for again.
#[test]
fn a_call_that_may_run_once_keeps_its_link() {
    let seconds = Duration::from_secs;
    // The procedure of the first call, when the third is sent, and whether the link, or the next one, is left alone at the second one's
    // deadline and at the first one's.
    for (procedure, third, kept) in [
        (1, None, [false, true]),
        (2, None, [true, false]),
        (2, Some(2), [true, true]),
        (2, Some(6), [true, false]),
    ] {
        for kind in [LinkKind::Stream, LinkKind::Datagram] {
            let mut pair = plain_pair_calling(kind, procedure);
            let begun = pair.now;
            pair.now = begun + seconds(1);
            pair.patience = seconds(4);
            pair.call(2, 2);
            pair.send();
            pair.patience = seconds(10);
            let mut found = Vec::new();
            for second in 2..=10 {
                pair.now = begun + seconds(second);
                if Some(second) == third {
                    pair.call(2, 3);
                }
                pair.client.handle_timeout(pair.now);
                pair.send();
                if matches!(second, 5 | 10) {
                    found.push(!pair.client.poll_reconnect());
                }
            }
            assert_eq!(found, kept, "{kind:?}, procedure {procedure}, {third:?}");
        }
    }
}

/// P-9: it runs every copy and cannot say that it has one, so haste would only make a slow one slower.
#[test]
fn a_plain_server_has_a_second_before_a_call_is_sent_again() {
    let mut pair = plain_pair(LinkKind::Datagram);
    let mut sent = pair.now;
    for _ in 0..4 {
        pair.to_server.clear();
        while pair.to_server.is_empty() {
            pair.now = pair.client.poll_timeout().expect("a copy is due");
            pair.client.handle_timeout(pair.now);
            pair.send();
        }
        assert!(pair.now.since(sent) >= Duration::from_secs(1));
        sent = pair.now;
    }
}
