//! A simulated store of completion records, which outlives the servers that open it.
//!
//! It promises what `rpc_core::store` asks of a store, and nothing more: commits take effect one after the other, a later
//! sync makes them durable, a crash takes back the last of those that are not, and who opened last has shut out all
//! before. The handlers' own table is in it too: a row for every execution.

use super::map::FastMap;
use super::rng::Rng;
use rpc_proto::session::store::{
    CallKey, Change, FinishedCall, Kept, KeptSession, StartedCall, StoreIdentity,
};
use rpc_proto::session::wire::{RequestId, SessionId};
use std::collections::{BTreeMap, VecDeque};

/// One store.
#[derive(Debug)]
pub struct Disk {
    /// What it is known by.
    pub identity: StoreIdentity,
    /// What would be found after a crash.
    pub durable: Tables,
    /// Commits that are not durable.
    tail: VecDeque<Commit>,
    /// The number of the last commit.
    last: u64,
    /// The server's life that opened it last.
    owner: u32,
    /// It cannot be written any more until it is opened again.
    failed: bool,
    /// The digests of all calls that it ever heard of, by the reckoning of the models.
    pub digests: FastMap<RequestId, u64>,
}

/// What is in it.
#[derive(Debug, Default)]
pub struct Tables {
    /// Sessions.
    pub sessions: BTreeMap<[u8; 16], KeptSession>,
    /// Calls that were started or finished.
    pub calls: BTreeMap<([u8; 16], u64), Record>,
    /// Replies under keys, and the calls that got them.
    pub keys: BTreeMap<CallKey, (RequestId, u128, Vec<u8>)>,
    /// The latest clock.
    pub clock: u64,
    /// The handlers' table, by call.
    pub rows: FastMap<u64, Row>,
}

/// What is kept of a call.
#[derive(Debug)]
pub enum Record {
    /// It has begun.
    Started(StartedCall),
    /// It has ended.
    Finished(FinishedCall),
}

impl Record {
    /// Whether it stays though number and session go.
    pub fn is_needed(&self) -> bool {
        matches!(self, Record::Started(started) if started.key.is_some())
    }
}

/// That a handler ran.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row {
    /// Which execution it was.
    pub execution: u64,
    /// Whether it came to its end; else its caller is told that nothing stays of it.
    pub returned: bool,
}

#[derive(Debug)]
struct Commit {
    changes: Vec<Change>,
    rows: Vec<(u64, Row)>,
}

/// A commit that did not take place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// The disk is broken.
    Failed,
    /// Another life has opened the store since.
    Fenced,
}

impl Disk {
    /// A new store.
    pub fn new(rng: &mut Rng) -> Self {
        let identity = StoreIdentity {
            durable: true,
            ..StoreIdentity::passing(rng.seed())
        };
        Self {
            identity,
            durable: Tables::default(),
            tail: VecDeque::new(),
            last: 0,
            owner: 0,
            failed: false,
            digests: FastMap::default(),
        }
    }

    /// A server opens it: its predecessor, dead or not, has written its last. Some of what was not durable is gone; says
    /// whether something that a handler did is.
    pub fn open(&mut self, life: u32, rng: &mut Rng) -> (Kept, bool) {
        let all = self.tail.len() as u64;
        let left = match rng.below(3) {
            0 => 0,
            1 => all,
            _ => rng.range(0, all),
        };
        self.sync(self.last - all + left);
        let lost = self.tail.iter().any(|commit| !commit.rows.is_empty());
        self.tail.clear();
        self.owner = life;
        self.failed = false;
        (self.durable.to_kept(), lost)
    }

    /// Whether this life was the last to open it.
    pub fn belongs_to(&self, life: u32) -> bool {
        self.owner == life
    }

    /// Whether this life may still write.
    pub fn is_open_to(&self, life: u32) -> Result<(), Refused> {
        if self.owner != life {
            Err(Refused::Fenced)
        } else if self.failed {
            Err(Refused::Failed)
        } else {
            Ok(())
        }
    }

    /// The disk breaks.
    pub fn fail(&mut self) {
        self.failed = true;
    }

    /// Commits changes and rows, all or none. Gives the number of the commit.
    pub fn commit(
        &mut self,
        life: u32,
        changes: Vec<Change>,
        rows: Vec<(u64, Row)>,
    ) -> Result<u64, Refused> {
        self.is_open_to(life)?;
        self.tail.push_back(Commit { changes, rows });
        self.last += 1;
        Ok(self.last)
    }

    /// Makes all commits up to this one durable.
    pub fn sync(&mut self, number: u64) {
        while self.synced() < number
            && let Some(commit) = self.tail.pop_front()
        {
            for change in commit.changes {
                self.durable.apply(change);
            }
            for (call, row) in commit.rows {
                self.durable.rows.insert(call, row);
            }
        }
    }

    /// The number of the last durable commit.
    pub fn synced(&self) -> u64 {
        self.last - self.tail.len() as u64
    }

    /// Whether there are commits that are not durable.
    pub fn has_unsynced(&self) -> bool {
        !self.tail.is_empty()
    }

    /// The row of a call as the owner sees it: also one that a crash could take back.
    pub fn visible_row(&self, call: u64) -> Option<Row> {
        let unsynced = self.tail.iter().flat_map(|commit| &commit.rows);
        let found = unsynced.rev().find(|(other, _)| *other == call);
        found
            .map(|(_, row)| *row)
            .or_else(|| self.durable.rows.get(&call).copied())
    }
}

impl Tables {
    /// The recorded reply of a call.
    pub fn reply(&self, id: RequestId) -> Option<&[u8]> {
        match self.calls.get(&(id.session.0, id.seq)) {
            Some(Record::Finished(finished)) => Some(&finished.reply),
            _ => None,
        }
    }

    /// Whether the store knows that a call has begun or ended.
    pub fn is_started(&self, id: RequestId) -> bool {
        matches!(
            self.calls.get(&(id.session.0, id.seq)),
            Some(Record::Started(_))
        )
    }

    fn apply(&mut self, change: Change) {
        match change {
            Change::Grant(id, session) => {
                self.sessions.insert(id.0, session);
            }
            Change::Start(id, started) => {
                self.calls
                    .insert((id.session.0, id.seq), Record::Started(started));
            }
            Change::Finish(id, finished) => {
                if let Some(key) = finished.key {
                    self.keys
                        .insert(key, (id, finished.digest, finished.reply.clone()));
                }
                self.calls
                    .insert((id.session.0, id.seq), Record::Finished(finished));
            }
            Change::Drop(id) => {
                self.calls.remove(&(id.session.0, id.seq));
            }
            Change::Forget(id, forgotten) => {
                let of_session = self.calls.range((id.0, 0)..=(id.0, u64::MAX));
                let gone: Vec<_> = of_session
                    .filter(|(name, record)| forgotten.contains(name.1) && !record.is_needed())
                    .map(|(name, _)| *name)
                    .collect();
                for name in gone {
                    self.calls.remove(&name);
                }
                if let Some(session) = self.sessions.get_mut(&id.0) {
                    session.forgotten = forgotten;
                }
            }
            Change::End(id) => {
                self.sessions.remove(&id.0);
                let of_session = self.calls.range((id.0, 0)..=(id.0, u64::MAX));
                let gone: Vec<_> = of_session
                    .filter(|(_, record)| !record.is_needed())
                    .map(|(name, _)| *name)
                    .collect();
                for name in gone {
                    self.calls.remove(&name);
                }
            }
            Change::ForgetKey(key) => {
                self.keys.remove(&key);
            }
            Change::Clock(clock) => self.clock = self.clock.max(clock),
        }
    }

    fn to_kept(&self) -> Kept {
        let mut kept = Kept {
            clock: self.clock,
            ..Kept::default()
        };
        for (id, session) in &self.sessions {
            kept.sessions.push((SessionId(*id), session.clone()));
        }
        for (&(session, seq), record) in &self.calls {
            let id = RequestId {
                session: SessionId(session),
                seq,
            };
            match record {
                Record::Started(started) => kept.started.push((id, started.clone())),
                Record::Finished(finished) => kept.finished.push((id, finished.clone())),
            }
        }
        for (key, (_, digest, reply)) in &self.keys {
            kept.keys.push((*key, *digest, reply.clone()));
        }
        kept
    }
}
