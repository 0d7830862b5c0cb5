//! rpc.rusersd and rusers: who is logged in at a host.

use crate::contract::*;
use crate::stage::{HOST, SOON, daemon, log_in, output, play, serve};
use rpc_core::{Bounded, Context, Server};
use std::process::Command;
use testkit::eventually;

#[test]
fn a_host_tells_who_is_logged_in() {
    let test = "logins::a_host_tells_who_is_logged_in";
    play(test, &["rpc.rusersd", "rusers"], || {
        log_in("ada", "null", "far.example", 1_000_000_000);
        daemon("rpc.rusersd");
        let (said, shown) = ask_the_daemon();
        let _server = serve(Server::builder().serve(LoginsV2Service::new(Host(said))));
        assert_eq!(rusers(), shown);
        tell_rusers();
    });
}

/// What the daemon tells us, and what rusers shows of the same: it asks for version 2.
fn ask_the_daemon() -> (OldLogins, String) {
    let connect = || LoginsV3Client::connect(HOST).ok();
    let daemon = eventually("rpc.rusersd is registered", SOON, connect);
    let old = LoginsV2Client::connect(HOST).expect("it has version 2");
    let ask = || old.logins2_list().wait().expect("it answers");
    // A minute may pass between two questions.
    let (said, shown) = eventually("two answers are the same", SOON, || {
        let (said, shown) = (ask(), rusers());
        (said == ask()).then_some((said, shown))
    });
    assert_eq!(said.len(), 1);
    assert_eq!(daemon.logins3_count().wait().expect("it answers"), 1);
    let new = daemon.logins3_list().wait().expect("it answers");
    let [login] = &new[..] else {
        panic!("one is logged in: {new:?}");
    };
    let names = [&*login.user, &*login.line, &*login.host];
    assert_eq!(names, [&b"ada"[..], b"null", b"far.example"]);
    assert_eq!((login.kind, login.since), (7, said[0].since));
    (said, shown)
}

fn tell_rusers() {
    let rows = [
        (
            ("ada", "tty1", "", 1_700_000_000, 0),
            "ada      localhost:tty1                Nov 14 22:13          \n",
        ),
        (
            ("grace", "pts/17", "a.host.of.long.n", 17_280_000, 5),
            "grace    localhost:pts/17              Jul 20 00:00      :05 (a.host.of.long.n)\n",
        ),
        (
            ("x", "console", ":0", 0, 61),
            "x        localhost:console             Jan  1 00:00     1:01 (:0)\n",
        ),
    ];
    let logins = rows.map(|((user, line, host, since, idle), _)| OldLogin {
        line: Bounded::new(line.into()).expect("it is short"),
        user: Bounded::new(user.into()).expect("it is short"),
        host: Bounded::new(host.into()).expect("it is short"),
        since,
        idle,
    });
    let host = Host(logins.to_vec());
    let _server = serve(Server::builder().serve(LoginsV2Service::new(host)));
    assert_eq!(rusers(), rows.map(|(_, row)| row).concat());
}

struct Host(OldLogins);

impl LoginsV2 for Host {
    fn logins2_list(&self, _: &Context) -> OldLogins {
        self.0.clone()
    }
}

fn rusers() -> String {
    output(Command::new("rusers").args(["-l", "127.0.0.1"]))
}
