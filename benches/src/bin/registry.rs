//! What a matchmaker costs: look-ups and memory with few and with many registrations, and how soon a killed server is gone.
//!
//! `cargo run --release -p benches --bin registry [COUNT…]`: for each number of registrations (10, 1,000 and 100,000 if nothing
//! is said) how many registrations, look-ups of any name, of one name, and of names that nobody has one client makes in a second
//! over a Unix socket, and how much memory the matchmaker has. Then what the registry takes for a look-up without a call; then
//! the time from the SIGKILL of a registered process to the first look-up that does not find it. Nothing fails because of a
//! figure.

use benches::Outcome;
use benches::peer::{Peer, serve_at};
use benches::placement::load;
use rpc_core::matchmaker::{MatchmakerClient, Registration};
use rpc_core::{Bounded, Time};
use rpc_matchmaker::Daemon;
use rpc_matchmaker::registry::{Caller, Limits, Owner, Registrant, Registry};
use std::path::Path;
use std::time::{Duration, Instant};

/// Look-ups are measured in so many batches, of which the median and the fastest are told: others use the machine, too.
const BATCHES: usize = 41;

/// Look-ups in a batch.
const BATCH: usize = 500;

/// Names are asked for in no order: a prime steps through them all.
const STEP: usize = 7_919;

/// Kills on each transport.
const KILLS: usize = 21;

/// Longer than anything here takes.
const LONG: u32 = 3_600_000;

/// The lease of the killed processes, in milliseconds.
const LEASE: u32 = 1_000;

fn main() -> Outcome<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words[..] {
        ["serve"] => serve(None),
        ["serve", state] => serve(Some(Path::new(state))),
        ["own", matchmaker] => own(matchmaker),
        [] => measure(&[10, 1_000, 100_000]),
        ref counts => {
            let counts: Result<Vec<usize>, _> = counts.iter().map(|count| count.parse()).collect();
            measure(&counts?)
        }
    }
}

/// A matchmaker on every transport.
fn serve(state: Option<&Path>) -> Outcome<()> {
    let socket = format!("unix:@registry-bench-{}", std::process::id());
    let endpoints = [&socket, "tcp://127.0.0.1:0", "udp://127.0.0.1:0"];
    let daemon = Daemon::start_with_state(&endpoints, limits(), state)?;
    let said: Vec<String> = daemon.endpoints().iter().map(ToString::to_string).collect();
    serve_at(said.join(" "))
}

/// Those of a matchmaker, with leases that outlast the measurement.
fn limits() -> Limits {
    Limits {
        longest_lease: Duration::from_millis(LONG.into()),
        ..Limits::default()
    }
}

/// A process that registers and waits to be killed.
fn own(matchmaker: &str) -> Outcome<()> {
    let client = MatchmakerClient::connect(matchmaker)?;
    client.register(registration("owned"), LEASE).wait()??;
    serve_at("registered")
}

fn measure(counts: &[usize]) -> Outcome<()> {
    println!("load at the start {}", load());
    println!(
        "registered   state file   registers/s   look-ups/s (best)   of the same name   misses/s (best)     memory of the matchmaker"
    );
    for count in counts {
        crowd(*count, None)?;
        let folder = std::env::temp_dir().join(format!("registry-bench-{}", std::process::id()));
        std::fs::create_dir_all(&folder)?;
        let outcome = crowd(*count, folder.join("state").to_str());
        std::fs::remove_dir_all(&folder)?;
        outcome?;
    }
    println!("\nregistered   a look-up without a call, ns (best)   of the same name (best)");
    for count in counts {
        alone(*count)?;
    }
    println!("\nkilled over   until it is not found: median   slowest   of {KILLS}");
    for transport in ["unix", "tcp", "udp"] {
        killed(transport)?;
    }
    println!("load at the end {}", load());
    Ok(())
}

/// One line: so many registrations, and look-ups among them.
fn crowd(count: usize, state: Option<&str>) -> Outcome<()> {
    let arguments: Vec<&str> = ["serve"].into_iter().chain(state).collect();
    let matchmaker = Peer::start(&arguments)?;
    let client = MatchmakerClient::connect(endpoint(&matchmaker, "unix")?)?;
    let names = names(count);
    let start = Instant::now();
    for name in &names {
        client.register(registration(name), LONG).wait()??;
    }
    let registers = rate(count, start);
    let mut number = 0;
    let look_ups = batches(|| {
        number += STEP;
        client.lookup(&names[number % count]).wait()??;
        Ok(())
    })?;
    let same = batches(|| {
        client.lookup(&names[count / 2]).wait()??;
        Ok(())
    })?;
    let misses = batches(|| match client.lookup("servcie-17").wait()? {
        Ok(_) => Err("a name is found that nobody has".into()),
        Err(_) => Ok(()),
    })?;
    let memory = memory(matchmaker.id())?;
    let kept = if state.is_some() { "yes" } else { "no" };
    println!(
        "{count:>10}   {kept:>10}   {registers:>11.0}   {look_ups:>17}   {same:>16}   {misses:>17}   {memory}"
    );
    Ok(())
}

/// One line: what the registry itself takes for a look-up, of names in no order and of one name again and again.
fn alone(count: usize) -> Outcome<()> {
    let mut registry = Registry::new(limits(), [7; 16]);
    let names = names(count);
    for (number, name) in names.iter().enumerate() {
        let caller = Caller {
            // One registrant alone could not fill it.
            registrant: Registrant::User(u32::try_from(number)?),
            owner: Some(Owner(1)),
            operator: false,
        };
        registry.handle_register(Time::ZERO, &caller, registration(name), LONG)?;
    }
    let mut number = 0;
    let any = nanoseconds(|| {
        number += STEP;
        registry.lookup(Time::ZERO, &names[number % count]).len()
    });
    let same = nanoseconds(|| registry.lookup(Time::ZERO, &names[count / 2]).len());
    println!("{count:>10}   {any:>35}   {same:>23}");
    Ok(())
}

/// How long one takes: the median of the batches, and the fastest one.
fn nanoseconds(mut look_up: impl FnMut() -> usize) -> String {
    let mut times = Vec::new();
    for _ in 0..BATCHES {
        let start = Instant::now();
        let found: usize = (0..20 * BATCH).map(|_| look_up()).sum();
        times.push(start.elapsed().as_nanos() / found.max(1) as u128);
    }
    times.sort_unstable();
    format!("{} ({})", times[BATCHES / 2], times[0])
}

fn killed(transport: &str) -> Outcome<()> {
    let matchmaker = Peer::start(&["serve"])?;
    let client = MatchmakerClient::connect(endpoint(&matchmaker, "unix")?)?;
    let mut times = Vec::new();
    for _ in 0..KILLS {
        let owner = Peer::start(&["own", endpoint(&matchmaker, transport)?])?;
        client.lookup("owned").wait()??;
        let start = Instant::now();
        drop(owner);
        while client.lookup("owned").wait()?.is_ok() {}
        times.push(start.elapsed());
    }
    times.sort();
    let (median, slowest) = (times[KILLS / 2], times[KILLS - 1]);
    println!("{transport:>11}   {median:>30.1?}   {slowest:>7.1?}");
    Ok(())
}

fn names(count: usize) -> Vec<String> {
    (0..count)
        .map(|number| format!("service-{number}"))
        .collect()
}

/// How often in a second: the median of the batches, and the fastest one.
fn batches(mut call: impl FnMut() -> Outcome<()>) -> Outcome<String> {
    let mut rates = Vec::new();
    for _ in 0..BATCHES {
        let start = Instant::now();
        for _ in 0..BATCH {
            call()?;
        }
        rates.push(rate(BATCH, start));
    }
    rates.sort_by(f64::total_cmp);
    let (median, best) = (rates[BATCHES / 2], rates[BATCHES - 1]);
    Ok(format!("{median:.0} ({best:.0})"))
}

fn endpoint<'a>(matchmaker: &'a Peer, transport: &str) -> Outcome<&'a str> {
    let mut endpoints = matchmaker.address.split(' ');
    let found = endpoints.find(|endpoint| endpoint.starts_with(transport));
    Ok(found.ok_or("it does not listen there")?)
}

fn rate(count: usize, since: Instant) -> f64 {
    count as f64 / since.elapsed().as_secs_f64()
}

/// What the system says of a process's memory.
fn memory(process: u32) -> Outcome<String> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status"))?;
    let mut lines = status.lines();
    let line = lines.find_map(|line| line.strip_prefix("VmRSS:"));
    let kib: u64 = line
        .and_then(|line| line.trim().strip_suffix(" kB"))
        .ok_or("the system does not say how much memory it has")?
        .parse()?;
    Ok(format!("{:.1} MiB", kib as f64 / 1024.0))
}

/// As a small server describes itself.
fn registration(name: &str) -> Registration {
    let endpoint = Bounded::new("tcp://127.0.0.1:40000".to_owned()).unwrap_or_default();
    Registration {
        name: Bounded::new(name.to_owned()).unwrap_or_default(),
        program: 0x2000_0bab,
        version: 1,
        fingerprints: Bounded::new(
            (1..6)
                .map(|procedure| rpc_core::matchmaker::MethodFingerprint {
                    procedure,
                    fingerprint: 1 << procedure,
                })
                .collect(),
        )
        .unwrap_or_default(),
        instance: [1; 16],
        incarnation: std::process::id().into(),
        store: None,
        endpoints: Bounded::new(vec![endpoint]).unwrap_or_default(),
    }
}
