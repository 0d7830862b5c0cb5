//! rpc.rstatd and rup: how busy a host is.

use crate::contract::*;
use crate::stage::{HOST, SOON, daemon, log_in, output, play, serve};
use rpc_core::{Context, ErrorKind, Server};
use std::fs;
use std::process::Command;
use testkit::eventually;

#[test]
fn a_host_tells_how_busy_it_is() {
    let test = "statistics::a_host_tells_how_busy_it_is";
    play(test, &["rpc.rstatd", "rup"], || {
        log_in("ada", "null", "far.example", 1_000_000_000);
        daemon("rpc.rstatd");
        let (said, shown) = ask_the_daemon();
        let _server = serve(Server::builder().serve(StatisticsV5Service::new(Host(said))));
        assert_eq!(rup(), shown);
        tell_rup();
    });
}

/// What the daemon tells us, and what rup shows of the same.
fn ask_the_daemon() -> (ActivityOfUsers, String) {
    let connect = || StatisticsV5Client::connect(HOST).ok();
    let daemon = eventually("rpc.rstatd is registered", SOON, connect);
    let ask = || daemon.statistics5_ask().wait().expect("it answers");
    let seen = |it: &ActivityOfUsers| (it.users, it.host.load, it.host.now.sec / 60);
    // The minute and the load may change between two questions.
    let (said, shown) = eventually("two answers are the same", SOON, || {
        let (said, shown) = (ask(), rup());
        (seen(&said) == seen(&ask())).then_some((said, shown))
    });
    assert_eq!(said.users, 1);
    let boot = fs::read_to_string("/proc/stat").expect("the kernel tells");
    let boot = boot.lines().find_map(|line| line.strip_prefix("btime "));
    let boot: u32 = boot.and_then(|it| it.parse().ok()).expect("a number");
    assert!(said.host.started.sec.abs_diff(boot) <= 2, "{said:?} {boot}");
    // Its version 3 has a word too many, which is told as it is.
    let old = StatisticsV3Client::connect(HOST).expect("it has version 3");
    let error = old.statistics3_ask().wait().expect_err("it is too long");
    assert_eq!(error.kind(), ErrorKind::BadResult);
    (said, shown)
}

/// rup asks for version 5 first, and goes on with version 3 if there is only that.
fn tell_rup() {
    const DAY: u32 = 24 * 60 * 60;
    for (started, now, load, new, old) in [
        (
            0,
            59,
            [0, 0, 0],
            "localhost              0:00 up             1 min,   3 users, load 0.00 0.00 0.00\n",
            "localhost              0:00 up             1 min, load 0.00 0.00 0.00\n",
        ),
        (
            1_000_000_000,
            1_000_000_000 + 3 * 60 * 60 + 61,
            [1, 255, 256],
            "localhost              4:47 up              3:02,   3 users, load 0.00 1.00 1.00\n",
            "localhost              4:47 up              3:02, load 0.00 1.00 1.00\n",
        ),
        (
            7,
            400 * DAY,
            [12_345, 67_890, 99],
            "localhost              0:00 up 400 days,            3 users, load 48.22 265.20 0.39\n",
            "localhost              0:00 up 400 days,          load 48.22 265.20 0.39\n",
        ),
    ] {
        let moment = |sec| Moment { sec, usec: 0 };
        let activity = Activity {
            load,
            started: moment(started),
            now: moment(now),
            ..IDLE
        };
        let host = || {
            Host(ActivityOfUsers {
                host: activity.clone(),
                users: 3,
            })
        };
        let server = serve(Server::builder().serve(StatisticsV5Service::new(host())));
        assert_eq!(rup(), new);
        drop(server);
        let _server = serve(Server::builder().serve(StatisticsV3Service::new(host())));
        assert_eq!(rup(), old);
    }
}

struct Host(ActivityOfUsers);

impl StatisticsV3 for Host {
    fn statistics3_ask(&self, _: &Context) -> Activity {
        self.0.host.clone()
    }
}

impl StatisticsV5 for Host {
    fn statistics5_ask(&self, _: &Context) -> ActivityOfUsers {
        self.0.clone()
    }
}

const IDLE: Activity = Activity {
    ticks: [0, 0, 0, 1],
    disk_transfers: [0; 4],
    pages_in: 0,
    pages_out: 0,
    swapped_in: 0,
    swapped_out: 0,
    interrupts: 0,
    packets_in: 0,
    errors_in: 0,
    errors_out: 0,
    collisions: 0,
    switches: 0,
    load: [0; 3],
    started: Moment { sec: 0, usec: 0 },
    now: Moment { sec: 0, usec: 0 },
    packets_out: 0,
};

fn rup() -> String {
    output(Command::new("rup").arg("127.0.0.1"))
}
