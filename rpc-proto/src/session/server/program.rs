//! Calls of the session program that are made on a session.

use super::reply::{Answer, REPLY_HEADROOM};
use super::session::State;
use super::{Done, Handled, Origin, Server};
use crate::message::{AcceptStatus, Call};
use crate::session::program::{AckArgs, ProbeArgs, ProbeReply, ProbeState, ReleaseArgs};
use crate::session::wire::{Credential, Outcome, RequestId, procedure};
use crate::time::Time;
use crate::xdr;

impl Server {
    pub(super) fn handle_session_program(
        &mut self,
        now: Time,
        origin: Origin<'_>,
        call: &Call<'_>,
        credential: Credential,
        out: &mut Vec<u8>,
    ) -> Handled {
        let body = call.args;
        match call.header.procedure {
            procedure::NULL => self.answer_program(call.header.xid, credential.seq, &(), out),
            procedure::DESCRIBE => match xdr::from_slice(body, self.config.limits) {
                Ok(args) => {
                    let description = self.describe(args);
                    self.answer_program(call.header.xid, credential.seq, &description, out)
                }
                Err(_) => self.refuse(call.header.xid, credential.seq, Outcome::BadArguments, out),
            },
            procedure::PROBE => match xdr::from_slice(body, self.config.limits) {
                Ok(args) => self.probe(origin, call, credential, args, out),
                Err(_) => self.refuse(call.header.xid, credential.seq, Outcome::BadArguments, out),
            },
            procedure::ACK => match xdr::from_slice::<AckArgs>(body, self.config.limits) {
                Ok(args) => {
                    let session = self.sessions.get_mut(&credential.session);
                    if session.is_some_and(|s| {
                        s.acknowledge_ranges(&args.ranges, &mut self.cache).is_err()
                    }) {
                        self.end_session(credential.session);
                        return self.refuse(
                            call.header.xid,
                            credential.seq,
                            Outcome::UnknownSession,
                            out,
                        );
                    }
                    self.say_forgotten(credential.session);
                    self.answer_program(call.header.xid, credential.seq, &(), out)
                }
                Err(_) => self.refuse(call.header.xid, credential.seq, Outcome::BadArguments, out),
            },
            procedure::RELEASE => match xdr::from_slice::<ReleaseArgs>(body, self.config.limits) {
                Ok(args) => {
                    self.release_keys(now, &args);
                    self.answer_program(call.header.xid, credential.seq, &(), out)
                }
                Err(_) => self.refuse(call.header.xid, credential.seq, Outcome::BadArguments, out),
            },
            procedure::GOODBYE => {
                self.end_session(credential.session);
                self.answer_program(call.header.xid, credential.seq, &(), out)
            }
            _ => {
                let answer = Answer::unavailable(AcceptStatus::ProcedureUnavailable);
                self.put_answer(call.header.xid, credential.seq, answer, out);
                Handled::Reply
            }
        }
    }

    fn probe(
        &mut self,
        origin: Origin<'_>,
        call: &Call<'_>,
        credential: Credential,
        args: ProbeArgs,
        out: &mut Vec<u8>,
    ) -> Handled {
        let id = RequestId {
            session: credential.session,
            seq: args.seq,
        };
        let Some(session) = self.sessions.get_mut(&id.session) else {
            return Handled::Nothing;
        };
        let state = if session.is_forgotten(args.seq) {
            ProbeState::Expired
        } else {
            match session.redirect(args.seq, origin.route, origin.datagram) {
                None | Some(State::Ran) => ProbeState::NeverSeen,
                Some(State::Running { .. } | State::Settling { .. }) => ProbeState::Running,
                Some(State::Finished { .. }) => ProbeState::Finished,
            }
        };
        let handled = self.answer_program(
            call.header.xid,
            credential.seq,
            &ProbeReply {
                seq: args.seq,
                stamp: args.stamp,
                state,
            },
            out,
        );
        if state == ProbeState::Finished
            && let Some(asker) = self
                .sessions
                .get_mut(&id.session)
                .and_then(|session| session.asker(args.seq))
        {
            self.replay(id, asker, out);
        }
        handled
    }

    fn answer_program(
        &mut self,
        xid: u32,
        seq: u64,
        result: &impl xdr::Encode,
        out: &mut Vec<u8>,
    ) -> Handled {
        let at = out.len();
        out.resize(at + REPLY_HEADROOM, 0);
        let done = match xdr::to_vec(result) {
            Ok(body) => {
                out.extend_from_slice(&body);
                Done::Returned
            }
            Err(_) => Done::Unencodable,
        };
        self.finish_answer(xid, seq, Answer::of(done), out, at);
        Handled::Reply
    }
}
