//! One call of 32 bytes in flight, default semantics, session on, against a raw ping-pong over the same transport.
//!
//! `cargo run --release -p benches --bin pingpong [ROUNDS [CALLS]]`: client and servers are separate processes on one
//! core; raw and RPC take turns in each round; printed are the medians over rounds of the rounds' median latencies and
//! of their ratio, with the interval in which the ratio's median lies with a probability of 95 %.

use benches::raw::{self, RawClient, SIZE};
use benches::statistics::{median, median_interval};
use rpc_core::{Server, Xdr, rpc};
use std::error::Error;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

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

type Outcome<T> = Result<T, Box<dyn Error>>;

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
        "raw-udp" => Ok(raw::serve_udp(|address| println!("{address}"))?),
        scheme => {
            let server = Server::builder()
                .serve(EchoService::new(Mirror))
                .listen(format!("{scheme}://127.0.0.1:0"))
                .start()?;
            println!("{}", server.endpoints()[0]);
            std::io::stdin().read_line(&mut String::new())?;
            Ok(())
        }
    }
}

/// A server process on the same core; it is killed when this is dropped.
struct Peer {
    process: Child,
    address: String,
}

impl Peer {
    fn start(what: &str) -> Outcome<Self> {
        let mut process = Command::new(std::env::current_exe()?)
            .args(["serve", what])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let mut address = String::new();
        let stdout = process.stdout.take().ok_or("no output")?;
        BufReader::new(stdout).read_line(&mut address)?;
        Ok(Self {
            process,
            address: address.trim().to_owned(),
        })
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        // It may have ended by itself, which is as good.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn measure(rounds: usize, calls: usize) -> Outcome<()> {
    pin_to_one_core()?;
    println!("one call of 32 bytes in flight; {rounds} rounds of {calls} calls each; µs, medians");
    println!(
        "{:<10} {:>8} {:>8} {:>7}   95 %",
        "transport", "raw", "rpc", "ratio"
    );
    for transport in ["tcp", "udp"] {
        let raw_peer = Peer::start(&format!("raw-{transport}"))?;
        let rpc_peer = Peer::start(transport)?;
        let address = raw_peer.address.parse()?;
        let mut floor = if transport == "tcp" {
            RawClient::tcp(address)?
        } else {
            RawClient::udp(address)?
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
        time(calls, &mut raw_call)?;
        time(calls, &mut rpc_call)?;
        let (mut raws, mut rpcs, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..rounds {
            let (raw, rpc) = (time(calls, &mut raw_call)?, time(calls, &mut rpc_call)?);
            raws.push(raw);
            rpcs.push(rpc);
            ratios.push(rpc / raw);
        }
        let (low, high) = median_interval(&mut ratios);
        println!(
            "{transport:<10} {:>8.2} {:>8.2} {:>7.3}   {low:.3} to {high:.3}",
            median(&mut raws),
            median(&mut rpcs),
            median(&mut ratios),
        );
    }
    Ok(())
}

/// The median latency of `calls` calls, in microseconds.
fn time(calls: usize, call: &mut dyn FnMut() -> Outcome<()>) -> Outcome<f64> {
    let mut spans = Vec::with_capacity(calls);
    for _ in 0..calls {
        let begun = Instant::now();
        call()?;
        spans.push(begun.elapsed());
    }
    spans.sort_unstable();
    let middle: Duration = spans[calls / 2];
    Ok(middle.as_secs_f64() * 1e6)
}

/// Waking a process on another core costs more than the software that is measured. Children inherit the placement.
fn pin_to_one_core() -> Outcome<()> {
    let mut cores = rustix::thread::CpuSet::new();
    cores.set(0);
    rustix::thread::sched_setaffinity(None, &cores)?;
    Ok(())
}
