//! Handlers that make calls themselves.

use super::support::PATIENCE;
use crate::{Context, Server, rpc};
use std::time::Duration;

#[rpc(program = 0x2000_0bae, version = 1)]
trait Chain {
    /// Calls `ask` at `endpoint` with the default deadline. Returns how many milliseconds the one asked was given.
    fn pass(&self, cx: &Context, endpoint: &str) -> Result<u64, String>;
    fn ask(&self, cx: &Context) -> u64;
}

struct Link;

impl Chain for Link {
    fn pass(&self, _cx: &Context, endpoint: &str) -> Result<u64, String> {
        let next = ChainClient::connect(endpoint).map_err(|error| error.to_string())?;
        next.ask()
            .deadline(Duration::from_secs(3600))
            .wait()
            .map_err(|error| error.to_string())
    }

    fn ask(&self, cx: &Context) -> u64 {
        cx.remaining()
            .map_or(u64::MAX, |left| left.as_millis() as u64)
    }
}

fn start() -> Server {
    Server::builder()
        .serve(ChainService::new(Link))
        .listen("tcp://127.0.0.1:0")
        .start()
        .expect("the server starts")
}

/// Whoever waits for the handler would not wait longer for the call in it either.
#[test]
fn a_handler_passes_its_deadline_on() {
    let (first, second) = (start(), start());
    let next = second.endpoints()[0].to_string();
    let client = ChainClient::connect(&first.endpoints()[0].to_string()).expect("connect");
    let local = ChainClient::local(Link);
    for client in [client, local] {
        let given = client
            .pass(&next)
            .deadline(PATIENCE)
            .wait()
            .expect("called");
        let given = Duration::from_millis(given.expect("asked"));
        assert!(given <= PATIENCE, "{given:?}");
    }
}

/// A thread that has run a handler makes calls of its own afterwards.
#[test]
fn a_deadline_ends_with_its_handler() {
    let server = start();
    let next = server.endpoints()[0].to_string();
    let local = ChainClient::local(Link);
    let late = local.pass(&next).deadline(Duration::ZERO).wait();
    assert!(
        late.expect("a local call runs").is_err(),
        "no time was left to ask"
    );
    let client = ChainClient::connect(&next).expect("connect");
    let given = client.ask().deadline(2 * PATIENCE).wait().expect("asked");
    assert!(Duration::from_millis(given) > PATIENCE);
}
