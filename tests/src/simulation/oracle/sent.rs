//! What a client hands to the network, and the rules that it has to keep in doing so.

use super::{Asked, Attempt, Name, Oracle, Question, Told, usable_until};
use crate::simulation::ledger::Entry;
use crate::simulation::service;
use crate::simulation::trace::digest;
use crate::simulation::visits::{Visit, Visits};
use rpc_core::describe::Semantics;
use rpc_core::{Executed, Time};
use rpc_proto::message::{self, CallHeader, Flavor, Message};
use rpc_proto::session::program::{AckArgs, Keeper, OpenArgs, ProbeArgs};
use rpc_proto::session::wire::{
    CallVerifier, Credential, SESSION_FLAVOR, SESSION_PROGRAM, procedure,
};
use rpc_proto::xdr::{self, Limits};

/// A message on its way out.
#[derive(Debug)]
pub struct Outgoing<'a> {
    /// The message.
    pub message: &'a [u8],
    /// The call that the machine says it carries.
    pub call: Option<u64>,
    /// Whether the network takes the whole of it.
    pub taken: bool,
}

impl Oracle {
    /// The client machine gives a message to be sent.
    pub fn sent(
        &mut self,
        now: Time,
        out: &Outgoing<'_>,
        entries: &[Entry],
        visits: &mut Visits,
    ) -> Result<(), String> {
        let link = self.link.ok_or("something is sent without a link")?;
        let Ok(Message::Call(call)) = Message::decode(out.message) else {
            return Err("a client sends something else than calls".to_owned());
        };
        let header = call.header;
        let asked = match header.credential.flavor() {
            Flavor::NONE => Some(self.sent_plain(&call, out, visits)?),
            Flavor(SESSION_FLAVOR) => {
                let credential = Credential::from_bytes(header.credential.body())
                    .ok_or("a credential that is none")?;
                self.check_session(now, &credential)?;
                self.check_acknowledged(&credential)?;
                if header.program == SESSION_PROGRAM {
                    if out.call.is_some() {
                        return Err("a call of the session program is named as a user's".to_owned());
                    }
                    self.sent_program(now, &call, &credential, visits)?
                } else {
                    let subject =
                        service::id_of(call.args).ok_or("a call with garbled arguments")?;
                    let id = out.call.ok_or("a call is sent as nobody's")?;
                    let entry = entries
                        .get(id as usize)
                        .ok_or("a call that was never made")?;
                    if entry.subject != subject {
                        return Err(format!("call {id} is sent as the one of {subject}"));
                    }
                    if CallVerifier::from_bytes(header.verifier.body()).and_then(|said| said.key)
                        != entry.key.map(|key| key.id)
                    {
                        return Err(format!("call {id} is sent under another key than its own"));
                    }
                    let name = (credential.session, credential.seq);
                    self.sent_call(now, name, id, &header, &credential, entry, visits)?;
                    if out.taken {
                        self.taken(name);
                    }
                    if entry.semantics() == Semantics::Oneway {
                        // Nothing more is to come of it.
                        self.succeeded += 1;
                        self.finish(name);
                    }
                    Some(Asked::Call(name))
                }
            }
            other => return Err(format!("a client sends a credential of flavour {other:?}")),
        };
        // The driver names only calls that were not taken; of other messages the machine counts from the first copy.
        if let Some(kind) = asked
            && (out.taken || out.call.is_none())
        {
            self.remember(now, header.xid, kind, link.number);
        }
        Ok(())
    }

    fn sent_plain(
        &mut self,
        call: &message::Call<'_>,
        out: &Outgoing<'_>,
        visits: &mut Visits,
    ) -> Result<Asked, String> {
        if call.header.program != SESSION_PROGRAM {
            return Err("a call without a session, though the server has them".to_owned());
        }
        match call.header.procedure {
            procedure::HELLO => {
                if self.link.is_some_and(|link| !link.stream) && out.message.len() < 512 {
                    return Err("a HELLO in a datagram is shorter than 512 bytes".to_owned());
                }
                visits.count(Visit::ClientHello);
                if out.taken && self.hello.replace(call.header.xid).is_some() {
                    visits.count(Visit::ClientHelloAgain);
                }
                Ok(Asked::Hello)
            }
            procedure::OPEN => {
                let args: OpenArgs = decode(call.args)?;
                let hello = self
                    .hellos
                    .iter()
                    .find(|(cookie, _)| *cookie == args.cookie);
                let &(_, grantor) =
                    hello.ok_or("OPEN holds a cookie that no HELLO on this link brought")?;
                Ok(Asked::Open(args.keeper, grantor))
            }
            other => Err(format!("procedure {other} is called without a session")),
        }
    }

    /// The client may use the session now.
    fn check_session(&self, now: Time, credential: &Credential) -> Result<(), String> {
        let session = self
            .sessions
            .get(&credential.session)
            .ok_or("a session credential is used that no OPEN has granted to this client")?;
        let (grantor, unknown) = (session.grantor, session.unknown);
        let (until, same_keeper) = (usable_until(session), self.is_at_keeper(session));
        if now >= until {
            let late = now.since(until);
            return Err(format!(
                "a session is used {late:?} after its end for the client"
            ));
        }
        let granted = session.granted_again.contains(&credential.incarnation);
        if credential.incarnation != grantor.incarnation && !granted {
            return Err(
                "the credential names another incarnation than the granting one".to_owned(),
            );
        }
        if !same_keeper {
            return Err("a session is used where its keeper did not answer HELLO".to_owned());
        }
        if unknown {
            return Err("a session is used that the server said it does not know".to_owned());
        }
        Ok(())
    }

    /// Only finished numbers are acknowledged.
    fn check_acknowledged(&mut self, credential: &Credential) -> Result<(), String> {
        let id = credential.session;
        let session = self.session(id)?;
        let told = session.told_first;
        let first = credential.first_incomplete;
        if first < told {
            return Err("first_incomplete goes back".to_owned());
        }
        session.told_first = first;
        for seq in told..first {
            self.check_finished((id, seq), credential.seq)?;
        }
        let mut bits = credential.done_mask;
        while bits != 0 {
            let seq = first + 1 + u64::from(bits.trailing_zeros());
            bits &= bits - 1;
            self.check_finished((id, seq), credential.seq)?;
        }
        Ok(())
    }

    fn check_finished(&mut self, name: Name, own: u64) -> Result<(), String> {
        match self.attempts.get(&name) {
            _ if name.1 == own => Err(format!("number {own} is acknowledged by its own call")),
            Some(attempt) if attempt.finished => Ok(()),
            Some(attempt) => Err(format!(
                "number {} is acknowledged, but call {} is not finished",
                name.1, attempt.call
            )),
            // It was given up before its first copy, and so must have none later.
            None => {
                let session = self.session(name.0)?;
                if !session.unseen.contains(&name.1) {
                    session.unseen.push(name.1);
                }
                Ok(())
            }
        }
    }

    fn sent_program(
        &mut self,
        now: Time,
        call: &message::Call<'_>,
        credential: &Credential,
        visits: &mut Visits,
    ) -> Result<Option<Asked>, String> {
        let id = credential.session;
        match call.header.procedure {
            procedure::PROBE => {
                let args: ProbeArgs = decode(call.args)?;
                let name = (id, args.seq);
                visits.count(Visit::ClientProbe);
                let Some(attempt) = self.attempts.get_mut(&name) else {
                    return Err(format!(
                        "number {} is asked about, but was never sent",
                        args.seq
                    ));
                };
                if attempt.finished {
                    return Err(format!(
                        "number {} is asked about, but is finished",
                        args.seq
                    ));
                }
                if attempt.never_seen {
                    return Err(format!(
                        "number {} is asked about again, though it was never seen, and not sent",
                        args.seq
                    ));
                }
                attempt.asked = now;
                return Ok(Some(Asked::Probe(name)));
            }
            procedure::ACK => {
                visits.count(Visit::ClientAck);
                let args: AckArgs = decode(call.args)?;
                for range in args.ranges {
                    // Long ranges are mostly old; the ends of them are what can be wrong.
                    for seq in (range.first..=range.last).take(64).chain([range.last]) {
                        self.check_finished((id, seq), 0)?;
                    }
                }
            }
            procedure::GOODBYE => visits.count(Visit::Goodbye),
            procedure::RELEASE => {}
            procedure::DESCRIBE => return Ok(Some(Asked::Description(id))),
            other => return Err(format!("procedure {other} is called on a session")),
        }
        Ok(Some(Asked::Session(id)))
    }

    #[expect(clippy::too_many_arguments, reason = "all of them describe the copy")]
    fn sent_call(
        &mut self,
        now: Time,
        name: Name,
        id: u64,
        header: &CallHeader<'_>,
        credential: &Credential,
        entry: &Entry,
        visits: &mut Visits,
    ) -> Result<(), String> {
        if entry.end.is_some() || entry.shelved {
            return Err(format!("call {id} has ended and is sent"));
        }
        let asked = [header.program, header.version, header.procedure];
        let meant = [
            entry.interface.program,
            entry.interface.version,
            entry.method.procedure,
        ];
        if asked != meant {
            return Err(format!("call {id} is sent as {asked:?}, not as {meant:?}"));
        }
        let left = entry.deadline.since(now).as_nanos().div_ceil(1_000_000) as u64;
        if u64::from(credential.time_left_ms).abs_diff(left) > 1 || left == 0 {
            return Err(format!(
                "call {id} says that {} ms are left, but it is {left}",
                credential.time_left_ms
            ));
        }
        let keeper = self.session(name.0)?.keeper;
        if (keeper == Keeper::Store) != (entry.semantics() == Semantics::ExactlyOnce) {
            return Err(format!(
                "call {id} is sent on a session of the wrong keeper"
            ));
        }
        if self.attempts.contains_key(&name) {
            self.another_copy(name, id, header, credential, visits)
        } else {
            self.first_copy(now, name, id, header, credential, entry, visits)
        }
    }

    #[expect(clippy::too_many_arguments, reason = "all of them describe the copy")]
    fn first_copy(
        &mut self,
        now: Time,
        name: Name,
        id: u64,
        header: &CallHeader<'_>,
        credential: &Credential,
        entry: &Entry,
        visits: &mut Visits,
    ) -> Result<(), String> {
        let earlier = self.calls.get(&id).map_or(0, |call| call.attempts.len());
        let known = self.known(id, entry);
        if earlier > 0 && known != Executed::No && !entry.may_repeat() && entry.key.is_none() {
            return Err(format!(
                "call {id} ({:?}) gets another number although it may have run under an earlier one",
                entry.semantics()
            ));
        }
        visits.count(if earlier > 0 {
            Visit::ClientAgain
        } else {
            Visit::ClientFirst
        });
        let before = self.calls.get(&id).and_then(|c| c.attempts.last()).copied();
        if let Some(before) = before {
            self.finish(before);
        }
        self.note_trouble(id)?;
        let session = self.session(name.0)?;
        if name.1 < session.told_first || session.unseen.contains(&name.1) {
            return Err(format!(
                "number {} is used after it was acknowledged",
                name.1
            ));
        }
        session.unfinished += 1;
        if session.unfinished > session.window {
            return Err(format!(
                "{} calls are unfinished in a window of {}",
                session.unfinished, session.window
            ));
        }
        self.attempts.insert(
            name,
            Attempt {
                call: id,
                incarnation: credential.incarnation,
                digest: shape(header, id, entry),
                repeatable: entry.may_repeat() || entry.key.is_some(),
                of_the_key: false,
                shelved: false,
                copies: 0,
                copies_here: 0,
                told: Told::Nothing,
                doubtful: false,
                received: None,
                asked: now,
                never_seen: false,
                finished: false,
            },
        );
        self.calls.entry(id).or_default().attempts.push(name);
        Ok(())
    }

    fn another_copy(
        &mut self,
        name: Name,
        id: u64,
        header: &CallHeader<'_>,
        credential: &Credential,
        visits: &mut Visits,
    ) -> Result<(), String> {
        let link = self.link.map_or(0, |link| link.number);
        let stream = self.link.is_some_and(|link| link.stream);
        let Some(attempt) = self.attempts.get(&name) else {
            return Ok(());
        };
        if attempt.call != id {
            return Err(format!(
                "number {} is that of call {} and of call {id}",
                name.1, attempt.call
            ));
        }
        if attempt.finished {
            return Err(format!(
                "call {id} is sent again under a number that is over"
            ));
        }
        if attempt.incarnation != credential.incarnation {
            return Err(format!("a copy of call {id} names another incarnation"));
        }
        if attempt.digest >> 32 != procedure_of(header) {
            return Err(format!("a copy of call {id} asks for another procedure"));
        }
        if attempt.received == Some(link) {
            return Err(format!(
                "call {id} is sent again although the server has it"
            ));
        }
        if stream && attempt.copies_here > 0 && !attempt.never_seen {
            return Err(format!("call {id} is sent twice over one stream"));
        }
        visits.count(match attempt.copies_here {
            0 => Visit::ClientCopyNewLink,
            _ => Visit::ClientCopy,
        });
        if attempt.copies_here > 40 {
            return Err(format!("more than 40 copies of call {id} over one link"));
        }
        if let Some(attempt) = self.attempts.get_mut(&name) {
            attempt.never_seen = false;
        }
        Ok(())
    }

    fn taken(&mut self, name: Name) {
        if let Some(attempt) = self.attempts.get_mut(&name) {
            attempt.copies += 1;
            attempt.copies_here += 1;
        }
    }

    /// Attempts after *overloaded* and *shutting down* are limited by a budget.
    fn note_trouble(&mut self, id: u64) -> Result<(), String> {
        let call = self.calls.entry(id).or_default();
        if std::mem::take(&mut call.troubled) {
            self.again_after_trouble += 1;
        }
        if self.again_after_trouble > 12 + self.succeeded / 8 {
            return Err(format!(
                "{} attempts after refusals, with {} successes",
                self.again_after_trouble, self.succeeded
            ));
        }
        Ok(())
    }

    fn remember(&mut self, now: Time, xid: u32, kind: Asked, link: u32) {
        match self.questions.get_mut(&xid) {
            Some(question) if question.kind == kind => question.link = link,
            _ => {
                let first = now;
                self.questions.insert(xid, Question { kind, first, link });
            }
        }
    }
}

/// What all copies of a number have in common.
fn shape(header: &CallHeader<'_>, id: u64, entry: &Entry) -> u64 {
    let mut bytes = id.to_be_bytes().to_vec();
    bytes.extend_from_slice(&(entry.payload as u64).to_be_bytes());
    procedure_of(header) << 32 | digest(&bytes) & 0xFFFF_FFFF
}

fn procedure_of(header: &CallHeader<'_>) -> u64 {
    u64::from(header.procedure ^ (header.program << 8) ^ (header.version << 4)) & 0xFFFF_FFFF
}

pub(super) fn decode<T: for<'a> rpc_core::Decode<'a>>(bytes: &[u8]) -> Result<T, String> {
    xdr::from_slice(bytes, Limits::default())
        .map_err(|error| format!("arguments of the session program: {error}"))
}
