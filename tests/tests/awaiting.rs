//! Awaited calls on tokio, over every transport, and what they keep: names, session files, local services, handlers.
//!
//! `docs/client.md` and the README show parts of this file.

use std::error::Error as StdError;
use std::fs;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::task::{Context as TaskContext, Waker};
use std::time::{Duration, SystemTime};

use rpc_core::{
    Call, Client, Context, Error, Executed, KeySpace, Pending, Server, SessionFile, rpc,
};
use tokio::runtime::{Builder, Runtime};

/// Longer than any test takes that passes.
const AMPLE: Duration = Duration::from_secs(20);

#[rpc(program = 0x2000_0bac, version = 1)]
trait Bank {
    #[rpc(readonly)]
    fn balance(&self, account: u64) -> u64;

    /// Takes money from an account. Returns how often anything was taken.
    #[rpc(exactly_once)]
    fn take(&self, account: u64, cents: u64) -> u64;

    /// Returns when so many callers are in this method at once.
    fn meet(&self, callers: u64) -> u64;

    /// Asks another bank for two balances at once.
    fn total(&self, cx: &Context, endpoint: &str) -> u64;

    #[rpc(oneway)]
    fn note(&self, line: &str);
}

#[derive(Clone, Default)]
struct Vault(Arc<Inside>);

#[derive(Default)]
struct Inside {
    taken: AtomicU64,
    noted: AtomicU64,
    met: (Mutex<u64>, Condvar),
}

impl Bank for Vault {
    fn balance(&self, account: u64) -> u64 {
        100 * account
    }

    fn take(&self, _account: u64, _cents: u64) -> u64 {
        self.0.taken.fetch_add(1, Ordering::Relaxed) + 1
    }

    fn meet(&self, callers: u64) -> u64 {
        let (met, changed) = &self.0.met;
        let mut met = met.lock().expect("no panic");
        *met += 1;
        changed.notify_all();
        while *met % callers != 0 {
            let (again, timeout) = changed.wait_timeout(met, AMPLE).expect("no panic");
            assert!(!timeout.timed_out(), "nobody else comes");
            met = again;
        }
        *met
    }

    fn total(&self, _cx: &Context, endpoint: &str) -> u64 {
        let bank = BankClient::connect(endpoint).expect("connected");
        let (a, b) = (bank.balance(1).start(), bank.balance(2).start());
        a.wait().expect("a balance") + b.wait().expect("a balance")
    }

    fn note(&self, _line: &str) {
        self.0.noted.fetch_add(1, Ordering::Relaxed);
    }
}

fn endpoints() -> [String; 4] {
    static NAMES: AtomicU32 = AtomicU32::new(0);
    let number = NAMES.fetch_add(1, Ordering::Relaxed);
    [
        "tcp://127.0.0.1:0".to_owned(),
        "udp://127.0.0.1:0".to_owned(),
        format!("unix:@awaiting-{}-{number}", std::process::id()),
        format!("mem://awaiting-{number}"),
    ]
}

/// A bank at an endpoint, and a client of it.
fn open(endpoint: &str) -> (Server, BankClient, Vault) {
    let vault = Vault::default();
    let server = Server::builder()
        .memory_completions()
        .serve(BankService::new(vault.clone()))
        .listen(endpoint)
        .start()
        .expect("started");
    let client = BankClient::connect(&server.endpoints()[0].to_string()).expect("connected");
    (server, client, vault)
}

fn runtimes() -> [Runtime; 2] {
    [Builder::new_current_thread(), Builder::new_multi_thread()]
        .map(|mut builder| builder.enable_time().build().expect("a runtime"))
}

fn poll_once<R>(pending: &mut Pending<R>) -> bool {
    let mut cx = TaskContext::from_waker(Waker::noop());
    Future::poll(Pin::new(pending), &mut cx).is_ready()
}

/// What a task needs to be given to a runtime of threads.
fn assert_send<T: Send + 'static>(value: T) -> T {
    value
}

#[test]
fn a_call_is_awaited_on_tokio() {
    async fn balances(bank: &BankClient) -> Result<u64, Error> {
        let first = bank.balance(1).await?;
        let second = bank.balance(2).deadline(Duration::from_secs(2)).await?;
        Ok(first + second)
    }
    for endpoint in endpoints() {
        let (_server, bank, _) = open(&endpoint);
        for runtime in runtimes() {
            assert_eq!(runtime.block_on(balances(&bank)).expect("balances"), 300);
        }
    }
}

#[test]
fn many_tasks_share_a_client() {
    for endpoint in endpoints() {
        let (_server, bank, _) = open(&endpoint);
        for runtime in runtimes() {
            let tasks: Vec<_> = (0..1000)
                .map(|account| {
                    let bank = bank.clone();
                    runtime.spawn(assert_send(async move { bank.balance(account).await }))
                })
                .collect();
            runtime.block_on(async {
                for (account, task) in tasks.into_iter().enumerate() {
                    let balance = task.await.expect("no panic").expect("a balance");
                    assert_eq!(balance, 100 * account as u64);
                }
            });
        }
    }
}

/// The handler returns only when both calls are in it.
#[test]
fn started_calls_are_in_the_server_at_the_same_time() {
    for endpoint in endpoints() {
        let (_server, bank, _) = open(&endpoint);
        let (a, b) = (bank.meet(2).start(), bank.meet(2).start());
        a.wait().expect("met");
        b.wait().expect("met");
        for runtime in runtimes() {
            let (a, b) = runtime.block_on(async {
                let (a, b) = (bank.meet(2), bank.meet(2));
                tokio::join!(a.into_future(), b.into_future())
            });
            a.and(b).expect("met");
        }
    }
}

/// A task that does not wait any longer: its call is given up, and the client is as good as before.
#[test]
fn a_call_that_takes_too_long_for_its_task_is_given_up() {
    for endpoint in endpoints() {
        let (_server, bank, _) = open(&endpoint);
        for runtime in runtimes() {
            runtime.block_on(async {
                let patience = Duration::from_millis(20);
                let call = bank.meet(2).into_future();
                tokio::time::timeout(patience, call)
                    .await
                    .expect_err("nobody else is there");
                // It runs all the same, and so this one meets it.
                bank.meet(2).await.expect("met");
            });
        }
    }
}

#[test]
fn a_oneway_call_is_awaited() {
    for endpoint in endpoints() {
        let (server, bank, vault) = open(&endpoint);
        for runtime in runtimes() {
            runtime
                .block_on(bank.note("hello").into_future())
                .expect("sent");
        }
        // What came before this on the same way has begun.
        bank.balance(1).wait().expect("a balance");
        drop(bank);
        server.shutdown(AMPLE).expect("all calls have ended");
        assert_eq!(vault.0.noted.load(Ordering::Relaxed), 2);
    }
}

#[test]
fn a_handler_waits_for_calls_that_it_started() {
    for endpoint in endpoints() {
        let (_inner, _, _) = open("tcp://127.0.0.1:0");
        let (_server, bank, _) = open(&endpoint);
        let other = _inner.endpoints()[0].to_string();
        for runtime in runtimes() {
            let total = runtime.block_on(bank.total(&other).into_future());
            assert_eq!(total.expect("a total"), 300);
        }
    }
}

/// A method of a local service runs where its call is made: at the start, or at the first poll.
#[test]
fn a_local_call_runs_when_it_is_made() {
    let vault = Vault::default();
    let bank = BankClient::local(vault.clone());
    let taken = || vault.0.taken.load(Ordering::Relaxed);
    let started = bank.take(1, 1).start();
    assert_eq!(taken(), 1);
    let mut polled = bank.take(1, 1).into_future();
    assert_eq!(taken(), 1);
    assert!(poll_once(&mut polled));
    assert_eq!(taken(), 2);
    for runtime in runtimes() {
        assert_eq!(
            runtime
                .block_on(bank.balance(7).into_future())
                .expect("a balance"),
            700
        );
    }
    assert_eq!(started.wait().expect("its result was kept"), 1);
}

#[test]
fn a_name_is_one_call_however_it_is_made() {
    for endpoint in endpoints() {
        let (_server, bank, vault) = open(&endpoint);
        let path = file("keys");
        let bank = bank.with_key_space(&KeySpace::open(&path).expect("a key space"));
        let issued = SystemTime::now();
        let call = || bank.take(1, 250).key("invoice-1042", issued);
        let [runtime, _] = runtimes();
        for _ in 0..2 {
            assert_eq!(runtime.block_on(call().into_future()).expect("taken"), 1);
            assert_eq!(call().start().wait().expect("taken"), 1);
            assert_eq!(call().wait().expect("taken"), 1);
        }
        // Its answer is given up, and it still is the one call.
        drop(call().start());
        assert_eq!(runtime.block_on(call().into_future()).expect("taken"), 1);
        assert_eq!(vault.0.taken.load(Ordering::Relaxed), 1);
        fs::remove_file(&path).expect("removed");
    }
}

/// In a session file a call is unfinished until `poll` has returned its result.
#[test]
fn a_call_is_unfinished_until_its_future_gave_the_result() -> Result<(), Box<dyn StdError>> {
    for endpoint in endpoints() {
        let (_server, bank, vault) = open(&endpoint);
        let path = file("session");
        let session = SessionFile::open(&path)?;
        let noting = bank.with_session_file(&session);
        let [runtime, _] = runtimes();
        let unmade = noting.take(1, 1).into_future();
        drop(unmade);
        assert!(session.unfinished().is_empty(), "it was not made");
        assert_eq!(runtime.block_on(noting.take(1, 1).into_future())?, 1);
        assert!(session.unfinished().is_empty(), "its result was taken");
        // The second one was answered, and nobody has looked.
        let (dropped, unread) = (noting.take(1, 2).start(), noting.take(1, 3).start());
        noting.take(1, 4).wait()?;
        drop((dropped, unread));
        let unfinished = session.unfinished();
        assert_eq!(unfinished.len(), 2);
        for call in &unfinished {
            runtime.block_on(noting.resume::<u64>(call).into_future())?;
        }
        assert!(session.unfinished().is_empty());
        assert_eq!(vault.0.taken.load(Ordering::Relaxed), 4, "each ran once");
        drop((noting, bank, session));
        fs::remove_file(&path)?;
    }
    Ok(())
}

#[test]
fn awaited_calls_of_a_server_that_stops_say_whether_they_ran() {
    let (server, bank, _) = open("tcp://127.0.0.1:0");
    server.shutdown(AMPLE).expect("nothing is under way");
    let [runtime, _] = runtimes();
    let call: Call<u64> = bank.take(1, 1).deadline(Duration::from_millis(50));
    let error = runtime
        .block_on(call.into_future())
        .expect_err("nobody is there");
    assert_eq!(error.executed(), Executed::No, "{error}");
}

/// Other processes: this executable once more, of which one ignored test is the whole program.
mod processes {
    use super::*;
    use rpc_core::ErrorKind;
    use std::io::Read;
    use std::process::{Command, Stdio};
    use testkit::{Running, eventually};

    const LONG: Duration = Duration::from_secs(3600);

    fn start(role: &str, endpoint: &str, and: (&str, &str)) -> Running {
        let mut command = Command::new(std::env::current_exe().expect("a running test has a path"));
        command.args(["--exact", "--ignored", "--test-threads=1"]);
        command.arg(format!("processes::{role}"));
        command.env("ENDPOINT", endpoint).env(and.0, and.1);
        command.stdin(Stdio::piped()).stdout(Stdio::null());
        Running(command.spawn().expect("it starts"))
    }

    fn endpoint() -> String {
        std::env::var("ENDPOINT").expect("told by the test that starts this")
    }

    fn exit_code(process: &mut Running) -> Option<i32> {
        let status = eventually("its end", AMPLE, || process.0.try_wait().expect("a child"));
        status.code()
    }

    /// Neither the I/O thread nor a call holds a process up.
    #[test]
    fn a_process_ends_while_its_futures_wait() {
        for (how, code) in [("exit", 7), ("return", 0)] {
            let (server, bank, vault) = open("tcp://127.0.0.1:0");
            let endpoint = server.endpoints()[0].to_string();
            let mut process = start("caller", &endpoint, ("HOW", how));
            let both = || (*vault.0.met.0.lock().expect("no panic") == 2).then_some(());
            eventually("both calls", AMPLE, both);
            drop(process.0.stdin.take());
            assert_eq!(exit_code(&mut process), Some(code), "{how}");
            assert_eq!(bank.meet(3).deadline(AMPLE).wait().expect("met"), 3);
        }
    }

    #[test]
    #[ignore = "a process of another test"]
    fn caller() {
        let bank = BankClient::connect(&endpoint()).expect("connected");
        let mut polled = bank.meet(3).deadline(LONG).start();
        assert!(!poll_once(&mut polled));
        let started = bank.meet(3).deadline(LONG).start();
        let told = std::io::stdin().read_to_end(&mut Vec::new());
        assert_eq!(told.expect("read"), 0);
        if std::env::var("HOW").expect("told") == "exit" {
            std::process::exit(7);
        }
        std::mem::forget((polled, started));
    }

    /// Calls that it had begun may have run; all others are made at the next server.
    #[test]
    fn futures_hear_of_a_server_that_was_killed() {
        let name = format!("unix:@awaiting-killed-{}", std::process::id());
        let mut process = start("bank", &name, ("HOW", "serve"));
        let bank = eventually("the bank", AMPLE, || BankClient::connect(&name).ok());
        bank.meet(1).deadline(AMPLE).wait().expect("met");
        let started = bank.meet(9).deadline(LONG).start();
        let [runtime, threads] = runtimes();
        let polled = threads.spawn(bank.meet(9).deadline(LONG).start());
        // What came before this on the same way has begun.
        bank.balance(1).wait().expect("a balance");
        process.0.kill().expect("it runs");
        process.0.wait().expect("a child");
        let (_server, _, _) = open(&name);
        let polled = runtime.block_on(polled).expect("no panic");
        for ended in [polled, runtime.block_on(started)] {
            let error = ended.expect_err("its server is gone");
            let told = (error.kind(), error.executed());
            assert_eq!(told, (ErrorKind::ServerRestarted, Executed::Maybe));
        }
        let balance = runtime.block_on(bank.balance(2).into_future());
        assert_eq!(balance.expect("the next server serves"), 200);
    }

    #[test]
    #[ignore = "a process of another test"]
    fn bank() {
        let _bank = open(&endpoint());
        let told = std::io::stdin().read_to_end(&mut Vec::new());
        assert_eq!(told.expect("read"), 0);
    }

    /// No stack can be so large, so no thread can be started.
    #[test]
    fn without_threads_futures_fail_and_leave_nothing() {
        let (server, _, _) = open("tcp://127.0.0.1:0");
        let endpoint = server.endpoints()[0].to_string();
        let stack = (1u64 << 47).to_string();
        let mut process = start("threadless", &endpoint, ("RUST_MIN_STACK", &stack));
        // An executable that finds no such test ends with 0, too.
        assert_eq!(exit_code(&mut process), Some(7));
    }

    #[test]
    #[ignore = "a process of another test"]
    fn threadless() {
        let bank = BankClient::connect(&endpoint()).expect("connected");
        let descriptors = || fs::read_dir("/proc/self/fd").expect("a list").count();
        let fail = || {
            let error = bank.balance(1).start().wait().expect_err("no thread");
            let told = (error.kind(), error.executed());
            assert_eq!(told, (ErrorKind::NoIoThread, Executed::No), "{error}");
        };
        fail();
        let before = descriptors();
        (0..50).for_each(|_| fail());
        assert_eq!(descriptors(), before);
        assert_eq!(bank.balance(1).wait().expect("it needs no thread"), 100);
        std::process::exit(7);
    }
}

fn file(name: &str) -> PathBuf {
    let name = format!("awaiting-{name}-{}", std::process::id());
    let path = std::env::temp_dir().join(name);
    let _ = fs::remove_file(&path);
    path
}

/// The page's examples.
mod page {
    use super::*;
    use std::thread;

    #[test]
    fn pipelining() -> Result<(), Error> {
        let (_server, bank, _) = open("tcp://127.0.0.1:0");
        let (a, b) = (bank.balance(1).start(), bank.balance(2).start());
        println!("{} and {}", a.wait()?, b.wait()?);

        let many: Vec<_> = (1..=1000)
            .map(|account| bank.balance(account).start())
            .collect();
        let mut sum = 0;
        for balance in many {
            sum += balance.wait()?;
        }
        assert_eq!(sum, 50_050_000);
        Ok(())
    }

    #[tokio::test]
    async fn awaiting() -> Result<(), Box<dyn StdError>> {
        let server = tokio::task::spawn_blocking(|| open("tcp://127.0.0.1:0").0).await?;
        let endpoint = server.endpoints()[0].to_string();
        let bank = tokio::task::spawn_blocking(move || BankClient::connect(&endpoint)).await??;
        let (a, b) = (bank.balance(1).start(), bank.balance(2).start());
        println!("{} and {}", a.await?, b.await?);
        bank.note("two balances were read").await?;
        let taken = bank.take(7, 250).deadline(Duration::from_secs(2)).await?;
        assert_eq!(taken, 1);
        Ok(())
    }

    #[test]
    fn other_threads() {
        let (_server, bank, _) = open("tcp://127.0.0.1:0");
        let balance = bank.balance(1).start();
        let printer = thread::spawn(move || println!("{:?}", balance.wait()));
        printer.join().expect("no panic");
    }
}
