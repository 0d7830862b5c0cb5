//! Calls that outlive their sessions and their callers: by name, and in session files.

use std::collections::BTreeMap;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, SystemTime};

use rpc_core::{Client, ErrorKind, Executed, KeySpace, Server, SessionFile, rpc};

/// Counts, and can be held up.
#[rpc(program = 0x2000_0c06, version = 1)]
trait Counter {
    /// Counts `number` once, however often it is asked for. Returns how often it was counted.
    #[rpc(exactly_once)]
    fn count(&self, number: u64) -> u64;

    /// Adds two numbers, and counts the sum.
    #[rpc(exactly_once)]
    fn add(&self, one: u64, other: u64) -> u64;

    /// Counts `number` at most once.
    fn count_at_most(&self, number: u64) -> u64;

    /// How often `number` was counted.
    #[rpc(readonly)]
    fn counted(&self, number: u64) -> u64;
}

/// Has the numbers of [`Counter`] and is not it.
#[rpc(program = 0x2000_0c06, version = 2)]
trait Successor {
    /// Another method.
    #[rpc(exactly_once)]
    fn count(&self, number: u64) -> u64;
}

/// Numbers from here on wait until the gate is opened.
const HELD: u64 = 1 << 32;
/// Longer than any test takes that passes.
const AMPLE: Duration = Duration::from_secs(20);
const HOUR: Duration = Duration::from_secs(3600);

#[derive(Clone, Default)]
struct Tally(Arc<(Mutex<Counts>, Condvar)>);

#[derive(Default)]
struct Counts {
    counts: BTreeMap<u64, u64>,
    open: bool,
}

impl Tally {
    fn note(&self, number: u64) -> u64 {
        let (counts, changed) = &*self.0;
        let mut counts = counts.lock().expect("no panic");
        let count = counts.counts.entry(number).or_default();
        *count += 1;
        let count = *count;
        changed.notify_all();
        while number >= HELD && !counts.open {
            counts = changed.wait(counts).expect("no panic");
        }
        count
    }

    fn wait_for(&self, number: u64) {
        let (counts, changed) = &*self.0;
        let mut counts = counts.lock().expect("no panic");
        while !counts.counts.contains_key(&number) {
            let (again, timeout) = changed.wait_timeout(counts, AMPLE).expect("no panic");
            assert!(!timeout.timed_out(), "{number} was never counted");
            counts = again;
        }
    }

    fn open(&self) {
        self.0.0.lock().expect("no panic").open = true;
        self.0.1.notify_all();
    }
}

impl Counter for Tally {
    fn count(&self, number: u64) -> u64 {
        self.note(number)
    }

    fn add(&self, one: u64, other: u64) -> u64 {
        self.note(one + other);
        one + other
    }

    fn count_at_most(&self, number: u64) -> u64 {
        self.note(number)
    }

    fn counted(&self, number: u64) -> u64 {
        let counts = self.0.0.lock().expect("no panic");
        counts.counts.get(&number).copied().unwrap_or_default()
    }
}

struct Stage {
    tally: Tally,
    server: Option<Server>,
    folder: PathBuf,
}

impl Stage {
    fn new(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("names-{name}-{}", std::process::id()));
        fs::create_dir_all(&folder).expect("a folder");
        let tally = Tally::default();
        let server = Server::builder()
            .memory_completions()
            .serve(CounterService::new(tally.clone()))
            .listen("tcp://127.0.0.1:0")
            .listen("udp://127.0.0.1:0")
            .start()
            .expect("started");
        Self {
            tally,
            server: Some(server),
            folder,
        }
    }

    /// A client as a process of its own would have it: a session of its own.
    fn client(&self, transport: usize) -> CounterClient {
        CounterClient::connect(&self.endpoint(transport)).expect("connected")
    }

    fn endpoint(&self, transport: usize) -> String {
        let server = self.server.as_ref().expect("running");
        server.endpoints()[transport].to_string()
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        self.tally.open();
        if let Some(server) = self.server.take() {
            let _ = server.shutdown(Duration::from_secs(10));
        }
        let _ = fs::remove_dir_all(&self.folder);
    }
}

fn open(path: &Path) -> SessionFile {
    SessionFile::open(path).unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn calls_of_one_name_are_one_call_whoever_makes_them() {
    let stage = Stage::new("one");
    let today = SystemTime::now();
    let space = KeySpace::open(stage.file("keys")).expect("made");
    let again = KeySpace::open(stage.file("keys")).expect("read");
    let first = stage.client(0).with_key_space(&space);
    for client in [&first, &stage.client(1).with_key_space(&again)] {
        assert_eq!(
            client
                .count(7)
                .key("invoice-1042", today)
                .wait()
                .expect("counted"),
            1
        );
    }
    assert_eq!(first.counted(7).wait().expect("read"), 1);

    let others = KeySpace::from_bytes([9; 16]);
    let other = stage.client(0).with_key_space(&others);
    assert_eq!(
        other
            .count(7)
            .key("invoice-1042", today)
            .wait()
            .expect("new"),
        2
    );
    let refused = first.count(8).key("invoice-1042", today).wait();
    let refused = refused.expect_err("another number");
    assert_eq!(
        (refused.kind(), refused.executed()),
        (ErrorKind::Conflict, Executed::No)
    );
}

#[test]
fn a_name_that_cannot_be_kept_is_refused_and_nothing_runs() {
    let stage = Stage::new("refused");
    let (today, space) = (SystemTime::now(), KeySpace::from_bytes([1; 16]));
    let client = stage.client(0);
    let named = client.with_key_space(&space);
    let before_time = SystemTime::UNIX_EPOCH - HOUR;
    let rows = [
        (
            client.count(1).key("x", today),
            ErrorKind::NoKeySpace,
            Executed::No,
        ),
        (
            named.count_at_most(1).key("x", today),
            ErrorKind::KeyNotSupported,
            Executed::No,
        ),
        (
            named.count(1).key("x", before_time),
            ErrorKind::KeyNotDated,
            Executed::No,
        ),
        (
            named.count(1).key("x", today + HOUR),
            ErrorKind::KeyAhead,
            Executed::No,
        ),
        // Whoever asks so late may have been answered before.
        (
            named.count(1).key("x", today - 25 * HOUR),
            ErrorKind::Expired,
            Executed::Maybe,
        ),
    ];
    for (call, kind, executed) in rows {
        let error = call.wait().expect_err("refused");
        assert_eq!(
            (error.kind(), error.executed()),
            (kind, executed),
            "{error}"
        );
    }
    assert_eq!(client.counted(1).wait().expect("read"), 0);
    let local = CounterClient::local(stage.tally.clone());
    let error = local
        .count(1)
        .key("x", today)
        .wait()
        .expect_err("no key space");
    assert_eq!(error.kind(), ErrorKind::NoKeySpace);
    let local = local.with_key_space(&space);
    assert_eq!(local.count(1).key("x", today).wait().expect("counted"), 1);
}

#[test]
fn a_successor_asks_again_for_what_its_predecessor_did_not_take() {
    for transport in [0, 1] {
        let stage = Stage::new(&format!("successor-{transport}"));
        let path = stage.file("session");
        let first = stage.client(transport).with_session_file(&open(&path));
        assert_eq!(first.add(1, 2).wait().expect("added"), 3);
        let died = catch_unwind(AssertUnwindSafe(|| {
            first
                .add(3, 4)
                .wait_then(|_| panic!("before anything was made of it"))
        }));
        assert!(died.is_err());
        drop(first);

        let file = open(&path);
        let unfinished = file.unfinished();
        let [call] = &unfinished[..] else {
            panic!("{unfinished:?}");
        };
        assert_eq!(call.method(), "Counter.add");
        assert_eq!(call.args_as::<(u64, u64)>().expect("two numbers"), (3, 4));
        let second = stage.client(transport).with_session_file(&file);
        assert_eq!(second.resume::<u64>(call).wait().expect("the reply"), 7);
        assert_eq!(second.counted(7).wait().expect("read"), 1, "it ran once");
        assert!(file.unfinished().is_empty());
        let ended = second.resume::<u64>(call).wait().expect_err("it has ended");
        assert_eq!(ended.kind(), ErrorKind::OtherCall);
    }
}

#[test]
fn what_is_resumed_has_to_be_a_call_of_the_interface_with_its_result() {
    let stage = Stage::new("mismatch");
    let file = open(&stage.file("session"));
    let client = stage.client(0).with_session_file(&file);
    let died = catch_unwind(AssertUnwindSafe(|| {
        client.count(5).wait_then(|_| panic!("as the test wants"))
    }));
    assert!(died.is_err());
    let call = file.unfinished().remove(0);
    struct Nobody;
    impl Successor for Nobody {
        fn count(&self, _: u64) -> u64 {
            unreachable!("it is not this one's call")
        }
    }
    let other = SuccessorClient::local(Nobody);
    let errors = [
        client.resume::<String>(&call).wait().map(|_| ()),
        other.resume::<u64>(&call).wait().map(|_| ()),
    ];
    for error in errors {
        let error = error.expect_err("refused");
        assert_eq!(
            (error.kind(), error.executed()),
            (ErrorKind::OtherCall, Executed::Maybe)
        );
        assert_eq!(error.method(), "Counter.count");
    }
    assert_eq!(file.unfinished().len(), 1, "it is as it was");
    call.abandon();
    assert!(file.unfinished().is_empty());
}

/// To another store the call would be a new one.
#[test]
fn a_call_is_asked_again_only_at_the_store_that_it_was_noted_for() {
    let (stage, other) = (Stage::new("store"), Stage::new("other-store"));
    let file = open(&stage.file("session"));
    let client = stage.client(0).with_session_file(&file);
    let died = catch_unwind(AssertUnwindSafe(|| {
        client.count(5).wait_then(|_| panic!("as the test wants"))
    }));
    assert!(died.is_err());
    let call = file.unfinished().remove(0);
    for transport in [0, 1] {
        let elsewhere = other.client(transport).with_session_file(&file);
        let error = elsewhere.resume::<u64>(&call).wait().expect_err("refused");
        assert_eq!(
            (error.kind(), error.executed()),
            (ErrorKind::OtherStore, Executed::Maybe)
        );
        assert_eq!(elsewhere.counted(5).wait().expect("read"), 0);
    }
    assert_eq!(client.resume::<u64>(&call).wait().expect("its reply"), 1);
}

/// The client that dies here is a process of its own: this test once more, told by the environment what to be.
#[test]
fn a_client_that_is_killed_leaves_its_call_to_its_successor() {
    const SERVER: &str = "RPC_CORE_TEST_SERVER";
    const FILE: &str = "RPC_CORE_TEST_FILE";
    if let (Ok(server), Some(path)) = (std::env::var(SERVER), std::env::var_os(FILE)) {
        let client = CounterClient::connect(&server).expect("connected");
        let client = client.with_session_file(&open(Path::new(&path)));
        client.count(1).wait().expect("counted");
        let held = client.count(HELD).deadline(HOUR).wait();
        unreachable!("it is killed while it waits: {held:?}");
    }
    for transport in [0, 1] {
        let stage = Stage::new(&format!("killed-{transport}"));
        let path = stage.file("session");
        let mut child = Command::new(std::env::current_exe().expect("this program"))
            .args([
                "--exact",
                "a_client_that_is_killed_leaves_its_call_to_its_successor",
            ])
            .env(SERVER, stage.endpoint(transport))
            .env(FILE, &path)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("run");
        stage.tally.wait_for(HELD);
        child.kill().expect("killed");
        child.wait().expect("dead");
        stage.tally.open();

        let file = open(&path);
        let unfinished = file.unfinished();
        let [call] = &unfinished[..] else {
            panic!("{unfinished:?}");
        };
        assert_eq!(call.args_as::<u64>().expect("a number"), HELD);
        let client = stage.client(transport).with_session_file(&file);
        assert_eq!(client.resume::<u64>(call).wait().expect("its reply"), 1);
        assert_eq!(client.counted(HELD).wait().expect("read"), 1);
    }
}

/// Once it is on disk that nobody will ask, the server keeps nothing that could be asked for.
#[test]
fn a_reply_that_was_taken_is_given_back() {
    for transport in [0, 1] {
        let stage = Stage::new(&format!("released-{transport}"));
        let (path, copy) = (stage.file("session"), stage.file("copy"));
        let client = stage.client(transport).with_session_file(&open(&path));
        client
            .count(6)
            .wait_then(|_| fs::copy(&path, &copy).expect("copied"))
            .expect("counted");
        // Of what is on disk at the end the server hears before the goodbye, as far as a datagram arrives.
        drop(client);
        let file = open(&copy);
        let call = file.unfinished().remove(0);
        let asked = stage.client(transport).with_session_file(&file);
        let error = asked.resume::<u64>(&call).wait().expect_err("forgotten");
        assert_eq!(
            (error.kind(), error.executed()),
            (ErrorKind::Expired, Executed::Maybe)
        );
        assert_eq!(asked.counted(6).wait().expect("read"), 1);
        assert_eq!(file.unfinished().len(), 1, "it is for its owner to abandon");
    }
}

#[test]
fn a_call_that_came_to_its_deadline_is_unfinished_unless_it_is_asked_about_again() {
    let stage = Stage::new("deadline");
    let file = open(&stage.file("session"));
    let client = stage.client(0).with_session_file(&file);
    let short = Duration::from_millis(400);
    let mut error = client.count(HELD).deadline(short).wait().expect_err("held");
    assert_eq!(
        (error.kind(), error.executed()),
        (ErrorKind::Deadline, Executed::Maybe)
    );
    let late = error.unanswered().expect("it may have run");
    drop(error);
    assert!(file.unfinished().is_empty(), "somebody may ask");
    let mut error = late.ask_again::<u64>(short).wait().expect_err("held");
    let late = error.unanswered().expect("as before");
    drop(late);
    let call = file.unfinished().remove(0);
    stage.tally.open();
    assert_eq!(client.resume::<u64>(&call).wait().expect("its reply"), 1);
    assert_eq!(client.counted(HELD).wait().expect("read"), 1);
    assert!(file.unfinished().is_empty());
}
