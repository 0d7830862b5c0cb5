//! Servers that go away, and threads that fail.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::thread::{scope, spawn};
use std::time::Instant;

use rpc_proto::time::Executed;

use super::*;
use crate::client::Resolve;
use crate::endpoint::Endpoint;
use crate::error::{ErrorKind, ResolveError};

const STREAMS: [Transport; 3] = [Transport::Tcp, Transport::Unix, Transport::Mem];

#[test]
fn a_call_goes_on_over_a_new_connection() {
    for transport in STREAMS {
        let fake = Fake::start(transport, |number| {
            if number == 1 {
                Act::HangUp
            } else {
                Act::Answer
            }
        });
        let channel = connect(&fake);
        scope(|scope| {
            let waiting = scope.spawn(|| call(&channel, ONCE, 1, b"once").deadline(AMPLE).wait());
            fake.wait_for(Seen::Call(1));
            call(&channel, ONCE, 2, b"")
                .deadline(AMPLE)
                .wait()
                .expect("another call is not harmed");
            fake.answer_kept();
            assert_eq!(
                waiting.join().expect("no panic").expect("a result"),
                (1, b"once".to_vec())
            );
        });
        assert_eq!(channel.stats().reconnects, 1);
    }
}

/// Each connection comes about, so without this the caller would hear of the deadline alone.
#[test]
fn a_call_whose_connections_all_break_tells_so_at_its_deadline() {
    for transport in STREAMS {
        let fake = Fake::start(transport, |number| match number {
            1 => Act::Answer,
            2 => Act::BreakAll,
            _ => Act::Keep,
        });
        let channel = connect(&fake);
        call(&channel, ONCE, 1, b"").wait().expect("a result");
        let error = call(&channel, ONCE, 2, b"")
            .deadline(Duration::from_secs(1))
            .wait()
            .expect_err("no connection lasts");
        assert_eq!(
            (error.kind(), error.executed()),
            (ErrorKind::Deadline, Executed::Maybe),
            "{error}"
        );
        assert!(
            error.to_string().contains("the connection broke "),
            "{error}"
        );
        assert!(std::error::Error::source(&error).is_some(), "{error}");
    }
}

/// What broke before a call began has nothing to do with it.
#[test]
fn a_call_does_not_tell_of_connections_that_broke_before_it() {
    for transport in STREAMS {
        let fake = Fake::start(transport, |number| match number {
            1 => Act::HangUp,
            2 => Act::Answer,
            _ => Act::Keep,
        });
        let channel = connect(&fake);
        call(&channel, REPEATABLE, 1, b"")
            .deadline(Duration::from_millis(60))
            .wait()
            .expect_err("nobody answers it");
        call(&channel, ONCE, 2, b"")
            .deadline(AMPLE)
            .wait()
            .expect("a result");
        let error = call(&channel, ONCE, 3, b"")
            .deadline(Duration::from_millis(60))
            .wait()
            .expect_err("nobody answers it");
        assert_eq!(error.kind(), ErrorKind::Deadline, "{error}");
        assert!(!error.to_string().contains("broke"), "{error}");
    }
}

/// A pause after each break, twice as long each time, would take these calls more than ten seconds.
#[test]
fn connections_that_break_after_each_result_hold_nobody_up() {
    for transport in STREAMS {
        let fake = Fake::start(transport, |_| Act::HangUp);
        let channel = connect(&fake);
        let begun = Instant::now();
        for number in 1..=20 {
            scope(|scope| {
                let waiting =
                    scope.spawn(|| call(&channel, ONCE, number, b"").deadline(AMPLE).wait());
                fake.wait_for(Seen::Call(number));
                fake.answer_kept();
                assert_eq!(
                    waiting.join().expect("no panic").expect("a result").0,
                    number
                );
            });
        }
        assert_eq!(channel.stats().reconnects, 20);
        let took = begun.elapsed();
        assert!(took < Duration::from_secs(8), "{took:?}");
    }
}

#[test]
fn calls_of_a_server_that_was_restarted_tell_the_truth() {
    for transport in Transport::ALL {
        let fake = Fake::start(transport, |_| Act::Keep);
        let endpoint = fake.endpoint().clone();
        let channel = connect(&fake);
        scope(|scope| {
            let once = scope.spawn(|| call(&channel, ONCE, 1, b"").deadline(AMPLE).wait());
            fake.wait_for(Seen::Call(1));
            let repeatable =
                scope.spawn(|| call(&channel, REPEATABLE, 2, b"").deadline(AMPLE).wait());
            fake.wait_for(Seen::Call(2));
            drop(fake);
            let fake = Fake::start_at(&endpoint, |_| Act::Answer);
            let error = once
                .join()
                .expect("no panic")
                .expect_err("its server is gone");
            assert_eq!(
                (error.kind(), error.executed()),
                (ErrorKind::ServerRestarted, Executed::Maybe),
                "{error}"
            );
            assert_eq!(
                repeatable.join().expect("no panic").expect("a result").0,
                2,
                "it may run twice"
            );
            fake.wait_for(Seen::Call(2));
            call(&channel, ONCE, 3, b"")
                .wait()
                .expect("the new server serves");
        });
    }
}

#[test]
fn a_call_waits_for_a_server_that_comes_back() {
    for transport in Transport::ALL {
        let fake = Fake::start(transport, |_| Act::Answer);
        let endpoint = fake.endpoint().clone();
        let channel = connect(&fake);
        call(&channel, ONCE, 1, b"").wait().expect("a result");
        drop(fake);
        let fail = || {
            call(&channel, ONCE, 2, b"")
                .deadline(Duration::from_millis(60))
                .wait()
                .expect_err("nobody is there")
        };
        // The first may be handed to a connection whose end has not been noticed. Then it may have run.
        assert_ne!(fail().executed(), Executed::Yes);
        let error = fail();
        if transport != Transport::Udp {
            assert_eq!(
                (error.kind(), error.executed()),
                (ErrorKind::Unreachable, Executed::No),
                "{error}"
            );
            assert!(std::error::Error::source(&error).is_some(), "{error}");
        }
        scope(|scope| {
            let waiting = scope.spawn(|| call(&channel, ONCE, 3, b"").deadline(AMPLE).wait());
            let fake = Fake::start_at(&endpoint, |_| Act::Answer);
            assert_eq!(waiting.join().expect("no panic").expect("a result").0, 3);
            drop(fake);
        });
    }
}

#[test]
fn a_oneway_call_waits_for_a_server_that_comes_back() {
    for transport in STREAMS {
        let fake = Fake::start(transport, |_| Act::Answer);
        let endpoint = fake.endpoint().clone();
        let channel = connect(&fake);
        drop(fake);
        let error = note(&channel, 1, b"")
            .deadline(Duration::from_millis(60))
            .send();
        // The first one may be handed to a connection whose end has not been noticed.
        if let Err(error) = error {
            assert_eq!(
                (error.kind(), error.executed()),
                (ErrorKind::Unreachable, Executed::No),
                "{error}"
            );
        }
        let fake = Fake::start_at(&endpoint, |_| Act::Answer);
        call(&channel, ONCE, 2, b"").wait().expect("a result");
        note(&channel, 3, b"").send().expect("sent");
        fake.wait_for(Seen::Call(3));
    }
}

/// More than the system takes at once.
pub(super) fn too_big_for_the_system(transport: Transport) -> Vec<u8> {
    let length = if transport == Transport::Tcp {
        15 << 20
    } else {
        2 << 20
    };
    vec![7; length]
}

/// Nobody can read half a message, so such a call did not run and another server may run it.
#[test]
fn a_call_of_which_only_a_part_was_sent_is_made_at_the_next_server() {
    for transport in STREAMS {
        let bytes = too_big_for_the_system(transport);
        let choking = Fake::start(transport, |_| Act::Choke);
        let endpoint = choking.endpoint().clone();
        let channel = connect_patiently(&choking);
        call(&channel, ONCE, 1, b"").wait().expect("a result");
        scope(|scope| {
            let waiting = call(&channel, ONCE, 2, &bytes).deadline(40 * AMPLE);
            let waiting = scope.spawn(|| waiting.wait());
            choking.wait_for(Seen::Choked);
            drop(choking);
            let _next = Fake::start_at(&endpoint, |_| Act::Answer);
            let result = waiting
                .join()
                .expect("no panic")
                .expect("it ran at the next server");
            assert!(result == (2, bytes.clone()));
        });
    }
}

#[test]
fn a_oneway_call_of_which_only_a_part_was_sent_is_sent_to_the_next_server() {
    for transport in STREAMS {
        let bytes = too_big_for_the_system(transport);
        let choking = Fake::start(transport, |_| Act::Choke);
        let endpoint = choking.endpoint().clone();
        let channel = connect_patiently(&choking);
        call(&channel, ONCE, 1, b"").wait().expect("a result");
        scope(|scope| {
            let sending = scope.spawn(|| note(&channel, 2, &bytes).deadline(40 * AMPLE).send());
            choking.wait_for(Seen::Choked);
            drop(choking);
            let next = Fake::start_at(&endpoint, |_| Act::Answer);
            sending
                .join()
                .expect("no panic")
                .expect("it was handed over");
            next.wait_for(Seen::Call(2));
        });
    }
}

/// The call whose message is half sent has left its seat, and the next caller has that. What becomes of that message is
/// nothing to the next one, whose own message goes out once.
#[test]
fn what_is_left_of_a_message_is_not_that_of_the_next_caller() {
    for transport in STREAMS {
        let bytes = too_big_for_the_system(transport);
        let choking = Fake::start(transport, |_| Act::Choke);
        let endpoint = choking.endpoint().clone();
        let channel = connect_patiently(&choking);
        call(&channel, ONCE, 1, b"").wait().expect("a result");
        let late = call(&channel, ONCE, 2, &bytes).deadline(Duration::from_secs(1));
        late.wait().expect_err("half of it stays here");
        scope(|scope| {
            let sending = scope.spawn(|| note(&channel, 3, b"").deadline(40 * AMPLE).send());
            while !has_caller(&channel) {
                std::thread::yield_now();
            }
            drop(choking);
            let notes = Arc::new(AtomicU32::new(0));
            let noted = notes.clone();
            let _next = Fake::start_at(&endpoint, move |number| {
                noted.fetch_add(u32::from(number == 3), Ordering::Relaxed);
                Act::Answer
            });
            sending.join().expect("no panic").expect("handed over");
            // What came before this on the same way has begun.
            call(&channel, ONCE, 4, b"").wait().expect("a result");
            assert_eq!(notes.load(Ordering::Relaxed), 1, "{transport:?}");
        });
    }
}

/// Whether a thread waits for a call of this channel.
pub(super) fn has_caller(channel: &Channel) -> bool {
    engine(channel)
        .lock()
        .waiters
        .waiting_threads()
        .next()
        .is_some()
}

/// Gives the endpoint it has at the time, and panics when told to.
pub(super) struct Moving {
    pub(super) endpoint: std::sync::Mutex<Endpoint>,
    pub(super) panics: AtomicBool,
}

impl Resolve for Arc<Moving> {
    fn resolve(&self, _within: Duration) -> Result<Vec<Endpoint>, ResolveError> {
        assert!(
            !self.panics.swap(false, Ordering::Relaxed),
            "the test wants a panic"
        );
        Ok(vec![
            "mem://nobody-is-here".parse().expect("an endpoint"),
            self.endpoint.lock().expect("not poisoned").clone(),
        ])
    }
}

pub(super) fn connect_moving(fake: &Fake) -> (Arc<Moving>, Channel) {
    connect_moving_with(fake, Config::default())
}

pub(super) fn connect_moving_with(fake: &Fake, config: Config) -> (Arc<Moving>, Channel) {
    let endpoint = fake.endpoint().clone();
    let moving = Arc::new(Moving {
        endpoint: endpoint.clone().into(),
        panics: AtomicBool::new(false),
    });
    let engine = Engine::connect(
        endpoint,
        Arc::new(moving.clone()),
        &INTERFACE,
        AMPLE,
        config,
    )
    .expect("connected");
    (
        moving,
        Channel {
            interface: &INTERFACE,
            road: Road::Remote(Arc::new(engine)),
            space: None,
            journaling: None,
        },
    )
}

#[test]
fn a_server_that_has_moved_is_found() {
    for (from, to) in [
        (Transport::Tcp, Transport::Mem),
        (Transport::Udp, Transport::Tcp),
        (Transport::Mem, Transport::Udp),
    ] {
        let fake = Fake::start(from, |_| Act::Answer);
        let (moving, channel) = connect_moving(&fake);
        call(&channel, ONCE, 1, b"").wait().expect("a result");
        drop(fake);
        let fake = Fake::start(to, |_| Act::Answer);
        *moving.endpoint.lock().expect("not poisoned") = fake.endpoint().clone();
        call(&channel, REPEATABLE, 2, b"")
            .deadline(AMPLE)
            .wait()
            .expect("a result");
        assert_eq!(channel.stats().reconnects, 1, "{from:?} to {to:?}");
    }
}

/// Nothing breaks, and nothing comes: as when the host of the server is gone.
#[test]
fn a_server_that_falls_silent_is_looked_for_elsewhere() {
    let ms = Duration::from_millis;
    let impatient = Config {
        silence: ms(60),
        probe_interval: ms(20),
        max_timeout: ms(20),
        ..Config::default()
    };
    for transport in Transport::ALL {
        let silent = Fake::start(transport, |number| {
            if number == 2 {
                Act::FallSilent
            } else {
                Act::Answer
            }
        });
        let (moving, channel) = connect_moving_with(&silent, impatient.clone());
        call(&channel, ONCE, 1, b"").wait().expect("a result");
        let other = Fake::start(Transport::Mem, |_| Act::Answer);
        *moving.endpoint.lock().expect("not poisoned") = other.endpoint().clone();
        scope(|scope| {
            let waiting: Vec<_> = (2..6)
                .map(|number| {
                    let channel = &channel;
                    scope.spawn(move || {
                        call(channel, REPEATABLE, number, b"")
                            .deadline(AMPLE)
                            .wait()
                    })
                })
                .collect();
            for waiting in waiting {
                waiting.join().expect("no panic").expect("a result");
            }
        });
        assert!(channel.stats().reconnects > 0);
    }
}

#[test]
fn a_reader_that_panics_does_not_keep_others_waiting() {
    let fake = Fake::start(Transport::Mem, |_| Act::Keep);
    let (moving, channel) = connect_moving(&fake);
    let threads: Vec<_> = (0..3)
        .map(|number| {
            let waiting = channel.clone();
            let thread = spawn(move || {
                call(&waiting, REPEATABLE, number, b"")
                    .deadline(AMPLE)
                    .wait()
            });
            fake.wait_for(Seen::Call(number));
            thread
        })
        .collect();
    moving.panics.store(true, Ordering::Relaxed);
    drop(fake);
    let fake = Fake::start(Transport::Mem, |_| Act::Answer);
    *moving.endpoint.lock().expect("not poisoned") = fake.endpoint().clone();
    let ended: Vec<_> = threads.into_iter().map(|thread| thread.join()).collect();
    assert_eq!(
        ended.iter().filter(|ended| ended.is_err()).count(),
        1,
        "one was the reader"
    );
    assert_eq!(
        ended
            .iter()
            .filter(|ended| matches!(ended, Ok(Ok(_))))
            .count(),
        2,
        "{ended:?}"
    );
    call(&channel, ONCE, 9, b"")
        .wait()
        .expect("the channel is as good as new");
}

#[test]
fn a_lost_machine_ends_its_calls_and_is_replaced() {
    let fake = Fake::start(Transport::Tcp, |number| {
        if number < 3 { Act::Keep } else { Act::Answer }
    });
    let channel = connect(&fake);
    let threads: Vec<_> = (0..3)
        .map(|number| {
            let waiting = channel.clone();
            let thread = spawn(move || call(&waiting, ONCE, number, b"").deadline(AMPLE).wait());
            fake.wait_for(Seen::Call(number));
            thread
        })
        .collect();
    engine(&channel).poison();
    call(&channel, ONCE, 9, b"")
        .wait()
        .expect("the channel is as good as new");
    for thread in threads {
        let error = thread
            .join()
            .expect("no panic")
            .expect_err("its machine is lost");
        assert_eq!(
            (error.kind(), error.executed()),
            (ErrorKind::Client, Executed::Maybe),
            "{error}"
        );
    }
}

/// Takes longer than it was given, when told to.
pub(super) struct Slow {
    endpoint: Endpoint,
    pub(super) slow: AtomicBool,
    pub(super) begun: std::sync::Barrier,
    pub(super) go_on: std::sync::Barrier,
}

impl Resolve for Arc<Slow> {
    fn resolve(&self, _within: Duration) -> Result<Vec<Endpoint>, ResolveError> {
        if self.slow.swap(false, Ordering::Relaxed) {
            self.begun.wait();
            self.go_on.wait();
        }
        Ok(vec![self.endpoint.clone()])
    }
}

pub(super) fn connect_slow(fake: &Fake) -> (Arc<Slow>, Channel) {
    let endpoint = fake.endpoint().clone();
    let (begun, go_on) = (std::sync::Barrier::new(2), std::sync::Barrier::new(2));
    let slow = Arc::new(Slow {
        endpoint: endpoint.clone(),
        slow: false.into(),
        begun,
        go_on,
    });
    let engine = Engine::connect(
        endpoint,
        Arc::new(slow.clone()),
        &INTERFACE,
        AMPLE,
        Config::default(),
    )
    .expect("connected");
    let channel = Channel {
        interface: &INTERFACE,
        road: Road::Remote(Arc::new(engine)),
        space: None,
        journaling: None,
    };
    (slow, channel)
}

#[test]
fn a_resolver_that_takes_too_long_does_not_cost_others_their_deadline() {
    let fake = Fake::start(Transport::Tcp, |_| Act::Answer);
    let endpoint = fake.endpoint().clone();
    let (slow, channel) = connect_slow(&fake);
    slow.slow.store(true, Ordering::Relaxed);
    drop(fake);
    scope(|scope| {
        let late = || {
            call(&channel, REPEATABLE, 1, b"")
                .deadline(Duration::from_millis(1))
                .wait()
        };
        let reader = scope.spawn(late);
        slow.begun.wait();
        // The reader is stuck in the resolver beyond its own time, and these are the only ones who can end their waiting.
        for number in 2..5 {
            let error = call(&channel, REPEATABLE, number, b"")
                .deadline(Duration::from_millis(20))
                .wait();
            assert_eq!(error.expect_err("nobody is there").executed(), Executed::No);
        }
        let _fake = Fake::start_at(&endpoint, |_| Act::Answer);
        slow.go_on.wait();
        reader
            .join()
            .expect("no panic")
            .expect_err("it is too late");
        assert_eq!(call(&channel, ONCE, 5, b"").wait().expect("a result").0, 5);
    });
}
