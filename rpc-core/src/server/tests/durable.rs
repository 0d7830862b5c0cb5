//! Exactly-once calls and the store: what is answered when, and what is left after a crash.

use super::shelf::{Notes, Shelf};
use super::support::{Gate, PATIENCE};
use crate::server::HeldUp;
use crate::server::shared::Phase;
use crate::store::StoreError;
use crate::{Context, Error, ErrorKind, Executed, Recovery, Server, Xdr, rpc};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::scope;
use std::time::Duration;

/// What a call does with its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Xdr)]
enum How {
    Write,
    Refuse,
    RefuseAndKeep,
    /// Inside the transaction.
    Panic,
    PanicBefore,
    PanicAfter,
    WriteTwice,
    /// And catches what the store says of it.
    FailAndCatch,
    Fail,
    /// Returns something else than it has recorded.
    ReturnAnother,
    /// Gives the transaction a result that is not the method's.
    RecordAnother,
    /// Takes the transaction for one of another store.
    Mistake,
    /// Makes none.
    Nothing,
    /// Waits at the gate, then writes.
    WaitBefore,
    /// Writes, then waits at the gate.
    WaitAfter,
}

#[rpc(program = 0x2000_0baf, version = 1)]
trait Notary {
    #[rpc(exactly_once)]
    fn note(&self, cx: &Context, how: How, number: u64) -> Result<u64, String>;
    /// All that is durable.
    #[rpc(readonly)]
    fn notes(&self, cx: &Context) -> Vec<u64>;
    /// Wants a transaction, and is not exactly once.
    fn overreach(&self, cx: &Context) -> u64;
}

#[derive(Clone, Default)]
struct Office {
    gate: Arc<Gate>,
    ran: Arc<AtomicU64>,
    /// What it finds out after a crash.
    found: Arc<AtomicU64>,
}

fn write(t: &Notes, number: u64) -> Result<Result<u64, String>, StoreError> {
    t.0.borrow_mut().push(number);
    Ok(Ok(number))
}

fn refuse(t: &Notes, number: u64) -> Result<Result<u64, String>, StoreError> {
    write(t, number).map(|_| Err("no".to_owned()))
}

impl Notary for Office {
    fn note(&self, cx: &Context, how: How, number: u64) -> Result<u64, String> {
        self.ran.fetch_add(1, Ordering::SeqCst);
        let fail = |t: &Notes| -> Result<Result<u64, String>, StoreError> {
            write(t, number)?.map_err(StoreError::transaction)?;
            Err(StoreError::transaction("as the test wants"))
        };
        match how {
            How::Write => cx.transaction(|t| write(t, number)),
            How::Refuse => cx.transaction(|t| refuse(t, number)),
            How::RefuseAndKeep => cx.transaction_keeping(|t| refuse(t, number)),
            How::Panic => cx.transaction(|t| {
                write(t, number)?.map_err(StoreError::transaction)?;
                panic!("inside")
            }),
            How::PanicBefore => panic!("before"),
            How::PanicAfter => {
                cx.transaction(|t| write(t, number)).expect("no refusal");
                panic!("after")
            }
            How::WriteTwice => {
                cx.transaction(|t| write(t, number)).expect("no refusal");
                cx.transaction(|t| write(t, number))
            }
            How::Fail => cx.transaction(fail),
            How::FailAndCatch => {
                let failed = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
                    cx.transaction(fail).expect("it does not return")
                }));
                failed.map_err(|_| "caught".to_owned())
            }
            How::ReturnAnother => cx
                .transaction(|t| write(t, number))
                .map(|number| number + 1),
            How::RecordAnother => {
                let number = cx.transaction(|t| write(t, number).map(|_| number));
                Ok(number)
            }
            How::Mistake => cx.transaction(|_: &Vec<u64>| Ok(Ok(1))),
            How::Nothing => Ok(number),
            How::WaitBefore => {
                self.gate.pass();
                cx.transaction(|t| write(t, number))
            }
            How::WaitAfter => {
                let result = cx.transaction(|t| write(t, number));
                self.gate.pass();
                result
            }
        }
    }

    fn recover_note(&self, _: &Context, _: How, number: u64) -> Recovery<Result<u64, String>> {
        match self.found.load(Ordering::SeqCst) {
            0 => Recovery::CannotTell,
            1 => Recovery::DidNot,
            2 => panic!("as the test wants"),
            _ => Recovery::Did(Ok(number + 1)),
        }
    }

    fn notes(&self, cx: &Context) -> Vec<u64> {
        cx.read(|notes: &Vec<u64>| Ok(notes.clone()))
    }

    fn overreach(&self, cx: &Context) -> u64 {
        cx.transaction(|t: &Notes| write(t, 1).map(|_| 1))
    }
}

/// Whether all effects of the service are in the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Transactional,
    Elsewhere,
}

const KINDS: [Kind; 2] = [Kind::Transactional, Kind::Elsewhere];

fn start(office: &Office, shelf: &Shelf, kind: Kind, endpoint: &str) -> Server {
    let service = NotaryService::new(office.clone());
    let service = match kind {
        Kind::Transactional => service.transactional(),
        Kind::Elsewhere => service,
    };
    Server::builder()
        .serve(service)
        .completions(shelf.clone())
        .threads(2)
        .listen(endpoint)
        .start()
        .expect("the server starts")
}

/// A client that has a session with the store already.
fn connect(server: &Server) -> NotaryClient {
    let client = NotaryClient::connect(&server.endpoints()[0].to_string()).expect("connect");
    let first = client.note(How::Nothing, 0).deadline(PATIENCE).wait();
    assert_eq!(first.expect("answered"), Ok(0));
    client
}

fn told(error: &Error) -> (ErrorKind, Executed) {
    (error.kind(), error.executed())
}

#[test]
fn a_call_ends_as_its_transaction_does() {
    use Executed::{Maybe, No};
    let panicked = |executed| Err((ErrorKind::Panicked, executed));
    let failed = Err((ErrorKind::StoreFailed, Maybe));
    let no = Ok(Err("no".to_owned()));
    // What a panic leaves is known of a transactional service only.
    let rows = [
        (How::Write, Ok(Ok(5)), None, true),
        (How::Refuse, no.clone(), None, false),
        (How::RefuseAndKeep, no, None, true),
        (How::Panic, panicked(No), Some(panicked(Maybe)), false),
        (How::PanicBefore, panicked(No), Some(panicked(Maybe)), false),
        (How::PanicAfter, Ok(Ok(5)), None, true),
        (How::WriteTwice, Ok(Ok(5)), None, true),
        (How::Fail, failed.clone(), None, false),
        (How::FailAndCatch, failed.clone(), None, false),
        (How::ReturnAnother, Ok(Ok(5)), None, true),
        (
            How::RecordAnother,
            panicked(No),
            Some(panicked(Maybe)),
            false,
        ),
        (How::Mistake, failed, None, false),
        (How::Nothing, Ok(Ok(5)), None, false),
    ];
    for kind in KINDS {
        for (how, expected, elsewhere, written) in rows.clone() {
            let shelf = Shelf::default();
            let server = start(&Office::default(), &shelf, kind, "tcp://127.0.0.1:0");
            let client = connect(&server);
            let answer = client
                .note(how, 5)
                .deadline(PATIENCE)
                .wait()
                .map_err(|error| told(&error));
            let expected = match (kind, elsewhere) {
                (Kind::Elsewhere, Some(elsewhere)) => elsewhere,
                _ => expected,
            };
            assert_eq!(answer, expected, "{how:?} {kind:?}");
            let notes = client.notes().deadline(PATIENCE).wait().expect("answered");
            assert_eq!(
                notes,
                if written { vec![5] } else { vec![] },
                "{how:?} {kind:?}"
            );
        }
    }
}

#[test]
fn where_there_is_no_transaction_one_that_asks_is_told_so() {
    let office = Office::default();
    let memory = Server::builder()
        .serve(NotaryService::new(office.clone()))
        .memory_completions()
        .listen("tcp://127.0.0.1:0")
        .start()
        .expect("the server starts");
    let durable = start(
        &office,
        &Shelf::default(),
        Kind::Elsewhere,
        "tcp://127.0.0.1:0",
    );
    let panicked = (ErrorKind::Panicked, Executed::Maybe);
    let local = NotaryClient::local(office);
    for (name, client) in [("memory", &connect(&memory)), ("local", &local)] {
        let error = client.note(How::Write, 5).deadline(PATIENCE).wait();
        assert_eq!(told(&error.expect_err(name)), panicked, "{name}");
    }
    let error = connect(&durable).overreach().deadline(PATIENCE).wait();
    assert_eq!(told(&error.expect_err("not exactly once")), panicked);
}

/// While the commit is held, copies find the call under way, and nobody gets the reply.
#[test]
fn a_reply_waits_for_the_commit() {
    for kind in KINDS {
        for endpoint in ["tcp://127.0.0.1:0", "udp://127.0.0.1:0", "mem://held-reply"] {
            for how in [How::Write, How::Nothing, How::Refuse] {
                let (office, shelf) = (Office::default(), Shelf::default());
                let server = start(&office, &shelf, kind, endpoint);
                let client = connect(&server);
                let before = office.ran.load(Ordering::SeqCst);
                shelf.hold();
                if kind == Kind::Elsewhere {
                    // The start.
                    shelf.allow(1);
                }
                let soon = Duration::from_millis(30);
                let mut error = client.note(how, 5).deadline(soon).wait().expect_err("held");
                assert_eq!(told(&error), (ErrorKind::Deadline, Executed::Maybe));
                assert_eq!(shelf.notes(), [] as [u64; 0]);
                let unanswered = error.unanswered().expect("it may be asked again");
                let mut error = unanswered
                    .ask_again::<Result<u64, String>>(soon)
                    .wait()
                    .expect_err("still held");
                let unanswered = error.unanswered().expect("it may be asked again");
                shelf.free();
                let answer = unanswered.ask_again::<Result<u64, String>>(PATIENCE).wait();
                let expected = match how {
                    How::Refuse => Err("no".to_owned()),
                    _ => Ok(5),
                };
                assert_eq!(
                    answer.expect("answered"),
                    expected,
                    "{how:?} {kind:?} {endpoint}"
                );
                assert_eq!(office.ran.load(Ordering::SeqCst), before + 1);
            }
        }
    }
}

/// Calls that come while a commit is under way share the next one.
#[test]
fn one_commit_is_for_all_that_wait() {
    let (office, shelf) = (Office::default(), Shelf::default());
    let server = start(&office, &shelf, Kind::Transactional, "tcp://127.0.0.1:0");
    let client = connect(&server);
    let begun = shelf.groups().len();
    shelf.hold();
    scope(|threads| {
        let call = |number| {
            let client = client.clone();
            threads.spawn(move || client.note(How::Write, number).deadline(PATIENCE).wait())
        };
        let first = call(0);
        shelf.wait_for_commits(begun + 1);
        let others: Vec<_> = (1..9).map(call).collect();
        shelf.wait_for_transactions(9);
        shelf.free();
        for (number, call) in (0..).zip([first].into_iter().chain(others)) {
            let answer = call.join().expect("no panic").expect("answered");
            assert_eq!(answer, Ok(number));
        }
    });
    let groups = &shelf.groups()[begun..];
    assert_eq!(groups[..2], [1, 8], "{groups:?}");
}

#[test]
fn a_handler_that_is_slow_beside_its_transaction_holds_up_nobody() {
    for (kind, how) in KINDS
        .into_iter()
        .flat_map(|kind| [How::WaitBefore, How::WaitAfter].map(|how| (kind, how)))
    {
        let (office, shelf) = (Office::default(), Shelf::default());
        let server = start(&office, &shelf, kind, "tcp://127.0.0.1:0");
        let client = connect(&server);
        scope(|threads| {
            let slow = threads.spawn(|| client.note(how, 1).deadline(PATIENCE).wait());
            office.gate.wait_for(1);
            for number in 2..5 {
                let answer = client.note(How::Write, number).deadline(PATIENCE).wait();
                assert_eq!(answer.expect("answered"), Ok(number));
            }
            let notes = client.notes().deadline(PATIENCE).wait().expect("answered");
            let expected: &[u64] = match how {
                How::WaitAfter => &[1, 2, 3, 4],
                _ => &[2, 3, 4],
            };
            assert_eq!(notes, expected, "{kind:?} {how:?}");
            office.gate.open(1);
            let answer = slow.join().expect("no panic").expect("answered");
            assert_eq!(answer, Ok(1), "{kind:?} {how:?}");
        });
    }
}

/// The server dies before or after the commit; its successor is at the same address, on what was durable.
#[test]
fn the_next_server_on_the_store_goes_on_with_what_is_durable() {
    for durable in [true, false] {
        let endpoint = &format!("mem://next-server-{durable}");
        let (office, shelf) = (Office::default(), Shelf::default());
        let server = start(&office, &shelf, Kind::Transactional, endpoint);
        let client = connect(&server);
        let begun = shelf.groups().len();
        shelf.hold();
        let soon = Duration::from_millis(30);
        let mut error = client
            .note(How::Write, 5)
            .deadline(soon)
            .wait()
            .expect_err("held");
        let unanswered = error.unanswered().expect("it may be asked again");
        shelf.wait_for_commits(begun + 1);
        let killed = shelf.after_a_crash();
        shelf.free();
        server.shutdown(PATIENCE).expect("the server ends");
        let shelf = if durable { shelf } else { killed };
        let ran = office.ran.load(Ordering::SeqCst);
        let server = start(&office, &shelf, Kind::Transactional, endpoint);
        let answer = unanswered.ask_again::<Result<u64, String>>(PATIENCE).wait();
        assert_eq!(answer.expect("answered"), Ok(5), "durable: {durable}");
        assert_eq!(shelf.notes(), [5], "durable: {durable}");
        let again = office.ran.load(Ordering::SeqCst) - ran;
        assert_eq!(
            again,
            u64::from(!durable),
            "it runs only if nothing is left of it"
        );
        server.shutdown(PATIENCE).expect("the server ends");
    }
}

/// The server dies while a handler runs whose effects may be anywhere.
#[test]
fn a_service_is_asked_what_became_of_calls_that_a_crash_interrupted() {
    let interrupted = Err((ErrorKind::Interrupted, Executed::Maybe));
    let rows = [
        ("cannot tell", 0, interrupted.clone(), 0),
        ("did not", 1, Ok(Ok(5)), 1),
        ("panics", 2, interrupted, 0),
        ("did", 3, Ok(Ok(6)), 0),
    ];
    for (name, found, expected, runs) in rows {
        let endpoint = &format!("mem://interrupted-{found}");
        let (office, shelf) = (Office::default(), Shelf::default());
        let server = start(&office, &shelf, Kind::Elsewhere, endpoint);
        let client = connect(&server);
        scope(|threads| {
            let call = client.note(How::WaitBefore, 5).deadline(PATIENCE);
            let call = threads.spawn(|| call.wait());
            office.gate.wait_for(1);
            let shelf = shelf.after_a_crash();
            let error = server.shutdown(Duration::ZERO).expect_err("a handler runs");
            assert!(
                matches!(error.held_up()[0], HeldUp::Handler { .. }),
                "{error}"
            );
            let next = Office::default();
            next.found.store(found, Ordering::SeqCst);
            next.gate.open(1);
            let server = start(&next, &shelf, Kind::Elsewhere, endpoint);
            let answer = call.join().expect("no panic").map_err(|error| told(&error));
            assert_eq!(answer, expected, "{name}");
            assert_eq!(next.ran.load(Ordering::SeqCst), runs, "{name}");
            server.shutdown(PATIENCE).expect("the server ends");
        });
        office.gate.open(1);
    }
}

/// What waited when the store failed may be kept or not, and only the next server can know.
#[test]
fn a_store_that_fails_answers_nobody_wrongly() {
    for kind in KINDS {
        let (office, shelf) = (Office::default(), Shelf::default());
        let server = start(&office, &shelf, kind, "tcp://127.0.0.1:0");
        let client = connect(&server);
        shelf.break_down();
        let soon = Duration::from_millis(100);
        for how in [How::Nothing, How::Write] {
            let error = client
                .note(how, 5)
                .deadline(soon)
                .wait()
                .expect_err("broken");
            assert_eq!(
                error.executed(),
                Executed::Maybe,
                "{how:?} {kind:?} {error}"
            );
        }
        let error = client.note(How::Nothing, 6).deadline(PATIENCE).wait();
        let refused = (ErrorKind::StoreFailed, Executed::Maybe);
        assert_eq!(told(&error.expect_err("broken")), refused, "{kind:?}");
        assert!(
            client.notes().deadline(PATIENCE).wait().is_ok(),
            "others go on"
        );
        server
            .shutdown(PATIENCE)
            .expect("nothing waits for a store that failed");
    }
}

#[test]
fn a_full_store_refuses_new_calls_until_there_is_room() {
    let (office, shelf) = (Office::default(), Shelf::default());
    let server = start(&office, &shelf, Kind::Transactional, "tcp://127.0.0.1:0");
    let client = connect(&server);
    let write = |number| {
        let answer = client.note(How::Write, number).deadline(PATIENCE).wait();
        answer.map_err(|error| told(&error))
    };
    shelf.fill(true);
    assert_eq!(write(1), Ok(Ok(1)), "it began before anybody knew");
    let refused = Err((ErrorKind::StoreFull, Executed::No));
    assert_eq!(write(2), refused);
    assert_eq!(write(3), refused);
    shelf.fill(false);
    assert_eq!(
        write(4),
        refused,
        "its refusal is the commit that finds room"
    );
    assert_eq!(write(5), Ok(Ok(5)));
    assert_eq!(shelf.notes(), [1, 5]);
}

#[test]
fn a_shutdown_waits_for_what_waits_for_the_store() {
    let endpoint = "mem://held-store";
    for in_time in [true, false] {
        let (office, shelf) = (Office::default(), Shelf::default());
        let server = start(&office, &shelf, Kind::Transactional, endpoint);
        let client = connect(&server);
        let begun = shelf.groups().len();
        shelf.hold();
        scope(|threads| {
            let call = client.note(How::Write, 5).deadline(10 * PATIENCE);
            let call = threads.spawn(|| call.wait());
            shelf.wait_for_commits(begun + 1);
            let shared = server.shared.clone();
            let bound = if in_time { PATIENCE } else { Duration::ZERO };
            let ending = threads.spawn(move || server.shutdown(bound));
            while shared.phase() == Phase::Serving {
                std::thread::yield_now();
            }
            if in_time {
                shelf.free();
            }
            let ended = ending.join().expect("no panic");
            // Left without an answer, the caller finds a server that has never heard of it.
            let next = || {
                start(
                    &Office::default(),
                    &Shelf::default(),
                    Kind::Transactional,
                    endpoint,
                )
            };
            let _next = (!in_time).then(next);
            let answer = call
                .join()
                .expect("no panic")
                .map_err(|error| error.executed());
            if in_time {
                ended.expect("the server ends");
                assert_eq!(answer, Ok(Ok(5)));
            } else {
                // A busy client may have left something unread, too.
                let held_up = ended.expect_err("held").held_up().to_vec();
                assert!(held_up.contains(&HeldUp::Store), "{held_up:?}");
                assert_eq!(answer, Err(Executed::Maybe));
            }
            shelf.free();
        });
    }
}
