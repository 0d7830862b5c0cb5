//! At most once against `idempotent`, on the same method with the same arguments: everything on one core.

use crate::service::{Promise, Road, call};
use crate::table::{Goal, exact, line, not_measured};
use benches::Outcome;
use benches::callers::rate;
use benches::counting::{self, Counted};
use benches::peer::Peer;
use benches::statistics::{compare, median_latency};

/// Calls of one half of a pair, one after the other.
const CALLS: usize = 1000;
/// Callers at one time, and what each of them calls in one half of a pair.
const CALLERS: usize = 64;
const CALLS_EACH: usize = 400;
/// The instructions of a call are what `MANY` calls take beyond `FEW`, divided by their difference.
const FEW: u64 = 1000;
const MANY: u64 = 6000;

const ROADS: [(&str, Road); 2] = [("tcp", Road::Tcp), ("mem, one process", Road::Mem)];

/// One call in flight.
pub fn latency(pairs: usize) -> Outcome<()> {
    for (name, road) in ROADS {
        let reached = road.reach()?;
        let median = |promise| median_latency(CALLS, &mut || call(&reached.client, promise));
        let compared = compare(pairs, &mut || median(Promise::AtMostOnce), &mut || {
            median(Promise::Idempotent)
        })?;
        line(
            &format!("latency, {name} (µs)"),
            &compared,
            Goal::AtMost(1.03),
        );
    }
    Ok(())
}

/// Many calls in flight: threads that share a client.
pub fn throughput(pairs: usize) -> Outcome<()> {
    for (name, road) in ROADS {
        let reached = road.reach()?;
        let rate_of = |promise| rate(CALLERS, CALLS_EACH, &|_| call(&reached.client, promise));
        let compared = compare(pairs, &mut || rate_of(Promise::AtMostOnce), &mut || {
            rate_of(Promise::Idempotent)
        })?;
        let what = format!("calls/s, {CALLERS} callers, {name}");
        line(&what, &compared, Goal::AtLeast(0.95));
    }
    Ok(())
}

/// What both sides execute for a call, without the kernel's part: both promises make the same system calls.
pub fn instructions() -> Outcome<()> {
    let names = ROADS.map(|(name, road)| (format!("instructions a call, {name}"), road));
    for (what, road) in names {
        if !counting::is_available() {
            not_measured(&what, "valgrind is not installed");
            continue;
        }
        let [first, second] = [per_call(road, "once")?, per_call(road, "repeatable")?];
        exact(&what, first, second, Goal::AtMost(1.03));
    }
    Ok(())
}

fn per_call(road: Road, promise: &str) -> Outcome<f64> {
    let (few, many) = (total(road, promise, FEW)?, total(road, promise, MANY)?);
    Ok(many.saturating_sub(few) as f64 / (MANY - FEW) as f64)
}

/// The instructions of all processes that make so many calls.
fn total(road: Road, promise: &str, calls: u64) -> Outcome<u64> {
    let folder = std::env::temp_dir();
    let calls = calls.to_string();
    let name = |part: &str| format!("rpc-semantics-{}-{part}", std::process::id());
    let server = match road {
        Road::Mem => None,
        _ => {
            let (counted, mut command) = Counted::new(&folder, &name("server"), &["serve"])?;
            Some((counted, Peer::spawn(&mut command)?))
        }
    };
    let road = server.as_ref().map_or("mem", |(_, peer)| &peer.address);
    let (client, mut command) =
        Counted::new(&folder, &name("client"), &["count", road, promise, &calls])?;
    let status = command.status()?;
    if !status.success() {
        return Err(format!("the client ended with {status}").into());
    }
    let mut sum = client.instructions()?;
    if let Some((counted, peer)) = server {
        peer.end()?;
        sum += counted.instructions()?;
    }
    Ok(sum)
}

/// The part of a process that is counted.
pub fn make_calls(road: Road, promise: Promise, calls: u64) -> Outcome<()> {
    let reached = road.reach()?;
    (0..calls).try_for_each(|_| call(&reached.client, promise))
}
