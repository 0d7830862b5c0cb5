//! `matchmaker --rpcbind` beside the real rpcbind: the same registrations are made at both, each in namespaces of its own, and
//! whatever rpcinfo and C programs then ask has the same answers.
//!
//! Nothing is masked but what differs between two runs of the same program: a list of answers to a broadcast has as many lines as
//! rpcinfo had patience ([`distinct`]), and a server of rpcgen's gets ports of the system's choice (`stage.sh` masks them).

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::thread;
use testkit::program;

/// Where `libtirpc-dev` puts the headers of ONC RPC.
const HEADERS: &str = "/usr/include/tirpc";

/// What rpcinfo shows, what registering and asking is answered with in each version, who may remove what, and a server that
/// rpcgen made, which registers itself and is found.
#[test]
fn rpcinfo_and_c_programs_see_no_difference() {
    const NAME: &str = "rpcinfo_and_c_programs_see_no_difference";
    let Some(stage) = Stage::new(NAME) else {
        return;
    };
    let (real, ours) = stage.both("rpcbind -f -w", "--rpcbind", "here");
    assert_same(&real, &ours);
    for expected in [
        "536873985    2    tcp6",
        "$ ./counter-client 127.0.0.1 udp\n2\n",
    ] {
        assert!(ours.contains(expected), "{expected} is missing: {ours}");
    }
}

/// The same from another host, where nobody may register, and calls through the registry, by broadcast.
#[test]
fn another_host_sees_no_difference() {
    const NAME: &str = "another_host_sees_no_difference";
    let Some(stage) = Stage::new(NAME) else {
        return;
    };
    let (real, ours) = stage.both("rpcbind -f -w -r", "--rpcbind --indirect", "there");
    // What we answer FALSE, rpcbind answers with an authentication error; both print the same rows afterwards.
    let denied = "call: RPC: Authentication error; why = Client credential too weak";
    assert!(real.contains(denied), "{real}");
    assert_same(&real.replace(denied, "0"), &ours);
    assert!(ours.contains("10.5.0.1.0.111\tunknown"), "{ours}");
}

/// A datagram from another host is not answered with more than three times as much: nothing proves who sent it. One to the group of
/// rpcbinds is heard.
#[test]
fn a_list_over_udp_is_for_this_host_only() {
    const NAME: &str = "a_list_over_udp_is_for_this_host_only";
    let Some(stage) = Stage::new(NAME) else {
        return;
    };
    let ours = stage.run(
        &format!("{} --rpcbind", stage.matchmaker.display()),
        "datagrams",
    );
    let expected = "\
        $ ip netns exec other ./registrar udp dump 2 0 0\n\
        call: RPC: Procedure unavailable\n\
        exit 0\n\
        $ ip netns exec other ./registrar tcp dump 2 0 0\n\
        a list\n\
        exit 0\n\
        $ env HOST=127.0.0.1 ./registrar udp dump 2 0 0\n\
        a list\n\
        exit 0\n\
        $ ip netns exec other ./registrar udp set 2 700 1 tcp 2049\n\
        0\n\
        exit 0\n\
        $ ip netns exec other env HOST=ff02::202 ./registrar udp6 u2t 4 0 0 udp6 ::1.3.77\n\
        28 of 28: 0a 00 03 4d 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 01 00 00 00 00\n\
        back `::1.3.77`\n\
        exit 0\n";
    assert_eq!(ours, expected);
}

/// Reports the first difference with what stands before it.
#[track_caller]
fn assert_same(real: &str, ours: &str) {
    let (real, ours) = (distinct(real), distinct(ours));
    for (index, pair) in real.iter().zip(&ours).enumerate() {
        let before = &real[index.saturating_sub(4)..index];
        assert!(
            pair.0 == pair.1,
            "after {before:#?}\nrpcbind: {}\n   ours: {}",
            pair.0,
            pair.1
        );
    }
    assert_eq!(
        real.len(),
        ours.len(),
        "{:?} {:?}",
        real.last(),
        ours.last()
    );
    assert!(real.len() > 20, "{real:?}");
}

/// The lines, without those that repeat the one before.
fn distinct(text: &str) -> Vec<&str> {
    let mut lines: Vec<&str> = text.lines().collect();
    lines.dedup();
    lines
}

/// A folder with the programs that take part.
struct Stage {
    folder: PathBuf,
    matchmaker: PathBuf,
}

impl Stage {
    /// None: something is missing here, and the test is skipped.
    fn new(test: &str) -> Option<Self> {
        if let Some(missing) = missing() {
            testkit::skip(test, &missing);
            return None;
        }
        let folder =
            Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{test}-{}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("a folder can be made");
        let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/rpcinfo");
        for file in ["registrar.c", "counter.x", "counter.c", "stage.sh"] {
            std::fs::copy(sources.join(file), folder.join(file)).expect("a file can be copied");
        }
        let stage = Self {
            folder,
            matchmaker: program("rpc-matchmaker", "matchmaker"),
        };
        for words in [
            "gcc registrar.c -o registrar",
            "rpcgen -C -h -o counter.h counter.x",
            "rpcgen -C -m -o counter_svc.c counter.x",
            "rpcgen -C -l -o counter_clnt.c counter.x",
            "gcc counter.c counter_svc.c -o counter-server",
            "gcc -DASKS counter.c counter_clnt.c -o counter-client",
        ] {
            stage.make(words);
        }
        Some(stage)
    }

    fn make(&self, words: &str) {
        let mut words = words.split(' ');
        let tool = words.next().unwrap_or_default();
        let mut command = Command::new(tool);
        command.args(words).current_dir(&self.folder);
        if tool == "gcc" {
            command.args(["-w", "-I", HEADERS, "-I", ".", "-ltirpc"]);
        }
        expect_success(&mut command);
    }

    /// What the real registry and ours say in a scene, each in namespaces of its own, at the same time.
    fn both(&self, real: &str, options: &str, scene: &str) -> (String, String) {
        let ours = format!("{} {options}", self.matchmaker.display());
        thread::scope(|scope| {
            let real = scope.spawn(|| self.run(real, scene));
            let ours = self.run(&ours, scene);
            (real.join().expect("it does not panic"), ours)
        })
    }

    fn run(&self, registry: &str, scene: &str) -> String {
        let mut command = unshare();
        command
            .args(["sh", "stage.sh", registry, scene])
            .current_dir(&self.folder);
        let output = command.output().expect("unshare starts");
        String::from_utf8(output.stdout).expect("the output is text")
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        // What is left in the target folder is in nobody's way.
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// Runs what follows with a network, mounts and processes of its own; these end with it.
fn unshare() -> Command {
    let mut command = Command::new("unshare");
    command.args(["--net", "--mount", "--pid", "--fork", "--kill-child", "--"]);
    command
}

/// What has to be installed first, or is not allowed here.
fn missing() -> Option<String> {
    for tool in ["rpcbind", "rpcinfo", "rpcgen", "gcc", "ip", "setpriv"] {
        let there = ["/usr/bin", "/usr/sbin", "/bin", "/sbin"];
        if !there
            .iter()
            .any(|folder| Path::new(folder).join(tool).exists())
        {
            return Some(format!("{tool} is not installed"));
        }
    }
    if !Path::new(HEADERS).exists() {
        return Some("libtirpc-dev is not installed".to_owned());
    }
    let allowed = unshare()
        .arg("true")
        .output()
        .is_ok_and(|output| output.status.success());
    (!allowed).then(|| "only root may make namespaces".to_owned())
}

#[track_caller]
fn expect_success(command: &mut Command) {
    let Output {
        status,
        stdout,
        stderr,
    } = command.output().expect("the program starts");
    let said = [stdout, stderr].concat();
    assert!(
        status.success(),
        "{command:?}: {}",
        String::from_utf8_lossy(&said)
    );
}
