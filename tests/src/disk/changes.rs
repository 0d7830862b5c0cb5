//! Changes as a server says them, at random.

use super::World;
use super::expected::Snapshot;
use rpc_core::store::{
    CallKey, Change, FinishedCall, Forgotten, KeptSession, KeyId, RequestId, Security, SessionId,
    StartedCall,
};

impl World {
    /// A change that makes sense in this state.
    pub(super) fn change(&mut self, state: &Snapshot) -> Change {
        let sessions = state.kept.sessions.len();
        match self.rng.below(20) {
            _ if sessions == 0 => self.grant(),
            0 | 1 if sessions < 6 => self.grant(),
            0..=3 => self.start(state),
            4..=9 => self.finish(state),
            10 | 11 => Change::Drop(self.call(state)),
            12..=15 => self.forget(state),
            16 => Change::End(self.session(state).0),
            17 => Change::ForgetKey(self.key()),
            _ => Change::Clock(state.kept.clock + self.rng.below(1000)),
        }
    }

    /// The end of a call, with a reply of any length.
    pub(super) fn finish(&mut self, state: &Snapshot) -> Change {
        let key = self.rng.chance(250).then(|| self.key());
        let finished = FinishedCall {
            digest: u128::from(self.rng.next()),
            key,
            reply: self.bytes(),
        };
        Change::Finish(self.call(state), finished)
    }

    fn start(&mut self, state: &Snapshot) -> Change {
        let key = self.rng.chance(250).then(|| self.key());
        let started = StartedCall {
            digest: u128::from(self.rng.next()),
            key,
            program: 0x2000_0000,
            version: 1,
            procedure: self.rng.below(5) as u32,
            args: self.bytes(),
        };
        Change::Start(self.call(state), started)
    }

    fn grant(&mut self) -> Change {
        self.granted += 1;
        let mut id = [0; 16];
        id[12..].copy_from_slice(&self.granted.to_be_bytes());
        let session = KeptSession {
            client: [self.rng.next() as u8; 16],
            nonce: self.rng.next(),
            identity: u128::from(self.rng.next()),
            claimed: None,
            security: self.rng.pick(&[Security::Network, Security::Local]),
            forgotten: Forgotten {
                below: 1,
                above: Vec::new(),
            },
        };
        Change::Grant(SessionId(id), session)
    }

    /// More of the numbers of a session, and nothing less.
    fn forget(&mut self, state: &Snapshot) -> Change {
        let (session, kept) = self.session(state);
        let Some(kept) = kept else {
            return Change::End(session);
        };
        let below = kept.forgotten.below + self.rng.below(4);
        // One interval is enough, and never touches what is below it.
        let far = kept.forgotten.above.first().copied();
        let (first, last) = far.unwrap_or((below + 4, below + 4));
        let above = match below < first {
            true => vec![(first, last + self.rng.below(3))],
            false => Vec::new(),
        };
        let below = if above.is_empty() {
            below.max(last + 1)
        } else {
            below
        };
        Change::Forget(session, Forgotten { below, above })
    }

    /// A call of a session that is there, or, now and then, of one that is not.
    fn call(&mut self, state: &Snapshot) -> RequestId {
        let (session, kept) = self.session(state);
        let below = kept.map_or(1, |kept| kept.forgotten.below);
        RequestId {
            session,
            seq: below + self.rng.below(12),
        }
    }

    fn session(&mut self, state: &Snapshot) -> (SessionId, Option<KeptSession>) {
        let sessions = &state.kept.sessions;
        if sessions.is_empty() || self.rng.chance(50) {
            return (SessionId([0xFF; 16]), None);
        }
        let (id, kept) = &sessions[self.rng.below(sessions.len() as u64) as usize];
        (*id, Some(kept.clone()))
    }

    fn key(&mut self) -> CallKey {
        CallKey {
            program: 0x2000_0000,
            version: 1,
            procedure: 2,
            id: KeyId {
                name_digest: [self.rng.below(8) as u8; 32],
                issued: 1_700_000_000_000,
            },
        }
    }

    fn bytes(&mut self) -> Vec<u8> {
        let len = match self.rng.below(10) {
            0 => self.rng.below(20_000),
            1 | 2 => self.rng.below(2000),
            _ => self.rng.below(100),
        };
        vec![self.rng.next() as u8; len as usize]
    }
}
