//! A host of its own with our registry, where daemons run.

use rpc_core::{Server, ServerBuilder};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;
use testkit::{Running, alone, eventually};

/// How long anything may take that should happen soon: long enough for a busy machine.
pub const SOON: Duration = Duration::from_secs(20);

/// How all these programs are found.
pub const HOST: &str = "rpcbind://127.0.0.1?transport=udp";

/// Where a test that goes on on a host of its own finds our rpcbind.
const MATCHMAKER: &str = "RPC_TESTS_MATCHMAKER";

/// Plays a scene with these programs, or says which one is missing. `test` is the test's whole name.
pub fn play(test: &str, programs: &[&str], scene: fn()) {
    let needed = [&["ip", "mount", "unshare"], programs].concat();
    if let Some(missing) = testkit::missing_program(&needed).or_else(testkit::obstacle) {
        return testkit::skip(test, &missing);
    }
    let built = || {
        let matchmaker = testkit::program("rpc-matchmaker", "matchmaker");
        vec![(MATCHMAKER, matchmaker)]
    };
    if !alone(test, built) {
        return;
    }
    let matchmaker = std::env::var_os(MATCHMAKER).expect("it was taken along");
    let mut registry = Command::new(matchmaker);
    registry.arg("--rpcbind").stdout(Stdio::null());
    let _registry = start(&mut registry);
    eventually("the registry answers", SOON, || {
        UnixStream::connect(rpc_core::rpcbind::SOCKET).ok()
    });
    scene();
}

/// Starts a program that stays in the foreground.
pub fn start(command: &mut Command) -> Running {
    Running(command.spawn().expect("it starts"))
}

/// Starts a daemon that goes to the background by itself. It ends with this host.
pub fn daemon(program: &str) {
    let status = Command::new(program).status();
    assert!(status.expect("it starts").success(), "{program}");
}

/// Our server, registered in the place of the daemon.
pub fn serve(builder: ServerBuilder) -> Server {
    let builder = builder
        .listen("tcp://127.0.0.1:0")
        .listen("udp://127.0.0.1:0");
    let server = builder.register("rpcbind://").start();
    server.expect("it is registered")
}

/// What a client prints, which must succeed. It shows times as of Greenwich.
#[track_caller]
pub fn output(command: &mut Command) -> String {
    let output = command.env("TZ", "UTC").output().expect("it starts");
    let errors = String::from_utf8_lossy(&output.stderr);
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{command:?}: {said}{errors}");
    said
}

/// On this host, `path` is a script of these lines.
pub fn replace(path: &str, script: &str) {
    let ours = Path::new("/run").join(path.trim_start_matches('/').replace('/', "-"));
    fs::write(&ours, format!("#!/bin/sh\n{script}\n")).expect("it can be written");
    fs::set_permissions(&ours, PermissionsExt::from_mode(0o755)).expect("it is ours");
    output(Command::new("mount").arg("--bind").arg(&ours).arg(path));
}

/// On this host, one user is logged in, at a terminal that nobody has touched for a while. What `who` knows of it is a
/// record of 384 bytes.
pub fn log_in(user: &str, line: &str, host: &str, since: u32) {
    let mut record = vec![0; 384];
    let mut put = |at: usize, bytes: &[u8]| record[at..at + bytes.len()].copy_from_slice(bytes);
    put(0, &7u16.to_ne_bytes());
    put(4, &std::process::id().to_ne_bytes());
    put(8, line.as_bytes());
    put(40, b"7");
    put(44, user.as_bytes());
    put(76, host.as_bytes());
    put(340, &since.to_ne_bytes());
    fs::write("/run/utmp", record).expect("it can be written");
}
