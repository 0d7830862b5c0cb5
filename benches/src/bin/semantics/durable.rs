//! Exactly once on the embedded store, against the same transactions by hand, on the same disk.

use crate::grouped::{self, Grouped, route};
use crate::table::{Goal, line};
use benches::Outcome;
use benches::callers::rate;
use benches::peer::{Peer, serve_at};
use benches::placement::{allowed, pin_to_one_core, restore};
use benches::statistics::{compare, median_latency};
use rpc_core::redb::WriteTransaction;
use rpc_core::store::StoreError;
use rpc_core::{Context, DurableStore, Server, rpc};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

/// Callers at one time, and what each of them calls in one half of a pair.
const CALLERS: usize = 64;
const CALLS_EACH: usize = 50;
/// Calls of one caller in one half of a pair.
const CALLS: usize = 100;

/// A ledger whose exactly-once method has all its effects in the store.
#[rpc(program = 0x2000_00e3, version = 1)]
pub trait Ledger {
    /// Moves money, and says what is left.
    #[rpc(exactly_once)]
    fn transfer(&self, cx: &Context, from: u64, to: u64, cents: u64) -> u64;

    /// The same message there and back, at most once, and nothing else.
    fn echo(&self, from: u64, to: u64, cents: u64) -> u64;
}

struct Books;

impl Ledger for Books {
    fn transfer(&self, cx: &Context, from: u64, to: u64, cents: u64) -> u64 {
        cx.transaction(|transaction: &WriteTransaction| {
            grouped::transfer(transaction, from, to, cents).map_err(StoreError::transaction)
        })
    }

    fn echo(&self, from: u64, to: u64, cents: u64) -> u64 {
        from ^ to ^ cents
    }
}

/// The part of the server's process: answers at a free TCP port until the input ends, with a new store in `folder`.
pub fn serve(folder: &str) -> Outcome<()> {
    let store = DurableStore::open(folder)?;
    store.write(|transaction| grouped::fill(transaction).map_err(StoreError::transaction))?;
    let server = Server::builder()
        .serve(LedgerService::new(Books).transactional())
        .completions(store)
        .listen("tcp://127.0.0.1:0")
        .start()?;
    serve_at(&server.endpoints()[0])
}

/// Compares all there is to compare: many callers on all cores, and one caller with its server on one core. With two, a
/// commit takes as long as the disk's interrupts need to reach whoever commits, which is the luck of one run.
pub fn measure(pairs: usize) -> Outcome<()> {
    let folder = Folder::create()?;
    many_callers(pairs, &Measured::start(&folder.0.join("many"))?)?;
    let cores = allowed()?;
    pin_to_one_core()?;
    one_caller(pairs, &Measured::start(&folder.0.join("one"))?)?;
    restore(&cores)
}

/// What is compared.
struct Measured {
    client: LedgerClient,
    by_hand: Grouped,
    /// Held until the client is gone.
    _server: Peer,
}

impl Measured {
    fn start(folder: &Path) -> Outcome<Self> {
        fs::create_dir(folder)?;
        let store = folder.join("store").display().to_string();
        let peer = Peer::start(&["serve-durable", &store])?;
        Ok(Self {
            client: LedgerClient::connect(&peer.address)?,
            by_hand: Grouped::create(folder)?,
            _server: peer,
        })
    }
}

fn many_callers(pairs: usize, measured: &Measured) -> Outcome<()> {
    let Measured {
        client, by_hand, ..
    } = measured;
    let (called, done) = (numbers(), numbers());
    let compared = compare(
        pairs,
        &mut || {
            rate(CALLERS, CALLS_EACH, &|caller| {
                call(client, caller, next(&called[caller]))
            })
        },
        &mut || {
            rate(CALLERS, CALLS_EACH, &|caller| {
                by_hand.transfer(caller, next(&done[caller]))
            })
        },
    )?;
    line(
        &format!("calls/s, {CALLERS} callers, tcp, all cores"),
        &compared,
        Goal::AtLeast(0.8),
    );
    Ok(())
}

/// The floor of one caller is one bare durable commit and one plain call.
fn one_caller(pairs: usize, measured: &Measured) -> Outcome<()> {
    let Measured {
        client, by_hand, ..
    } = measured;
    let (called, done) = (AtomicU64::new(1 << 32), AtomicU64::new(1 << 32));
    let compared = compare(
        pairs,
        &mut || median_latency(CALLS, &mut || call(client, 0, next(&called))),
        &mut || {
            median_latency(CALLS, &mut || {
                by_hand.transfer(0, next(&done))?;
                client.echo(1, 2, 3).wait()?;
                Ok(())
            })
        },
    )?;
    line(
        "latency, one caller, tcp, one core (µs)",
        &compared,
        Goal::AtMost(1.1),
    );
    Ok(())
}

fn call(client: &LedgerClient, caller: usize, number: u64) -> Outcome<()> {
    let (from, to) = route(caller, number);
    client.transfer(from, to, 1).wait()?;
    Ok(())
}

/// The number of each caller's next transfer.
fn numbers() -> Vec<AtomicU64> {
    (0..CALLERS).map(|_| AtomicU64::new(1)).collect()
}

fn next(number: &AtomicU64) -> u64 {
    number.fetch_add(1, Ordering::Relaxed)
}

/// A folder beside this program, so on a disk that is one, which goes when this is dropped.
struct Folder(PathBuf);

impl Folder {
    fn create() -> Outcome<Self> {
        let program = std::env::current_exe()?;
        let beside = program.parent().unwrap_or(Path::new("."));
        let folder = beside.join(format!("semantics-{}", std::process::id()));
        fs::create_dir(&folder)?;
        Ok(Self(folder))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What is left is beside the program, where it is found and cleaned.
        let _ = fs::remove_dir_all(&self.0);
    }
}
