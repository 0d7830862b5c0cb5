//! The service that is called, and the ways to it.

use benches::Outcome;
use benches::peer::{Peer, serve_at};
use rpc_core::{Server, Xdr, rpc};
use std::str::FromStr;

/// 32 bytes on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Xdr)]
pub struct Sample {
    /// Four numbers.
    pub numbers: [u64; 4],
}

/// One method with two promises.
#[rpc(program = 0x2000_00e2, version = 1)]
pub trait Echo {
    /// Gives back what it gets.
    #[rpc(at_most_once)]
    fn once(&self, sample: Sample) -> Sample;

    /// Gives back what it gets.
    #[rpc(idempotent)]
    fn repeatable(&self, sample: Sample) -> Sample;
}

struct Mirror;

impl Echo for Mirror {
    fn once(&self, sample: Sample) -> Sample {
        sample
    }

    fn repeatable(&self, sample: Sample) -> Sample {
        sample
    }
}

/// Which of the methods.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Promise {
    AtMostOnce,
    Idempotent,
}

impl FromStr for Promise {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "once" => Ok(Self::AtMostOnce),
            "repeatable" => Ok(Self::Idempotent),
            other => Err(format!("`{other}` is no promise")),
        }
    }
}

/// One call.
pub fn call(client: &EchoClient, promise: Promise) -> Outcome<()> {
    let sample = Sample {
        numbers: [1, 2, 3, 4],
    };
    let call = match promise {
        Promise::AtMostOnce => client.once(sample),
        Promise::Idempotent => client.repeatable(sample),
    };
    match call.wait()? {
        back if back == sample => Ok(()),
        _ => Err("the echo differs".into()),
    }
}

/// The part of the server's process: answers at a free TCP port until the input ends.
pub fn serve() -> Outcome<()> {
    let server = listen("tcp://127.0.0.1:0")?;
    serve_at(&server.endpoints()[0])
}

fn listen(endpoint: &str) -> Outcome<Server> {
    let builder = Server::builder().serve(EchoService::new(Mirror));
    Ok(builder.listen(endpoint).start()?)
}

/// A client, and the server that it reaches, which lives as long.
pub struct Reached {
    pub client: EchoClient,
    _server: There,
}

/// Held until the client is gone.
#[expect(dead_code, reason = "a server is ended by dropping it")]
enum There {
    Process(Peer),
    Threads(Server),
    Elsewhere,
}

/// A way to a server.
#[derive(Clone, Copy, Debug)]
pub enum Road<'a> {
    /// TCP, to a process that is started.
    Tcp,
    /// Within this process.
    Mem,
    /// To a server that runs.
    To(&'a str),
}

impl<'a> Road<'a> {
    /// As it is said to a process that is counted.
    pub fn parse(text: &'a str) -> Outcome<Self> {
        match text {
            "mem" => Ok(Self::Mem),
            endpoint => Ok(Self::To(endpoint)),
        }
    }

    /// Connects, with a server that is started if need be.
    pub fn reach(self) -> Outcome<Reached> {
        let (server, endpoint) = match self {
            Self::Tcp => {
                let peer = Peer::start(&["serve"])?;
                let endpoint = peer.address.clone();
                (There::Process(peer), endpoint)
            }
            Self::Mem => {
                let endpoint = "mem://echo".to_owned();
                (There::Threads(listen(&endpoint)?), endpoint)
            }
            Self::To(endpoint) => (There::Elsewhere, endpoint.to_owned()),
        };
        let client = EchoClient::connect(&endpoint)?;
        Ok(Reached {
            client,
            _server: server,
        })
    }
}
