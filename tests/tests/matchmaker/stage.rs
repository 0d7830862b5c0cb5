//! The processes that take part: matchmakers, servers that register, and questions on the command line.

use rpc_core::matchmaker::{Entry, MatchmakerClient};
use std::fs::{self, Permissions};
use std::io::{BufRead, BufReader, Read};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, ExitStatus, Output, Stdio};
use std::sync::LazyLock;
use std::time::Duration;
use testkit::{Running, eventually, program};

/// How long anything may take that should happen soon: long enough for a busy machine.
pub const SOON: Duration = Duration::from_secs(20);

/// The program, built once.
pub fn matchmaker() -> Command {
    static PROGRAM: LazyLock<PathBuf> = LazyLock::new(|| program("rpc-matchmaker", "matchmaker"));
    Command::new(&*PROGRAM)
}

/// A matchmaker in a process of its own.
pub struct Matchmaker {
    pub process: Running,
    /// `host:port`.
    pub address: String,
}

impl Matchmaker {
    /// At a free port, or at the address that another one had.
    pub fn start(address: Option<&str>, longest_lease_ms: u32) -> Self {
        let longest = longest_lease_ms.to_string();
        Self::start_with(address, &["--longest-lease", &longest])
    }

    pub fn start_with(address: Option<&str>, more: &[&str]) -> Self {
        let listen = format!("tcp://{}", address.unwrap_or("127.0.0.1:0"));
        let mut command = matchmaker();
        command.args(["--listen", &listen]).args(more);
        let mut process = Running(command.stdout(Stdio::piped()).spawn().expect("it starts"));
        let line = first_line(&mut process.0);
        let address = line
            .strip_prefix("listening on tcp://")
            .unwrap_or_else(|| panic!("it said {line:?}"));
        Self {
            process,
            address: address.to_owned(),
        }
    }

    /// `kill -9`.
    pub fn kill(&mut self) {
        self.process.0.kill().expect("it runs");
        self.process.0.wait().expect("it is ours");
    }

    pub fn client(&self) -> MatchmakerClient {
        MatchmakerClient::connect(&format!("tcp://{}", self.address)).expect("it answers")
    }

    /// The live entries of a name, by way of the contract.
    pub fn entries(&self, client: &MatchmakerClient, name: &str) -> Vec<Entry> {
        client
            .lookup(name)
            .wait()
            .expect("it answers")
            .unwrap_or_default()
    }

    /// Waits until a name has so many entries.
    #[track_caller]
    pub fn await_entries(&self, name: &str, count: usize) -> Vec<Entry> {
        let client = self.client();
        eventually(&format!("{count} entries of {name}"), SOON, || {
            Some(self.entries(&client, name)).filter(|entries| entries.len() == count)
        })
    }

    /// Asks on the command line.
    pub fn ask(&self, question: &[&str]) -> Output {
        let mut command = matchmaker();
        command
            .args(question)
            .args(["--at", &self.address])
            .output()
            .expect("it runs")
    }
}

/// A server that registers, in a process of its own.
pub struct Registered {
    pub process: Running,
    stdin: Option<ChildStdin>,
    /// Where it really answers.
    pub endpoint: String,
}

impl Registered {
    pub fn start(matchmaker: &Matchmaker, name: &str, more: &[&str]) -> Self {
        let mut command = server(&format!("match://{}/{name}", matchmaker.address));
        command.args(more);
        Self::run(command)
    }

    /// With the matchmaker's place in the environment only.
    pub fn start_with_environment(place: &str) -> Self {
        let mut command = server("match://");
        command.env("RPC_MATCHMAKER", place);
        Self::run(command)
    }

    pub fn start_at(register: &str) -> Self {
        Self::run(server(register))
    }

    fn run(mut command: Command) -> Self {
        let mut process = Running(command.stdout(Stdio::piped()).spawn().expect("it starts"));
        let line = first_line(&mut process.0);
        let endpoint = line
            .strip_prefix("ready ")
            .unwrap_or_else(|| panic!("it said {line:?}"))
            .to_owned();
        Self {
            stdin: process.0.stdin.take(),
            process,
            endpoint,
        }
    }

    /// The number of the process.
    pub fn id(&self) -> u32 {
        self.process.0.id()
    }

    /// `kill -9`.
    pub fn kill(&mut self) {
        self.process.0.kill().expect("it runs");
        self.process.0.wait().expect("it is ours");
    }

    /// Lets it shut down in good order.
    pub fn end(&mut self) -> ExitStatus {
        drop(self.stdin.take());
        self.process.0.wait().expect("it is ours")
    }
}

/// What a server says that is not expected to start.
pub fn failing_server(address: &str, name: &str, more: &[&str]) -> String {
    let output = server(&format!("match://{address}/{name}"))
        .args(more)
        .stdin(Stdio::null())
        .output()
        .expect("it runs");
    assert!(!output.status.success());
    String::from_utf8(output.stderr).expect("text")
}

fn server(register: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_registered"));
    command.args(["--register", register]).stdin(Stdio::piped());
    command
}

fn first_line(process: &mut Child) -> String {
    let mut output = BufReader::new(process.stdout.take().expect("it is piped"));
    let mut line = String::new();
    output.read_line(&mut line).expect("it is text");
    // Goes on reading, so that the process never waits for us or loses its reader.
    std::thread::spawn(move || output.read_to_end(&mut Vec::new()));
    line.trim_end().to_owned()
}

/// A daemon, or another program that says a line when it is ready.
pub fn start(mut command: Command) -> Running {
    let mut process = Running(command.stdout(Stdio::piped()).spawn().expect("it starts"));
    let line = first_line(&mut process.0);
    assert!(line.starts_with("listening on "), "it said {line:?}");
    process
}

/// Whether root's tests can run the workspace's programs as another user: every folder above them has to be open.
pub fn others_can_run_us() -> bool {
    let as_other = matchmaker().arg("--version").uid(65_533).output();
    as_other.is_ok_and(|output| output.status.success())
}

/// A folder that every user may write to, removed at the end.
pub struct Folder {
    pub path: PathBuf,
}

impl Folder {
    pub fn new(of: &str) -> Self {
        let name = format!("matchmaker-{of}-{}", std::process::id());
        let path = std::env::temp_dir().join(name);
        fs::create_dir_all(&path).expect("the temporary folder can be written to");
        fs::set_permissions(&path, Permissions::from_mode(0o777)).expect("it is ours");
        Self { path }
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What is left behind harms nobody.
        let _ = fs::remove_dir_all(&self.path);
    }
}
