//! The `matchmaker` program: the daemon, and the questions that a person may ask one that runs.

mod table;
mod watching;

use crate::daemon::{Daemon, default_endpoints};
use crate::registry::Limits;
use crate::rpcbind::{self, Rpcbind};
use clap::{Args, Parser, Subcommand};
use rpc_core::matchmaker::{
    DEFAULT_ADDRESS, DismissError, ENVIRONMENT, Entry, LookupError, MatchmakerClient, place,
};
use rpc_core::{Endpoint, ResolveError};
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use std::error::Error as StdError;
use std::ffi::OsString;
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

/// Tells clients where services are.
///
/// Without a command it serves until SIGINT or SIGTERM, and first prints a line `listening on URI` for each endpoint. Servers
/// register by saying `match://`, clients connect to `match://name`.
///
/// Exit code 0: all is well. 1: nothing was found, or something failed. 2: the command was wrong.
#[derive(Parser)]
#[command(
    name = "matchmaker",
    version,
    subcommand_negates_reqs = true,
    args_conflicts_with_subcommands = true
)]
struct Cli {
    #[command(flatten)]
    serve: Serve,
    #[command(subcommand)]
    question: Option<Question>,
}

#[derive(Args)]
struct Serve {
    /// Where to answer; may be repeated [default: tcp://127.0.0.1:4111, udp://127.0.0.1:4111 and a Unix socket:
    /// /run/matchmaker/matchmaker.sock for root, $XDG_RUNTIME_DIR/matchmaker.sock for others]
    #[arg(long, value_name = "URI")]
    listen: Vec<String>,
    /// A file by which registrations outlive the matchmaker, however it ends; made if it is missing
    #[arg(long, value_name = "FILE")]
    state: Option<PathBuf>,
    /// The longest lease to grant, in milliseconds: a server that vanishes without a word is listed that long
    #[arg(long, value_name = "MS", default_value_t = 60_000, value_parser = clap::value_parser!(u32).range(100..))]
    longest_lease: u32,
    /// Be this host's rpcbind as well: program 100000, versions 2 to 4 (RFC 1833), at port 111 of TCP and UDP and at
    /// /run/rpcbind.sock. rpcinfo and C programs then find what registers there, and the servers of this matchmaker
    #[arg(long)]
    rpcbind: bool,
    /// With --rpcbind: call procedures of this host for whoever asks (CALLIT, BCAST, INDIRECT), as `rpcbind -r` does. The programs
    /// called take such calls for ones of this host; off, they are not answered
    #[arg(long, requires = "rpcbind")]
    indirect: bool,
}

#[derive(Subcommand)]
enum Question {
    /// Shows everything that is registered
    List {
        #[command(flatten)]
        at: At,
    },
    /// Shows the servers of a name and the fingerprints of their methods
    Lookup {
        /// The name to look for
        name: String,
        #[command(flatten)]
        at: At,
    },
    /// Shows the servers of a name, and from then on who comes and who goes
    Watch {
        /// The name to watch
        name: String,
        #[command(flatten)]
        at: At,
    },
    /// Withdraws the entries of a name that you registered over a Unix socket; as root or as the matchmaker's user, all of them.
    /// A server that still runs comes back within a third of its lease
    Withdraw {
        /// The name
        name: String,
        #[command(flatten)]
        at: At,
    },
}

#[derive(Args)]
struct At {
    /// The matchmaker to ask: HOST:PORT, unix:/path or unix:@name [default: $RPC_MATCHMAKER, else the first that answers of
    /// $XDG_RUNTIME_DIR/matchmaker.sock, /run/matchmaker/matchmaker.sock and 127.0.0.1:4111]
    #[arg(long, value_name = "PLACE", value_parser = place)]
    at: Option<Endpoint>,
}

/// Runs the program with these arguments, the first of which is its own name.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let cli = match Cli::try_parse_from(arguments) {
        Ok(cli) => cli,
        Err(error) => {
            // A closed terminal is no reason to say more.
            let _ = error.print();
            return ExitCode::from(if error.use_stderr() { 2 } else { 0 });
        }
    };
    let outcome = match cli.question {
        None => serve(&cli.serve),
        Some(Question::List { at }) => list(&at),
        Some(Question::Lookup { name, at }) => look_up(&name, &at),
        Some(Question::Watch { name, at }) => watching::watch(&name, &at),
        Some(Question::Withdraw { name, at }) => withdraw(&name, &at),
    };
    match outcome {
        Ok(code) => code,
        // Whoever read our output has seen enough.
        Err(error) if is(&*error, io::ErrorKind::BrokenPipe) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("matchmaker: {error}");
            ExitCode::FAILURE
        }
    }
}

type Outcome = Result<ExitCode, Box<dyn StdError>>;

fn serve(options: &Serve) -> Outcome {
    // Before the first endpoint is bound, so that no signal finds us unprepared.
    let mut signals = Signals::new([SIGINT, SIGTERM])?;
    let limits = Limits {
        longest_lease: Duration::from_millis(options.longest_lease.into()),
        ..Limits::default()
    };
    let limits = Limits {
        shortest_lease: limits.shortest_lease.min(limits.longest_lease),
        ..limits
    };
    let chosen = if options.listen.is_empty() {
        default_endpoints()?
    } else {
        options.listen.clone()
    };
    let daemon = Daemon::start_with_state(&chosen, limits, options.state.as_deref())
        .map_err(|error| with_advice(error.into()))?;
    let rpcbind = options
        .rpcbind
        .then(|| serve_rpcbind(&daemon, options.indirect));
    let rpcbind = rpcbind.transpose()?;
    let mut out = io::stdout().lock();
    let own = daemon.endpoints().iter();
    for endpoint in own.chain(rpcbind.iter().flat_map(Rpcbind::endpoints)) {
        writeln!(out, "listening on {endpoint}")?;
    }
    out.flush()?;
    signals.forever().next();
    if let Some(rpcbind) = rpcbind {
        rpcbind.shutdown(SHUTDOWN)?;
    }
    daemon.shutdown(SHUTDOWN)?;
    Ok(ExitCode::SUCCESS)
}

fn serve_rpcbind(daemon: &Daemon, indirect: bool) -> Result<Rpcbind, Box<dyn StdError>> {
    let rpcbind = Rpcbind::start(&rpcbind::default_endpoints(), indirect)?;
    daemon.show_in(&rpcbind);
    Ok(rpcbind)
}

fn list(at: &At) -> Outcome {
    let (matchmaker, client) = connect(at)?;
    let mut entries: Vec<Entry> = Vec::new();
    let mut more = true;
    while more {
        let after = entries.last().map_or("", |entry| name(entry));
        let page = client
            .list(after)
            .wait()
            .map_err(|error| away(&matchmaker, error.into()))?;
        // Pages that do not go on would never end.
        if page
            .entries
            .first()
            .is_some_and(|first| name(first).eq_ignore_ascii_case(after))
        {
            return Err(format!("{matchmaker} lists {after} again and again").into());
        }
        more = page.more && !page.entries.is_empty();
        entries.extend(page.entries);
    }
    if entries.is_empty() {
        eprintln!("matchmaker: nothing is registered at {matchmaker}");
        return Ok(ExitCode::FAILURE);
    }
    print(&table::table(&entries))
}

fn name(entry: &Entry) -> &str {
    &entry.registration.name
}

fn look_up(name: &str, at: &At) -> Outcome {
    let (matchmaker, client) = connect(at)?;
    match client
        .lookup(name)
        .wait()
        .map_err(|error| away(&matchmaker, error.into()))?
    {
        Ok(entries) => print(&format!(
            "{}{}",
            table::table(&entries),
            table::fingerprints(&entries)
        )),
        Err(LookupError::NoSuchName { near }) => {
            eprintln!("matchmaker: no live server is registered as `{name}` at {matchmaker}");
            if !near.is_empty() {
                let near: Vec<&str> = near.iter().map(|name| name.as_str()).collect();
                eprintln!("registered are: {}", near.join(", "));
            }
            Ok(ExitCode::FAILURE)
        }
    }
}

fn withdraw(name: &str, at: &At) -> Outcome {
    let (matchmaker, client) = connect(at)?;
    match client
        .dismiss(name)
        .wait()
        .map_err(|error| away(&matchmaker, error.into()))?
    {
        Ok(0) => {
            eprintln!("matchmaker: nobody is registered as `{name}` at {matchmaker}");
            Ok(ExitCode::FAILURE)
        }
        Ok(count) => print(&format!("{count} withdrawn\n")),
        Err(DismissError::NotYours) => {
            eprintln!(
                "matchmaker: others registered `{name}`; ask over a Unix socket of {matchmaker}, as their user or as root"
            );
            Ok(ExitCode::FAILURE)
        }
    }
}

fn connect(at: &At) -> Result<(Endpoint, MatchmakerClient), Box<dyn StdError>> {
    rpc_core::matchmaker::connect(at.at.as_ref()).map_err(|error| match error {
        ResolveError::Away { matchmaker, source } => away(&matchmaker, source),
        error => error.into(),
    })
}

fn print(text: &str) -> Outcome {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()?;
    Ok(ExitCode::SUCCESS)
}

fn away(matchmaker: &Endpoint, error: Box<dyn StdError>) -> Box<dyn StdError> {
    format!("no matchmaker answers at {matchmaker}: {error}\nstart one with `matchmaker`, or name another with --at").into()
}

/// What to do when the port is taken, which is the one thing that often goes wrong.
fn with_advice(error: Box<dyn StdError>) -> Box<dyn StdError> {
    if !is(&*error, io::ErrorKind::AddrInUse) {
        return error;
    }
    format!(
        "{error}\nanother program answers there, perhaps a matchmaker: `matchmaker list` asks it (usual address: \
         {DEFAULT_ADDRESS})\nto run another one, choose a place: matchmaker --listen tcp://127.0.0.1:PORT or --listen \
         unix:/path, and tell servers and clients with {ENVIRONMENT}=127.0.0.1:PORT or {ENVIRONMENT}=unix:/path"
    )
    .into()
}

/// Whether an I/O error of this kind lies beneath.
fn is(error: &(dyn StdError + 'static), kind: io::ErrorKind) -> bool {
    let io = error.downcast_ref::<io::Error>();
    io.is_some_and(|error| error.kind() == kind)
        || error.source().is_some_and(|source| is(source, kind))
}

/// How long calls that run may take to end.
const SHUTDOWN: Duration = Duration::from_secs(5);
