//! What a server has to do with the calls of callers without sessions, by rules P-1 to P-8.

use crate::simulation::clock::MS;
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

/// Watches one life of a server.
pub(super) struct Model {
    config: Config,
    known: BTreeMap<Identity, Known>,
    running: usize,
    /// Bytes of all calls that ever ended.
    ended: usize,
}

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
    /// Bytes of all that had ended before.
    before: usize,
    /// The framed reply; none if it was too long.
    reply: Option<Vec<u8>>,
}

/// An entry counts so much beside its reply.
const ENTRY: usize = 128;
/// What is kept at most of all the room.
const LARGEST: usize = 64;

impl Model {
    pub(super) fn new(config: Config) -> Self {
        Self {
            config,
            known: BTreeMap::new(),
            running: 0,
            ended: 0,
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
        let full = self.running >= self.config.max_plain_calls;
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
                let has_room = self.ended - ended.before <= self.config.max_plain_bytes;
                let (young, old) = (now < ended.at + age, now >= ended.at + 2 * age + MS);
                // A datagram that is dropped for want of room looks as if its call were known.
                let gone = old || !has_room;
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
        match handled {
            Handled::Nothing if full && !stream => visits.count(Visit::PlainDropped),
            Handled::NoRoom if full && stream => visits.count(Visit::PlainHeld),
            Handled::Run(_) if !full => {
                self.running += 1;
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
        self.running -= 1;
        let refused = matches!(
            done,
            Done::BadArguments | Done::NoProcedure | Done::Overloaded | Done::ShuttingDown
        );
        let after = if refused {
            Known::Refused
        } else {
            let kept = out.len() <= self.config.max_plain_bytes / LARGEST;
            let ended = Ended {
                at: now,
                before: self.ended,
                reply: kept.then(|| out.to_vec()),
            };
            self.ended += ENTRY + if kept { out.len() } else { 0 };
            Known::Ended(ended)
        };
        self.known.insert(call.clone(), after);
        Ok(())
    }
}

/// SYSTEM_ERR, framed.
fn failure(xid: u32) -> Vec<u8> {
    let mut out = vec![0x80, 0, 0, 24];
    ReplyHeader::accepted(xid, Auth::NONE, AcceptStatus::SystemError).encode_into(&mut out);
    out
}
