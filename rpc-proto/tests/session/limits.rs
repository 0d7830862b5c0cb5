//! What there is no room for.

use super::{BANK, BOTH, Pair};
use rpc_proto::session::client::{FailureKind, LinkKind};
use rpc_proto::session::server::{self, Server};
use rpc_proto::time::Executed;
use std::time::Duration;

#[test]
fn a_call_that_got_no_session_says_so() {
    for kind in BOTH {
        let mut pair = Pair::new(kind);
        let config = server::Config {
            max_sessions: 0,
            ..server::Config::default()
        };
        pair.server = Server::new(config, vec![(&BANK).into()], 7, None, [7; 32]);
        pair.call(2, 1);
        pair.settle();
        assert!(pair.client.is_turned_away());
        pair.pass(Duration::from_secs(11));
        assert_eq!(
            pair.last(),
            Err((FailureKind::NoRoomForSession, Executed::No))
        );
    }
}

#[test]
fn a_reply_that_just_fits_into_a_datagram_is_sent() {
    // Header, session verifier, one number.
    let reply = 24 + 40 + 8;
    for (max_datagram, expected) in [
        (reply, Ok(2)),
        (reply - 1, Err((FailureKind::ReplyTooLarge, Executed::Yes))),
    ] {
        let config = server::Config {
            max_datagram,
            ..server::Config::default()
        };
        let mut pair = Pair::new(LinkKind::Datagram);
        pair.server = Server::new(config, vec![(&BANK).into()], 7, None, [7; 32]);
        pair.call(2, 1);
        pair.settle();
        assert_eq!(pair.last(), expected);
    }
}

/// A stream can take nothing more for a while although the server answers what it has read.
#[test]
fn questions_do_not_pile_up_while_nothing_can_be_sent() {
    let mut pair = Pair::new(LinkKind::Stream);
    pair.call(2, 1);
    pair.settle();
    pair.call(2, 2);
    pair.send();
    pair.to_server.clear();
    for _ in 0..9 {
        pair.now = pair.now + Duration::from_secs(1);
        pair.client.handle_timeout(pair.now);
    }
    pair.send();
    assert_eq!(pair.to_server.len(), 1, "one question per call");
    pair.settle();
    assert_eq!(pair.last(), Ok(4), "it was never seen, and sent again");
}
