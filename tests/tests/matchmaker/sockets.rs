//! Matchmakers at Unix sockets.

use super::stage::{self, Matchmaker, Registered};
use super::{LONG, signal};
use rpc_core::matchmaker::USER_SOCKET;
use rustix::process::Signal;
use std::os::unix::process::CommandExt;
use testkit::who::WhoClient;

/// A socket name that no other test has.
pub fn socket(of: &str) -> String {
    format!("unix:@matchmaker-{of}-{}", std::process::id())
}

#[test]
fn a_matchmaker_at_a_socket_is_named_in_the_endpoint_or_in_the_environment() {
    let socket = socket("named");
    let lease = LONG.to_string();
    let more = ["--listen", &socket, "--longest-lease", &lease];
    let matchmaker = Matchmaker::start_with(None, &more);
    let by_endpoint = Registered::start_at(&format!("match://one?at={socket}"));
    let by_environment = Registered::start_with_environment(&socket);
    for (name, server) in [("one", &by_endpoint), ("Who", &by_environment)] {
        let client = WhoClient::connect(&format!("match://{name}?at={socket}"));
        let client = client.expect("it is registered");
        assert_eq!(client.process().wait().expect("it answers"), server.id());
    }
    for question in [
        &["lookup", "who", "--at", &socket][..],
        &["list", "--at", &socket],
    ] {
        let shown = stage::matchmaker().args(question).output();
        let shown = shown.expect("it runs");
        assert!(shown.status.success());
        assert!(String::from_utf8_lossy(&shown.stdout).contains(&by_environment.endpoint));
    }
    drop(matchmaker);
}

#[test]
fn the_users_own_socket_is_looked_at_first() {
    if rustix::process::geteuid().is_root() && !stage::others_can_run_us() {
        return testkit::skip(
            "the_users_own_socket_is_looked_at_first",
            "other users may not run this test's programs",
        );
    }
    let folder = stage::Folder::new("own");
    let socket = format!("unix:{}/{USER_SOCKET}", folder.path.display());
    let mut matchmaker = stage::matchmaker();
    let mut question = stage::matchmaker();
    for command in [&mut matchmaker, &mut question] {
        command.env("XDG_RUNTIME_DIR", &folder.path);
        command.env_remove("RPC_MATCHMAKER");
        if rustix::process::geteuid().is_root() {
            // For root, the system's socket is its own.
            command.uid(65_533);
        }
    }
    matchmaker.args(["--listen", &socket]);
    let running = stage::start(matchmaker);
    let told = question.args(["lookup", "nobody"]).output();
    let told = told.expect("it runs").stderr;
    let expected = format!("no live server is registered as `nobody` at {socket}");
    let told = String::from_utf8_lossy(&told);
    assert!(told.contains(&expected), "{told}");

    // A place that was left behind is passed over.
    signal(&running.0, Signal::KILL);
    drop(running);
    let told = question.output().expect("it runs").stderr;
    assert!(!String::from_utf8_lossy(&told).contains(USER_SOCKET));
}
