//! Calls with a key: the same call on every session of a store (S-20, S-31), and keys that are given back (S-32).

use super::{BANK, BOTH, METHODS, Pair, TODAY, new_server_with};
use rpc_proto::message::Message;
use rpc_proto::session::client::{FailureKind, Key, LinkKind};
use rpc_proto::session::program::{ReleaseArgs, ReleasedKey};
use rpc_proto::session::wire::{
    CallVerifier, Credential, KeyId, SESSION_FLAVOR, SESSION_PROGRAM, procedure,
};
use rpc_proto::time::Executed;
use rpc_proto::xdr::{Limits, from_slice};
use std::time::Duration;

const KEY: KeyId = KeyId {
    name_digest: [3; 32],
    issued: TODAY,
};

/// The session and the key of a message, if it is a call of the bank's.
fn named(message: &[u8]) -> Option<([u8; 16], Option<KeyId>)> {
    let Ok(Message::Call(call)) = Message::decode(message) else {
        return None;
    };
    let header = call.header;
    let credential = Credential::from_bytes(header.credential.body())?;
    let verifier = header.verifier;
    let key = (verifier.flavor().0 == SESSION_FLAVOR)
        .then(|| CallVerifier::from_bytes(verifier.body()))
        .flatten();
    (header.program == BANK.program)
        .then_some((credential.session.0, key.and_then(|said| said.key)))
}

#[test]
fn every_copy_says_the_key_and_other_calls_say_nothing() {
    for key in [None, Some(KEY)] {
        let mut pair = Pair::new(LinkKind::Datagram);
        pair.call(3, 1);
        pair.settle();
        pair.call_as(3, 2, key.map(Key::from), false);
        let mut copies = 0;
        while pair.finished.len() < 2 {
            pair.send();
            for message in pair.to_server.drain(..) {
                if let Some((_, said)) = named(&message) {
                    assert_eq!(said, key);
                    assert_eq!(message[message.len() - 8..], 2u64.to_be_bytes());
                    copies += 1;
                }
            }
            pair.now = pair
                .client
                .poll_timeout()
                .expect("a deadline")
                .max(pair.now);
            pair.client.handle_timeout(pair.now);
        }
        assert!(copies > 3, "{copies} copies");
    }
}

#[test]
fn only_exactly_once_calls_have_keys() {
    for (procedure, expected) in [
        (1, Err((FailureKind::KeyNotSupported, Executed::No))),
        (2, Err((FailureKind::KeyNotSupported, Executed::No))),
        (3, Ok(4)),
        (4, Err((FailureKind::KeyNotSupported, Executed::No))),
    ] {
        let mut pair = Pair::new(LinkKind::Stream);
        pair.call_as(procedure, 2, Some(KEY.into()), false);
        pair.settle();
        assert_eq!(pair.last(), expected, "{}", METHODS[procedure - 1].name);
    }
}

/// How a session ends while a call is out on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// The server lives on, and does not know the session any more.
    Forgotten,
    /// Another life of the server opens the store, where the sessions are gone.
    Restart,
    /// A server with another store.
    OtherStore,
    /// Nothing was heard for longer than the lease.
    Silence,
}

#[test]
fn a_keyed_call_goes_on_in_the_next_session_of_the_same_store_and_of_no_other() {
    for kind in BOTH {
        for end in [End::Forgotten, End::Restart, End::OtherStore, End::Silence] {
            for shelve in [false, true] {
                let mut pair = Pair::new(kind);
                pair.call(3, 1);
                pair.settle();
                if end == End::Silence && !shelve {
                    pair.patience = Duration::from_secs(60);
                }
                let call = pair.call_as(3, 2, Some(KEY.into()), shelve);
                pair.send();
                let first = pair.to_server.pop_front().expect("the call");
                if shelve {
                    pair.now = pair.now + Duration::from_secs(10);
                    pair.client.handle_timeout(pair.now);
                    pair.send();
                    pair.to_server.clear();
                    assert_eq!(pair.shelved, [call]);
                }
                lose(&mut pair, end);
                if shelve {
                    let deadline = pair.now + Duration::from_secs(10);
                    assert!(pair.client.ask_again(pair.now, call, deadline));
                }
                pair.pass(Duration::from_secs(9));
                let row = (kind, end, shelve);
                if end == End::OtherStore {
                    let gone = Err((FailureKind::OtherStore, Executed::Maybe));
                    assert_eq!((pair.last(), pair.runs.get(&2)), (gone, None), "{row:?}");
                    continue;
                }
                assert_eq!((pair.last(), pair.runs[&2]), (Ok(4), 1), "{row:?}");
                let (session, key) = named(&first).expect("a call");
                let others: Vec<_> = pair
                    .calls_seen
                    .iter()
                    .filter_map(|seen| named(seen))
                    .collect();
                let again = others.last().expect("it was sent again");
                assert_eq!((again.1, key), (Some(KEY), Some(KEY)), "{row:?}");
                assert_ne!(again.0, session, "{row:?}");
            }
        }
    }
}

fn lose(pair: &mut Pair, end: End) {
    match end {
        End::Forgotten | End::Restart => pair.server = new_server_with(8, 7),
        End::OtherStore => pair.server = new_server_with(8, 8),
        End::Silence => {
            pair.now = pair.now + Duration::from_secs(25);
            pair.server.handle_timeout(pair.now);
            pair.client.handle_timeout(pair.now);
        }
    }
    if end == End::Restart && pair.kind == LinkKind::Stream {
        pair.client.handle_link_down(pair.now);
        pair.client.handle_link_up(pair.now, pair.kind);
    }
}

/// What a session file says of a call that another process made.
#[test]
fn a_call_that_was_asked_before_may_have_run_whatever_this_client_sent() {
    let rows = [
        (Some([7; 16]), Ok(4)),
        (None, Ok(4)),
        (Some([8; 16]), Err(())),
    ];
    for (store, expected) in rows {
        let mut pair = Pair::new(LinkKind::Stream);
        let key = Key {
            id: KEY,
            store,
            asked_before: true,
        };
        pair.call_as(3, 2, Some(key), false);
        pair.settle();
        let gone = (FailureKind::OtherStore, Executed::Maybe);
        assert_eq!(pair.last(), expected.map_err(|()| gone), "{store:?}");
    }
}

/// Two calls under one key are one, whatever sessions they came over.
#[test]
fn a_key_that_was_used_answers_with_its_reply_or_with_conflict() {
    for (value, expected) in [(2, Ok(4)), (3, Err((FailureKind::Conflict, Executed::No)))] {
        for asked_before in [false, true] {
            let mut pair = Pair::new(LinkKind::Stream);
            pair.call_as(3, 2, Some(KEY.into()), false);
            pair.settle();
            let key = Key {
                asked_before,
                ..KEY.into()
            };
            pair.call_as(3, value, Some(key), false);
            pair.settle();
            assert_eq!(pair.last(), expected, "asked before: {asked_before}");
            assert_eq!((pair.runs.len(), pair.runs[&2]), (1, 1));
        }
    }
}

/// It may have run: who released it knew, and nobody else can know any more.
#[test]
fn a_key_that_was_given_back_is_expired() {
    for kind in BOTH {
        let mut pair = Pair::new(kind);
        pair.call_as(3, 2, Some(KEY.into()), false);
        pair.settle();
        pair.client.release(pair.now, released(TODAY));
        pair.pass(Duration::from_secs(1));
        pair.call_as(3, 2, Some(KEY.into()), false);
        pair.settle();
        let gone = Err((FailureKind::Expired, Executed::Maybe));
        assert_eq!((pair.last(), pair.runs[&2]), (gone, 1), "{kind:?}");
    }
}

#[test]
fn keys_are_given_back_on_a_session_that_there_is() {
    for kind in BOTH {
        let mut pair = Pair::new(kind);
        for seq in 0..20 {
            pair.client.release(pair.now, released(seq));
        }
        pair.pass(Duration::from_secs(1));
        assert!(keys_told(&pair).is_empty(), "there is no session yet");
        pair.call(3, 1);
        pair.settle();
        pair.pass(Duration::from_secs(1));
        let told = keys_told(&pair);
        let all: Vec<_> = (0..20).map(released).collect();
        assert_eq!(told.concat(), all, "{kind:?}: once each, in order");
        assert!(
            told.iter()
                .all(|keys| keys.len() <= ReleaseArgs::RELEASED_AT_ONCE)
        );
    }
}

#[test]
fn keys_are_given_back_again_until_the_server_has_answered() {
    for kind in BOTH {
        let mut pair = Pair::new(kind);
        pair.call(3, 1);
        pair.settle();
        pair.client.release(pair.now, released(1));
        pair.now = pair.now + Duration::from_millis(100);
        pair.client.handle_timeout(pair.now);
        pair.send();
        pair.to_server.clear();
        if kind == LinkKind::Stream {
            pair.client.handle_link_up(pair.now, kind);
        }
        pair.pass(Duration::from_secs(5));
        assert_eq!(keys_told(&pair), [[released(1)]], "{kind:?}");
    }
}

fn released(seq: u64) -> ReleasedKey {
    ReleasedKey {
        program: BANK.program,
        version: BANK.version,
        procedure: 3,
        key: KeyId { issued: seq, ..KEY },
    }
}

/// The keys of every `RELEASE` that reached the server.
fn keys_told(pair: &Pair) -> Vec<Vec<ReleasedKey>> {
    let seen = pair.calls_seen.iter();
    seen.filter_map(|message| {
        let Ok(Message::Call(call)) = Message::decode(message) else {
            return None;
        };
        let asked = (call.header.program, call.header.procedure);
        let args: ReleaseArgs = (asked == (SESSION_PROGRAM, procedure::RELEASE))
            .then(|| from_slice(call.args, Limits::default()).expect("keys"))?;
        Some(args.keys)
    })
    .collect()
}
