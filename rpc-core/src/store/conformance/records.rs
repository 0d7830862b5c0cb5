//! Records: what is committed is there, and nothing else.

use super::{Change, Fixture, Life, call, finish, grant, session, settled, start};
use crate::store::{CallKey, Forgotten, Kept, KeyId};

/// Commits the changes, kills the server, and compares what the next one gets.
#[track_caller]
fn check(fixture: &dyn Fixture, changes: &[Change]) -> Kept {
    let mut model = Kept::default();
    changes.iter().for_each(|change| model.apply(change));
    let life = Life::start(fixture);
    life.commit(changes);
    let next = life.next(fixture);
    assert_eq!(next.kept, settled(model));
    next.kept
}

fn key(number: u8) -> CallKey {
    CallKey {
        program: 0x2000_0000,
        version: 1,
        procedure: 2,
        id: KeyId {
            name_digest: [number; 32],
            issued: 1_700_000_000_000,
        },
    }
}

/// The start or the end of a call that has a key.
fn under(change: Change, number: u8) -> Change {
    match change {
        Change::Start(id, mut started) => {
            started.key = Some(key(number));
            Change::Start(id, started)
        }
        Change::Finish(id, mut finished) => {
            finished.key = Some(key(number));
            Change::Finish(id, finished)
        }
        other => other,
    }
}

fn forget(number: u8, below: u64, above: &[(u64, u64)]) -> Change {
    let above = above.to_vec();
    Change::Forget(session(number), Forgotten { below, above })
}

pub(super) fn a_new_store_is_empty_and_keeps_its_name(fixture: &dyn Fixture) {
    let place = fixture.connect().expect("a new store");
    let opened = place.open().expect("a new store");
    assert_eq!(opened.kept, Kept::default());
    let identity = opened.identity;
    assert!(identity.durable, "it outlives its process");
    assert_ne!(identity.id, [0; 16]);
    assert_ne!(identity.id, identity.secret, "one of them is secret");
    fixture.kill();
    drop((place, opened));
    let place = fixture.connect().expect("the same store");
    let again = place.open().expect("the same store").identity;
    assert!(again == identity);
}

pub(super) fn what_is_committed_outlives_a_kill(fixture: &dyn Fixture) {
    let changes = [
        grant(1),
        grant(2),
        start(call(1, 1)),
        finish(call(1, 2)),
        under(finish(call(2, 1)), 9),
        Change::Clock(1_700_000_000_123),
    ];
    let kept = check(fixture, &changes);
    assert_eq!(kept.sessions.len(), 2);
    assert_eq!((kept.started.len(), kept.finished.len()), (1, 2));
    assert_eq!((kept.keys.len(), kept.clock), (1, 1_700_000_000_123));
}

pub(super) fn changes_take_effect_in_their_order(fixture: &dyn Fixture) {
    let changes = [
        grant(1),
        start(call(1, 1)),
        finish(call(1, 1)),
        start(call(1, 2)),
        Change::Drop(call(1, 2)),
        start(call(1, 3)),
        Change::Drop(call(1, 3)),
        start(call(1, 3)),
        Change::Clock(5),
        Change::Clock(6),
        grant(2),
        finish(call(2, 1)),
        Change::End(session(2)),
        grant(2),
    ];
    let kept = check(fixture, &changes);
    assert_eq!(kept.finished.len(), 1, "the end replaces the start");
    assert_eq!(kept.started.len(), 1, "what is undone may start again");
    assert_eq!(kept.sessions.len(), 2);
}

pub(super) fn forgetting_takes_exactly_what_is_forgotten(fixture: &dyn Fixture) {
    let mut changes = vec![grant(1), grant(2)];
    changes.extend((1..=20).map(|seq| finish(call(1, seq))));
    changes.extend((1..=20).map(|seq| finish(call(2, seq))));
    changes.push(finish(call(1, u64::MAX)));
    changes.push(forget(1, 1, &[(5, 5)]));
    changes.push(forget(1, 4, &[(5, 6), (9, 10)]));
    changes.push(forget(1, 7, &[(9, 12)]));
    changes.push(forget(3, 9, &[]));
    let kept = check(fixture, &changes);
    let of_first = kept
        .finished
        .iter()
        .filter(|(id, _)| id.session == session(1));
    let left: Vec<u64> = of_first.map(|(id, _)| id.seq).collect();
    let rest = [7, 8, 13, 14, 15, 16, 17, 18, 19, 20, u64::MAX];
    assert_eq!(left, rest);
}

pub(super) fn a_session_ends_with_all_its_records(fixture: &dyn Fixture) {
    let changes = [
        grant(1),
        grant(2),
        grant(3),
        finish(call(1, 1)),
        start(call(2, 1)),
        finish(call(2, u64::MAX)),
        finish(call(3, 1)),
        Change::End(session(2)),
        Change::End(session(9)),
    ];
    let kept = check(fixture, &changes);
    assert_eq!(kept.sessions.len(), 2);
    assert_eq!((kept.started.len(), kept.finished.len()), (0, 2));
}

pub(super) fn records_under_a_key_stay(fixture: &dyn Fixture) {
    let changes = [
        grant(1),
        under(finish(call(1, 1)), 1),
        under(finish(call(1, 2)), 2),
        under(finish(call(1, 3)), 3),
        forget(1, 2, &[]),
        Change::End(session(1)),
        Change::ForgetKey(key(2)),
        Change::ForgetKey(key(4)),
    ];
    let kept = check(fixture, &changes);
    let left: Vec<CallKey> = kept.keys.iter().map(|(key, ..)| *key).collect();
    assert_eq!(left, [key(1), key(3)]);
}

/// Nobody asks for its number any more, but somebody may ask under its key.
pub(super) fn a_start_under_a_key_stays_until_its_end(fixture: &dyn Fixture) {
    let mut changes = vec![grant(1), grant(2)];
    for seq in 1..=6 {
        changes.push(under(start(call(1, seq)), seq as u8));
        changes.push(under(start(call(2, seq)), 10 + seq as u8));
        changes.push(start(call(2, 10 + seq)));
    }
    changes.extend([
        forget(1, 3, &[(5, 6)]),
        Change::End(session(2)),
        under(finish(call(1, 1)), 1),
        under(finish(call(1, 3)), 3),
        Change::Drop(call(1, 5)),
        under(finish(call(2, 1)), 11),
        Change::Drop(call(2, 2)),
    ]);
    let kept = check(fixture, &changes);
    let left: Vec<_> = kept.started.iter().map(|(id, _)| *id).collect();
    let of_first = [2, 4, 6].map(|seq| call(1, seq));
    let of_second = [3, 4, 5, 6].map(|seq| call(2, seq));
    assert_eq!(left, [&of_first[..], &of_second[..]].concat());
    assert_eq!((kept.finished.len(), kept.keys.len()), (1, 3));
}

/// A call may end after its session: it leaves a record under its key only.
pub(super) fn an_end_without_a_session_is_no_record(fixture: &dyn Fixture) {
    let changes = [
        grant(1),
        Change::End(session(1)),
        under(finish(call(1, 1)), 1),
        start(call(2, 1)),
        grant(3),
        forget(3, 5, &[(7, 7)]),
        finish(call(3, 4)),
        finish(call(3, 7)),
        finish(call(3, 8)),
    ];
    let kept = check(fixture, &changes);
    assert_eq!((kept.started.len(), kept.keys.len()), (0, 1));
    assert_eq!(kept.finished.len(), 1);
}

pub(super) fn long_records_are_kept_whole(fixture: &dyn Fixture) {
    let mut changes = vec![grant(1)];
    for (seq, len) in [(1, 0), (2, 1), (3, 4096), (4, 1 << 20), (5, 5 << 20)] {
        match (start(call(1, seq)), finish(call(1, seq + 10))) {
            (Change::Start(id, mut started), Change::Finish(end, mut finished)) => {
                started.args = vec![seq as u8; len];
                finished.reply = vec![seq as u8; len];
                changes.push(Change::Start(id, started));
                changes.push(Change::Finish(end, finished));
            }
            _ => unreachable!("they are a start and an end"),
        }
    }
    check(fixture, &changes);
}

/// Several lives, each with several commits, of changes that nobody chose.
pub(super) fn random_changes_give_what_the_model_gives(fixture: &dyn Fixture) {
    let mut model = Kept::default();
    let mut random = Random {
        state: 0x9E37_79B9,
        granted: 0,
        sessions: [(0, 1, 8); 4],
    };
    let mut life = Life::start(fixture);
    for _ in 0..8 {
        for _ in 0..10 {
            let changes = random.changes();
            changes.iter().for_each(|change| model.apply(change));
            life.commit(&changes);
        }
        life = life.next(fixture);
        assert_eq!(life.kept, settled(model.clone()));
    }
}

/// Changes that are the same in every run. As a server's, they grant a session once, and forget more and more of it.
struct Random {
    state: u64,
    /// How many sessions were granted. There are four at a time.
    granted: u8,
    /// Of each session that is there its number, below what all is forgotten, and up to what from 8 on.
    sessions: [(u8, u64, u64); 4],
}

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        self.state % bound
    }

    fn changes(&mut self) -> Vec<Change> {
        (0..self.below(8)).flat_map(|_| self.change()).collect()
    }

    fn change(&mut self) -> Vec<Change> {
        let place = self.below(4) as usize;
        let (number, below, last) = self.sessions[place];
        let id = call(number, 1 + self.below(12));
        let change = match self.below(13) {
            0 | 1 => {
                let (below, last) = (below + self.below(3), last + self.below(2));
                let (below, last) = (below.min(7), last.min(11));
                self.sessions[place] = (number, below, last);
                forget(number, below, &[(8, last)])
            }
            2 => start(id),
            12 => under(start(id), self.below(6) as u8),
            3..=5 => finish(id),
            6 => under(finish(id), self.below(6) as u8),
            7 => Change::Drop(id),
            8 => {
                self.granted += 1;
                self.sessions[place] = (self.granted, 1, 8);
                // A late end of a call of the session that is over is no record.
                return vec![
                    Change::End(session(number)),
                    grant(self.granted),
                    finish(id),
                ];
            }
            9 => Change::ForgetKey(key(self.below(6) as u8)),
            _ => Change::Clock(self.below(1 << 40)),
        };
        vec![change]
    }
}
