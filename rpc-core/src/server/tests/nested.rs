//! Handlers that make calls themselves.

use super::support::PATIENCE;
use crate::{Context, Server, rpc};
use std::time::Duration;

#[rpc(program = 0x2000_0bae, version = 1)]
trait Chain {
    /// Calls `ask` at `endpoint` with the default deadline. Returns how many milliseconds the one asked was given.
    fn pass(&self, cx: &Context, endpoint: &str) -> Result<u64, String>;
    fn ask(&self, cx: &Context) -> u64;
    /// Goes along the endpoints, one server after the other. Returns how many it has seen.
    fn go(&self, path: Vec<String>) -> Result<u64, String>;
}

struct Link;

impl Chain for Link {
    fn go(&self, mut path: Vec<String>) -> Result<u64, String> {
        let Some(next) = path.pop() else {
            return Ok(0);
        };
        let next = ChainClient::connect(&next).map_err(|error| error.to_string())?;
        let seen = next.go(path).wait().map_err(|error| error.to_string())??;
        Ok(seen + 1)
    }

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
    start_at("tcp://127.0.0.1:0")
}

fn start_at(endpoint: &str) -> Server {
    Server::builder()
        .serve(ChainService::new(Link))
        .listen(endpoint)
        .threads(1)
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

/// One thread each, and all that wait on the way wait for calls that these same threads would have to run.
#[test]
fn calls_go_to_and_fro_between_servers_whose_workers_all_wait() {
    for endpoint in ["tcp://127.0.0.1:0", "udp://127.0.0.1:0"] {
        let servers = [start_at(endpoint), start_at(endpoint)];
        let at = |index: usize| servers[index % 2].endpoints()[0].to_string();
        let client = ChainClient::connect(&at(0)).expect("connect");
        let path: Vec<String> = (0..10).map(at).collect();
        let seen = client.go(path).deadline(PATIENCE).wait().expect("called");
        assert_eq!(seen, Ok(10), "{endpoint}");
        assert_eq!(
            servers
                .iter()
                .map(|server| server.stats().executed)
                .sum::<u64>(),
            11
        );
    }
}
