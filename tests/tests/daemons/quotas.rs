//! rpc.rquotad and quota: how much of a file system somebody has and may have.

use crate::contract::*;
use crate::stage::{HOST, SOON, play, serve, start};
use rpc_core::{Bounded, Claim, Client, Context, ErrorKind, Server};
use std::process::{Command, Stdio};
use testkit::eventually;

#[test]
fn a_host_tells_who_may_have_how_much() {
    let test = "quotas::a_host_tells_who_may_have_how_much";
    play(test, &["rpc.rquotad", "quota"], || {
        ask_the_daemon();
        tell_quota();
    });
}

/// No file system here has quotas, which it tells those who say who they are.
fn ask_the_daemon() {
    let mut rquotad = Command::new("rpc.rquotad");
    rquotad
        .arg("-F")
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    let _rquotad = start(&mut rquotad);
    let connect = || QuotasV2Client::connect(HOST).ok();
    let nobody = eventually("rpc.rquotad is registered", SOON, connect);
    let us = Claim::of_process().expect("this process is somebody's");
    let somebody = QuotasV2Client::connect_as(HOST, &us).expect("it is registered");
    for path in ["/", "/export"] {
        let question = || QuotaOf {
            path: Bounded::new(path.into()).expect("it is short"),
            kind: 0,
            id: 0,
        };
        let error = nobody
            .quota_get(question())
            .wait()
            .expect_err("it asks who");
        assert!(matches!(error.kind(), ErrorKind::Denied(_)), "{error}");
        let said = somebody.quota_get(question()).wait();
        assert_eq!(said.expect("it answers"), QuotaResult::QuotaNone);
    }
    assert_eq!(quota(), "");
}

fn tell_quota() {
    const LIMITS: Quota = Quota {
        block_size: 1024,
        active: true,
        hard_blocks: 2000,
        soft_blocks: 1000,
        blocks: 500,
        hard_files: 20,
        soft_files: 10,
        files: 5,
        blocks_left: 0,
        files_left: 0,
    };
    let too_much = Quota {
        block_size: 4096,
        blocks: 1500,
        blocks_left: 3 * 86_400 + 1800,
        files: 15,
        files_left: 7 * 3600 + 30 * 60,
        ..LIMITS
    };
    let much = Quota {
        hard_blocks: 1 << 31,
        ..LIMITS
    };
    for (result, said) in [
        (
            QuotaResult::QuotaFound(LIMITS),
            "                   500K   1000K   2000K               5      10      20        \n",
        ),
        (
            QuotaResult::QuotaFound(too_much),
            "                  6000K*  4000K   8000K   3days      15*     10      20   07:30\n",
        ),
        (
            QuotaResult::QuotaFound(much),
            "                   500K   1000K   2048G               5      10      20        \n",
        ),
        (QuotaResult::QuotaNone, ""),
        (
            QuotaResult::QuotaRefused,
            "quota: error while getting quota from 127.0.0.1:/export for root (id 0): Operation not permitted\n",
        ),
    ] {
        let _server = serve(Server::builder().serve(QuotasV2Service::new(Host(result))));
        let shown = quota();
        assert_eq!(shown.strip_prefix(HEADING).unwrap_or(&shown), said);
    }
}

/// What quota prints above the line of numbers.
const HEADING: &str = concat!(
    "Disk quotas for user root (uid 0): \n",
    "     Filesystem   space   quota   limit   grace   files   quota   limit   grace\n",
    "127.0.0.1:/export\n",
);

struct Host(QuotaResult);

impl QuotasV2 for Host {
    fn quota_get(&self, cx: &Context, arg: QuotaOf) -> QuotaResult {
        let caller = cx.peer().claimed().map(Claim::uid);
        assert_eq!((caller, arg.kind, arg.id), (Some(0), 0, 0));
        assert_eq!(*arg.path, b"/export");
        self.0
    }
}

/// What quota prints where it finds `/export` of this host mounted, which `/proc/mounts` makes it believe.
fn quota() -> String {
    let script = "mount -t tmpfs none /proc && mkdir -p /proc/sys/fs/quota \
        && echo '127.0.0.1:/export /mnt nfs rw,vers=3 0 0' > /proc/mounts \
        && exec quota --all-nfs --verbose --human-readable -u root 2>&1";
    let mut quota = Command::new("unshare");
    let output = quota.args(["-m", "sh", "-c", script]).output();
    // It fails if there is nothing to tell, and if there is too much of something.
    String::from_utf8(output.expect("it starts").stdout).expect("it is text")
}
