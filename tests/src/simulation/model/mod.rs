//! What a server has to answer, worked out from the messages that reached it.
//!
//! A second, slow and simple bookkeeping of sessions and numbers by the rules of the session protocol. The world shows it each
//! message before the server machine takes it, and what the machine did with it afterwards; they have to agree.

mod answers;
mod keeping;
mod keys;
mod numbers;
mod replies;

use super::map::FastMap;
use super::visits::{Visit, Visits};
pub use keeping::During;
use keys::Keys;
use numbers::{Number, Numbers, Stage};
use replies::Kept;
use rpc_core::Time;
use rpc_core::describe::Semantics;
use rpc_proto::message::{Call, Flavor, Message};
use rpc_proto::session::program::{AckArgs, Keeper, ProbeArgs, ReleaseArgs};
use rpc_proto::session::server::{Config, Route};
use rpc_proto::session::store::{CallKey, Forgotten};
use rpc_proto::session::wire::{
    Credential, Outcome, RequestId, SESSION_FLAVOR, SESSION_PROGRAM, SessionId, procedure,
};

/// Watches one life of a server.
#[derive(Debug)]
pub struct Model {
    config: Config,
    incarnation: u64,
    /// Set when the server was told to take no new calls.
    pub shutting_down: bool,
    /// Exactly-once calls are kept on a disk.
    durable: bool,
    /// Set when the store has failed.
    pub store_failed: bool,
    /// Set while the store has room.
    pub store_has_room: bool,
    sessions: FastMap<SessionId, Known>,
    /// Which session each client's `OPEN` was answered with.
    opens: FastMap<([u8; 16], u64, bool), SessionId>,
    keys: Keys,
    /// Ends that are not on the disk yet: what their keys are to say then, if they have any and ran.
    ends_of_keys: FastMap<RequestId, Option<Kept>>,
}

/// A session as this server must know it.
#[derive(Debug)]
struct Known {
    keeper: Keeper,
    /// When the client was heard last.
    heard: Time,
    ended: bool,
    /// Opened by someone who does not keep the rules.
    rogue: bool,
    /// Of an earlier life, with which acknowledgements may have died.
    restored: bool,
    /// What the store was told that is forgotten.
    told: Forgotten,
    numbers: Numbers,
}

/// A message, and what the server may do with it.
#[derive(Debug)]
pub struct Expected {
    pub(super) xid: u32,
    pub(super) route: Route,
    pub(super) datagram: bool,
    pub(super) what: What,
}

/// What the server may do.
#[derive(Debug)]
pub(super) enum What {
    /// Not a call on a session; [`Model::granted`] looks at first contact.
    FirstContact,
    /// The session is not one that this server keeps: it must say so, and run nothing.
    NoSession { outcome: Outcome },
    /// The lease may have ended or not: the server decides, by what it does.
    Numbered {
        id: (SessionId, u64),
        class: Class,
        call: CallFacts,
    },
    /// A call of the session program.
    Program {
        session: SessionId,
        procedure: u32,
        probe: Option<(u64, Class)>,
    },
}

/// What a numbered call is to the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Class {
    New,
    Running,
    Finished,
    /// It ran, and nothing was kept: it may run again.
    Unkept,
    Forgotten,
    Conflict,
}

/// What a call asks for.
#[derive(Clone, Copy, Debug)]
pub(super) struct CallFacts {
    pub(super) program: u32,
    pub(super) version: u32,
    pub(super) procedure: u32,
    pub(super) digest: u64,
    pub(super) time_left_ms: u32,
    pub(super) key: Option<CallKey>,
}

impl Expected {
    /// Whether the message is a call on a session that the server keeps.
    pub fn is_on_a_session(&self) -> bool {
        matches!(self.what, What::Numbered { .. } | What::Program { .. })
    }
}

impl Model {
    /// A model of a server that has just started.
    pub fn new(config: Config, incarnation: u64, durable: bool) -> Self {
        Self {
            config,
            incarnation,
            shutting_down: false,
            durable,
            store_failed: false,
            store_has_room: true,
            sessions: FastMap::default(),
            opens: FastMap::default(),
            keys: Keys::default(),
            ends_of_keys: FastMap::default(),
        }
    }

    /// A message is about to be given to the server.
    pub fn arrives(
        &mut self,
        now: Time,
        route: Route,
        datagram: bool,
        message: &[u8],
        visits: &mut Visits,
    ) -> Expected {
        let first = |xid| Expected {
            xid,
            route,
            datagram,
            what: What::FirstContact,
        };
        let Ok(Message::Call(call)) = Message::decode(message) else {
            return first(0);
        };
        let xid = call.header.xid;
        let credential = call.header.credential;
        if credential.flavor() != Flavor(SESSION_FLAVOR) {
            return first(xid);
        }
        let Some(credential) = Credential::from_bytes(credential.body()) else {
            return first(xid);
        };
        let what = match self.find(now, &credential, visits) {
            Err(outcome) => What::NoSession { outcome },
            Ok(()) => self.classify(now, &call, &credential, visits),
        };
        Expected {
            xid,
            route,
            datagram,
            what,
        }
    }

    /// Whether the session is kept now; if it is, its lease and its acknowledgements are brought up to date.
    fn find(
        &mut self,
        now: Time,
        credential: &Credential,
        visits: &mut Visits,
    ) -> Result<(), Outcome> {
        let unknown = if credential.incarnation == self.incarnation {
            Outcome::UnknownSession
        } else {
            Outcome::StaleIncarnation
        };
        let lease = self.config.lease;
        let known = self.sessions.get_mut(&credential.session);
        let Some(known) = known.filter(|known| !known.ended && credential.principal == 0) else {
            visits.count(if unknown == Outcome::UnknownSession {
                Visit::ServerUnknown
            } else {
                Visit::ServerStale
            });
            return Err(unknown);
        };
        if now >= known.heard + lease {
            visits.count(Visit::ServerLeaseOver);
            known.ended = true;
            return Err(unknown);
        }
        known.heard = now;
        known
            .numbers
            .acknowledge_below(credential.first_incomplete, visits);
        let mut bits = credential.done_mask;
        while bits != 0 {
            let after = 1 + u64::from(bits.trailing_zeros());
            bits &= bits - 1;
            let seq = credential.first_incomplete.saturating_add(after);
            known.numbers.acknowledge(seq, visits);
        }
        Ok(())
    }

    fn classify(
        &mut self,
        now: Time,
        call: &Call<'_>,
        credential: &Credential,
        visits: &mut Visits,
    ) -> What {
        let session = credential.session;
        let header = &call.header;
        let Some(known) = self.sessions.get_mut(&session) else {
            return What::FirstContact;
        };
        if header.program != SESSION_PROGRAM {
            let call = CallFacts {
                program: header.program,
                version: header.version,
                procedure: header.procedure,
                digest: digest_of(call),
                time_left_ms: credential.time_left_ms,
                key: keys::key_of(call),
            };
            return What::Numbered {
                id: (session, credential.seq),
                class: known.numbers.class(credential.seq, Some(call.digest)),
                call,
            };
        }
        let mut probe = None;
        match header.procedure {
            procedure::ACK => {
                if let Some(args) = decode::<AckArgs>(call.args) {
                    visits.count(Visit::ServerAck);
                    for range in args.ranges {
                        known
                            .numbers
                            .acknowledge_range(range.first, range.last, visits);
                    }
                }
            }
            procedure::PROBE => {
                if let Some(args) = decode::<ProbeArgs>(call.args) {
                    probe = Some((args.seq, known.numbers.class(args.seq, None)));
                }
            }
            procedure::RELEASE => {
                if let Some(args) = decode::<ReleaseArgs>(call.args) {
                    self.keys.release(now, 2 * self.config.lease, &args);
                }
            }
            procedure::GOODBYE => known.ended = true,
            _ => {}
        }
        What::Program {
            session,
            procedure: header.procedure,
            probe,
        }
    }

    /// An `OPEN` was answered with a session.
    pub fn granted(
        &mut self,
        now: Time,
        client: [u8; 16],
        nonce: u64,
        keeper: Keeper,
        id: SessionId,
        visits: &mut Visits,
    ) -> Result<(), String> {
        let key = (client, nonce, keeper == Keeper::Store);
        let lease = self.config.lease;
        let before = self.opens.insert(key, id);
        if let Some(known) = before.and_then(|before| self.sessions.get_mut(&before)) {
            let live = !known.ended && now < known.heard + lease;
            if before == Some(id) && !known.ended {
                if !live {
                    return Err("an OPEN resumes a session whose lease is over".to_owned());
                }
                visits.count(Visit::ServerGrantRepeated);
                known.heard = now;
                return Ok(());
            }
            if live {
                return Err("the same OPEN was answered with two sessions".to_owned());
            }
            known.ended = true;
        }
        if self.durable && keeper == Keeper::Store {
            return Err("a session is granted before the store has it".to_owned());
        }
        if self.shutting_down {
            return Err("a server that takes no new calls grants a session for them".to_owned());
        }
        if self.sessions.contains_key(&id) {
            return Err("two clients were granted one session".to_owned());
        }
        visits.count(Visit::ServerGranted);
        self.sessions.insert(
            id,
            Known {
                keeper,
                heard: now,
                ended: false,
                rogue: client == ROGUE,
                restored: false,
                told: Forgotten {
                    below: 1,
                    above: Vec::new(),
                },
                numbers: Numbers::default(),
            },
        );
        Ok(())
    }

    /// Whether a disk keeps this session.
    fn is_durable(&self, session: SessionId) -> bool {
        let keeper = self.sessions.get(&session).map(|known| known.keeper);
        self.durable && keeper == Some(Keeper::Store)
    }

    /// Who must have answered a call of a session: this life of the server, unless the answer may be an old record.
    fn speaker(&self, session: SessionId) -> Option<u64> {
        (!self.is_durable(session)).then_some(self.incarnation)
    }

    /// How many records of ended calls the server must be keeping of a session that its client has told it all about.
    pub fn kept(&self, session: SessionId) -> usize {
        self.sessions.get(&session).map_or(0, |known| {
            if known.restored {
                return 0;
            }
            let ended = |number: &&Number| !number.stage.is_under_way();
            known.numbers.seen.values().filter(ended).count()
        })
    }

    fn number(&mut self, id: (SessionId, u64)) -> Option<&mut Number> {
        self.sessions.get_mut(&id.0)?.numbers.seen.get_mut(&id.1)
    }

    /// A numbered call begins.
    fn begin(&mut self, now: Time, expected: &Expected, semantics: Semantics, ran: bool) {
        if let What::Numbered { id, call, .. } = &expected.what
            && let Some(known) = self.sessions.get_mut(&id.0)
        {
            let number = Number {
                digest: call.digest,
                stage: Stage::Running,
                semantics,
                began: now,
                xid: expected.xid,
                route: expected.route,
                datagram: expected.datagram,
                told_received: false,
                ran,
                ended_as: None,
                asked: true,
                restored: false,
                follows: None,
            };
            known.numbers.begin(id.1, number);
        }
    }
}

/// The client name that the rogue opens its sessions with.
pub const ROGUE: [u8; 16] = [0xEE; 16];

/// What must be the same in all copies of a call.
fn digest_of(call: &Call<'_>) -> u64 {
    let mut digest = super::trace::Digest::new();
    let header = &call.header;
    digest.add(u64::from(header.program) << 32 | u64::from(header.version));
    digest.add(header.procedure.into());
    digest.add_bytes(call.args);
    digest.value()
}

fn decode<T: for<'a> rpc_core::Decode<'a>>(bytes: &[u8]) -> Option<T> {
    rpc_proto::xdr::from_slice(bytes, rpc_proto::xdr::Limits::default()).ok()
}
