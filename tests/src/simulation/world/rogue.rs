//! Someone who is nobody's client, and what servers must not fall for.

use super::network::Owner;
use super::{Event, World};
use crate::simulation::clock::MS;
use crate::simulation::model::ROGUE;
use crate::simulation::service::SERVED;
use crate::simulation::visits::Visit;
use rpc_core::Encode;
use rpc_core::describe::Semantics;
use rpc_proto::message::{Auth, CallHeader, Flavor, Message, Reply, ReplyHeader, ReplyStatus};
use rpc_proto::session::program::{
    AckArgs, AckRange, HelloArgs, HelloReply, Keeper, OpenArgs, OpenRefusal, OpenReply,
};
use rpc_proto::session::wire::{
    Credential, PROGRAM_VERSION, SESSION_FLAVOR, SESSION_PROGRAM, SESSION_VERSION, SessionId,
    Verifier, procedure,
};
use rpc_proto::xdr::{self, Limits};

/// What the rogue knows.
#[derive(Default)]
pub(super) struct Rogue {
    /// Its addresses at the server that it bothers.
    routes: Option<[u32; 2]>,
    server: usize,
    life: u32,
    cookie: Option<([u8; 24], u64)>,
    session: Option<SessionId>,
    /// What it waits for, as an answer to the message sent last.
    hope: Option<Hope>,
    /// A call of a real client, and the life of the server that heard it.
    overheard: Option<(u32, Vec<u8>)>,
    nonce: u64,
    seq: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Hope {
    Nothing,
    /// No answer at all, and that there was one.
    Silence,
    Noise,
    Cookie,
    Refusal(Visit),
    Session,
}

impl World {
    /// The rogue hears a call of a client that has just begun.
    pub(super) fn overhear(&mut self, server: usize, message: &[u8]) {
        if self.plan.faults[super::Fault::Rogue as usize].is_none() || !self.rng.chance(200) {
            return;
        }
        if let Ok(Message::Call(call)) = Message::decode(message) {
            let method = SERVED.method(call.header.procedure);
            let kept = method.is_some_and(|method| {
                matches!(
                    method.semantics,
                    Semantics::AtMostOnce | Semantics::ExactlyOnce
                )
            });
            if kept {
                let life = self.servers[server].life;
                self.rogue.overheard = Some((life, message.to_vec()));
            }
        }
    }

    /// A reply that someone changed on its way: it speaks of another number, or for another incarnation.
    pub(super) fn tamper(&mut self, message: &[u8]) -> Option<Vec<u8>> {
        if self.plan.faults[super::Fault::Rogue as usize].is_none() || !self.rng.chance(20) {
            return None;
        }
        let Ok(Message::Reply(Reply {
            header:
                ReplyHeader {
                    status: ReplyStatus::Accepted { verifier, .. },
                    ..
                },
            ..
        })) = Message::decode(message)
        else {
            return None;
        };
        let mut changed = Verifier::from_bytes(verifier.body())?;
        let place = message
            .windows(Verifier::LEN)
            .position(|window| window == verifier.body())?;
        // Calls of the session program have no number, and a store answers for all incarnations.
        if changed.seq == 0 {
            return None;
        }
        if self.rng.chance(500) {
            changed.seq += 1 + self.rng.below(3);
        } else {
            changed.incarnation ^= 1;
        }
        self.visit(Visit::Tampered);
        let mut message = message.to_vec();
        message[place..place + Verifier::LEN].copy_from_slice(&changed.to_bytes());
        Some(message)
    }

    /// It does one of its tricks.
    pub(super) fn rogue_acts(&mut self) -> Result<(), String> {
        let node = &self.servers[self.current];
        if self.healed || node.process.is_none() {
            return Ok(());
        }
        let life = node.life;
        if self.rogue.life != life {
            let server = self.current;
            let overheard = self.rogue.overheard.take();
            self.rogue = Rogue {
                server,
                life,
                routes: Some([Owner::Rogue { server }; 2].map(|owner| self.add_route(owner))),
                // In another life a call may be new again, and someone else's arguments under its number are no conflict.
                overheard: overheard.filter(|(at, _)| *at == life),
                nonce: self.rogue.nonce,
                ..Rogue::default()
            };
        }
        for _ in 0..self.rng.range(1, 6) {
            match self.rng.below(8) {
                0 => self.garbage()?,
                1 => self.hello(true)?,
                2 => self.forged_session()?,
                3 => self.conflict()?,
                6 => self.hang_up()?,
                4 if self.rogue.session.is_some() => self.overrun()?,
                5 if self.rogue.session.is_some() => self.nonsense()?,
                _ => self.contact()?,
            }
        }
        let at = self.now + self.rng.range(MS, 900 * MS);
        if self.rng.chance(600) {
            self.queue.push(at, Event::Rogue);
        }
        Ok(())
    }

    /// An answer of the server reaches the rogue.
    pub(super) fn rogue_hears(&mut self, _route: u32, message: &[u8]) {
        let Ok(Message::Reply(reply)) = Message::decode(message) else {
            return;
        };
        let limits = Limits::default();
        match self.rogue.hope {
            Some(Hope::Silence) => self.rogue.hope = Some(Hope::Noise),
            Some(Hope::Cookie) => {
                if let Ok(hello) = xdr::from_slice::<HelloReply>(reply.results, limits) {
                    self.rogue.cookie = Some((hello.cookie, self.now));
                    self.rogue.hope = Some(Hope::Nothing);
                }
            }
            Some(Hope::Refusal(visit)) => {
                let refused = OpenReply::Refused(OpenRefusal::BadCookie);
                if xdr::from_slice::<OpenReply>(reply.results, limits) == Ok(refused) {
                    self.visit(visit);
                    self.rogue.hope = None;
                }
            }
            Some(Hope::Session) => match xdr::from_slice::<OpenReply>(reply.results, limits) {
                Ok(OpenReply::Granted(grant)) => {
                    self.rogue.session = Some(SessionId(grant.session));
                    self.rogue.hope = None;
                }
                Ok(OpenReply::Refused(OpenRefusal::Full)) => self.rogue.hope = None,
                _ => {}
            },
            _ => self.rogue.hope = None,
        }
    }

    /// Hello, then the session, honestly or with a cookie that is not good.
    fn contact(&mut self) -> Result<(), String> {
        let Some((cookie, since)) = self.rogue.cookie else {
            return self.hello(false);
        };
        let life = self.plan.server.cookie_life.as_nanos() as u64;
        // Clocks run a little fast or slow: near its end a cookie is neither surely good nor surely not.
        if self.now - since > life + life / 20 {
            self.rogue.cookie = None;
            return self.open(0, cookie, Hope::Refusal(Visit::StaleCookie));
        }
        if self.rng.chance(300) {
            return self.open(1, cookie, Hope::Refusal(Visit::ForgedCookie));
        }
        if self.now - since > life - life / 20 {
            return Ok(());
        }
        self.open(0, cookie, Hope::Session)
    }

    fn garbage(&mut self) -> Result<(), String> {
        let mut message = self.rng.seed().to_vec();
        message[4..8].copy_from_slice(&[0, 0, 0, 7]);
        self.visit(Visit::Garbage);
        self.say(0, &message, Hope::Silence)
    }

    fn hello(&mut self, short: bool) -> Result<(), String> {
        let padding = vec![0; if short { 100 } else { 480 }];
        let version = SESSION_VERSION;
        let args = HelloArgs {
            version,
            padding: &padding,
        };
        let message = call(&[], session_program(procedure::HELLO), &args);
        if short {
            self.visit(Visit::ShortHello);
            return self.say(0, &message, Hope::Silence);
        }
        self.say(0, &message, Hope::Cookie)
    }

    fn open(&mut self, from: usize, cookie: [u8; 24], hope: Hope) -> Result<(), String> {
        self.rogue.nonce += 1;
        let args = OpenArgs {
            cookie,
            client: ROGUE,
            nonce: self.rogue.nonce,
            keeper: Keeper::Incarnation,
        };
        self.say(
            from,
            &call(&[], session_program(procedure::OPEN), &args),
            hope,
        )
    }

    fn forged_session(&mut self) -> Result<(), String> {
        let mut id = [0; 16];
        id.copy_from_slice(&self.rng.seed()[..16]);
        self.visit(Visit::ForgedSession);
        let message = self.on_session(SessionId(id), 1, 0, procedure::NULL, &());
        self.say(0, &message, Hope::Nothing)
    }

    /// Another call under the number of a real one.
    fn conflict(&mut self) -> Result<(), String> {
        let life = self.rogue.life;
        let overheard = self.rogue.overheard.take();
        let Some((_, mut message)) = overheard.filter(|(at, _)| *at == life) else {
            return Ok(());
        };
        if let Some(last) = message.iter_mut().rev().nth(8) {
            *last ^= 0x55;
        }
        self.say(0, &message, Hope::Nothing)
    }

    /// Ends the session of a real client: on a plain network whoever hears its name can.
    fn hang_up(&mut self) -> Result<(), String> {
        let Some((_, message)) = self.rogue.overheard.take() else {
            return Ok(());
        };
        if let Ok(Message::Call(overheard)) = Message::decode(&message)
            && let Some(real) = Credential::from_bytes(overheard.header.credential.body())
        {
            self.visit(Visit::HungUp);
            let credential = Credential { seq: 0, ..real };
            let goodbye = session_program(procedure::GOODBYE);
            let message = call(&credential.to_bytes(), goodbye, &());
            return self.say(0, &message, Hope::Nothing);
        }
        Ok(())
    }

    /// Calls that no session of its kind can carry: of what is not served, of what needs a store, with no time left.
    fn nonsense(&mut self) -> Result<(), String> {
        let Some(session) = self.rogue.session else {
            return Ok(());
        };
        self.rogue.seq += 1;
        let mut credential = self.credential(session, 1, 0);
        credential.seq = self.rogue.seq;
        let (program, version) = (SERVED.program, SERVED.version);
        let target = match self.rng.below(6) {
            5 => {
                // Nobody was bound to this session.
                credential.principal = 7;
                [program, version, 4]
            }
            0 => [program + 9, version, 1],
            1 => [program, version + 1, 4],
            2 => [program, version, 99],
            3 => [program, version, 5],
            _ => {
                credential.time_left_ms = 0;
                [program, version, 4]
            }
        };
        let message = call(&credential.to_bytes(), target, &0u64);
        self.say(0, &message, Hope::Nothing)?;
        // The same again has to bring the same again, under its own transaction id.
        let mut again = message;
        again[3] ^= 1;
        self.say(0, &again, Hope::Nothing)
    }

    /// Acknowledges every third number, far more than a window has.
    fn overrun(&mut self) -> Result<(), String> {
        let Some(session) = self.rogue.session.take() else {
            return Ok(());
        };
        let many = 2 * u64::from(self.plan.server.window) + 3;
        if self.rng.chance(500) && many < 60 {
            for start in 0..many.div_ceil(20) {
                let mask = 0x4924_9249_2492_4924 & ((1 << 60) - 1);
                let message = self.on_session(session, 2 + 66 * start, mask, procedure::NULL, &());
                self.say(0, &message, Hope::Nothing)?;
            }
        }
        let ranges = (1..=many)
            .map(|at| AckRange {
                first: 3 * at + 100,
                last: 3 * at + 100,
            })
            .collect();
        let message = self.on_session(session, 1, 0, procedure::ACK, &AckArgs { ranges });
        self.say(0, &message, Hope::Nothing)?;
        let message = self.on_session(session, 1, 0, procedure::NULL, &());
        self.say(0, &message, Hope::Nothing)
    }

    fn on_session(
        &self,
        session: SessionId,
        first_incomplete: u64,
        done_mask: u64,
        procedure: u32,
        args: &impl Encode,
    ) -> Vec<u8> {
        let body = self
            .credential(session, first_incomplete, done_mask)
            .to_bytes();
        call(&body, session_program(procedure), args)
    }

    fn credential(&self, session: SessionId, first_incomplete: u64, done_mask: u64) -> Credential {
        let process = self.servers[self.rogue.server].process.as_ref();
        Credential {
            session,
            incarnation: process.map_or(0, |process| process.incarnation),
            seq: 0,
            first_incomplete,
            done_mask,
            time_left_ms: 1000,
            principal: 0,
        }
    }

    /// Hands a message to the server at once, and sees that it did not get what it must not get.
    fn say(&mut self, from: usize, message: &[u8], hope: Hope) -> Result<(), String> {
        let Some(routes) = self.rogue.routes else {
            return Ok(());
        };
        if !self.listens(self.rogue.server) {
            return Ok(());
        }
        self.rogue.hope = Some(hope);
        self.reaches_server(routes[from], message)?;
        let hope = self.rogue.hope.take();
        // A server may have died of it, which is answer enough.
        match hope.filter(|_| self.listens(self.rogue.server)) {
            Some(Hope::Refusal(visit)) => Err(format!("a server falls for it: {visit:?}")),
            Some(Hope::Noise) => Err("a server answers what it has to ignore".to_owned()),
            Some(Hope::Cookie) => Err("a server does not answer a hello".to_owned()),
            Some(Hope::Session) => Err("a server grants no session for a good cookie".to_owned()),
            _ => Ok(()),
        }
    }
}

fn session_program(procedure: u32) -> [u32; 3] {
    [SESSION_PROGRAM, PROGRAM_VERSION, procedure]
}

/// A call with this session credential, or with none.
fn call(credential: &[u8], target: [u32; 3], args: &impl Encode) -> Vec<u8> {
    let flavor = if credential.is_empty() {
        Flavor::NONE
    } else {
        Flavor(SESSION_FLAVOR)
    };
    let [program, version, procedure] = target;
    let mut message = Vec::new();
    CallHeader {
        xid: 77,
        program,
        version,
        procedure,
        credential: Auth::new(flavor, credential).unwrap_or(Auth::NONE),
        verifier: Auth::NONE,
    }
    .encode_into(&mut message);
    message.extend(xdr::to_vec(args).unwrap_or_default());
    message
}
