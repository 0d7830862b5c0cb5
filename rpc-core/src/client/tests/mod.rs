//! The engine against a server that does what a test tells it.

mod asking_again;
mod awaiting;
mod awaiting_faults;
mod calls;
mod executor;
mod fake;
mod faults;
mod plain;
mod sharing;
mod strangers;

use std::sync::Arc;
use std::time::Duration;

use fake::{Act, Fake, INTERFACE, Seen, Transport};
use rpc_proto::describe::Method;
use rpc_proto::session::client::Config;
use rpc_proto::xdr::Encoder;

use super::engine::Engine;
use super::{Call, Channel, Oneway, Road, from_reply};

const ONCE: &Method = &INTERFACE.methods[0];
const REPEATABLE: &Method = &INTERFACE.methods[1];
const NOTE: &Method = &INTERFACE.methods[2];
const DURABLE: &Method = &INTERFACE.methods[3];

/// Longer than any test takes that passes.
const AMPLE: Duration = Duration::from_secs(20);

fn connect(fake: &Fake) -> Channel {
    Channel::connect(&fake.endpoint().to_string(), &INTERFACE).expect("connected")
}

fn connect_with(fake: &Fake, config: Config) -> Channel {
    let endpoint = fake.endpoint().clone();
    let engine = Engine::connect(
        endpoint.clone(),
        Arc::new(endpoint),
        &INTERFACE,
        AMPLE,
        config,
    );
    Channel {
        interface: &INTERFACE,
        road: Road::Remote(Arc::new(engine.expect("connected"))),
        space: None,
        journaling: None,
    }
}

/// As [`connect`], for messages that a busy machine may take long to pass on: a client takes a server for silent that sends
/// nothing for three seconds, however much it still has to read.
fn connect_patiently(fake: &Fake) -> Channel {
    let patient = Config {
        silence: 40 * AMPLE,
        ..Config::default()
    };
    connect_with(fake, patient)
}

fn engine(channel: &Channel) -> &Engine {
    match &channel.road {
        Road::Remote(engine) => engine,
        Road::Local(_) => panic!("it is remote"),
    }
}

fn call(
    channel: &Channel,
    method: &'static Method,
    number: u64,
    bytes: &[u8],
) -> Call<(u64, Vec<u8>)> {
    let encode = |out: &mut Encoder| {
        out.u64(number);
        out.opaque(bytes)
    };
    channel.call(method, encode, from_reply)
}

fn note(channel: &Channel, number: u64, bytes: &[u8]) -> Oneway {
    channel.oneway(NOTE, |out| {
        out.u64(number);
        out.opaque(bytes)
    })
}

/// Numbers that look random and are the same in every run.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % end
    }
}
