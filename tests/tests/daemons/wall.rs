//! rpc.rwalld and rwall: a message to all who are logged in at a host.

use crate::contract::*;
use crate::stage::{HOST, SOON, daemon, play, replace, serve, start};
use rpc_core::{Context, Server};
use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Stdio};
use std::sync::mpsc::{self, Sender};
use testkit::eventually;

/// Where rpc.rwalld, which runs as nobody, writes what it gets.
const WRITTEN: &str = "/run/written";

#[test]
fn a_message_goes_to_all_at_a_host() {
    let test = "wall::a_message_goes_to_all_at_a_host";
    play(test, &["rpc.rwalld", "rwall", "wall"], || {
        write_to_the_daemon();
        be_written_to();
    });
}

fn write_to_the_daemon() {
    fs::write(WRITTEN, "").expect("it can be written");
    fs::set_permissions(WRITTEN, PermissionsExt::from_mode(0o666)).expect("it is ours");
    replace("/usr/bin/wall", &format!("exec cat > {WRITTEN}"));
    daemon("rpc.rwalld");
    let connect = || WallV1Client::connect(HOST).ok();
    let daemon = eventually("rpc.rwalld is registered", SOON, connect);
    for message in messages() {
        let message = message.as_bytes();
        daemon.wall_write(message).wait().expect("it answers");
        // It rings two bells first.
        let whole = |written: &Vec<u8>| written.strip_prefix(b"\x07\x07") == Some(message);
        eventually("it is written", SOON, || {
            fs::read(WRITTEN).ok().filter(whole)
        });
    }
    for message in messages() {
        rwall(&message);
        eventually("it is written for rwall", SOON, || {
            let written = fs::read(WRITTEN).ok()?;
            is_of_rwall(&written, &message).then_some(())
        });
    }
}

fn be_written_to() {
    let (sender, receiver) = mpsc::channel();
    let _server = serve(Server::builder().serve(WallV1Service::new(Wall(sender))));
    for message in messages() {
        rwall(&message);
        let got = receiver.recv_timeout(SOON).expect("it comes to us");
        assert!(is_of_rwall(&got, &message), "{got:?}");
    }
}

struct Wall(Sender<Vec<u8>>);

impl WallV1 for Wall {
    fn wall_write(&self, _: &Context, arg: &[u8]) {
        self.0.send(arg.to_vec()).expect("the test listens");
    }
}

fn messages() -> [String; 3] {
    [
        "one line\n".to_owned(),
        "three\nlines \u{e9}\nof text\n".to_owned(),
        "long\n".repeat(200),
    ]
}

/// Whether a message is what rwall makes of `said`: a heading before it, and after it whatever stood in its memory.
fn is_of_rwall(message: &[u8], said: &str) -> bool {
    let message = String::from_utf8_lossy(message);
    let body = message.split_once("\n\n");
    message.contains("Remote Broadcast Message from ")
        && body.is_some_and(|(_, body)| body.starts_with(said))
}

fn rwall(message: &str) {
    let mut rwall = Command::new("rwall");
    let mut rwall = start(rwall.arg("127.0.0.1").stdin(Stdio::piped()));
    let mut input = rwall.0.stdin.take().expect("it is piped");
    input.write_all(message.as_bytes()).expect("it reads");
    drop(input);
    assert!(rwall.0.wait().expect("it ends").success());
}
