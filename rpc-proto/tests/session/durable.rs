//! Exactly-once calls whose records a durable store keeps, over the deaths of the server.

use super::{BANK, BOTH, METHODS, Pair, TODAY};
use rpc_proto::session::client::{self, Client, FailureKind, Key, LinkKind};
use rpc_proto::session::server::{
    self, Done, Effects, Handled, Offer, REPLY_HEADROOM, Resumed, Run, Server, Token,
};
use rpc_proto::session::store::{Change, Kept, Recovered, StartedCall, StoreIdentity};
use rpc_proto::time::Executed;
use std::collections::HashMap;
use std::time::Duration;

const STORE: StoreIdentity = StoreIdentity {
    id: [5; 16],
    secret: [6; 16],
    durable: true,
};

/// A client and a server whose store is on a disk: what is written is gone with a crash unless it was synced.
pub(super) struct Bank {
    pub(super) pair: Pair,
    effects: Effects,
    config: server::Config,
    pub(super) disk: Kept,
    written: Vec<Change>,
    /// How often each value was executed, in all lives.
    pub(super) runs: HashMap<u64, u32>,
    /// Whether methods that begin go on until [`end`](Self::end).
    pub(super) holds: bool,
    pub(super) held: Vec<Token>,
    /// The last message that came.
    last_call: Vec<u8>,
    lives: u64,
}

impl Bank {
    pub(super) fn new(kind: LinkKind, effects: Effects) -> Self {
        Self::with(kind, effects, server::Config::default())
    }

    pub(super) fn with(kind: LinkKind, effects: Effects, config: server::Config) -> Self {
        let mut bank = Self {
            pair: Pair::new(kind),
            effects,
            config,
            disk: Kept::default(),
            written: Vec::new(),
            runs: HashMap::new(),
            holds: false,
            held: Vec::new(),
            last_call: Vec::new(),
            lives: 0,
        };
        bank.start(&mut |_| Recovered::CannotTell);
        bank
    }

    /// A new life of the server, on the same disk.
    fn start(&mut self, recover: &mut dyn FnMut(&StartedCall) -> Recovered) {
        self.lives += 1;
        let offer = Offer {
            interface: &BANK,
            effects: self.effects,
        };
        let seed = [self.lives as u8; 32];
        let config = self.config.clone();
        let mut server = Server::new(config, vec![offer], self.lives, Some(STORE), seed);
        let kept = self.disk.clone();
        server.restore(self.pair.now, TODAY, kept, recover);
        self.pair.server = server;
        self.sync();
    }

    pub(super) fn crash(&mut self, recover: &mut dyn FnMut(&StartedCall) -> Recovered) {
        self.written.clear();
        self.held.clear();
        self.pair.to_server.clear();
        self.pair.to_client.clear();
        self.start(recover);
        // A stream breaks with its server; of datagrams nobody is told.
        if self.pair.kind == LinkKind::Stream {
            self.pair.client.handle_link_down(self.pair.now);
            self.pair
                .client
                .handle_link_up(self.pair.now, self.pair.kind);
        }
    }

    fn write(&mut self) {
        while let Some(change) = self.pair.server.poll_change() {
            self.written.push(change);
        }
    }

    /// Keeps what was said so far, and says so.
    pub(super) fn sync(&mut self) {
        self.write();
        for change in std::mem::take(&mut self.written) {
            self.disk.apply(&change);
            let Some(subject) = change.subject() else {
                continue;
            };
            let mut out = Vec::new();
            match self.pair.server.handle_kept(subject, &mut out) {
                Resumed::Nothing => assert!(out.is_empty()),
                Resumed::Reply(_) => self.pair.answer(&out),
                Resumed::Run(run, args) => self.run(run, &args),
            }
            self.pair.server.check_invariants();
        }
    }

    fn run(&mut self, run: Run, args: &[u8]) {
        let value = u64::from_be_bytes(args[run.args.clone()].try_into().expect("one number"));
        *self.runs.entry(value).or_default() += 1;
        if self.holds {
            return self.held.push(run.token);
        }
        self.end_with(run.token, value * 2);
    }

    /// A method returns.
    pub(super) fn end_with(&mut self, token: Token, result: u64) {
        let mut out = vec![0; REPLY_HEADROOM];
        out.extend_from_slice(&result.to_be_bytes());
        let route = self
            .pair
            .server
            .handle_done(token, Done::Returned, &mut out, 0);
        assert_eq!(route, None, "a reply has to wait for its record");
    }

    /// A method that was held back ends without a result.
    pub(super) fn end(&mut self, token: Token, done: Done) {
        let mut out = vec![0; REPLY_HEADROOM];
        if self
            .pair
            .server
            .handle_done(token, done, &mut out, 0)
            .is_some()
        {
            self.pair.answer(&out);
        } else {
            assert!(out.is_empty());
        }
    }

    /// The client is gone without a word, and there is another one.
    pub(super) fn new_client(&mut self, seed: u8) {
        self.pair.to_server.clear();
        self.pair.to_client.clear();
        self.pair.client = Client::new(client::Config::default(), [seed; 32]);
        self.pair
            .client
            .handle_link_up(self.pair.now, self.pair.kind);
    }

    /// Lets the server handle one message. Nothing is synced.
    pub(super) fn serve(&mut self) {
        let Some(message) = self.pair.to_server.pop_front() else {
            return;
        };
        self.last_call.clone_from(&message);
        self.pair.calls_seen.push(message.clone());
        let mut out = Vec::new();
        let origin = self.pair.origin();
        let now = self.pair.now;
        match self
            .pair
            .server
            .handle_message(now, origin, &message, &mut out)
        {
            Handled::Nothing | Handled::NoRoom => {}
            Handled::Reply => self.pair.answer(&out),
            Handled::Run(run) => self.run(run, &message),
        }
    }

    pub(super) fn settle(&mut self) {
        loop {
            self.pair.send();
            self.serve();
            self.sync();
            self.pair.receive();
            if self.pair.to_server.is_empty() && self.pair.to_client.is_empty() {
                self.pair.send();
                if self.pair.to_server.is_empty() && !self.pair.server.has_changes() {
                    break;
                }
            }
        }
    }

    /// Lets time pass, in steps short enough for every timer.
    pub(super) fn pass(&mut self, span: Duration) {
        let end = self.pair.now + span;
        while self.pair.now < end {
            self.pair.now = self.pair.now + Duration::from_millis(50);
            self.pair.client.handle_timeout(self.pair.now);
            self.pair.server.handle_timeout(self.pair.now);
            while let Some((_, message)) = self.pair.server.poll_transmit() {
                self.pair.answer(&message);
            }
            self.settle();
        }
    }

    /// Sends a call of the exactly-once method until the server has its record written, but not synced.
    fn begin(&mut self, value: u64) {
        self.begin_as(value, None);
    }

    pub(super) fn begin_as(&mut self, value: u64, key: Option<Key>) {
        self.pair.call_as(3, value, key, false);
        let before = self.disk.sessions.len();
        while self.disk.sessions.len() == before {
            self.pair.send();
            self.serve();
            self.sync();
            self.pair.receive();
        }
        while !self.pair.to_client.is_empty() {
            self.pair.receive();
        }
        loop {
            self.pair.send();
            self.serve();
            self.write();
            if !self.written.is_empty() {
                break;
            }
            self.pair.receive();
        }
    }
}

pub(super) const EFFECTS: [Effects; 2] = [Effects::InTransaction, Effects::Elsewhere];

#[test]
fn a_call_runs_once_and_leaves_a_record() {
    for kind in BOTH {
        for effects in EFFECTS {
            let mut bank = Bank::new(kind, effects);
            bank.pair.call(3, 21);
            bank.settle();
            assert_eq!(bank.pair.last(), Ok(42), "{kind:?}, {effects:?}");
            assert_eq!(bank.runs[&21], 1);
            assert_eq!(bank.disk.sessions.len(), 1);
            assert_eq!(bank.disk.finished.len(), 1);
            assert!(bank.disk.started.is_empty(), "the end replaces the start");
        }
    }
}

#[test]
fn no_session_is_granted_before_the_grant_is_kept() {
    for kind in BOTH {
        let mut bank = Bank::new(kind, Effects::InTransaction);
        bank.pair.call(3, 1);
        for _ in 0..8 {
            bank.pair.send();
            bank.serve();
            bank.write();
            bank.pair.receive();
        }
        assert!(
            matches!(bank.written[..], [Change::Grant(..)]),
            "{:?}",
            bank.written
        );
        assert!(bank.pair.to_client.is_empty() && bank.pair.finished.is_empty());
        bank.settle();
        assert_eq!(bank.pair.last(), Ok(2));
    }
}

/// The reply was not sent, so nobody knows of the run, and it has left nothing behind: the call runs again.
#[test]
fn a_run_whose_transaction_is_lost_did_not_happen() {
    for kind in BOTH {
        let mut bank = Bank::new(kind, Effects::InTransaction);
        bank.begin(7);
        assert!(
            matches!(bank.written[..], [Change::Finish(..)]),
            "{:?}",
            bank.written
        );
        assert!(
            bank.pair.to_client.is_empty(),
            "nothing leaves before its record is kept"
        );
        bank.crash(&mut |_| unreachable!("nothing was started"));
        bank.settle();
        bank.pass(Duration::from_secs(8));
        assert_eq!(bank.pair.last(), Ok(14), "{kind:?}");
        assert_eq!(
            bank.runs[&7], 2,
            "the first run was lost with its transaction"
        );
    }
}

#[test]
fn a_reply_that_was_lost_comes_from_the_next_life() {
    for kind in BOTH {
        for effects in EFFECTS {
            let mut bank = Bank::new(kind, effects);
            bank.begin(7);
            bank.sync();
            bank.sync();
            assert_eq!(bank.disk.finished.len(), 1);
            bank.crash(&mut |_| unreachable!("it has an end"));
            bank.settle();
            bank.pass(Duration::from_secs(8));
            assert_eq!(bank.pair.last(), Ok(14), "{kind:?}, {effects:?}");
            assert_eq!(bank.runs[&7], 1);
        }
    }
}

#[test]
fn a_call_whose_start_is_not_kept_has_not_begun() {
    for kind in BOTH {
        let mut bank = Bank::new(kind, Effects::Elsewhere);
        bank.begin(7);
        assert!(matches!(bank.written[..], [Change::Start(..)]));
        assert!(bank.runs.is_empty());
        bank.crash(&mut |_| unreachable!("the start was lost"));
        bank.settle();
        bank.pass(Duration::from_secs(8));
        assert_eq!(bank.pair.last(), Ok(14), "{kind:?}");
        assert_eq!(bank.runs[&7], 1);
    }
}

/// The method ran, the server died before its end was kept, and the service is asked what it knows.
#[test]
fn what_recovery_finds_out_is_what_the_caller_is_told() {
    let did = || Recovered::Did(14u64.to_be_bytes().to_vec());
    let unknown = Err((FailureKind::Interrupted, Executed::Maybe));
    let rows = [
        (did(), Ok(14), 1),
        (Recovered::DidNot, Ok(14), 2),
        (Recovered::CannotTell, unknown, 1),
    ];
    for kind in BOTH {
        for (recovered, expected, runs) in &rows {
            let mut bank = Bank::new(kind, Effects::Elsewhere);
            bank.begin(7);
            bank.sync();
            assert_eq!((bank.runs[&7], bank.disk.started.len()), (1, 1));
            bank.crash(&mut |started| {
                assert_eq!(started.args, 7u64.to_be_bytes());
                assert_eq!(started.procedure, METHODS[2].procedure);
                recovered.clone()
            });
            assert!(bank.disk.started.is_empty());
            bank.settle();
            bank.pass(Duration::from_secs(8));
            assert_eq!(bank.pair.last(), *expected, "{kind:?}");
            assert_eq!(bank.runs[&7], *runs);
            // A third life finds nothing to ask about.
            bank.crash(&mut |_| unreachable!("it has an end"));
        }
    }
}

#[test]
fn acknowledged_records_leave_the_disk() {
    for kind in BOTH {
        let mut bank = Bank::new(kind, Effects::InTransaction);
        for value in 0..200 {
            bank.pair.call(3, value);
            bank.settle();
        }
        assert!(
            bank.disk.finished.len() < 70,
            "{}",
            bank.disk.finished.len()
        );
        bank.pass(Duration::from_secs(20));
        assert!(
            bank.disk.finished.is_empty(),
            "an idle session keeps nothing"
        );
        bank.pass(Duration::from_secs(40));
        assert!(bank.disk.sessions.is_empty(), "and is over with its lease");
    }
}

#[test]
fn a_refusal_that_says_no_is_kept_before_it_is_said() {
    for kind in BOTH {
        let mut bank = Bank::new(kind, Effects::InTransaction);
        bank.pair.call(3, 1);
        bank.settle();
        bank.pair.server.handle_store_room(false);
        bank.pair.call(3, 2);
        bank.pair.send();
        bank.serve();
        bank.write();
        assert!(matches!(bank.written[..], [Change::Finish(..)]));
        assert!(bank.pair.to_client.is_empty());
        bank.settle();
        assert_eq!(
            bank.pair.last(),
            Err((FailureKind::StoreFull, Executed::No))
        );
        assert!(!bank.runs.contains_key(&2));
    }
}

#[test]
fn after_the_store_failed_nothing_is_promised() {
    for kind in BOTH {
        let mut bank = Bank::new(kind, Effects::InTransaction);
        bank.begin(1);
        bank.pair.server.handle_store_failed();
        bank.written.clear();
        bank.settle();
        assert!(
            bank.pair.finished.is_empty(),
            "nobody can tell what became of it"
        );
        bank.pair.call(3, 2);
        bank.settle();
        assert_eq!(
            bank.pair.last(),
            Err((FailureKind::StoreFailed, Executed::Maybe))
        );
        assert!(!bank.runs.contains_key(&2));
        // At-most-once calls do not need the store.
        bank.pair.call(2, 3);
        bank.pair.settle();
        assert_eq!(bank.pair.last(), Ok(6));
    }
}

/// The caller gave up and said so while the method ran; its record came to the store after the number was forgotten there.
#[test]
fn a_record_that_comes_too_late_leaves_the_disk_again() {
    for effects in EFFECTS {
        let mut bank = Bank::new(LinkKind::Datagram, effects);
        bank.pair.patience = Duration::from_millis(500);
        bank.begin(7);
        let late = std::mem::take(&mut bank.written);
        // The deadline passes, and the next call says so.
        bank.pair.now = bank.pair.now + Duration::from_secs(1);
        bank.pair.client.handle_timeout(bank.pair.now);
        bank.pair.call(3, 8);
        bank.settle();
        assert_eq!(bank.pair.last(), Ok(16));
        bank.written = late;
        bank.sync();
        bank.sync();
        bank.sync();
        let left = bank.disk.finished.len() + bank.disk.started.len();
        assert!(left <= 1, "{effects:?}: {:?}", bank.disk.finished);
        bank.crash(&mut |_| unreachable!("nothing is left of it"));
    }
}

/// The caller of a slow method gives up again and again, and what it gave up still runs.
#[test]
fn a_client_that_gives_up_keeps_its_session() {
    for kind in BOTH {
        for effects in EFFECTS {
            let config = server::Config {
                window: 2,
                ..server::Config::default()
            };
            let mut bank = Bank::with(kind, effects, config);
            bank.pair.call(3, 1);
            bank.settle();
            let sessions = bank.disk.sessions.clone();
            bank.pair.patience = Duration::from_millis(500);
            bank.holds = true;
            for value in 2..9 {
                bank.pair.call(3, value);
                bank.pass(Duration::from_secs(1));
                let late = Err((FailureKind::DeadlineExceeded, Executed::Maybe));
                assert_eq!(bank.pair.last(), late, "{kind:?}");
            }
            bank.pair.patience = Duration::from_secs(10);
            bank.pair.call(3, 10);
            bank.pass(Duration::from_secs(1));
            bank.holds = false;
            for token in std::mem::take(&mut bank.held) {
                bank.end_with(token, 0);
            }
            bank.pass(Duration::from_secs(9));
            assert_eq!(bank.pair.last(), Ok(20), "{kind:?}, {effects:?}");
            assert_eq!(bank.disk.sessions[0].0, sessions[0].0);
        }
    }
}

/// It says that there was a call, and nothing more.
#[test]
fn a_record_that_holds_no_reply_is_an_interrupted_call() {
    let unknown = Err((FailureKind::Interrupted, Executed::Maybe));
    for kind in BOTH {
        for length in [0, 3, 4, 7, 8, 40, 75] {
            let mut bank = Bank::new(kind, Effects::InTransaction);
            bank.begin(7);
            bank.sync();
            bank.disk.finished[0].1.reply.truncate(length);
            bank.crash(&mut |_| unreachable!("it has an end"));
            bank.settle();
            bank.pass(Duration::from_secs(8));
            assert_eq!(bank.pair.last(), unknown, "{kind:?}, {length}");
            assert_eq!(bank.runs[&7], 1);
        }
    }
}

/// As above; and a copy of the call that was given up reaches the next life before anything else does.
#[test]
fn a_late_copy_of_a_call_that_was_given_up_does_not_run_in_the_next_life() {
    for effects in EFFECTS {
        let mut bank = Bank::new(LinkKind::Datagram, effects);
        bank.pair.patience = Duration::from_secs(2);
        bank.holds = true;
        bank.pair.call(3, 7);
        bank.settle();
        let late = bank.last_call.clone();
        bank.holds = false;
        bank.pass(Duration::from_secs(3));
        bank.pair.call(3, 8);
        bank.settle();
        let token = bank.held.pop().expect("it runs");
        bank.end_with(token, 14);
        // Its end, and what follows from it, each in a commit of its own.
        bank.sync();
        bank.sync();
        bank.crash(&mut |_| Recovered::CannotTell);
        bank.pair.to_server.push_back(late);
        bank.serve();
        bank.sync();
        assert_eq!(bank.runs[&7], 1, "{effects:?}");
    }
}
