//! The service of the simulated world: what clients call, and how its handlers behave.

use super::clock::{MS, SECOND};
use super::plan::Plan;
use super::rng::Rng;
use rpc_core::describe::{Describe, Field, Interface, Method, Semantics};
use rpc_core::{Decode, Encode};
use rpc_proto::session::server::Done;
use rpc_proto::xdr::{self, Limits};

const ARGS: &[Field] = &[
    Field {
        name: "id",
        ty: u64::describe,
    },
    Field {
        name: "payload",
        ty: Vec::<u8>::describe,
    },
];

const fn method(name: &'static str, procedure: u32, semantics: Semantics) -> Method {
    Method {
        name,
        procedure,
        semantics,
        deadline: None,
        args: ARGS,
        result: Vec::<u8>::describe,
    }
}

/// What servers serve.
pub static SERVED: Interface = Interface {
    name: "Ledger",
    program: 0x2000_0E57,
    version: 1,
    methods: &[
        method("note", 1, Semantics::Oneway),
        method("read", 2, Semantics::Readonly),
        method("set", 3, Semantics::Idempotent),
        method("add", 4, Semantics::AtMostOnce),
        method("pay", 5, Semantics::ExactlyOnce),
    ],
};

/// Exactly-once methods whose effects are not in the store.
pub static OUTSIDE: Interface = Interface {
    name: "Post",
    program: 0x2000_0E5A,
    version: 1,
    methods: &[
        method("send", 1, Semantics::ExactlyOnce),
        method("fetch", 2, Semantics::ExactlyOnce),
    ],
};

/// [`SERVED`] with a method that servers do not have and one that has other semantics there.
pub static NEWER: Interface = Interface {
    name: "Ledger",
    program: 0x2000_0E58,
    version: 1,
    methods: &[
        method("add", 4, Semantics::AtMostOnce),
        method("gone", 6, Semantics::AtMostOnce),
        method("set", 3, Semantics::AtMostOnce),
    ],
};

/// What servers have of [`NEWER`].
pub static OLDER: Interface = Interface {
    name: "Ledger",
    program: 0x2000_0E58,
    version: 1,
    methods: &[
        method("set", 3, Semantics::Idempotent),
        method("add", 4, Semantics::AtMostOnce),
    ],
};

/// A version that servers do not serve.
pub static OTHER_VERSION: Interface = Interface {
    name: "Ledger",
    program: 0x2000_0E57,
    version: 2,
    methods: &[method("add", 4, Semantics::AtMostOnce)],
};

/// A program that servers do not serve.
pub static OTHER_PROGRAM: Interface = Interface {
    name: "Nobody",
    program: 0x2000_0E59,
    version: 1,
    methods: &[method("add", 4, Semantics::AtMostOnce)],
};

/// How a call goes at the server, drawn when the call is made.
#[derive(Clone, Copy, Debug)]
pub struct Behaviour {
    /// How long it waits in the server's queue before its handler begins.
    pub queued: u64,
    /// How long its handler takes.
    pub runs: u64,
    /// How its handler ends.
    pub done: Done,
    /// Bytes of the result's payload.
    pub result: usize,
    /// Whether it does what it does in a transaction, if it can.
    pub transacts: bool,
    /// Whether it has had its effect, outside of a store, when it fails.
    pub acts: bool,
    /// How long it goes on after what it did is committed.
    pub after: u64,
    /// Whether the service can find out after a crash what it did.
    pub tells: bool,
}

impl Behaviour {
    /// Draws a behaviour.
    pub fn draw(rng: &mut Rng, plan: &Plan) -> Self {
        let load = &plan.load;
        let runs = if rng.chance(load.slow) {
            rng.range(20 * MS, 2500 * MS)
        } else if rng.chance(300) {
            rng.range(MS / 10, 8 * MS)
        } else {
            0
        };
        let done = if rng.chance(load.failing) {
            rng.pick(&[
                Done::Panicked,
                Done::Unencodable,
                Done::BadArguments,
                Done::NoProcedure,
            ])
        } else {
            Done::Returned
        };
        let result = if rng.chance(load.large) {
            rng.range(1000, 6000)
        } else {
            rng.below(60)
        };
        let queued = if rng.chance(load.queued) {
            rng.range(MS, 1500 * MS)
        } else {
            0
        };
        Self {
            queued,
            runs,
            done,
            result: result as usize,
            transacts: rng.chance(850),
            acts: rng.chance(500),
            after: match rng.below(20) {
                0 => rng.range(MS, 800 * MS),
                1..6 => rng.range(MS / 100, 20 * MS),
                _ => 0,
            },
            tells: rng.chance(700),
        }
    }

    /// A handler that does not come back for a long time while others finish.
    pub fn stuck(rng: &mut Rng) -> Self {
        Self {
            queued: 0,
            runs: rng.range(6 * SECOND, 14 * SECOND),
            done: Done::Returned,
            result: 8,
            transacts: rng.chance(500),
            acts: true,
            after: 0,
            tells: true,
        }
    }
}

/// Appends the encoded arguments of a call.
pub fn put_args(out: &mut Vec<u8>, id: u64, payload: usize) {
    let bytes = payload_of(id, payload);
    out.extend_from_slice(&xdr::to_vec(&(id, bytes)).unwrap_or_default());
}

/// The call that arguments belong to; `None` if they are not the ones that a client encoded.
pub fn id_of(args: &[u8]) -> Option<u64> {
    let (id, payload): (u64, Vec<u8>) = decode(args)?;
    (payload == payload_of(id, payload.len())).then_some(id)
}

/// The encoded result of one execution.
pub fn result_of(execution: u64, payload: usize) -> Vec<u8> {
    let mut bytes = execution.to_be_bytes().to_vec();
    bytes.extend_from_slice(&payload_of(execution, payload));
    xdr::to_vec(&bytes).unwrap_or_default()
}

/// The execution that a result comes from.
pub fn execution_of(result: &[u8]) -> Option<u64> {
    let bytes: Vec<u8> = decode(result)?;
    let (head, payload) = bytes.split_first_chunk::<8>()?;
    let execution = u64::from_be_bytes(*head);
    (payload == payload_of(execution, payload.len())).then_some(execution)
}

fn payload_of(id: u64, length: usize) -> Vec<u8> {
    let mut bytes = vec![0; length];
    for (at, byte) in bytes.iter_mut().enumerate() {
        *byte = (id as u8).wrapping_add(at as u8);
    }
    bytes
}

fn decode<T: for<'a> Decode<'a> + Encode>(bytes: &[u8]) -> Option<T> {
    xdr::from_slice(bytes, Limits::default()).ok()
}
