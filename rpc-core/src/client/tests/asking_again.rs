//! Calls that came to their deadline, and are asked about again.

use super::*;
use crate::error::ErrorKind;
use crate::{Executed, Unanswered};

const SHORT: Duration = Duration::from_millis(50);

type Answer = (u64, Vec<u8>);

/// A call of which the server has begun the method when its deadline comes.
fn unanswered(fake: &Fake, channel: &Channel, number: u64) -> Unanswered {
    let mut error = call(channel, ONCE, number, b"x")
        .deadline(SHORT)
        .wait()
        .expect_err("the server keeps it");
    assert_eq!(
        (error.kind(), error.executed()),
        (ErrorKind::Deadline, Executed::Maybe)
    );
    fake.wait_for(Seen::Call(number));
    let unanswered = error.unanswered().expect("it must not run again");
    assert!(error.unanswered().is_none(), "there is one answer");
    unanswered
}

#[test]
fn who_asks_again_gets_the_answer_of_the_one_run() {
    for transport in Transport::ALL {
        let fake = Fake::start(transport, |_| Act::Keep);
        let channel = connect(&fake);
        let late = unanswered(&fake, &channel, 1);
        // Still nobody answers, and so the call can be asked about once more.
        let mut error = late
            .ask_again::<Answer>(SHORT)
            .wait()
            .expect_err("still nothing");
        assert_eq!(error.executed(), Executed::Maybe);
        let late = error.unanswered().expect("as before");
        drop(channel);
        fake.answer_kept();
        let answer = late.ask_again::<Answer>(AMPLE).wait();
        assert_eq!(answer.expect("an answer"), (1, b"x".to_vec()));
    }
}

#[test]
fn an_answer_cannot_be_taken_for_another_type() {
    let fake = Fake::start(Transport::Tcp, |_| Act::Keep);
    let channel = connect(&fake);
    let late = unanswered(&fake, &channel, 1);
    let mut error = late.ask_again::<u64>(AMPLE).wait().expect_err("a pair");
    assert_eq!(
        (error.kind(), error.executed()),
        (ErrorKind::OtherCall, Executed::Maybe)
    );
    let late = error.unanswered().expect("it was not asked about");
    fake.answer_kept();
    assert_eq!(
        late.ask_again::<Answer>(AMPLE).wait().expect("answered").0,
        1
    );
}

#[test]
fn an_answer_that_is_given_up_leaves_room_for_other_calls() {
    let fake = Fake::start(Transport::Tcp, |number| match number {
        0 => Act::Answer,
        _ => Act::Keep,
    });
    let config = Config {
        max_calls: 2,
        ..Config::default()
    };
    let channel = connect_with(&fake, config);
    let first = unanswered(&fake, &channel, 1);
    let second = unanswered(&fake, &channel, 2);
    let refused = call(&channel, ONCE, 0, b"").wait().expect_err("no room");
    assert_eq!(
        (refused.kind(), refused.executed()),
        (ErrorKind::TooManyCalls, Executed::No)
    );
    drop(second);
    call(&channel, ONCE, 0, b"").wait().expect("there is room");
    drop(first);
}

/// Only what must not run again and may have run is worth asking about.
#[test]
fn other_calls_leave_nothing_to_ask_about() {
    let fake = Fake::start(Transport::Tcp, |_| Act::Keep);
    let channel = connect(&fake);
    let late = call(&channel, REPEATABLE, 1, b"").deadline(SHORT).wait();
    assert!(late.expect_err("kept").unanswered().is_none());
    drop(fake);
    let refused = call(&channel, ONCE, 2, b"").deadline(SHORT).wait();
    let mut refused = refused.expect_err("nobody is there");
    assert_eq!(refused.executed(), Executed::No, "{refused}");
    assert!(refused.unanswered().is_none());
}
