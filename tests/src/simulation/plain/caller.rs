//! A caller: what it asks, how often, and from where.

use crate::simulation::clock::{MS, SECOND};
use crate::simulation::rng::Rng;
use crate::simulation::service::SERVED;
use rpc_proto::message::{Auth, CallHeader, Flavor, SysCredential};

/// Someone who calls.
#[derive(Debug)]
pub(super) struct Caller {
    /// Which of two hosts it is on, and which of the server's endpoints it calls.
    pub(super) host: u8,
    pub(super) listener: u64,
    pub(super) stream: bool,
    /// The user that it says it is.
    pub(super) uid: Option<u32>,
    /// The connection, or the address of its datagrams.
    pub(super) route: usize,
    pub(super) calls: Vec<Asked>,
    pub(super) calls_left: u32,
}

/// A call that it has made. The transaction id is its place among the caller's calls: others use the same ones.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    pub(super) procedure: u32,
    pub(super) argument: u64,
    /// Until when it is sent again.
    pub(super) until: u64,
    pub(super) answered: bool,
}

/// Procedures of [`SERVED`].
pub(super) const NOTE: u32 = 1;

impl Caller {
    pub(super) fn draw(rng: &mut Rng, number: u32) -> Self {
        let stream = rng.chance(500);
        Self {
            host: rng.below(2) as u8,
            listener: u64::from(stream),
            stream,
            uid: rng.chance(500).then_some(number),
            route: 0,
            calls: Vec::new(),
            calls_left: rng.range(4, 24) as u32,
        }
    }

    /// Makes a call. Which one it is of the caller's.
    pub(super) fn ask(&mut self, rng: &mut Rng, now: u64) -> usize {
        self.calls_left -= 1;
        self.calls.push(Asked {
            procedure: rng.pick(&[0, NOTE, 2, 3, 4, 4, 4, 4, 5, 5]),
            // Few, so that different callers ask the same.
            argument: rng.below(2),
            until: now + rng.range(500 * MS, 6 * SECOND),
            answered: false,
        });
        self.calls.len() - 1
    }

    /// A copy of a call.
    pub(super) fn message(&self, rng: &mut Rng, call: usize) -> Vec<u8> {
        let Asked {
            procedure,
            argument,
            ..
        } = self.calls[call];
        let body = self.uid.and_then(|uid| {
            let said = SysCredential::new("host", uid, 100, &[]).ok()?;
            let mut body = said.to_bytes();
            // The stamp, which some draw anew each time.
            body[3] = rng.below(4) as u8;
            Some(body)
        });
        let credential = body
            .as_ref()
            .and_then(|body| Auth::new(Flavor::SYS, body).ok());
        let mut message = Vec::new();
        CallHeader {
            xid: call as u32,
            program: SERVED.program,
            version: SERVED.version,
            procedure,
            credential: credential.unwrap_or(Auth::NONE),
            verifier: Auth::NONE,
        }
        .encode_into(&mut message);
        if procedure != 0 {
            message.extend(argument.to_be_bytes());
        }
        message
    }

    /// Whether all copies of its calls come from one address, as far as the server can see.
    pub(super) fn is_known(&self) -> bool {
        !self.stream || self.uid.is_some()
    }
}
