//! Transactions: an effect and its record are one, readers see what is durable, and only one server writes.

use super::{Fixture, Life, StoreError, Verdict, call, finish, grant, is_final};
use crate::store::{CommitNumber, CompletionStore, OpenError};
use std::panic::{AssertUnwindSafe, catch_unwind};

pub(super) fn effect_and_record_are_kept_together(fixture: &dyn Fixture) {
    let life = Life::start(fixture);
    life.commit(&[grant(1)]);
    life.put(fixture, 1, 10, finish(call(1, 1)));
    life.commit(&[]);
    life.put(fixture, 2, 20, finish(call(1, 2)));
    let next = life.next(fixture);
    let there = |seq| next.kept.finished.iter().any(|(id, _)| id.seq == seq);
    assert!(
        there(1) && next.read(fixture, 1) == Some(10),
        "it was durable"
    );
    assert_eq!(
        there(2),
        next.read(fixture, 2) == Some(20),
        "both or neither"
    );
}

pub(super) fn what_is_rolled_back_leaves_only_its_record(fixture: &dyn Fixture) {
    let life = Life::start(fixture);
    life.commit(&[grant(1)]);
    life.put(fixture, 1, 10, finish(call(1, 1)));
    let transacted = life.store.transact(&mut |transaction| {
        fixture.put(transaction, 1, 11);
        fixture.put(transaction, 2, 22);
        Verdict::RollBack(finish(call(1, 2)))
    });
    let number = transacted.expect("the store works");
    assert!(life.store.commit(&[]).expect("the store works") >= number);
    assert_eq!(
        (life.read(fixture, 1), life.read(fixture, 2)),
        (Some(10), None)
    );
    let next = life.next(fixture);
    assert_eq!(next.kept.finished.len(), 2);
    assert_eq!(
        (next.read(fixture, 1), next.read(fixture, 2)),
        (Some(10), None)
    );
}

pub(super) fn what_is_abandoned_leaves_nothing(fixture: &dyn Fixture) {
    let life = Life::start(fixture);
    life.commit(&[grant(1)]);
    life.put(fixture, 1, 10, finish(call(1, 1)));
    let abandoned = life.store.transact(&mut |transaction| {
        fixture.put(transaction, 1, 11);
        Verdict::Abandon
    });
    abandoned.expect("to abandon is no failure");
    life.commit(&[]);
    assert_eq!(life.read(fixture, 1), Some(10));
    let next = life.next(fixture);
    assert_eq!(next.kept.finished.len(), 1);
    assert_eq!(next.read(fixture, 1), Some(10));
}

pub(super) fn a_panic_leaves_nothing_and_does_no_harm(fixture: &dyn Fixture) {
    let life = Life::start(fixture);
    life.commit(&[grant(1)]);
    life.put(fixture, 1, 10, finish(call(1, 1)));
    let panicked = catch_unwind(AssertUnwindSafe(|| {
        let _ = life.store.transact(&mut |transaction| {
            fixture.put(transaction, 1, 11);
            panic!("this panic is part of the test");
        });
    }));
    let payload = panicked.expect_err("the panic goes on to the caller");
    let text = payload.downcast_ref::<&str>().copied();
    assert_eq!(text, Some("this panic is part of the test"));
    life.put(fixture, 2, 20, finish(call(1, 2)));
    life.commit(&[]);
    assert_eq!(
        (life.read(fixture, 1), life.read(fixture, 2)),
        (Some(10), Some(20))
    );
    let next = life.next(fixture);
    assert_eq!(next.kept.finished.len(), 2);
    assert_eq!(next.read(fixture, 1), Some(10));
}

pub(super) fn a_transaction_sees_the_ones_before_it(fixture: &dyn Fixture) {
    let life = Life::start(fixture);
    life.commit(&[grant(1)]);
    for seq in 1..=5 {
        life.put(fixture, 1, seq * 10, finish(call(1, u64::from(seq))));
        let mut seen = None;
        let looked = life.store.transact(&mut |transaction| {
            seen = fixture.get(transaction, 1);
            Verdict::Abandon
        });
        looked.expect("the store works");
        assert_eq!(seen, Some(seq * 10));
    }
}

pub(super) fn readers_see_only_what_is_durable(fixture: &dyn Fixture) {
    let life = Life::start(fixture);
    life.commit(&[grant(1)]);
    life.put(fixture, 1, 10, finish(call(1, 1)));
    life.commit(&[]);
    life.put(fixture, 1, 11, finish(call(1, 2)));
    // A store may make durable at once what it need not yet; then a reader may see it, and a kill may not take it back.
    let seen = life.read(fixture, 1);
    let next = life.next(fixture);
    let later = next.read(fixture, 1);
    assert!(
        seen == Some(10) || (seen == Some(11) && later == seen),
        "{seen:?}, then {later:?}"
    );
    next.put(fixture, 1, 12, finish(call(1, 3)));
    next.commit(&[]);
    assert_eq!(next.read(fixture, 1), Some(12));
}

pub(super) fn a_commit_covers_all_transactions_before_it(fixture: &dyn Fixture) {
    let life = Life::start(fixture);
    let mut last = life.store.commit(&[grant(1)]).expect("the store works");
    for seq in 1..=6 {
        let mut verdict = Some(Verdict::Keep(finish(call(1, seq))));
        let mut work = |_: &dyn std::any::Any| verdict.take().unwrap_or(Verdict::Abandon);
        let number = life.store.transact(&mut work).expect("the store works");
        assert!(number > last, "numbers rise: {last:?}, {number:?}");
        last = number;
        if seq % 2 == 0 {
            let durable: CommitNumber = life.store.commit(&[]).expect("the store works");
            assert!(durable >= number, "{durable:?} covers {number:?}");
            let again = life.store.commit(&[]).expect("the store works");
            assert!(again >= durable, "what is durable stays so");
        }
    }
}

pub(super) fn the_second_to_open_ends_the_first(fixture: &dyn Fixture) {
    let place = fixture.connect().expect("a new store");
    let first = place.open().expect("a new store").store;
    first.commit(&[grant(1)]).expect("the store works");
    open_again(fixture, &*place, &*first);
}

pub(super) fn another_process_ends_the_first_or_is_refused(fixture: &dyn Fixture) {
    let place = fixture.connect().expect("a new store");
    let first = place.open().expect("a new store").store;
    first.commit(&[grant(1)]).expect("the store works");
    match fixture.connect() {
        Ok(other) => open_again(fixture, &*other, &*first),
        Err(error) => {
            assert!(matches!(error, OpenError::InUse { .. }), "{error}");
            first.commit(&[grant(2)]).expect("the first goes on");
        }
    }
}

/// Whoever opens later has the store for itself, or is refused.
fn open_again(fixture: &dyn Fixture, place: &dyn CompletionStore, first: &dyn super::OpenStore) {
    let second = match place.open() {
        Ok(opened) => opened,
        Err(error) => {
            assert!(matches!(error, OpenError::InUse { .. }), "{error}");
            first.commit(&[grant(2)]).expect("the first goes on");
            return;
        }
    };
    assert_eq!(second.kept.sessions.len(), 1);
    let commit = first.commit(&[grant(3)]).map(drop);
    let empty = first.commit(&[]).map(drop);
    let transact = first.transact(&mut |transaction| {
        fixture.put(transaction, 1, 10);
        Verdict::Keep(finish(call(1, 1)))
    });
    for outcome in [commit, empty, transact.map(drop)] {
        assert!(matches!(outcome, Err(StoreError::Fenced)), "{outcome:?}");
    }
    let read = first.read(&mut |_| ());
    assert!(read.is_ok() || read.is_err_and(|error| is_final(&error)));
    second
        .store
        .commit(&[grant(4)])
        .expect("the second goes on");
    let third = place.open().expect("the same process");
    assert_eq!(
        third.kept.sessions.len(),
        2,
        "nothing of the first one's came in"
    );
    assert!(third.kept.finished.is_empty());
}
