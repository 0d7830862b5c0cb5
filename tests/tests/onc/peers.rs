//! The C programs, and where servers answer.

use rpc_core::{Endpoint, Server};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::LazyLock;
use testkit::Running;

/// What has to be installed first, if anything.
pub fn missing_tool() -> Option<String> {
    for tool in ["rpcgen", "gcc"] {
        if Command::new(tool).arg("--version").output().is_err() {
            return Some(format!("{tool} is not installed"));
        }
    }
    (!Path::new(HEADERS).exists()).then(|| "libtirpc-dev is not installed".to_owned())
}

const HEADERS: &str = "/usr/include/tirpc";

/// The folder with the C programs, built once.
fn programs() -> &'static Path {
    static PROGRAMS: LazyLock<PathBuf> = LazyLock::new(|| match std::env::var_os(BUILT) {
        Some(folder) => folder.into(),
        None => build(),
    });
    &PROGRAMS
}

/// Where the C programs are, for a process that this one starts.
const BUILT: &str = "RPC_TESTS_C_PROGRAMS";

/// Where our rpcbind is, for the same.
const MATCHMAKER: &str = "RPC_TESTS_MATCHMAKER";

/// A test that goes on on a host of its own, see [`testkit::alone`], takes the programs with it by these words.
pub fn built() -> Vec<(&'static str, PathBuf)> {
    vec![
        (BUILT, programs().to_owned()),
        (MATCHMAKER, testkit::program("rpc-matchmaker", "matchmaker")),
    ]
}

/// The `matchmaker` that [`built`] gave.
pub fn matchmaker() -> Command {
    Command::new(std::env::var_os(MATCHMAKER).expect("it was taken along"))
}

fn build() -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("onc-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("the folder can be made");
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    for file in [
        "contracts/echo.x",
        "tests/onc/client.c",
        "tests/onc/server.c",
    ] {
        let name = Path::new(file).file_name().expect("it has a name");
        std::fs::copy(here.join(file), folder.join(name)).expect("the fixture can be copied");
    }
    for (option, made) in [
        ("-h", "echo.h"),
        ("-c", "echo_xdr.c"),
        ("-l", "echo_clnt.c"),
        ("-m", "echo_svc.c"),
    ] {
        // It does not write over a file that is there.
        let _ = std::fs::remove_file(folder.join(made));
        run(&folder, "rpcgen", &["-C", option, "-o", made, "echo.x"]);
    }
    for (program, stubs) in [("client", "echo_clnt.c"), ("server", "echo_svc.c")] {
        let source = format!("{program}.c");
        let sources = [&source, "echo_xdr.c", stubs, "-o", program, "-ltirpc"];
        // rpcgen declares `buf` in each function, whether it needs it or not.
        let options = ["-Wall", "-Wno-unused-variable", "-Werror", "-I", HEADERS];
        run(&folder, "gcc", &[&options[..], &sources[..]].concat());
    }
    folder
}

#[track_caller]
fn run(folder: &Path, program: &str, words: &[&str]) {
    let mut command = Command::new(program);
    let output = command.args(words).current_dir(folder).output();
    let output = output.expect("the program starts");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {errors}");
}

/// A local socket of this process's own.
pub fn socket(name: &str) -> PathBuf {
    let folder = if testkit::is_alone() {
        PathBuf::from("/run")
    } else {
        std::env::temp_dir()
    };
    folder.join(format!("onc-{name}-{}.sock", std::process::id()))
}

/// The C server in a process of its own.
pub struct CServer {
    _process: Running,
    /// Over TCP, UDP and its local socket.
    pub endpoints: Vec<String>,
}

impl CServer {
    /// Answers to these versions without a registry.
    pub fn start(name: &str, versions: &[&str]) -> Self {
        let socket = socket(name);
        // One that a killed server left behind is in its way.
        let _ = std::fs::remove_file(&socket);
        let path = socket.to_str().expect("the path is text");
        let (process, line) = start("server", path, versions);
        let ports: Vec<&str> = line.split_whitespace().collect();
        let [tcp, udp] = ports[..] else {
            panic!("it said {line:?}");
        };
        Self {
            _process: process,
            endpoints: vec![
                format!("tcp://127.0.0.1:{tcp}"),
                format!("udp://127.0.0.1:{udp}"),
                format!("unix:{path}"),
            ],
        }
    }

    /// Registers these versions with the host's rpcbind.
    pub fn register(versions: &[&str]) -> Self {
        // A server that was killed leaves it behind.
        let _ = std::fs::remove_file("/run/c-server.sock");
        let (process, line) = start("server", "registered", versions);
        assert_eq!(line.trim(), "registered");
        Self {
            _process: process,
            endpoints: Vec::new(),
        }
    }
}

fn start(program: &str, first: &str, words: &[&str]) -> (Running, String) {
    let mut command = Command::new(programs().join(program));
    command.arg(first).args(words).stdout(Stdio::piped());
    let mut process = Running(command.spawn().expect("it starts"));
    let output = process.0.stdout.take().expect("it is piped");
    let mut line = String::new();
    let read = BufReader::new(output).read_line(&mut line);
    read.expect("it is text");
    (process, line)
}

/// The C client, which calls `endpoint`.
pub fn client(endpoint: &Endpoint) -> Command {
    let (transport, place) = match endpoint {
        Endpoint::Tcp(authority) => ("tcp", authority.to_string()),
        Endpoint::Udp(authority) => ("udp", authority.to_string()),
        Endpoint::Unix(name) => ("local", name.to_string()),
        other => panic!("C has no {other}"),
    };
    client_with(transport, &place)
}

/// The C client, by its own words for where the server is.
pub fn client_with(transport: &str, place: &str) -> Command {
    let mut command = Command::new(programs().join("client"));
    command.args([transport, place]);
    command
}

/// What a program prints, which must succeed.
#[track_caller]
pub fn output(command: &mut Command) -> String {
    let output = command.output().expect("it starts");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {errors}");
    String::from_utf8(output.stdout).expect("it prints text")
}

/// Our server, at each transport that C has.
pub fn listening(name: &str) -> Server {
    let builder = crate::service::server()
        .listen("tcp://127.0.0.1:0")
        .listen("udp://127.0.0.1:0")
        .listen(format!("unix:{}", socket(name).display()));
    builder.start().expect("it starts")
}
