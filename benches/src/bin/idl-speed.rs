//! How long the IDL compiler takes for a large file.
//!
//! `cargo run --release -p benches --bin idl-speed [ROUNDS]`: for files of 10,000 lines and of 10,000
//! types, the best of the rounds (other work on the machine only adds) for checking, for making Rust, and
//! for refusing a file in which every line has a mistake.

use benches::Outcome;
use rpc_idlc::Compiler;
use std::fmt::Write;
use std::hint::black_box;
use std::time::{Duration, Instant};

fn main() -> Outcome<()> {
    let rounds = std::env::args()
        .nth(1)
        .map_or(Ok(11), |text| text.parse::<usize>())?
        .max(1);
    println!("{:<44} {:>9} {:>12} {:>12}", "", "lines", "check", "rust");
    for (what, text) in [
        ("10,000 lines of structs and interfaces", contract(10_000)),
        ("10,000 structs", many("struct", 10_000)),
        ("10,000 aliases, each of the next", many("alias", 10_000)),
        ("one interface of 10,000 methods", many("method", 10_000)),
        ("10,000 mistakes", many("mistake", 10_000)),
    ] {
        let compiler = Compiler::new().text("large.idl", text.as_str());
        let check = best(rounds, || drop(black_box(compiler.check())));
        let rust = match compiler.check() {
            Ok(()) => {
                let rust = best(rounds, || drop(black_box(compiler.generate())));
                format!("{:.1} ms", milliseconds(rust))
            }
            Err(_) => "refused".to_owned(),
        };
        let lines = text.lines().count();
        let check = format!("{:.1} ms", milliseconds(check));
        println!("{what:<44} {lines:>9} {check:>12} {rust:>12}");
    }
    Ok(())
}

fn best(rounds: usize, work: impl Fn()) -> Duration {
    let times = (0..rounds).map(|_| {
        let started = Instant::now();
        work();
        started.elapsed()
    });
    times.min().unwrap_or_default()
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

/// About `lines` lines as people write them: a struct, an enum, a union, an error and an interface,
/// again and again.
fn contract(lines: usize) -> String {
    let mut text = String::new();
    for n in 0..lines / 40 {
        let _ = write!(
            text,
            "/// An account, with what is on it.
struct Account{n} {{
    /// What it is called.
    name: string<255>,
    id: u64,
    owners: list<string<64>, 16>,
    parent: optional<Account{n}>,
    digest: bytes[32],
    limits: map<string<16>, u64>,
}}

enum Currency{n} {{ EUR = 1, USD = 2, CHF = 3 }}

union Payment{n} switch Currency{n} {{
    Euro {{ cents: u64, to: Account{n} }} = EUR,
    Other(u64, string) = USD | CHF,
}}

/// Why the bank refused.
error Refused{n} {{
    NoSuchAccount {{ account: u64 }} = 1,
    InsufficientFunds {{ missing: u64 }} = 2,
    Closed = 3,
}}

/// A bank.
interface Bank{n} {{
    program 0x{program:x};
    version 1;

    /// Moves money.
    exactly_once transfer(from: u64, to: u64, payment: Payment{n}) throws Refused{n} = 1;

    /// What there is.
    readonly account(id: u64) -> Account{n} throws Refused{n} = 2;

    /// Leaves a line in the log.
    oneway note(line: string<200>) = 3;
}}

",
            program = 0x2000_0000 + n
        );
    }
    text
}

/// `count` lines of one kind.
fn many(kind: &str, count: usize) -> String {
    let lines = (0..count).map(|n| match kind {
        "struct" => format!("struct A{n} {{ a: u32, b: list<A{}> }}\n", n / 2),
        "alias" if n + 1 == count => format!("type A{n} = u32;\n"),
        "alias" => format!("type A{n} = A{};\n", n + 1),
        "method" => format!("    method{n}(a: u32, b: string) -> u64 = {};\n", n + 1),
        _ => format!("struct Known{n} {{ a: Unknwon{n} }}\n"),
    });
    let lines: String = lines.collect();
    match kind {
        "method" => format!("interface A {{\n    program 1;\n    version 1;\n{lines}}}\n"),
        _ => lines,
    }
}
