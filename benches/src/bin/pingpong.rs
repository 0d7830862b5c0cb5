//! One call of 32 bytes in flight, default semantics, session on, against a raw ping-pong over the same transport.
//!
//! `cargo run --release -p benches --bin pingpong [ROUNDS [CALLS]]`: client and servers are separate processes on one
//! core; raw and RPC take turns in each round; printed are the medians over rounds of the rounds' median latencies and
//! of their ratio, with the interval in which the ratio's median lies with a probability of 95 %.

use benches::Outcome;
use benches::peer::{Peer, serve_at};
use benches::placement::pin_to_one_core;
use benches::raw::{self, RawClient, SIZE};
use benches::statistics::{compare, median_latency};
use rpc_core::{Server, Xdr, rpc};

/// 32 bytes on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Xdr)]
pub struct Sample {
    a: u64,
    b: u64,
    c: u64,
    d: u64,
}

/// The service that is measured.
#[rpc(program = 0x2000_00e1, version = 1)]
pub trait Echo {
    /// Gives back what it gets.
    fn echo(&self, sample: Sample) -> Sample;
}

struct Mirror;

impl Echo for Mirror {
    fn echo(&self, sample: Sample) -> Sample {
        sample
    }
}

fn main() -> Outcome<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.first().map(String::as_str) {
        Some("serve") => serve(arguments.get(1).map_or("", String::as_str)),
        _ => measure(number(&arguments, 0, 31)?, number(&arguments, 1, 2000)?),
    }
}

fn number(arguments: &[String], at: usize, default: usize) -> Outcome<usize> {
    Ok(arguments.get(at).map_or(Ok(default), |text| text.parse())?)
}

fn serve(what: &str) -> Outcome<()> {
    match what {
        "raw-tcp" => Ok(raw::serve_tcp(|address| println!("{address}"))?),
        "raw-unix" => Ok(raw::serve_unix(&abstract_name("raw"), |name| {
            println!("{name}")
        })?),
        "raw-udp" => Ok(raw::serve_udp(|address| println!("{address}"))?),
        transport => {
            let endpoint = match transport {
                "unix" => format!("unix:@{}", abstract_name("rpc")),
                network => format!("{network}://127.0.0.1:0"),
            };
            let server = Server::builder()
                .serve(EchoService::new(Mirror))
                .listen(endpoint)
                .start()?;
            serve_at(&server.endpoints()[0])
        }
    }
}

/// A name that no other process has.
fn abstract_name(what: &str) -> String {
    format!("pingpong-{what}-{}", std::process::id())
}

fn measure(rounds: usize, calls: usize) -> Outcome<()> {
    pin_to_one_core()?;
    println!("one call of 32 bytes in flight; {rounds} rounds of {calls} calls each; µs, medians");
    println!(
        "{:<10} {:>8} {:>8} {:>7}   95 %",
        "transport", "raw", "rpc", "ratio"
    );
    for transport in ["tcp", "udp", "unix"] {
        let raw_peer = Peer::start(&["serve", &format!("raw-{transport}")])?;
        let rpc_peer = Peer::start(&["serve", transport])?;
        let address = &raw_peer.address;
        let mut floor = match transport {
            "tcp" => RawClient::tcp(address.parse()?)?,
            "udp" => RawClient::udp(address.parse()?)?,
            _ => RawClient::unix(address)?,
        };
        let client = EchoClient::connect(&rpc_peer.address)?;
        let sample = Sample {
            a: 1,
            b: 2,
            c: 3,
            d: 4,
        };
        let mut raw_call = || Ok(floor.round_trip(&[7; SIZE])?);
        let mut rpc_call = || match client.echo(sample).wait()? {
            back if back == sample => Ok(()),
            _ => Err("the echo differs".into()),
        };
        let compared = compare(
            rounds,
            &mut || median_latency(calls, &mut rpc_call),
            &mut || median_latency(calls, &mut raw_call),
        )?;
        let (low, high) = compared.interval;
        println!(
            "{transport:<10} {:>8.2} {:>8.2} {:>7.3}   {low:.3} to {high:.3}",
            compared.second, compared.first, compared.ratio,
        );
    }
    Ok(())
}
