//! First contact and the granting of sessions.

use super::reply::answer_plain;
use super::{Handled, OpenKey, Origin, Server, Session};
use crate::message::{AcceptStatus, Call, SysCredential};
use crate::session::program::{
    DescribeArgs, DescribeReply, Grant, HelloArgs, HelloReply, Keeper, MethodPrint, OpenArgs,
    OpenRefusal, OpenReply,
};
use crate::session::store::Change;
use crate::session::wire::{PROGRAM_VERSION, SessionId, procedure};
use crate::time::Time;
use crate::xdr;
use siphasher::sip128::{Hasher128, SipHasher13};
use std::hash::Hasher;
use std::sync::Arc;

/// A `HELLO` in a datagram is at least so long, so that no answer to an unproven address is longer than its question.
const HELLO_MIN: usize = 512;

impl Server {
    /// The fingerprints of a program's methods.
    pub(super) fn describe(&self, args: DescribeArgs) -> DescribeReply {
        match self
            .interfaces()
            .find(|i| i.program == args.program && i.version == args.version)
        {
            Some(interface) => DescribeReply::Methods(
                interface
                    .methods
                    .iter()
                    .map(|method| MethodPrint {
                        procedure: method.procedure,
                        fingerprint: method.fingerprint(),
                    })
                    .collect(),
            ),
            None => match self.versions_of(args.program) {
                Some((low, high)) => DescribeReply::OtherVersions(low, high),
                None => DescribeReply::NoProgram,
            },
        }
    }

    pub(super) fn handle_first_contact(
        &mut self,
        now: Time,
        origin: Origin<'_>,
        message: &[u8],
        call: &Call<'_>,
        claimed: Option<Arc<SysCredential>>,
        out: &mut Vec<u8>,
    ) -> Handled {
        if call.header.version != PROGRAM_VERSION {
            let status = AcceptStatus::ProgramMismatch {
                low: PROGRAM_VERSION,
                high: PROGRAM_VERSION,
            };
            return answer_plain(call.header.xid, status, &(), out);
        }
        let body = call.args;
        match call.header.procedure {
            procedure::NULL => answer_plain(call.header.xid, AcceptStatus::Success, &(), out),
            procedure::HELLO if origin.datagram && message.len() < HELLO_MIN => Handled::Nothing,
            procedure::HELLO => match xdr::from_slice::<HelloArgs<'_>>(body, self.config.limits) {
                Ok(_) => {
                    let cookie = self.cookie(now, origin.address);
                    let hello = HelloReply {
                        incarnation: self.incarnation,
                        store: self.store.map(|store| store.id),
                        cookie,
                    };
                    answer_plain(call.header.xid, AcceptStatus::Success, &hello, out)
                }
                Err(_) => answer_plain(call.header.xid, AcceptStatus::GarbageArgs, &(), out),
            },
            procedure::OPEN => match xdr::from_slice::<OpenArgs>(body, self.config.limits) {
                Ok(args) => match self.open(now, origin, call, claimed, &args) {
                    Some(answer) => answer_open(call.header.xid, &answer, out),
                    None => Handled::Nothing,
                },
                Err(_) => answer_plain(call.header.xid, AcceptStatus::GarbageArgs, &(), out),
            },
            _ => answer_plain(
                call.header.xid,
                AcceptStatus::ProcedureUnavailable,
                &(),
                out,
            ),
        }
    }

    /// Only here is memory taken for a client, and only after its cookie has shown that it hears us. `None` while the grant
    /// is not kept yet.
    fn open(
        &mut self,
        now: Time,
        origin: Origin<'_>,
        call: &Call<'_>,
        claimed: Option<Arc<SysCredential>>,
        args: &OpenArgs,
    ) -> Option<OpenReply> {
        if !self.cookie_is_good(now, origin.address, &args.cookie) {
            return Some(OpenReply::Refused(OpenRefusal::BadCookie));
        }
        if args.keeper == Keeper::Store && self.store.is_none() {
            return Some(OpenReply::Refused(OpenRefusal::NoStore));
        }
        let identity = self.identity(args.keeper, call);
        let key = OpenKey {
            client: args.client,
            nonce: args.nonce,
            keeper: args.keeper,
            identity,
            security: origin.security,
        };
        let lease_until = now + self.config.lease;
        if let Some(&id) = self.opens.get(&key) {
            match self.sessions.get_mut(&id) {
                // The client counts its lease from this copy, too: it cannot know which one was the first to arrive.
                Some(session) if now < session.lease_until => {
                    session.lease_until = lease_until;
                    if let Some(asker) = &mut session.granting {
                        *asker = (origin.route, call.header.xid);
                        return None;
                    }
                    return Some(self.grant(id));
                }
                // A session whose lease is over is not resumed, even if nobody has swept it up yet.
                _ => self.end_session(id),
            }
        }
        let durable = args.keeper == Keeper::Store && self.store_is_durable();
        if self.shutting_down
            || self.sessions.len() >= self.config.max_sessions
            || durable && (self.store_failed || !self.store_has_room)
        {
            return Some(OpenReply::Refused(OpenRefusal::Full));
        }
        let id = SessionId(self.entropy.bytes());
        self.opens.insert(key.clone(), id);
        if !self.has_to_sweep() {
            self.next_sweep = now + self.config.lease / 4;
        }
        let mut session = Session::new(key, origin.security, lease_until, self.config.window);
        session.claimed = claimed;
        if durable {
            session.granting = Some((origin.route, call.header.xid));
            self.changes.push_back(Change::Grant(id, session.to_kept()));
        }
        self.sessions.insert(id, session);
        (!durable).then(|| self.grant(id))
    }

    pub(super) fn grant(&self, id: SessionId) -> OpenReply {
        let lease_ms = u32::try_from(self.config.lease.as_millis()).unwrap_or(u32::MAX);
        OpenReply::Granted(Grant {
            session: id.0,
            lease_ms,
            window: self.config.window,
        })
    }

    /// A digest of the credential that a session is opened with: the same number asked for by another is another session.
    fn identity(&self, keeper: Keeper, call: &Call<'_>) -> u128 {
        let mut hasher = SipHasher13::new_with_key(&self.digest_key(keeper));
        hasher.write_u32(call.header.credential.flavor().0);
        hasher.write(call.header.credential.body());
        hasher.finish128().as_u128()
    }

    /// Nothing is kept for a cookie: it holds the time and a keyed digest of time and address.
    fn cookie(&self, now: Time, address: &[u8]) -> [u8; 24] {
        let mut hasher = SipHasher13::new_with_key(&self.digest_key);
        hasher.write(b"cookie");
        hasher.write_u64(now.as_nanos());
        hasher.write(address);
        let mut cookie = [0; 24];
        cookie[..8].copy_from_slice(&now.as_nanos().to_be_bytes());
        cookie[8..].copy_from_slice(&hasher.finish128().as_bytes());
        cookie
    }

    fn cookie_is_good(&self, now: Time, address: &[u8], cookie: &[u8; 24]) -> bool {
        let mut nanos = [0; 8];
        nanos.copy_from_slice(&cookie[..8]);
        let made = Time::from_nanos(u64::from_be_bytes(nanos));
        made <= now
            && now.since(made) <= self.config.cookie_life
            && self.cookie(made, address) == *cookie
    }
}

/// Appends a framed answer to `OPEN`.
pub(super) fn answer_open(xid: u32, answer: &OpenReply, out: &mut Vec<u8>) -> Handled {
    answer_plain(xid, AcceptStatus::Success, answer, out)
}
