//! Many threads on one channel.

use std::sync::Barrier;
use std::thread::{scope, spawn};
use std::time::Instant;

use rpc_proto::time::Executed;

use super::*;
use crate::error::ErrorKind;

/// Calls with these numbers are kept until the test has them answered.
const KEPT: u64 = 1 << 32;

fn keep_some(number: u64) -> Act {
    if number >= KEPT {
        Act::Keep
    } else {
        Act::Answer
    }
}

#[test]
fn each_thread_gets_its_own_results() {
    for transport in Transport::ALL {
        let fake = Fake::start(transport, |_| Act::Answer);
        let channel = connect(&fake);
        scope(|scope| {
            for thread in 0..16u64 {
                let channel = &channel;
                scope.spawn(move || {
                    for round in 0..100 {
                        let number = thread * 1000 + round;
                        let result = call(channel, ONCE, number, &number.to_be_bytes())
                            .deadline(AMPLE)
                            .wait();
                        assert_eq!(
                            result.expect("a result"),
                            (number, number.to_be_bytes().to_vec())
                        );
                    }
                });
            }
        });
        assert_eq!(channel.stats().calls, 1600);
    }
}

#[test]
fn big_messages_of_many_threads_do_not_mix() {
    for transport in [Transport::Tcp, Transport::Mem] {
        let fake = Fake::start(transport, |_| Act::Answer);
        let channel = connect(&fake);
        scope(|scope| {
            for thread in 0..6u8 {
                let channel = &channel;
                scope.spawn(move || {
                    for round in 0..4 {
                        let bytes = vec![thread; (3 << 20) + usize::from(thread) * 1000 + round];
                        let result = call(channel, ONCE, thread.into(), &bytes)
                            .deadline(AMPLE)
                            .wait();
                        assert!(result.expect("a result") == (thread.into(), bytes));
                    }
                });
            }
        });
        assert_eq!(channel.stats().reconnects, 0);
    }
}

/// The reader leaves because its time is over: another one has to take over, or the answers are never read.
#[test]
fn a_reader_whose_time_is_over_hands_on() {
    for transport in Transport::ALL {
        let fake = Fake::start(transport, keep_some);
        let channel = connect(&fake);
        let waiting: Vec<_> = (0..4)
            .map(|at| {
                // Each begins when the one before is out, so the first is the reader and has the least time.
                let deadline = if at < 3 {
                    Duration::from_millis(30 * (at + 1))
                } else {
                    AMPLE
                };
                let channel = channel.clone();
                let thread = spawn(move || {
                    call(&channel, ONCE, KEPT + at, b"")
                        .deadline(deadline)
                        .wait()
                });
                fake.wait_for(Seen::Call(KEPT + at));
                thread
            })
            .collect();
        let mut waiting = waiting
            .into_iter()
            .map(|thread| move || thread.join().expect("no panic"));
        for early in waiting.by_ref().take(3) {
            let error = early().expect_err("it is kept");
            assert_eq!(
                (error.kind(), error.executed()),
                (ErrorKind::Deadline, Executed::Maybe),
                "{error}"
            );
        }
        fake.answer_kept();
        for late in waiting {
            assert_eq!(late().expect("a result").0, KEPT + 3);
        }
    }
}

#[test]
fn hands_are_changed_at_any_time_and_no_call_is_forgotten() {
    for seed in 1..=24 {
        let mut numbers = Numbers(0x9e37_79b9_7f4a_7c15u64.wrapping_mul(seed));
        let fake = Fake::start(Transport::ALL[seed as usize % 3], keep_some);
        let channel = connect(&fake);
        let threads = 3 + numbers.below(10);
        scope(|scope| {
            for thread in 0..threads {
                let mut numbers = Numbers(numbers.below(u64::MAX - 1) + 1);
                let channel = &channel;
                scope.spawn(move || {
                    for round in 0..20 {
                        let number = thread * 1000 + round;
                        if numbers.below(4) == 0 {
                            let deadline = Duration::from_micros(numbers.below(5000));
                            let error = call(channel, ONCE, KEPT + number, b"")
                                .deadline(deadline)
                                .wait();
                            assert_eq!(error.expect_err("it is kept").kind(), ErrorKind::Deadline);
                        } else {
                            let result = call(channel, ONCE, number, b"").deadline(AMPLE).wait();
                            assert_eq!(result.expect("a result").0, number, "seed {seed}");
                        }
                    }
                });
            }
        });
    }
}

/// While the reader waits for long, a call with less time has to end in time: its own thread sees to it.
#[test]
fn a_short_deadline_is_kept_while_another_thread_reads() {
    // The reader has nothing to do for longer than the test may take.
    let patient = Config {
        probe_interval: 4 * AMPLE,
        silence: 4 * AMPLE,
        ..Config::default()
    };
    for transport in [Transport::Tcp, Transport::Mem] {
        let fake = Fake::start(transport, keep_some);
        let channel = connect_with(&fake, patient.clone());
        let reader = {
            let channel = channel.clone();
            spawn(move || call(&channel, ONCE, KEPT, b"").deadline(AMPLE).wait())
        };
        fake.wait_for(Seen::Call(KEPT));
        for number in 1..4 {
            let start = Instant::now();
            let error = call(&channel, ONCE, KEPT + number, b"")
                .deadline(Duration::from_millis(20))
                .wait();
            assert_eq!(error.expect_err("it is kept").kind(), ErrorKind::Deadline);
            assert!(
                start.elapsed() >= Duration::from_millis(20),
                "never too early"
            );
            assert!(start.elapsed() < AMPLE / 2, "{:?}", start.elapsed());
        }
        fake.answer_kept();
        reader.join().expect("no panic").expect("a result");
    }
}

#[test]
fn calls_finish_in_any_order() {
    for transport in Transport::ALL {
        let fake = Fake::start(transport, keep_some);
        let channel = connect(&fake);
        let begun = Barrier::new(3);
        scope(|scope| {
            for at in 0..2 {
                let (channel, begun) = (&channel, &begun);
                scope.spawn(move || {
                    begun.wait();
                    call(channel, ONCE, KEPT + at, b"")
                        .deadline(AMPLE)
                        .wait()
                        .expect("a result");
                });
            }
            begun.wait();
            fake.wait_for_calls(2);
            for number in 0..50 {
                call(&channel, ONCE, number, b"")
                    .deadline(AMPLE)
                    .wait()
                    .expect("a result");
            }
            fake.answer_kept();
        });
    }
}

/// The reader is asleep in the system and does not know that there is something to be written, so the writer has to see to
/// it itself.
#[test]
fn a_big_message_is_written_while_another_thread_reads() {
    let patient = Config {
        probe_interval: 4 * AMPLE,
        silence: 4 * AMPLE,
        ..Config::default()
    };
    let bytes = vec![7; 15 << 20];
    for transport in [Transport::Tcp, Transport::Mem] {
        let fake = Fake::start(transport, keep_some);
        let channel = connect_with(&fake, patient.clone());
        scope(|scope| {
            let reader = scope.spawn(|| call(&channel, ONCE, KEPT, b"").deadline(2 * AMPLE).wait());
            fake.wait_for(Seen::Call(KEPT));
            let result = call(&channel, ONCE, 1, &bytes).deadline(AMPLE).wait();
            assert!(result.expect("a result") == (1, bytes.clone()));
            fake.answer_kept();
            reader.join().expect("no panic").expect("a result");
        });
    }
}
