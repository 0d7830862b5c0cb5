//! Calls that are awaited or started.

use std::sync::Barrier;
use std::task::Poll;
use std::thread::{scope, spawn};
use std::time::Instant;

use rpc_proto::time::Executed;

use super::executor::{Crowd, block_on, poll_once};
use super::*;
use crate::Pending;
use crate::error::ErrorKind;

type Answer = (u64, Vec<u8>);

/// Calls with these numbers are kept until the test has them answered.
const KEPT: u64 = 1 << 32;
const SHORT: Duration = Duration::from_millis(50);

fn keep_some(number: u64) -> Act {
    if number >= KEPT {
        Act::Keep
    } else {
        Act::Answer
    }
}

fn start(channel: &Channel, number: u64) -> Pending<Answer> {
    call(channel, ONCE, number, b"").deadline(AMPLE).start()
}

/// So few calls fit that one that is not forgotten is noticed.
pub(super) fn narrow(max_calls: usize) -> Config {
    Config {
        max_calls,
        ..Config::default()
    }
}

#[test]
fn an_awaited_call_brings_its_result() {
    for transport in Transport::ALL {
        let fake = Fake::start(transport, |_| Act::Answer);
        let channel = connect(&fake);
        for number in 0..300 {
            let bytes = vec![number as u8; number as usize];
            let result = block_on(call(&channel, ONCE, number, &bytes));
            assert_eq!(result.expect("a result"), (number, bytes));
        }
        assert_eq!(channel.stats().calls, 300);
        assert_eq!(channel.stats().reconnects, 0);
    }
}

/// The server answers nothing before it has both.
#[test]
fn started_calls_are_all_out_before_one_is_waited_for() {
    for transport in Transport::ALL {
        let fake = Fake::start(transport, |_| Act::Keep);
        let channel = connect(&fake);
        let (first, second) = (start(&channel, 1), start(&channel, 2));
        fake.wait_for_calls(2);
        fake.answer_kept();
        assert_eq!(block_on(second).expect("a result").0, 2);
        assert_eq!(first.wait().expect("a result").0, 1);
    }
}

#[test]
fn a_started_call_is_waited_for_in_any_thread() {
    for transport in Transport::ALL {
        let fake = Fake::start(transport, |_| Act::Answer);
        let channel = connect(&fake);
        let pending: Vec<_> = (0..20).map(|number| start(&channel, number)).collect();
        let threads = pending
            .into_iter()
            .map(|pending| spawn(move || pending.wait()));
        for (number, thread) in threads.enumerate() {
            let result = thread.join().expect("no panic");
            assert_eq!(result.expect("a result").0, number as u64);
        }
    }
}

/// Wherever a future is dropped: nothing of it stays, and the next call goes as if it had never been.
#[test]
fn a_future_can_be_dropped_at_any_time() {
    for transport in Transport::ALL {
        let fake = Fake::start(transport, keep_some);
        let channel = connect_with(&fake, narrow(1));
        let check = |stage: &str| {
            let result = call(&channel, ONCE, 0, b"").deadline(AMPLE).wait();
            assert_eq!(result.expect(stage).0, 0);
            fake.wait_for(Seen::Call(0));
        };
        for round in 0..3 {
            drop(call(&channel, ONCE, KEPT, b"").into_future());
            check("before the first poll");
            drop(start(&channel, KEPT + 1));
            check("when just sent");
            let sent = start(&channel, KEPT + 2);
            fake.wait_for(Seen::Call(KEPT + 2));
            drop(sent);
            check("while it runs");
            let mut polled = start(&channel, KEPT + 3);
            assert!(poll_once(&mut polled).is_pending());
            fake.wait_for(Seen::Call(KEPT + 3));
            drop(polled);
            check("after a poll");
            drop(start(&channel, 7));
            check("with the answer on its way");
            fake.answer_kept();
            check("and late answers are ignored");
            assert_eq!(channel.stats().reconnects, 0, "round {round}");
        }
    }
}

/// The call has ended, and nobody has looked.
#[test]
fn an_end_that_nobody_takes_leaves_nothing() {
    for transport in Transport::ALL {
        let fake = Fake::start(transport, keep_some);
        let channel = connect_with(&fake, narrow(2));
        for number in [1, KEPT] {
            let deadline = if number == KEPT { SHORT } else { AMPLE };
            let unread = call(&channel, ONCE, number, b"").deadline(deadline).start();
            // It ends after the other one.
            let other = call(&channel, REPEATABLE, number, b"").deadline(deadline + SHORT);
            let _ = other.wait();
            drop(unread);
            let both = (start(&channel, 2), start(&channel, 3));
            both.0.wait().expect("there is room");
            both.1.wait().expect("for two");
        }
    }
}

#[test]
fn futures_and_threads_share_a_channel() {
    for seed in 1..=24 {
        let mut numbers = Numbers(0x9e37_79b9_7f4a_7c15u64.wrapping_mul(seed));
        let fake = Fake::start(Transport::ALL[seed as usize % 4], keep_some);
        let channel = connect(&fake);
        let threads = 3 + numbers.below(6);
        scope(|scope| {
            for thread in 0..threads {
                let mut numbers = Numbers(numbers.below(u64::MAX - 1) + 1);
                let channel = &channel;
                scope.spawn(move || {
                    for round in 0..20 {
                        let number = thread * 1000 + round;
                        let kept = numbers.below(4) == 0;
                        let (number, deadline) = if kept {
                            let deadline = Duration::from_micros(numbers.below(5000));
                            (KEPT + number, deadline)
                        } else {
                            (number, AMPLE)
                        };
                        let call = call(channel, ONCE, number, b"").deadline(deadline);
                        let result = match numbers.below(4) {
                            0 => call.wait(),
                            1 => block_on(call),
                            2 => call.start().wait(),
                            _ => {
                                let mut pending = call.start();
                                match poll_once(&mut pending) {
                                    Poll::Ready(result) => result,
                                    Poll::Pending => pending.wait(),
                                }
                            }
                        };
                        match result {
                            Ok(result) => assert_eq!(result.0, number, "seed {seed}"),
                            Err(error) => {
                                assert!(kept && error.kind() == ErrorKind::Deadline, "{error}");
                            }
                        }
                    }
                });
            }
        });
    }
}

#[test]
fn ten_thousand_futures_end_with_their_own_results() {
    for transport in Transport::ALL {
        let fake = Fake::start(transport, |_| Act::Answer);
        let channel = connect(&fake);
        let calls = (0..10_000).map(|number| {
            let call = call(&channel, ONCE, number, b"").deadline(3 * AMPLE);
            call.into_future()
        });
        let mut ended = 0;
        for (number, result) in Crowd::new(calls) {
            assert_eq!(result.expect("a result").0, number as u64, "{transport:?}");
            ended += 1;
        }
        assert_eq!(ended, 10_000);
        assert_eq!(channel.stats().calls, 10_000);
    }
}

/// The shortest comes neither first nor last, so the I/O thread has to be woken for it, and must not forget the others.
#[test]
fn a_deadline_is_kept_among_longer_ones_and_never_early() {
    for transport in Transport::ALL {
        let fake = Fake::start(transport, |_| Act::Keep);
        let channel = connect(&fake);
        let begun = Instant::now();
        let calls = [9 * AMPLE, SHORT, 6 * AMPLE].map(|deadline| {
            let call = call(&channel, ONCE, 1, b"").deadline(deadline);
            call.into_future()
        });
        let mut crowd = Crowd::new(calls);
        let (at, result) = crowd.next().expect("one ends");
        let error = result.expect_err("it is kept");
        assert_eq!((at, error.kind()), (1, ErrorKind::Deadline), "{error}");
        assert!(begun.elapsed() >= SHORT, "never early");
        fake.wait_for_calls(3);
        fake.answer_kept();
        assert_eq!(crowd.filter(|(_, end)| end.is_ok()).count(), 2);
    }
}

/// Beyond what the machine takes, calls wait for their turn; their deadlines go on.
#[test]
fn calls_beyond_the_room_wait_within_their_deadlines() {
    for transport in Transport::ALL {
        let fake = Fake::start(transport, keep_some);
        let channel = connect_with(&fake, narrow(2));
        let many = (0..50)
            .map(|number| start(&channel, number))
            .collect::<Vec<_>>();
        assert_eq!(Crowd::new(many).filter(|(_, end)| end.is_ok()).count(), 50);

        let kept = [start(&channel, KEPT), start(&channel, KEPT + 1)];
        fake.wait_for(Seen::Call(KEPT + 1));
        let late = call(&channel, ONCE, 7, b"").deadline(SHORT).start();
        let dropped = start(&channel, 8);
        let last = start(&channel, 9);
        let error = block_on(late).expect_err("no turn comes");
        assert_eq!(
            (error.kind(), error.executed()),
            (ErrorKind::TooManyCalls, Executed::No),
            "{error}"
        );
        drop(dropped);
        drop(kept);
        assert_eq!(block_on(last).expect("its turn comes").0, 9);
        fake.wait_for(Seen::Call(9));
    }
}

/// A call that may be asked about again has its room until that is given up.
#[test]
fn a_call_that_waits_for_room_gets_that_of_one_given_up() {
    for transport in Transport::ALL {
        let fake = Fake::start(transport, keep_some);
        let channel = connect_with(&fake, narrow(1));
        let late = call(&channel, ONCE, KEPT, b"").deadline(SHORT).wait();
        let unanswered = late.expect_err("it is kept").unanswered();
        let waiting = start(&channel, 1);
        assert!(!engine(&channel).lock().queue.is_empty());
        drop(unanswered.expect("it must not run again"));
        assert!(engine(&channel).lock().queue.is_empty());
        assert_eq!(block_on(waiting).expect("there is room").0, 1);
    }
}

/// The I/O thread looks at a part of what has come and then at other clients. It has to come back, also if nobody has polled
/// and no timer is due.
#[test]
fn what_one_look_leaves_is_looked_at_soon() {
    let fake = Fake::start(Transport::Udp, keep_some);
    let patient = Config {
        first_timeout: 40 * AMPLE,
        min_timeout: 40 * AMPLE,
        max_timeout: 40 * AMPLE,
        probe_interval: 40 * AMPLE,
        silence: 40 * AMPLE,
        ..Config::default()
    };
    let (channel, other) = (connect_with(&fake, patient), connect(&fake));
    let pending: Vec<_> = (0..60)
        .map(|number| {
            let call = call(&channel, ONCE, KEPT + number, b"");
            call.deadline(40 * AMPLE).start()
        })
        .collect();
    fake.wait_for(Seen::Call(KEPT + 59));
    fake.answer_kept();
    // When the second is answered, those were.
    (1..3).for_each(|number| drop(call(&other, ONCE, number, b"").wait()));
    let engine = engine(&channel);
    engine.attend();
    let begun = Instant::now();
    while engine.lock().waiters.futures() > 0 {
        std::thread::yield_now();
        assert!(begun.elapsed() < AMPLE, "the rest is not looked at");
    }
    for (number, pending) in pending.into_iter().enumerate() {
        assert_eq!(pending.wait().expect("a result").0, KEPT + number as u64);
    }
}

#[test]
fn a_oneway_call_is_awaited_until_it_is_handed_over() {
    for transport in Transport::ALL {
        let fake = Fake::start(transport, |_| Act::Answer);
        let channel = connect_patiently(&fake);
        let length = if transport == Transport::Udp {
            50_000
        } else {
            6 << 20
        };
        for (number, length) in [(1, 0), (2, length), (3, 0)] {
            block_on(note(&channel, number, &vec![7; length])).expect("sent to the last byte");
        }
        drop(channel);
        fake.wait_for(Seen::Call(3));
    }
}

#[test]
fn big_calls_are_awaited_together() {
    for transport in [Transport::Tcp, Transport::Unix, Transport::Mem] {
        let fake = Fake::start(transport, |_| Act::Answer);
        let channel = connect_patiently(&fake);
        let bytes = |number: usize| vec![number as u8; (3 << 20) + number];
        let calls = (0..6).map(|number| {
            let call = call(&channel, ONCE, number as u64, &bytes(number));
            call.deadline(AMPLE).into_future()
        });
        for (number, result) in Crowd::new(calls) {
            assert!(result.expect("a result") == (number as u64, bytes(number)));
        }
        assert_eq!(channel.stats().reconnects, 0);
    }
}

#[test]
fn a_call_outlives_the_client_that_made_it() {
    for transport in Transport::ALL {
        let fake = Fake::start(transport, |_| Act::Keep);
        let channel = connect(&fake);
        let pending = start(&channel, 1);
        fake.wait_for(Seen::Call(1));
        drop(channel);
        fake.answer_kept();
        assert_eq!(block_on(pending).expect("a result").0, 1);
        fake.wait_for(Seen::Goodbye);
    }
}

#[test]
fn what_was_not_answered_in_time_is_asked_for_again_by_futures() {
    for transport in Transport::ALL {
        let fake = Fake::start(transport, |_| Act::Keep);
        let channel = connect_with(&fake, narrow(1));
        for number in [1, 2] {
            let late = |end: Result<Answer, crate::Error>| {
                let mut error = end.expect_err("it is kept");
                assert_eq!(error.executed(), Executed::Maybe);
                error.unanswered().expect("it must not run again")
            };
            let first = late(block_on(call(&channel, ONCE, number, b"").deadline(SHORT)));
            fake.wait_for(Seen::Call(number));
            let second = late(block_on(first.ask_again(SHORT)));
            let third = second.ask_again::<Answer>(AMPLE).start();
            if number == 1 {
                // Dropped, it leaves its room.
                drop(third);
                continue;
            }
            fake.answer_kept();
            assert_eq!(block_on(third).expect("an answer").0, number);
        }
    }
}

#[test]
fn a_started_call_runs_while_a_thread_waits_for_it() {
    let fake = Fake::start(Transport::Tcp, |_| Act::Keep);
    let channel = connect(&fake);
    let begun = Barrier::new(2);
    scope(|scope| {
        let pending = start(&channel, 1);
        let waiting = scope.spawn(|| {
            begun.wait();
            pending.wait()
        });
        begun.wait();
        // With that one, a future and another thread wait.
        let future = start(&channel, 2);
        let thread = scope.spawn(|| call(&channel, ONCE, 3, b"").deadline(AMPLE).wait());
        fake.wait_for_calls(3);
        fake.answer_kept();
        assert_eq!(block_on(future).expect("a result").0, 2);
        assert_eq!(waiting.join().expect("no panic").expect("a result").0, 1);
        assert_eq!(thread.join().expect("no panic").expect("a result").0, 3);
    });
}
