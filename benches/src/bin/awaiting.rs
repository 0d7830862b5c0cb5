//! What it costs to await a call, and what it gains to have many in flight, against the blocking client.
//!
//! `cargo run --release -p benches --bin awaiting [ROUNDS [CALLS]]`: client and server are separate processes on one core.
//! Each line compares a way to make calls with `wait`, one call after the other, over the same connection; the two take turns
//! in each round. Printed are the medians of the time per call, and of the rounds' ratios, with the interval in which that
//! median lies with a probability of 95 %.

use benches::Outcome;
use benches::peer::{Peer, serve_at};
use benches::placement::pin_to_one_core;
use benches::statistics::compare;
use rpc_core::{Pending, Server, rpc};
use std::collections::VecDeque;
use std::future::{Future, IntoFuture};
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake};
use std::thread::{Thread, current, park};
use std::time::Instant;

/// How many calls are in flight at a time where many are.
const MANY: usize = 64;

/// The service that is measured.
#[rpc(program = 0x2000_00e4, version = 1)]
pub trait Echo {
    /// Gives back what it gets.
    fn echo(&self, number: u64) -> u64;
}

struct Mirror;

impl Echo for Mirror {
    fn echo(&self, number: u64) -> u64 {
        number
    }
}

fn main() -> Outcome<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let number = |at: usize, default| arguments.get(at).map_or(Ok(default), |text| text.parse());
    match arguments.first().map(String::as_str) {
        Some("serve") => serve(arguments.get(1).map_or("", String::as_str)),
        _ => measure(number(0, 31)?, number(1, 6400)?),
    }
}

fn serve(transport: &str) -> Outcome<()> {
    let endpoint = match transport {
        "unix" => format!("unix:@awaiting-{}", std::process::id()),
        network => format!("{network}://127.0.0.1:0"),
    };
    let server = Server::builder()
        .serve(EchoService::new(Mirror))
        .listen(endpoint)
        .start()?;
    serve_at(&server.endpoints()[0])
}

/// A way to make so many calls.
type Way = fn(&EchoClient, usize) -> Outcome<()>;

const WAYS: [(&str, Way); 4] = [
    ("one awaited", |client, calls| {
        block_on(async {
            for number in 0..calls as u64 {
                check(number, client.echo(number).await?)?;
            }
            Ok(())
        })
    }),
    ("one started and waited for", |client, calls| {
        (0..calls as u64).try_for_each(|number| check(number, client.echo(number).start().wait()?))
    }),
    ("64 started and waited for", |client, calls| {
        let wait = |pending: Pending<u64>| Ok(pending.wait()?);
        in_flight(client, calls, wait)
    }),
    ("64 started and awaited", |client, calls| {
        let wait = |pending: Pending<u64>| Ok(block_on(pending)?);
        in_flight(client, calls, wait)
    }),
];

fn one_by_one(client: &EchoClient, calls: usize) -> Outcome<()> {
    (0..calls as u64).try_for_each(|number| check(number, client.echo(number).wait()?))
}

/// Keeps [`MANY`] calls in flight.
fn in_flight(
    client: &EchoClient,
    calls: usize,
    wait: impl Fn(Pending<u64>) -> Outcome<u64>,
) -> Outcome<()> {
    let mut pending = VecDeque::with_capacity(MANY);
    for number in 0..calls as u64 {
        if pending.len() == MANY
            && let Some((number, first)) = pending.pop_front()
        {
            check(number, wait(first)?)?;
        }
        pending.push_back((number, client.echo(number).start()));
    }
    pending
        .into_iter()
        .try_for_each(|(number, pending)| check(number, wait(pending)?))
}

fn check(sent: u64, back: u64) -> Outcome<()> {
    if sent == back {
        return Ok(());
    }
    Err("the echo differs".into())
}

fn measure(rounds: usize, calls: usize) -> Outcome<()> {
    pin_to_one_core()?;
    println!("{rounds} rounds of {calls} calls each; µs for a call, medians");
    println!(
        "{:<10} {:<28} {:>8} {:>8} {:>7}   95 %",
        "transport", "way", "so", "wait", "ratio"
    );
    for transport in ["tcp", "udp", "unix"] {
        let peer = Peer::start(&["serve", transport])?;
        let client = EchoClient::connect(&peer.address)?;
        for (name, way) in WAYS {
            let time = |way: Way| {
                let begun = Instant::now();
                way(&client, calls)?;
                Ok(begun.elapsed().as_secs_f64() * 1e6 / calls as f64)
            };
            let compared = compare(rounds, &mut || time(way), &mut || time(one_by_one))?;
            let (low, high) = compared.interval;
            println!(
                "{transport:<10} {name:<28} {:>8.2} {:>8.2} {:>7.3}   {low:.3} to {high:.3}",
                compared.first, compared.second, compared.ratio,
            );
        }
    }
    Ok(())
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// Polls in this thread until the future ends.
fn block_on<F: IntoFuture>(future: F) -> F::Output {
    let mut future = pin!(future.into_future());
    let waker = Arc::new(Unpark(current())).into();
    loop {
        match future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(output) => return output,
            Poll::Pending => park(),
        }
    }
}
