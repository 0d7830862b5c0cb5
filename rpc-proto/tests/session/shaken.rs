//! Calls that are shelved, asked about, given up, named and cut off in any order.

use super::{Ended, Pair, TODAY, new_server};
use rpc_proto::session::client::{CallId, FailureKind, Key, LinkKind};
use rpc_proto::session::wire::KeyId;
use rpc_proto::time::Executed;
use std::collections::HashMap;
use std::time::Duration;

struct Shaker {
    pair: Pair,
    random: u64,
    /// What each call in flight or on the shelf is about, and whether it has a key.
    asked: HashMap<CallId, (u64, bool)>,
    shelf: Vec<CallId>,
    seen: usize,
    /// How each call ended at last.
    ends: HashMap<u64, Ended>,
    lives: u64,
}

impl Shaker {
    fn new(kind: LinkKind, seed: u64) -> Self {
        let mut pair = Pair::new(kind);
        pair.patience = Duration::from_secs(2);
        Self {
            pair,
            random: (seed + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15),
            asked: HashMap::new(),
            shelf: Vec::new(),
            seen: 0,
            ends: HashMap::new(),
            lives: 7,
        }
    }

    fn below(&mut self, end: u64) -> u64 {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        self.random % end
    }

    fn step(&mut self) {
        match self.below(24) {
            0..4 => self.call(),
            4..11 => self.pair.serve(),
            11..18 => self.pair.receive(),
            18 => self.disturb(),
            19 => self.pass(100),
            20 => self.pass(1500),
            21 => self.ask_again(),
            22 => self.give_up(),
            _ => self.rarely(),
        }
        self.pair.send();
        self.note();
    }

    fn call(&mut self) {
        let value = self.asked.len() as u64 + 1;
        let procedure = 2 + self.below(2) as usize;
        let key = (procedure == 3 && self.below(2) == 0).then(|| {
            Key::from(KeyId {
                name_digest: [4; 32],
                issued: TODAY + value,
            })
        });
        let call = self.pair.call_as(procedure, value, key, true);
        assert!(self.asked.insert(call, (value, key.is_some())).is_none());
    }

    /// Datagrams are lost, doubled and overtaken; of a stream all is lost that is on its way, and its link with it.
    fn disturb(&mut self) {
        if self.pair.kind == LinkKind::Stream {
            self.pair.to_server.clear();
            self.pair.to_client.clear();
            self.pair.client.handle_link_down(self.pair.now);
            if self.below(4) > 0 {
                self.pair
                    .client
                    .handle_link_up(self.pair.now, LinkKind::Stream);
            }
            return;
        }
        match self.below(4) {
            0 => drop(self.pair.to_server.pop_front()),
            1 => drop(self.pair.to_client.pop_front()),
            2 => {
                let copy = self.pair.to_server.front().cloned();
                self.pair.to_server.extend(copy);
            }
            _ => {
                let late = self.pair.to_client.pop_front();
                self.pair.to_client.extend(late);
            }
        }
    }

    fn pass(&mut self, milliseconds: u64) {
        let span = Duration::from_millis(self.below(milliseconds));
        self.pair.now = self.pair.now + span;
        self.pair.client.handle_timeout(self.pair.now);
        self.pair.server.handle_timeout(self.pair.now);
    }

    fn ask_again(&mut self) {
        if let Some(call) = self.off_the_shelf() {
            let deadline = self.pair.now + self.pair.patience;
            assert!(self.pair.client.ask_again(self.pair.now, call, deadline));
        }
    }

    fn give_up(&mut self) {
        if let Some(call) = self.off_the_shelf() {
            self.pair.client.give_up(self.pair.now, call);
        }
    }

    fn off_the_shelf(&mut self) -> Option<CallId> {
        let length = self.shelf.len() as u64;
        let at = (length > 0).then(|| self.below(length))?;
        Some(self.shelf.swap_remove(at as usize))
    }

    fn rarely(&mut self) {
        match self.below(12) {
            // The lease ends, here or there or at both.
            0 => self.pass(60_000),
            // The server is replaced, and its store, which was memory, too.
            1 => {
                self.lives += 1;
                self.pair.server = new_server(self.lives);
                self.pair.to_client.clear();
                if self.pair.kind == LinkKind::Stream {
                    self.disturb();
                }
            }
            _ if self.pair.client.poll_reconnect() => {
                self.pair.to_server.clear();
                self.pair.to_client.clear();
                self.pair
                    .client
                    .handle_link_up(self.pair.now, self.pair.kind);
            }
            _ => {}
        }
    }

    fn note(&mut self) {
        for (call, end) in &self.pair.finished[self.seen..] {
            self.ends.insert(self.asked[call].0, *end);
        }
        self.seen = self.pair.finished.len();
        self.shelf.append(&mut self.pair.shelved);
    }

    /// Lets everything come to its end.
    fn finish(&mut self) {
        if self.pair.kind == LinkKind::Stream {
            self.pair.to_server.clear();
            self.pair.to_client.clear();
        }
        self.pair
            .client
            .handle_link_up(self.pair.now, self.pair.kind);
        self.pair.client.handle_timeout(self.pair.now);
        for _ in 0..3 {
            while !self.shelf.is_empty() {
                self.ask_again();
            }
            self.pair.settle();
            self.pair.pass(Duration::from_secs(3));
            self.note();
        }
    }
}

#[test]
fn whatever_happens_nothing_runs_twice_and_nothing_wrong_is_said() {
    let mut answered_late = 0;
    for seed in 0..400 {
        for kind in super::BOTH {
            let mut shaker = Shaker::new(kind, seed);
            for _ in 0..400 {
                shaker.step();
            }
            answered_late += shaker.ends.values().filter(|end| end.is_ok()).count();
            shaker.finish();
            assert!(shaker.shelf.is_empty(), "{kind:?}, seed {seed}");
            for (value, _) in shaker.asked.values() {
                let runs = shaker.pair.runs.get(value).copied().unwrap_or(0);
                let row = format!(
                    "{kind:?}, seed {seed}, call {value}: {:?}",
                    shaker.ends.get(value)
                );
                assert!(runs <= 1, "{row} ran {runs} times");
                match shaker.ends.get(value).expect("it has ended") {
                    Ok(result) => assert_eq!((*result, runs), (2 * value, 1), "{row}"),
                    Err((_, Executed::No)) => assert_eq!(runs, 0, "{row}"),
                    Err((kind, _)) => assert!(
                        matches!(
                            kind,
                            FailureKind::DeadlineExceeded
                                | FailureKind::SessionLost
                                | FailureKind::ServerRestarted
                                | FailureKind::OtherStore
                        ),
                        "{row}"
                    ),
                }
            }
        }
    }
    assert!(
        answered_late > 10_000,
        "{answered_late} calls were answered"
    );
}
