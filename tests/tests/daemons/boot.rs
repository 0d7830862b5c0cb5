//! rpc.bootparamd: what a host without disks starts from. Nobody but the firmware of old hosts asks it, and we.

use crate::contract::*;
use crate::stage::{HOST, SOON, play, start};
use rpc_core::Bounded;
use std::fs;
use std::process::{Command, Stdio};
use testkit::eventually;

#[test]
fn a_host_without_disks_is_told_what_it_is() {
    let test = "boot::a_host_without_disks_is_told_what_it_is";
    play(test, &["rpc.bootparamd"], ask_the_daemon);
}

fn ask_the_daemon() {
    let table = "localhost root=localhost:/export dump=localhost:/swap\n";
    fs::write("/run/table", table).expect("it can be written");
    let mut bootparamd = Command::new("rpc.bootparamd");
    bootparamd.args(["-d", "-f", "/run/table", "-r", "127.0.0.9"]);
    let _bootparamd = start(bootparamd.stdout(Stdio::null()).stderr(Stdio::null()));
    let connect = || BootV1Client::connect(HOST).ok();
    let daemon = eventually("rpc.bootparamd is registered", SOON, connect);
    let local = |fourth| {
        BootAddress::Case1(Octets {
            first: 127,
            second: 0,
            third: 0,
            fourth,
        })
    };
    let who = daemon.boot_who(local(1)).wait().expect("it answers");
    assert_eq!(*who.client, b"localhost");
    assert_eq!(who.router, local(9));
    for (key, path) in [("root", "/export"), ("dump", "/swap")] {
        let question = BootQuestion {
            client: who.client.clone(),
            key: Bounded::new(key.into()).expect("it is short"),
        };
        let file = daemon.boot_file(question).wait().expect("it answers");
        assert_eq!(*file.server, b"localhost");
        assert_eq!(*file.path, path.as_bytes());
        assert_eq!(file.address, local(1));
    }
}
