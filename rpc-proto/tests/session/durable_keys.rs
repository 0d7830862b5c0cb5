//! Named calls at a durable store (S-31): one key, one call, whoever asks and in whichever life of the server.

use super::durable::{Bank, EFFECTS};
use super::{BOTH, TODAY};
use rpc_proto::session::client::{FailureKind, Key, LinkKind};
use rpc_proto::session::server::{self, Done, Effects};
use rpc_proto::session::store::{RETENTION, Recovered};
use rpc_proto::session::wire::KeyId;
use rpc_proto::time::Executed;
use std::time::Duration;

const DAY: u64 = RETENTION.as_millis() as u64;
const MINUTE: u64 = 60_000;

fn key(name: u8, issued: u64) -> Option<Key> {
    let id = KeyId {
        name_digest: [name; 32],
        issued,
    };
    Some(Key::from(id))
}

#[test]
fn a_key_is_one_call_over_numbers_and_lives() {
    for kind in BOTH {
        for effects in EFFECTS {
            let mut bank = Bank::new(kind, effects);
            for _ in 0..3 {
                bank.pair.call_as(3, 7, key(1, TODAY), false);
                bank.settle();
                bank.pass(Duration::from_secs(8));
                assert_eq!(bank.pair.last(), Ok(14), "{kind:?}, {effects:?}");
                bank.crash(&mut |_| unreachable!("it has an end"));
            }
            assert_eq!(bank.runs[&7], 1);
            assert_eq!(bank.disk.keys.len(), 1);
        }
    }
}

/// That a panic was rolled back is recorded under the key, so it is true of every copy, also of those that a process sent
/// which is dead.
#[test]
fn a_panic_that_was_rolled_back_is_no_for_everybody_who_asks_under_the_key() {
    for kind in BOTH {
        for asked_before in [false, true] {
            let mut bank = Bank::new(kind, Effects::InTransaction);
            bank.holds = true;
            bank.pair.call_as(3, 7, key(1, TODAY), false);
            bank.settle();
            let token = bank.held.pop().expect("it runs");
            bank.end(token, Done::RolledBack);
            bank.settle();
            bank.crash(&mut |_| unreachable!("it has an end"));
            bank.new_client(9);
            let again = key(1, TODAY).map(|key| Key {
                asked_before,
                ..key
            });
            bank.pair.call_as(3, 7, again, false);
            bank.settle();
            bank.pass(Duration::from_secs(8));
            let rolled_back = Err((FailureKind::Panicked, Executed::No));
            assert_eq!(bank.pair.last(), rolled_back, "{kind:?}, {asked_before}");
            assert_eq!(bank.runs[&7], 1);
        }
    }
}

#[test]
fn other_arguments_another_name_and_another_time_of_issue() {
    let conflict = Err((FailureKind::Conflict, Executed::No));
    for kind in BOTH {
        let mut bank = Bank::new(kind, Effects::InTransaction);
        for (value, key, expected) in [
            (7, key(1, TODAY), Ok(14)),
            (8, key(1, TODAY), conflict),
            (8, key(2, TODAY), Ok(16)),
            (9, key(1, TODAY + 1), Ok(18)),
            (7, key(1, TODAY), Ok(14)),
        ] {
            bank.pair.call_as(3, value, key, false);
            bank.settle();
            assert_eq!(bank.pair.last(), expected, "{kind:?}, {value}");
        }
        assert!(bank.runs.values().all(|runs| *runs == 1), "{:?}", bank.runs);
    }
}

/// Two calls under one key at the same time: one runs, and both get its reply, each under its own number.
#[test]
fn a_call_under_a_key_that_runs_waits_for_that_one() {
    for kind in BOTH {
        let mut bank = Bank::new(kind, Effects::Elsewhere);
        bank.pair.call(3, 1);
        bank.settle();
        for _ in 0..2 {
            bank.pair.call_as(3, 7, key(1, TODAY), false);
        }
        bank.pair.send();
        while !bank.pair.to_server.is_empty() {
            bank.serve();
        }
        assert!(!bank.runs.contains_key(&7), "the start is not kept");
        let ended = bank.pair.finished.len();
        bank.settle();
        let ends: Vec<_> = bank.pair.finished[ended..]
            .iter()
            .map(|(_, end)| *end)
            .collect();
        assert_eq!(ends, [Ok(14), Ok(14)], "{kind:?}");
        assert_eq!(bank.runs[&7], 1);
    }
}

#[test]
fn keys_expire_by_a_clock_that_never_goes_back() {
    let expired = Err((FailureKind::Expired, Executed::Maybe));
    let ahead = Err((FailureKind::KeyAhead, Executed::No));
    for kind in BOTH {
        let mut bank = Bank::new(kind, Effects::InTransaction);
        for (issued, expected) in [
            (TODAY - DAY - 1, expired),
            (TODAY - DAY, Ok(14)),
            (TODAY + 5 * MINUTE, Ok(14)),
            (TODAY + 5 * MINUTE + 1, ahead),
        ] {
            bank.pair.call_as(3, 7, key(1, issued), false);
            bank.settle();
            assert_eq!(bank.pair.last(), expected, "{kind:?}, {issued}");
        }
        assert_eq!(bank.disk.keys.len(), 2);
        // A day later the records are dropped; then the clock of the next life is wrong.
        bank.pair.server.handle_clock(TODAY + 2 * DAY);
        bank.pass(Duration::from_secs(8));
        assert!(bank.disk.keys.is_empty());
        bank.crash(&mut |_| unreachable!("nothing runs"));
        bank.pair.call_as(3, 7, key(1, TODAY), false);
        bank.settle();
        bank.pass(Duration::from_secs(8));
        assert_eq!(bank.pair.last(), expired, "{kind:?}");
        assert_eq!(bank.runs[&7], 2);
    }
}

/// What was refused because of the moment may be tried again under the same key; what ran is told, whatever the moment.
#[test]
fn a_refusal_leaves_the_key_free_and_hides_no_reply() {
    for kind in BOTH {
        let mut bank = Bank::new(kind, Effects::InTransaction);
        bank.pair.call_as(3, 7, key(1, TODAY), false);
        bank.settle();
        bank.pair.server.handle_store_room(false);
        for (value, name, expected) in [
            (8, 2, Err((FailureKind::StoreFull, Executed::No))),
            (7, 1, Ok(14)),
        ] {
            bank.pair.call_as(3, value, key(name, TODAY), false);
            bank.settle();
            assert_eq!(bank.pair.last(), expected, "{kind:?}, {value}");
        }
        bank.pair.server.handle_store_room(true);
        bank.pair.call_as(3, 8, key(2, TODAY), false);
        bank.settle();
        assert_eq!(bank.pair.last(), Ok(16), "{kind:?}");
    }
}

/// The session that the call began on is gone with its records; the key remembers what recovery said.
#[test]
fn what_recovery_says_binds_the_key() {
    for kind in BOTH {
        let mut bank = Bank::new(kind, Effects::Elsewhere);
        bank.begin_as(7, key(1, TODAY));
        bank.sync();
        bank.crash(&mut |started| {
            assert!(started.key.is_some());
            Recovered::CannotTell
        });
        bank.settle();
        bank.pass(Duration::from_secs(8));
        let unknown = Err((FailureKind::Interrupted, Executed::Maybe));
        assert_eq!(bank.pair.last(), unknown, "{kind:?}");
        bank.pair.call_as(3, 7, key(1, TODAY), false);
        bank.settle();
        assert_eq!(bank.pair.last(), unknown, "{kind:?}");
        assert_eq!(bank.runs[&7], 1);
    }
}

/// Whoever called is gone, and so is the number, while the method still runs. Its start is what the next life knows it by.
#[test]
fn a_call_that_runs_is_known_by_its_key_whatever_became_of_its_number() {
    for kind in BOTH {
        for session_ends in [true, false] {
            let mut bank = Bank::new(kind, Effects::Elsewhere);
            bank.pair.patience = Duration::from_secs(1);
            bank.holds = true;
            bank.begin_as(7, key(1, TODAY));
            bank.sync();
            assert_eq!((bank.runs[&7], bank.held.len()), (1, 1));
            bank.holds = false;
            if session_ends {
                bank.new_client(2);
                bank.pass(Duration::from_secs(40));
                assert!(bank.disk.sessions.is_empty());
            } else {
                bank.pass(Duration::from_secs(2));
                bank.pair.call(3, 8);
                bank.pass(Duration::from_secs(10));
                let (_, session) = &bank.disk.sessions[0];
                assert!(session.forgotten.contains(1), "{session:?}");
            }
            let mut asked = 0;
            bank.crash(&mut |_| {
                asked += 1;
                Recovered::Did(14u64.to_be_bytes().to_vec())
            });
            assert_eq!(asked, 1, "{kind:?}, {session_ends}");
            assert!(bank.disk.started.is_empty());
            bank.pair.patience = Duration::from_secs(10);
            bank.pair.call_as(3, 7, key(1, TODAY), false);
            bank.settle();
            bank.pass(Duration::from_secs(8));
            assert_eq!(bank.pair.last(), Ok(14), "{kind:?}, {session_ends}");
            assert_eq!(bank.runs[&7], 1);
        }
    }
}

/// The store took nothing of it. What a method did elsewhere is done all the same; what was in the transaction is not.
#[test]
fn a_call_that_the_store_failed_leaves_its_key_free_only_if_nothing_can_be_left_of_it() {
    let failed = Err((FailureKind::StoreFailed, Executed::Maybe));
    for kind in BOTH {
        for (effects, expected, runs) in [
            (Effects::Elsewhere, failed, 1),
            (Effects::InTransaction, Ok(14), 2),
        ] {
            let mut bank = Bank::new(kind, effects);
            bank.holds = true;
            for _ in 0..2 {
                bank.pair.call_as(3, 7, key(1, TODAY), false);
                bank.settle();
            }
            let token = bank.held.pop().expect("it runs");
            bank.holds = false;
            bank.end(token, Done::StoreFailed);
            bank.settle();
            for _ in 0..2 {
                bank.pair.call_as(3, 7, key(1, TODAY), false);
                bank.settle();
                bank.pass(Duration::from_secs(1));
                assert_eq!(bank.pair.last(), expected, "{kind:?}, {effects:?}");
            }
            assert_eq!(bank.runs[&7], runs, "{kind:?}, {effects:?}");
            if effects == Effects::Elsewhere {
                bank.crash(&mut |_| Recovered::Did(14u64.to_be_bytes().to_vec()));
                bank.pair.call_as(3, 7, key(1, TODAY), false);
                bank.settle();
                bank.pass(Duration::from_secs(8));
                assert_eq!(bank.pair.last(), Ok(14), "{kind:?}");
                assert_eq!(bank.runs[&7], 1);
            }
        }
    }
}

/// Sessions that come and go, one after the other and none for long, must not put off for ever what is due.
#[test]
fn keys_are_dropped_whether_or_not_there_are_sessions() {
    for kind in BOTH {
        let mut bank = Bank::new(kind, Effects::InTransaction);
        bank.pair.call_as(3, 7, key(1, TODAY), false);
        bank.settle();
        bank.pair.server.handle_clock(TODAY + 2 * DAY);
        for client in 0..20 {
            bank.pair.client.handle_close(bank.pair.now);
            bank.settle();
            assert!(bank.disk.sessions.is_empty());
            let due = bank.pair.server.poll_timeout();
            assert!(due.is_some() || bank.disk.keys.is_empty(), "{kind:?}");
            bank.pass(Duration::from_secs(1));
            bank.new_client(client + 2);
            bank.pair.call(3, u64::from(client));
            bank.settle();
        }
        assert!(bank.disk.keys.is_empty(), "{kind:?}");
    }
}

/// One number's reply is 76 bytes, and all is kept under its key for a day.
#[test]
fn what_is_kept_under_keys_keeps_out_only_new_keys() {
    let full = Err((FailureKind::Overloaded, Executed::No));
    for kind in BOTH {
        let mut bank = small_bank(kind, 150);
        for (value, key, expected) in [
            (1, key(1, TODAY), Ok(2)),
            (2, key(2, TODAY), Ok(4)),
            (3, key(3, TODAY), full),
            (1, key(1, TODAY), Ok(2)),
            (4, None, Ok(8)),
        ] {
            bank.pair.call_as(3, value, key, false);
            bank.settle();
            bank.pass(Duration::from_secs(8));
            assert_eq!(bank.pair.last(), expected, "{kind:?}, {value}");
        }
    }
}

/// A number of its own for each asker, and so a reply of its own: as many as there is room for, and the others try again.
#[test]
fn a_key_that_many_ask_for_takes_no_more_room_than_there_is() {
    for kind in BOTH {
        for runs_already in [true, false] {
            let mut bank = small_bank(kind, 150);
            bank.holds = runs_already;
            bank.pair.call_as(3, 7, key(1, TODAY), false);
            bank.settle();
            for _ in 0..5 {
                bank.pair.call_as(3, 7, key(1, TODAY), false);
            }
            bank.settle();
            bank.holds = false;
            for token in std::mem::take(&mut bank.held) {
                bank.end_with(token, 14);
            }
            bank.settle();
            let mut replies: Vec<_> = bank
                .disk
                .finished
                .iter()
                .map(|(_, f)| f.reply.len())
                .collect();
            replies.retain(|length| *length > 70);
            assert!(replies.len() <= 3, "{kind:?}, {runs_already}: {replies:?}");
            bank.pass(Duration::from_secs(9));
            assert_eq!(bank.pair.finished.len(), 6);
            let all = bank.pair.finished.iter().all(|(_, end)| *end == Ok(14));
            assert!(all, "{kind:?}, {runs_already}: {:?}", bank.pair.finished);
            assert_eq!(bank.runs[&7], 1);
        }
    }
}

fn small_bank(kind: LinkKind, max_reply_bytes: usize) -> Bank {
    let config = server::Config {
        max_reply_bytes,
        ..server::Config::default()
    };
    Bank::with(kind, Effects::InTransaction, config)
}

/// The clock of the life in which it ran was wrong. The record is there all the same.
#[test]
fn a_key_that_is_known_is_not_ahead() {
    for kind in BOTH {
        let mut bank = Bank::new(kind, Effects::InTransaction);
        bank.pair.server.handle_clock(TODAY + DAY / 2);
        for _ in 0..2 {
            bank.pair.call_as(3, 7, key(1, TODAY + DAY / 2), false);
            bank.settle();
            bank.pass(Duration::from_secs(8));
            assert_eq!(bank.pair.last(), Ok(14), "{kind:?}");
            bank.crash(&mut |_| unreachable!("nothing runs"));
        }
        assert_eq!(bank.runs[&7], 1);
    }
}
