//! Clients and servers together: in one process over every transport, and in two when one is killed.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Lines};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::{Arc, Condvar, Mutex};
use std::thread::scope;
use std::time::Duration;

use rpc_core::{Client, ErrorKind, Executed, Server, rpc};

/// Longer than any test takes that passes.
const AMPLE: Duration = Duration::from_secs(20);

/// Counts, and can be held up.
#[rpc(program = 0x2000_0c05, version = 1)]
trait Counter {
    /// Counts `number` once.
    fn count(&self, number: u64) -> u64;

    /// Counts `number`, at least once.
    #[rpc(idempotent)]
    fn count_again(&self, number: u64) -> u64;

    /// Counts `number` once, even if the server is asked again by another life of the client.
    #[rpc(exactly_once)]
    fn count_exactly(&self, number: u64) -> u64;

    /// How often `number` was counted.
    #[rpc(readonly)]
    fn counted(&self, number: u64) -> u64;

    /// Counts `number` if this gets through.
    #[rpc(oneway)]
    fn note(&self, number: u64);

    /// Gives the bytes back.
    #[rpc(readonly)]
    fn echo(&self, bytes: &[u8]) -> Vec<u8>;
}

/// Numbers from here on wait until the gate is opened.
const HELD: u64 = 1 << 32;

#[derive(Clone, Default)]
struct Tally {
    shared: Arc<(Mutex<Counts>, Condvar)>,
    /// Tells each count on the standard output.
    tells: bool,
}

#[derive(Default)]
struct Counts {
    counts: BTreeMap<u64, u64>,
    open: bool,
}

impl Tally {
    fn add(&self, number: u64) -> u64 {
        let (counts, changed) = &*self.shared;
        let mut counts = counts.lock().expect("not poisoned");
        *counts.counts.entry(number).or_default() += 1;
        changed.notify_all();
        if self.tells {
            println!("counted {number}");
        }
        while number >= HELD && !counts.open {
            counts = changed.wait(counts).expect("not poisoned");
        }
        counts.counts[&number]
    }

    fn wait_for(&self, number: u64) {
        let (counts, changed) = &*self.shared;
        let mut counts = counts.lock().expect("not poisoned");
        while !counts.counts.contains_key(&number) {
            let (again, timeout) = changed.wait_timeout(counts, AMPLE).expect("not poisoned");
            assert!(!timeout.timed_out(), "{number} was never counted");
            counts = again;
        }
    }

    fn open(&self) {
        let (counts, changed) = &*self.shared;
        counts.lock().expect("not poisoned").open = true;
        changed.notify_all();
    }

    fn all(&self) -> BTreeMap<u64, u64> {
        self.shared.0.lock().expect("not poisoned").counts.clone()
    }
}

impl Counter for Tally {
    fn count(&self, number: u64) -> u64 {
        self.add(number)
    }

    fn count_again(&self, number: u64) -> u64 {
        self.add(number)
    }

    fn count_exactly(&self, number: u64) -> u64 {
        self.add(number)
    }

    fn counted(&self, number: u64) -> u64 {
        self.all().get(&number).copied().unwrap_or_default()
    }

    fn note(&self, number: u64) {
        self.add(number);
    }

    fn echo(&self, bytes: &[u8]) -> Vec<u8> {
        bytes.to_vec()
    }
}

fn serve(tally: &Tally, endpoint: &str) -> Server {
    let service = CounterService::new(tally.clone());
    Server::builder()
        .serve(service)
        .listen(endpoint)
        .memory_completions()
        .start()
        .expect("started")
}

/// Over UDP the client hears nothing but what comes from the address that it asks.
#[test]
fn a_server_at_all_addresses_is_called_at_each() {
    for (listen, hosts) in [
        ("udp://0.0.0.0:0", ["127.0.0.1", "127.0.0.2"]),
        ("udp://[::]:0", ["127.0.0.2", "[::1]"]),
        ("tcp://0.0.0.0:0", ["127.0.0.1", "127.0.0.2"]),
    ] {
        let tally = Tally::default();
        let server = serve(&tally, listen);
        let bound = server.endpoints()[0].to_string();
        let (scheme, port) = (&bound[..6], bound.rsplit(':').next().expect("a port"));
        for (before, host) in (0..).zip(hosts) {
            let endpoint = format!("{scheme}{host}:{port}");
            let client = CounterClient::connect(&endpoint).expect(&endpoint);
            assert_eq!(client.count(7).wait().expect(&endpoint), before + 1);
        }
    }
}

fn socket_file(name: &str) -> String {
    format!("unix:{}/{name}.sock", std::env::temp_dir().display())
}

/// A place for a server in another process.
fn place(transport: &str) -> String {
    match transport {
        "unix" => socket_file(&format!(
            "{}-{:?}",
            std::process::id(),
            std::thread::current().id()
        )),
        transport => format!("{transport}://127.0.0.1:0"),
    }
}

/// Runs `test` with a server at each transport.
fn everywhere(test: impl Fn(&Tally, &Server, &CounterClient)) {
    // Names are shared with the tests that run beside this one.
    let name = format!("{}-{:?}", std::process::id(), std::thread::current().id());
    let name = format!("end-to-end-{}", name.replace(['(', ')'], "-"));
    for endpoint in [
        "tcp://127.0.0.1:0".to_owned(),
        "udp://127.0.0.1:0".to_owned(),
        socket_file(&name),
        format!("unix:@{name}"),
        format!("mem://{name}"),
    ] {
        let tally = Tally::default();
        let server = serve(&tally, &endpoint);
        let client = CounterClient::connect(&server.endpoints()[0].to_string()).expect("connected");
        test(&tally, &server, &client);
        tally.open();
    }
}

#[test]
fn every_kind_of_call_works_over_every_transport() {
    everywhere(|tally, _, client| {
        assert_eq!(client.count(1).wait().expect("counted"), 1);
        assert_eq!(client.count_again(2).wait().expect("counted"), 1);
        assert_eq!(client.count_exactly(3).wait().expect("counted"), 1);
        client.note(4).send().expect("sent");
        tally.wait_for(4);
        assert_eq!(client.counted(1).wait().expect("an answer"), 1);
        let bytes = vec![7; 50_000];
        assert_eq!(client.echo(&bytes).wait().expect("an answer"), bytes);
        assert_eq!(tally.all(), [(1, 1), (2, 1), (3, 1), (4, 1)].into());
        assert_eq!(client.stats().calls, 6);
    });
}

#[test]
fn each_call_of_many_threads_is_counted_once() {
    everywhere(|tally, _, client| {
        scope(|scope| {
            for thread in 0..12u64 {
                scope.spawn(move || {
                    for round in 0..150 {
                        let count = client.count(thread * 1000 + round).deadline(AMPLE).wait();
                        assert_eq!(count.expect("counted"), 1);
                    }
                });
            }
        });
        assert_eq!(tally.all().len(), 12 * 150);
        assert!(tally.all().values().all(|count| *count == 1));
    });
}

#[test]
fn a_call_whose_time_is_over_runs_on_and_runs_once() {
    everywhere(|tally, _, client| {
        let error = client
            .count(HELD)
            .deadline(Duration::from_millis(60))
            .wait()
            .expect_err("it is held up");
        assert_eq!(
            (error.kind(), error.executed()),
            (ErrorKind::Deadline, Executed::Maybe),
            "{error}"
        );
        assert_eq!(client.counted(HELD).wait().expect("an answer"), 1);
        tally.open();
        assert_eq!(
            client.count(1).wait().expect("the next call is not harmed"),
            1
        );
        assert_eq!(tally.all()[&HELD], 1);
    });
}

#[test]
fn a_long_call_is_waited_for_and_runs_once() {
    everywhere(|tally, _, client| {
        scope(|scope| {
            let waiting = scope.spawn(|| client.count(HELD).deadline(AMPLE).wait());
            tally.wait_for(HELD);
            // Long enough for copies and questions of a client that does not know whether its call has arrived.
            for number in 0..200 {
                client.count(number).wait().expect("counted");
            }
            let error = client
                .count(HELD + 1)
                .deadline(Duration::from_millis(200))
                .wait();
            assert_eq!(
                error.expect_err("it is held up").executed(),
                Executed::Maybe
            );
            tally.open();
            assert_eq!(waiting.join().expect("no panic").expect("counted"), 1);
        });
    });
}

#[test]
fn a_server_that_shuts_down_lets_its_calls_end() {
    for endpoint in [
        "tcp://127.0.0.1:0",
        "udp://127.0.0.1:0",
        &place("unix"),
        "mem://shuts-down",
    ] {
        let tally = Tally::default();
        let server = serve(&tally, endpoint);
        let client = CounterClient::connect(&server.endpoints()[0].to_string()).expect("connected");
        scope(|scope| {
            let waiting = scope.spawn(|| client.count(HELD).deadline(AMPLE).wait());
            tally.wait_for(HELD);
            let opener = scope.spawn(|| tally.open());
            server.shutdown(AMPLE).expect("nothing held it up");
            opener.join().expect("no panic");
            assert_eq!(
                waiting
                    .join()
                    .expect("no panic")
                    .expect("its answer left before the end"),
                1
            );
        });
        let error = client
            .count(1)
            .deadline(Duration::from_millis(80))
            .wait()
            .expect_err("nobody is there");
        assert_ne!(error.executed(), Executed::Yes, "{error}");
        assert!(!tally.all().contains_key(&1));
    }
}

/// A server in another process, to be killed.
struct Process {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
    endpoint: String,
    /// What it has said that it counted.
    counted: Vec<u64>,
}

impl Process {
    fn start(endpoint: &str) -> Self {
        let mut command = Command::new(std::env::current_exe().expect("a running test has a path"));
        command
            .args(["--exact", "this_is_a_server_when_told_so", "--nocapture"])
            .env("COUNTER_ENDPOINT", endpoint);
        let mut child = command
            .stdout(Stdio::piped())
            .spawn()
            .expect("the test starts itself");
        let lines = BufReader::new(child.stdout.take().expect("it is piped")).lines();
        let mut process = Self {
            child,
            lines,
            endpoint: String::new(),
            counted: Vec::new(),
        };
        while process.endpoint.is_empty() {
            let line = process.next_line().expect("it says where it serves");
            process.endpoint = line
                .split_once("serving ")
                .map(|(_, endpoint)| endpoint.to_owned())
                .unwrap_or_default();
        }
        process
    }

    fn next_line(&mut self) -> Option<String> {
        let line = self.lines.next()?.expect("text");
        self.counted.extend(
            line.strip_prefix("counted ")
                .and_then(|number| number.parse::<u64>().ok()),
        );
        Some(line)
    }

    fn wait_for(&mut self, number: u64) {
        while !self.counted.contains(&number) {
            self.next_line()
                .expect("it counts the number before it ends");
        }
    }

    /// Kills it, and tells all that it counted.
    fn kill(mut self) -> Vec<u64> {
        self.child.kill().expect("killed");
        while self.next_line().is_some() {}
        std::mem::take(&mut self.counted)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It fails only when the process has ended already, which is what is wanted.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn this_is_a_server_when_told_so() {
    let Ok(endpoint) = std::env::var("COUNTER_ENDPOINT") else {
        return;
    };
    let tally = Tally {
        tells: true,
        ..Tally::default()
    };
    let server = serve(&tally, &endpoint);
    println!("serving {}", server.endpoints()[0]);
    loop {
        std::thread::park();
    }
}

#[test]
fn calls_of_a_server_that_is_killed_tell_the_truth() {
    for transport in ["tcp", "udp", "unix"] {
        let mut first = Process::start(&place(transport));
        let endpoint = first.endpoint.clone();
        let client = CounterClient::connect(&endpoint).expect("connected");
        scope(|scope| {
            let once = scope.spawn(|| client.count(HELD).deadline(AMPLE).wait());
            first.wait_for(HELD);
            let exactly = scope.spawn(|| client.count_exactly(HELD + 1).deadline(AMPLE).wait());
            first.wait_for(HELD + 1);
            first.kill();
            let second = Process::start(&endpoint);
            for waiting in [once, exactly] {
                let error = waiting
                    .join()
                    .expect("no panic")
                    .expect_err("it went with the server");
                assert_eq!(error.executed(), Executed::Maybe, "{error}");
                assert!(
                    matches!(
                        error.kind(),
                        ErrorKind::ServerRestarted | ErrorKind::SessionLost
                    ),
                    "{error}"
                );
            }
            assert_eq!(client.count(1).wait().expect("counted"), 1);
            assert_eq!(second.kill(), [1], "nothing was run a second time");
        });
    }
}

#[test]
fn no_call_runs_twice_while_servers_are_killed_and_restarted() {
    for transport in ["tcp", "udp", "unix"] {
        let mut server = Some(Process::start(&place(transport)));
        let endpoint = server.as_ref().expect("it was started").endpoint.clone();
        let client = CounterClient::connect(&endpoint).expect("connected");
        let (mut counted, mut succeeded) = (Vec::new(), Vec::new());
        for life in 0..3u64 {
            let ended: Vec<_> = scope(|scope| {
                let calls = |thread: u64| {
                    let client = &client;
                    move || {
                        let numbers = (0..60).map(|round| life * 10_000 + thread * 1000 + round);
                        let call = |number| client.count(number).deadline(AMPLE).wait();
                        numbers
                            .map(|number| (number, call(number)))
                            .collect::<Vec<_>>()
                    }
                };
                let threads: Vec<_> = (0..4).map(|thread| scope.spawn(calls(thread))).collect();
                let mut dead = server.take().expect("it was started");
                dead.wait_for(life * 10_000 + 2_020);
                counted.extend(dead.kill());
                server = Some(Process::start(&endpoint));
                threads
                    .into_iter()
                    .flat_map(|thread| thread.join().expect("no panic"))
                    .collect()
            });
            let failed = ended.iter().filter(|(_, result)| result.is_err()).count();
            assert!(
                failed <= 4,
                "only what was out when the server died can fail: {ended:?}"
            );
            for (number, result) in ended {
                match result {
                    Ok(count) => succeeded.push((number, count)),
                    Err(error) => assert_eq!(error.executed(), Executed::Maybe, "{error}"),
                }
            }
        }
        counted.extend(server.expect("it was started").kill());
        counted.sort_unstable();
        assert!(
            counted.is_sorted_by(|one, next| one < next),
            "a call ran twice: {counted:?}"
        );
        for (number, count) in succeeded {
            assert_eq!(count, 1);
            assert!(counted.binary_search(&number).is_ok(), "{number} ran");
        }
    }
}
