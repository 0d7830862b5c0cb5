//! What every store owes, as tests that any store can run: [`run`], from a test of the crate that has the store.
//!
//! ```no_run
//! # use rpc_core::store::{CompletionStore, OpenError, conformance};
//! # use std::any::Any;
//! struct Mine;
//!
//! impl conformance::Fixture for Mine {
//!     // …
//! #   fn connect(&self) -> Result<Box<dyn CompletionStore>, OpenError> { unimplemented!() }
//! #   fn kill(&self) {}
//! #   fn put(&self, _: &dyn Any, _: u32, _: u32) {}
//! #   fn get(&self, _: &dyn Any, _: u32) -> Option<u32> { None }
//! }
//!
//! # #[allow(clippy::test_attr_in_doctest)]
//! #[test]
//! fn my_store_keeps_its_promises() {
//!     conformance::run(|| Mine);
//! }
//! ```
//!
//! The suite kills processes; it cannot cut the power. A store that writes files itself needs a simulated disk too, as
//! the embedded one has.

mod records;
#[cfg(test)]
mod tests;
mod threads;
mod transactions;

use super::{
    Change, CompletionStore, FinishedCall, Forgotten, Kept, KeptSession, OpenError, OpenStore,
    RequestId, Security, SessionId, StartedCall, StoreError, SysCredential, Verdict,
};
use std::any::Any;
use std::sync::Arc;

/// One place where a store is, empty at first, and a table of a handler's own beside it: numbers to numbers.
pub trait Fixture: Sync {
    /// A process starts and finds its way to the store. More than one may do so.
    fn connect(&self) -> Result<Box<dyn CompletionStore>, OpenError>;

    /// All processes that have the store end as by `kill -9`. What was not durable may be gone. Handles of theirs are still
    /// there, and the suite does not use them any more.
    fn kill(&self);

    /// Writes to the handler's table, in a transaction that [`OpenStore::transact`] gave.
    fn put(&self, transaction: &dyn Any, key: u32, value: u32);

    /// Reads from the handler's table, in a transaction that [`OpenStore::transact`] or [`OpenStore::read`] gave. The table
    /// may be missing as long as nothing was put there.
    fn get(&self, transaction: &dyn Any, key: u32) -> Option<u32>;
}

/// One test.
type Test = fn(&dyn Fixture);

const SUITE: &[(&str, Test)] = &[
    (
        "a new store is empty and keeps its name",
        records::a_new_store_is_empty_and_keeps_its_name,
    ),
    (
        "what is committed outlives a kill",
        records::what_is_committed_outlives_a_kill,
    ),
    (
        "changes take effect in their order",
        records::changes_take_effect_in_their_order,
    ),
    (
        "forgetting takes exactly what is forgotten",
        records::forgetting_takes_exactly_what_is_forgotten,
    ),
    (
        "a session ends with all its records",
        records::a_session_ends_with_all_its_records,
    ),
    (
        "records under a key stay",
        records::records_under_a_key_stay,
    ),
    (
        "a start under a key stays until its end",
        records::a_start_under_a_key_stays_until_its_end,
    ),
    (
        "an end without a session is no record",
        records::an_end_without_a_session_is_no_record,
    ),
    (
        "long records are kept whole",
        records::long_records_are_kept_whole,
    ),
    (
        "random changes give what the model gives",
        records::random_changes_give_what_the_model_gives,
    ),
    (
        "effect and record are kept together",
        transactions::effect_and_record_are_kept_together,
    ),
    (
        "what is rolled back leaves only its record",
        transactions::what_is_rolled_back_leaves_only_its_record,
    ),
    (
        "what is abandoned leaves nothing",
        transactions::what_is_abandoned_leaves_nothing,
    ),
    (
        "a panic leaves nothing and does no harm",
        transactions::a_panic_leaves_nothing_and_does_no_harm,
    ),
    (
        "a transaction sees the ones before it",
        transactions::a_transaction_sees_the_ones_before_it,
    ),
    (
        "readers see only what is durable",
        transactions::readers_see_only_what_is_durable,
    ),
    (
        "a commit covers all transactions before it",
        transactions::a_commit_covers_all_transactions_before_it,
    ),
    (
        "the second to open ends the first",
        transactions::the_second_to_open_ends_the_first,
    ),
    (
        "another process ends the first or is refused",
        transactions::another_process_ends_the_first_or_is_refused,
    ),
    (
        "many threads get one order",
        threads::many_threads_get_one_order,
    ),
    (
        "a kill amid many threads loses nothing durable",
        threads::a_kill_amid_many_threads_loses_nothing_durable,
    ),
];

/// Runs every test, each on a place of its own. Panics where the store breaks a promise, after the test's name was printed.
pub fn run<F: Fixture>(fresh: impl Fn() -> F) {
    for (name, test) in SUITE {
        println!("{name}");
        test(&fresh());
    }
}

/// What a server gets of what is kept: in rising order, since a store may give it in any, and without the records that
/// nobody asks for any more, since their session is over or their number is forgotten. Starts under a key are asked for.
pub fn settled(mut kept: Kept) -> Kept {
    let sessions = std::mem::take(&mut kept.sessions);
    let needed = |id: &RequestId| {
        let session = sessions.iter().find(|(session, _)| *session == id.session);
        session.is_some_and(|(_, session)| !session.forgotten.contains(id.seq))
    };
    kept.started
        .retain(|(id, started)| started.key.is_some() || needed(id));
    kept.finished.retain(|(id, _)| needed(id));
    kept.sessions = sessions;
    kept.sessions.sort_by_key(|(session, _)| session.0);
    kept.started.sort_by_key(|(id, _)| (id.session.0, id.seq));
    kept.finished.sort_by_key(|(id, _)| (id.session.0, id.seq));
    kept.keys.sort_by_key(|(key, ..)| *key);
    kept
}

/// What one server has after opening the store.
struct Life {
    kept: Kept,
    store: Arc<dyn OpenStore>,
    /// Some stores are in use as long as this is there.
    _place: Box<dyn CompletionStore>,
}

impl Life {
    /// A server starts.
    #[track_caller]
    fn start(fixture: &dyn Fixture) -> Life {
        let place = fixture.connect().expect("nobody has the store");
        let opened = place.open().expect("nobody has the store");
        Life {
            kept: settled(opened.kept),
            store: opened.store,
            _place: place,
        }
    }

    /// The server is killed, and the next one starts.
    #[track_caller]
    fn next(self, fixture: &dyn Fixture) -> Life {
        fixture.kill();
        drop(self);
        Life::start(fixture)
    }

    #[track_caller]
    fn commit(&self, changes: &[Change]) {
        self.store.commit(changes).expect("the store works");
    }

    /// A transaction that puts a value and is kept with the end of a call.
    #[track_caller]
    fn put(&self, fixture: &dyn Fixture, key: u32, value: u32, change: Change) {
        let mut verdict = Some(Verdict::Keep(change));
        let transacted = self.store.transact(&mut |transaction| {
            fixture.put(transaction, key, value);
            verdict.take().unwrap_or(Verdict::Abandon)
        });
        transacted.expect("the store works");
    }

    /// What a reader finds.
    #[track_caller]
    fn read(&self, fixture: &dyn Fixture, key: u32) -> Option<u32> {
        let mut found = None;
        let read = self
            .store
            .read(&mut |transaction| found = fixture.get(transaction, key));
        read.expect("the store works");
        found
    }
}

fn session(number: u8) -> SessionId {
    SessionId([number; 16])
}

fn call(session_number: u8, seq: u64) -> RequestId {
    RequestId {
        session: session(session_number),
        seq,
    }
}

/// Every third client says who it is.
fn claim(number: u8) -> Option<SysCredential> {
    let said = || SysCredential::new("wagner", number.into(), 100, &[27]);
    number.is_multiple_of(3).then(said)?.ok()
}

fn grant(number: u8) -> Change {
    let kept = KeptSession {
        client: [number ^ 0xFF; 16],
        nonce: u64::from(number),
        identity: u128::MAX - u128::from(number),
        claimed: claim(number),
        security: if number.is_multiple_of(2) {
            Security::Network
        } else {
            Security::Local
        },
        forgotten: Forgotten {
            below: 1,
            above: Vec::new(),
        },
    };
    Change::Grant(session(number), kept)
}

fn start(id: RequestId) -> Change {
    let started = StartedCall {
        digest: u128::from(id.seq),
        key: None,
        program: 0x2000_0000,
        version: 1,
        procedure: 2,
        args: vec![7; 5],
    };
    Change::Start(id, started)
}

fn finish(id: RequestId) -> Change {
    let finished = FinishedCall {
        digest: u128::from(id.seq) << 64,
        key: None,
        reply: id.seq.to_be_bytes().to_vec(),
    };
    Change::Finish(id, finished)
}

fn is_final(error: &StoreError) -> bool {
    matches!(error, StoreError::Fenced | StoreError::Failed(_))
}
