//! What a server has to do with the calls of callers without sessions, by rules P-1 to P-8.

use crate::simulation::clock::{MS, SECOND};
use crate::simulation::visits::{Visit, Visits};
use rpc_core::describe::Semantics;
use rpc_proto::message::{AcceptStatus, Auth, ReplyHeader};
use rpc_proto::session::server::{Config, Done, Handled};
use std::collections::BTreeMap;

/// All by which two calls are told apart.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Identity {
    pub(super) listener: u64,
    pub(super) host: u8,
    /// None where a caller may come back from another one.
    pub(super) port: Option<u32>,
    pub(super) uid: Option<u32>,
    pub(super) xid: u32,
    pub(super) procedure: u32,
    pub(super) argument: u64,
}

impl Identity {
    fn peer(&self) -> Peer {
        (self.listener, self.host)
    }
}

/// Watches one life of a server.
pub(super) struct Model {
    config: Config,
    known: BTreeMap<Identity, Known>,
    /// Calls under way, by peer.
    running: BTreeMap<Peer, usize>,
    /// Bytes of all calls that ever ended, by peer.
    ended: BTreeMap<Peer, usize>,
}

/// Among whom room is shared: the hosts, at each endpoint.
type Peer = (u64, u8);

enum Known {
    /// Under way; the reply goes there.
    Running {
        route: usize,
    },
    Ended(Ended),
    /// It ended without having run.
    Refused,
}

struct Ended {
    at: u64,
    /// Bytes of all that had ended before, of all peers and of its own.
    before: usize,
    before_of_peer: usize,
    /// The framed reply; none if it was too long.
    reply: Option<Vec<u8>>,
}

/// An entry counts so much beside its reply, and a peer beside its entries.
const ENTRY: usize = 192;
const PEER: usize = 192;
/// How long after an end the server may learn the time.
const TOLD: u64 = SECOND;
/// What is kept at most of all the room.
const LARGEST: usize = 64;

impl Model {
    pub(super) fn new(config: Config) -> Self {
        Self {
            config,
            known: BTreeMap::new(),
            running: BTreeMap::new(),
            ended: BTreeMap::new(),
        }
    }

    /// A call has come, and the server did this with it.
    pub(super) fn came(
        &mut self,
        now: u64,
        (call, semantics): (&Identity, Semantics),
        (route, stream): (usize, bool),
        (handled, out): (&Handled, &[u8]),
        visits: &mut Visits,
    ) -> Result<(), String> {
        let runs = matches!(handled, Handled::Run(_));
        if matches!(semantics, Semantics::Idempotent | Semantics::Readonly) {
            visits.count(Visit::PlainUnkept);
            return if runs {
                Ok(())
            } else {
                Err("what may run twice does not run".to_owned())
            };
        }
        let peer = call.peer();
        let running = self.running.values().sum::<usize>();
        let left = self.config.max_plain_calls - running;
        let full = self.running.get(&peer).is_some_and(|of| *of >= left) || left == 0;
        let (all, of_peer) = self.bytes(peer);
        let even_share = self.config.max_plain_bytes / self.ended.len().max(1);
        let age = self.config.plain_age.as_nanos() as u64;
        match self.known.get_mut(call) {
            Some(Known::Running { route: newest }) => {
                if *newest != route {
                    visits.count(Visit::PlainMoved);
                }
                *newest = route;
                visits.count(Visit::PlainRunning);
                return match handled {
                    Handled::Nothing => Ok(()),
                    other => Err(format!("a copy of a call under way: {other:?}")),
                };
            }
            Some(Known::Ended(ended)) => {
                let has_room = PEER + of_peer - ended.before_of_peer <= even_share;
                let (young, gone) = (now < ended.at + age, now > ended.at + age + TOLD + MS);
                // A datagram that is dropped for want of room looks as if its call were known.
                let answered = match (handled, &ended.reply) {
                    (Handled::Nothing, Some(_)) if gone && full => false,
                    (Handled::Nothing, Some(reply)) => reply.is_empty(),
                    (Handled::Reply, Some(reply)) => !reply.is_empty() && out == reply,
                    (Handled::Reply, None) => out == failure(call.xid),
                    _ => false,
                };
                if answered && gone {
                    return Err("more is remembered than may be".to_owned());
                }
                if answered {
                    if all - ended.before > self.config.max_plain_bytes {
                        visits.count(Visit::PlainSpared);
                    }
                    visits.count(match &ended.reply {
                        None => Visit::PlainTooLong,
                        Some(reply) if reply.is_empty() => Visit::PlainOneway,
                        Some(_) => Visit::PlainReplayed,
                    });
                    return Ok(());
                }
                if young && has_room {
                    return Err(format!("a copy of a call that has ended: {handled:?}"));
                }
                visits.count(if has_room {
                    Visit::PlainAged
                } else {
                    Visit::PlainCrowded
                });
            }
            Some(Known::Refused) => visits.count(Visit::PlainRefused),
            None => visits.count(Visit::PlainNew),
        }
        if full && left > 0 {
            visits.count(Visit::PlainShared);
        }
        match handled {
            Handled::Nothing if full && !stream => visits.count(Visit::PlainDropped),
            Handled::NoRoom if full && stream => visits.count(Visit::PlainHeld),
            Handled::Run(_) if !full => {
                *self.running.entry(peer).or_default() += 1;
                self.known.insert(call.clone(), Known::Running { route });
            }
            other => return Err(format!("a new call, full: {full}: {other:?}")),
        }
        Ok(())
    }

    /// A call has ended, and this goes there.
    pub(super) fn ended(
        &mut self,
        now: u64,
        call: &Identity,
        done: Done,
        (to, out): (Option<usize>, &[u8]),
    ) -> Result<(), String> {
        let Some(Known::Running { route }) = self.known.get(call) else {
            return Err("a call ends that was not under way".to_owned());
        };
        let route = *route;
        if to != (!out.is_empty()).then_some(route) {
            return Err(format!("the reply goes to {to:?} and not to {route}"));
        }
        let peer = call.peer();
        if let Some(of) = self.running.get_mut(&peer) {
            *of -= 1;
        }
        let refused = matches!(
            done,
            Done::BadArguments | Done::NoProcedure | Done::Overloaded | Done::ShuttingDown
        );
        let after = if refused {
            Known::Refused
        } else {
            let kept = out.len() <= self.config.max_plain_bytes / LARGEST;
            let (before, before_of_peer) = self.bytes(peer);
            let ended = Ended {
                at: now,
                before,
                before_of_peer,
                reply: kept.then(|| out.to_vec()),
            };
            *self.ended.entry(peer).or_default() += ENTRY + if kept { out.len() } else { 0 };
            Known::Ended(ended)
        };
        self.known.insert(call.clone(), after);
        Ok(())
    }

    /// Of all calls that ever ended, and of this peer's.
    fn bytes(&self, peer: Peer) -> (usize, usize) {
        let of_peer = self.ended.get(&peer).copied().unwrap_or_default();
        (self.ended.values().sum(), of_peer)
    }
}

/// SYSTEM_ERR, framed.
fn failure(xid: u32) -> Vec<u8> {
    let mut out = vec![0x80, 0, 0, 24];
    ReplyHeader::accepted(xid, Auth::NONE, AcceptStatus::SystemError).encode_into(&mut out);
    out
}
