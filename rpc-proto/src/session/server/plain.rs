//! Calls of peers that know no sessions (rules P-1 to P-8).

use super::duplicates::{Bounds, Kept, Known};
use super::reply::{self, Answer, REPLY_HEADROOM};
use super::session::Asker;
use super::shares::Peer;
use super::{Config, Done, Handled, Origin, Route, Run, Server, Target, Token};
use crate::describe::Semantics;
use crate::message::{AcceptStatus, Call, Flavor, SYS_STAMP, SysCredential};
use crate::record::MARK;
use crate::session::wire::SESSION_PROGRAM;
use crate::time::Time;
use siphasher::sip128::{Hasher128, SipHasher13};
use std::hash::Hasher;
use std::sync::Arc;

/// By what copies of a plain call are known that must not run twice.
#[derive(Clone, Copy, Debug)]
pub(super) struct Remembered {
    digest: u128,
}

impl Config {
    pub(super) fn plain_bounds(&self) -> Bounds {
        Bounds {
            running: self.max_plain_calls,
            age: self.plain_age,
            bytes: self.max_plain_bytes,
        }
    }
}

impl Server {
    /// A call without our credential: first contact, or a peer that knows no sessions.
    pub(super) fn handle_plain_call(
        &mut self,
        now: Time,
        origin: Origin<'_>,
        message: &[u8],
        call: &Call<'_>,
        claimed: Option<Arc<SysCredential>>,
        out: &mut Vec<u8>,
    ) -> Handled {
        if call.header.program == SESSION_PROGRAM {
            return self.handle_first_contact(now, origin, message, call, claimed, out);
        }
        let asker = Asker {
            route: origin.route,
            xid: call.header.xid,
            datagram: origin.datagram,
        };
        let target = match self.find_method(call) {
            Ok(target) => target,
            Err(status) => {
                self.stats.refused += 1;
                return reply::answer_plain(call.header.xid, status, &(), out);
            }
        };
        let mut remembered = None;
        if must_not_run_twice(&target) {
            let digest = self.plain_digest(origin, call);
            let peer = self.plain_peer(origin);
            if let Some(handled) = self.handle_copy(now, (digest, peer), asker, out) {
                return handled;
            }
            remembered = Some(Remembered { digest });
        }
        self.stats.begun += 1;
        let Target { interface, method } = target;
        let oneway = method.is_some_and(|method| method.semantics == Semantics::Oneway);
        Handled::Run(Run {
            token: Token {
                id: None,
                asker,
                oneway,
                remembered,
                record: None,
            },
            interface,
            method,
            args: message.len() - call.args.len()..message.len(),
            deadline: None,
            claimed,
        })
    }

    /// Answers a call that is known, or for which there is no room. `None`: it is new, and under way from now on.
    fn handle_copy(
        &mut self,
        now: Time,
        (digest, peer): (u128, Peer),
        asker: Asker,
        out: &mut Vec<u8>,
    ) -> Option<Handled> {
        let reply = match self.duplicates.arrive(now, digest, peer, asker) {
            Known::New => return None,
            // Whoever needs it sends it again.
            Known::NoRoom if asker.datagram => return Some(Handled::Nothing),
            Known::NoRoom => return Some(Handled::NoRoom),
            Known::Running => None,
            Known::Ended(Kept::Reply(reply)) => Some(&**reply),
            Known::Ended(Kept::TooLong) => {
                self.stats.duplicates += 1;
                let status = AcceptStatus::SystemError;
                return Some(reply::answer_plain(asker.xid, status, &(), out));
            }
        };
        self.stats.duplicates += 1;
        let reply = reply.filter(|reply| !reply.is_empty());
        let Some(reply) = reply else {
            return Some(Handled::Nothing);
        };
        self.stats.replayed += 1;
        out.extend_from_slice(reply);
        Some(Handled::Reply)
    }

    /// Ends a call of a peer that knows no sessions.
    pub(super) fn finish_plain(
        &mut self,
        token: &Token,
        done: Done,
        out: &mut Vec<u8>,
        at: usize,
    ) -> Option<Route> {
        if token.oneway {
            out.truncate(at);
        } else {
            reply::finish_plain(out, at, token.asker.xid, Answer::of(done).status);
            if token.asker.datagram && out.len() - at - MARK > self.config.max_datagram {
                out.truncate(at);
                out.resize(at + REPLY_HEADROOM, 0);
                reply::finish_plain(out, at, token.asker.xid, AcceptStatus::SystemError);
            }
        }
        let asker = match token.remembered {
            None => token.asker,
            // It did not run, so a copy of it may.
            Some(Remembered { digest }) if done.is_refusal() => self.duplicates.forget(digest)?,
            Some(Remembered { digest }) => self.duplicates.end(digest, &out[at..])?,
        };
        (!token.oneway).then_some(asker.route)
    }

    /// How many calls of peers without sessions are under way that must not run twice. When one of them has ended, there may be
    /// room for one that was left unread for want of it ([`Handled::NoRoom`]); when none is left, there is for each of them.
    pub fn plain_calls_under_way(&self) -> usize {
        self.duplicates.under_way()
    }

    /// Among whom room is shared (P-6): hosts, and of IPv6 networks, whose hosts have more addresses than can be counted.
    /// Not over all transports: what is easily forged in a datagram is not over a stream.
    fn plain_peer(&self, origin: Origin<'_>) -> Peer {
        let mut hasher = SipHasher13::new_with_key(&self.digest_key);
        hasher.write_u64(origin.listener);
        hasher.write(origin.host.get(..NETWORK).unwrap_or(origin.host));
        hasher.finish()
    }

    /// By what copies of a plain call are known (P-2).
    fn plain_digest(&self, origin: Origin<'_>, call: &Call<'_>) -> u128 {
        let header = &call.header;
        let credential = header.credential;
        let nobody = credential.flavor() == Flavor::NONE;
        let mut hasher = SipHasher13::new_with_key(&self.digest_key);
        hasher.write(b"plain");
        hasher.write_u64(origin.listener);
        let connection = origin.route.0.to_be_bytes();
        let address = match (origin.datagram, nobody) {
            (true, _) => origin.address,
            // Nobody comes back, and the next connection from this port may be somebody else's.
            (false, true) => &connection,
            // Who says who it is may come back over another connection, and so from another port.
            (false, false) => origin.host,
        };
        let identity = match credential.flavor() {
            Flavor::SYS => credential.body().get(SYS_STAMP..).unwrap_or_default(),
            _ => credential.body(),
        };
        hasher.write_u32(credential.flavor().0);
        for part in [address, identity] {
            hasher.write_usize(part.len());
            hasher.write(part);
        }
        for word in [header.xid, header.program, header.version, header.procedure] {
            hasher.write_u32(word);
        }
        hasher.write_usize(call.args.len());
        hasher.write(call.args);
        hasher.finish128().as_u128()
    }
}

/// The bytes of an IPv6 address that are its network's.
const NETWORK: usize = 8;

/// Whether a call is to be remembered. A second run of the others does no harm.
fn must_not_run_twice(target: &Target) -> bool {
    !matches!(
        target.semantics(),
        Semantics::Idempotent | Semantics::Readonly
    )
}
