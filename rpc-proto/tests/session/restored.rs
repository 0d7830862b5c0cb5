//! What a server that takes over a store owes the clients of its predecessor.

use super::BOTH;
use super::durable::{Bank, EFFECTS};
use rpc_proto::message::Message;
use rpc_proto::session::client::LinkKind;
use rpc_proto::session::server;
use rpc_proto::session::store::Recovered;
use std::time::Duration;

/// Acknowledgements die with a server before it has told the store of them, and the client does not repeat those that were
/// answered. What the next life then finds must not keep out the client's new calls.
#[test]
fn records_of_an_earlier_life_take_no_room() {
    for kind in BOTH {
        for effects in EFFECTS {
            let config = server::Config {
                window: 1,
                ..server::Config::default()
            };
            let mut bank = Bank::with(kind, effects, config);
            for value in 0..12 {
                bank.pair.call(3, value);
                bank.settle();
            }
            let kept = bank.disk.finished.len();
            assert!(kept > 2, "the store was told too soon: {kept} are left");
            bank.crash(&mut |_| Recovered::CannotTell);
            bank.pair.server.check_invariants();
            bank.pair.call(3, 20);
            bank.pass(Duration::from_secs(5));
            assert_eq!(bank.pair.last(), Ok(40), "{kind:?}, {effects:?}");
        }
    }
}

/// A session of a store is at home in every life of it: who says there that a call has arrived is believed.
#[test]
fn a_later_life_can_say_that_it_has_the_call() {
    for effects in EFFECTS {
        let mut bank = Bank::new(LinkKind::Datagram, effects);
        bank.pair.call(3, 1);
        bank.settle();
        bank.crash(&mut |_| Recovered::DidNot);
        bank.holds = true;
        bank.pair.call(3, 7);
        bank.pair.calls_seen.clear();
        bank.pass(Duration::from_secs(5));
        let of_the_bank = |message: &&Vec<u8>| match Message::decode(message) {
            Ok(Message::Call(call)) => call.header.program == super::BANK.program,
            _ => false,
        };
        let copies = bank.pair.calls_seen.iter().filter(of_the_bank).count();
        assert!(copies <= 3, "{effects:?}: {copies} copies");
    }
}
