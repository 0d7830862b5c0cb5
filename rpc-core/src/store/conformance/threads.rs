//! Many threads at a time, as a server has them.

use super::{Fixture, Life, Verdict, call, finish, grant};
use crate::store::CommitNumber;
use std::collections::BTreeSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

const THREADS: u32 = 4;
const TRANSACTIONS: u32 = 30;
/// Where all of them count.
const COUNTER: u32 = 0;

/// What the threads of one life learned: which calls they have ended, and what number each got.
#[derive(Default)]
struct Learned {
    ended: Vec<(u64, CommitNumber)>,
    durable: CommitNumber,
}

/// Each transaction counts on from what it finds, and ends the call of that number.
fn count(fixture: &dyn Fixture, life: &Life, learned: &Mutex<Learned>) {
    for _ in 0..TRANSACTIONS {
        let mut seq = 0;
        let transacted = life.store.transact(&mut |transaction| {
            let counted = fixture.get(transaction, COUNTER).unwrap_or(0) + 1;
            fixture.put(transaction, COUNTER, counted);
            seq = u64::from(counted);
            Verdict::Keep(finish(call(1, seq)))
        });
        let number = transacted.expect("the store works");
        learned.lock().expect("no panic").ended.push((seq, number));
    }
}

fn commit_until(life: &Life, learned: &Mutex<Learned>, done: &AtomicBool) {
    let mut change = 2;
    while !done.load(Ordering::Acquire) {
        let durable = life
            .store
            .commit(&[grant(change)])
            .expect("the store works");
        let mut learned = learned.lock().expect("no panic");
        learned.durable = learned.durable.max(durable);
        change = change % 100 + 2;
    }
}

fn run(fixture: &dyn Fixture, life: &Life) -> Learned {
    let (learned, done) = (Mutex::new(Learned::default()), AtomicBool::new(false));
    thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS)
            .map(|_| scope.spawn(|| count(fixture, life, &learned)))
            .collect();
        let committer = scope.spawn(|| commit_until(life, &learned, &done));
        let results: Vec<_> = threads.into_iter().map(|thread| thread.join()).collect();
        done.store(true, Ordering::Release);
        committer.join().expect("commits do not fail");
        results
            .into_iter()
            .for_each(|result| result.expect("transactions do not fail"));
    });
    learned.into_inner().expect("no panic")
}

pub(super) fn many_threads_get_one_order(fixture: &dyn Fixture) {
    let life = Life::start(fixture);
    life.commit(&[grant(1)]);
    let mut learned = run(fixture, &life);
    let last = life.store.commit(&[]).expect("the store works");
    let all = THREADS * TRANSACTIONS;
    assert_eq!(life.read(fixture, COUNTER), Some(all), "none is lost");
    learned.ended.sort_unstable();
    for (seq, (ended, number)) in (1..).zip(&learned.ended) {
        assert_eq!(seq, *ended, "none is doubled");
        assert!(*number <= last);
    }
    let rise = learned.ended.windows(2).all(|pair| pair[0].1 < pair[1].1);
    assert!(
        rise,
        "the numbers rise in the order in which the transactions took effect"
    );
    assert_eq!(life.next(fixture).kept.finished.len(), all as usize);
}

pub(super) fn a_kill_amid_many_threads_loses_nothing_durable(fixture: &dyn Fixture) {
    let mut life = Life::start(fixture);
    life.commit(&[grant(1)]);
    for _ in 0..3 {
        let learned = run(fixture, &life);
        life = life.next(fixture);
        let finished = &life.kept.finished;
        let there: BTreeSet<u64> = finished.iter().map(|(id, _)| id.seq).collect();
        let counted = life.read(fixture, COUNTER).unwrap_or(0);
        assert!(
            there.iter().copied().eq(1..=u64::from(counted)),
            "effects without records, or records without effects"
        );
        for (seq, number) in learned.ended {
            assert!(
                number > learned.durable || there.contains(&seq),
                "call {seq} was durable"
            );
        }
    }
}
