//! Awaited calls whose servers go away, whose wakers panic, and whose datagrams are lost.

use std::net::{SocketAddr, UdpSocket};
use std::os::fd::OwnedFd;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, Sender};
use std::task::{Context, Wake, Waker};
use std::thread::{JoinHandle, spawn};

use rpc_proto::time::Executed;
use rustix::event::{EventfdFlags, PollFd, PollFlags, eventfd, poll};

use super::awaiting::narrow;
use super::executor::{Crowd, block_on, poll_once};
use super::faults::{
    Slow, connect_moving, connect_moving_with, connect_slow, has_caller, too_big_for_the_system,
};
use super::*;
use crate::error::ErrorKind;

const SHORT: Duration = Duration::from_millis(60);

#[test]
fn awaited_calls_of_a_server_that_was_restarted_tell_the_truth() {
    for transport in Transport::ALL {
        let fake = Fake::start(transport, |_| Act::Keep);
        let endpoint = fake.endpoint().clone();
        let channel = connect(&fake);
        let once = call(&channel, ONCE, 1, b"").deadline(AMPLE).start();
        let repeatable = call(&channel, REPEATABLE, 2, b"").deadline(AMPLE).start();
        fake.wait_for_calls(2);
        drop(fake);
        let fake = Fake::start_at(&endpoint, |_| Act::Answer);
        let error = block_on(once).expect_err("its server is gone");
        assert_eq!(
            (error.kind(), error.executed()),
            (ErrorKind::ServerRestarted, Executed::Maybe),
            "{error}"
        );
        assert_eq!(block_on(repeatable).expect("it may run twice").0, 2);
        fake.wait_for(Seen::Call(2));
        block_on(call(&channel, ONCE, 3, b"")).expect("the new server serves");
    }
}

#[test]
fn an_awaited_call_waits_for_a_server_that_comes_back() {
    for transport in Transport::ALL {
        let fake = Fake::start(transport, |_| Act::Answer);
        let endpoint = fake.endpoint().clone();
        let channel = connect(&fake);
        block_on(call(&channel, ONCE, 1, b"")).expect("a result");
        drop(fake);
        let fail =
            || block_on(call(&channel, ONCE, 2, b"").deadline(SHORT)).expect_err("nobody is there");
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
        let mut polled = call(&channel, ONCE, 3, b"").deadline(AMPLE).into_future();
        assert!(poll_once(&mut polled).is_pending());
        let started = call(&channel, ONCE, 4, b"").deadline(AMPLE).start();
        let fake = Fake::start_at(&endpoint, |_| Act::Answer);
        // Sent as soon as that is possible, also what nobody polls.
        fake.wait_for_calls(2);
        assert_eq!(block_on(polled).expect("a result").0, 3);
        assert_eq!(started.wait().expect("a result").0, 4);
    }
}

#[test]
fn what_only_half_left_is_awaited_at_the_next_server() {
    for transport in [Transport::Tcp, Transport::Unix, Transport::Mem] {
        let bytes = too_big_for_the_system(transport);
        for oneway in [false, true] {
            let choking = Fake::start(transport, |_| Act::Choke);
            let endpoint = choking.endpoint().clone();
            let channel = connect_patiently(&choking);
            block_on(call(&channel, ONCE, 1, b"")).expect("a result");
            let waiting = {
                let (channel, bytes) = (channel.clone(), bytes.clone());
                spawn(move || {
                    if oneway {
                        block_on(note(&channel, 2, &bytes).deadline(40 * AMPLE))
                    } else {
                        let result = block_on(call(&channel, ONCE, 2, &bytes).deadline(40 * AMPLE));
                        result.map(|result| assert!(result == (2, bytes)))
                    }
                })
            };
            choking.wait_for(Seen::Choked);
            drop(choking);
            let next = Fake::start_at(&endpoint, |_| Act::Answer);
            next.wait_for(Seen::Call(2));
            waiting.join().expect("no panic").expect("handed over");
        }
    }
}

/// A server that cannot get rid of its replies takes nothing more. So they are read while a message is half sent, whether or
/// not anybody polls.
#[test]
fn replies_are_read_while_a_message_is_half_sent() {
    for transport in [Transport::Tcp, Transport::Unix, Transport::Mem] {
        let choking = Fake::start(transport, |_| Act::Choke);
        let channel = connect_patiently(&choking);
        let reads = || {
            let state = engine(&channel).lock();
            state.attendance.as_ref().is_some_and(|io| io.reads())
        };
        call(&channel, ONCE, 1, b"").wait().expect("a result");
        let small = start_with(&channel, 2, b"");
        assert!(!reads(), "it was sent, and nobody has polled");
        let big = start_with(&channel, 3, &too_big_for_the_system(transport));
        assert!(reads());
        drop((small, big));
    }
}

fn start_with(channel: &Channel, number: u64, bytes: &[u8]) -> crate::Pending<(u64, Vec<u8>)> {
    let call = call(channel, ONCE, number, bytes);
    call.deadline(40 * AMPLE).start()
}

#[test]
fn a_silent_server_is_looked_for_elsewhere_for_futures() {
    let ms = Duration::from_millis;
    let impatient = Config {
        silence: ms(60),
        probe_interval: ms(20),
        max_timeout: ms(20),
        ..Config::default()
    };
    for transport in Transport::ALL {
        let silent = Fake::start(transport, |number| match number {
            2 => Act::FallSilent,
            _ => Act::Answer,
        });
        let (moving, channel) = connect_moving_with(&silent, impatient.clone());
        block_on(call(&channel, ONCE, 1, b"")).expect("a result");
        let other = Fake::start(Transport::Mem, |_| Act::Answer);
        *moving.endpoint.lock().expect("not poisoned") = other.endpoint().clone();
        let calls = (2..6).map(|number| {
            let call = call(&channel, REPEATABLE, number, b"").deadline(AMPLE);
            call.into_future()
        });
        for (_, result) in Crowd::new(calls) {
            result.expect("found elsewhere");
        }
        assert!(channel.stats().reconnects > 0);
    }
}

/// It panics in the thread that connects, which goes on.
#[test]
fn a_resolver_that_panics_is_asked_again_for_futures() {
    let fake = Fake::start(Transport::Mem, |_| Act::Keep);
    let (moving, channel) = connect_moving(&fake);
    let calls: Vec<_> = (0..3)
        .map(|number| {
            let call = call(&channel, REPEATABLE, number, b"").deadline(AMPLE);
            call.start()
        })
        .collect();
    fake.wait_for_calls(3);
    moving.panics.store(true, Ordering::Relaxed);
    let other = Fake::start(Transport::Mem, |_| Act::Answer);
    *moving.endpoint.lock().expect("not poisoned") = other.endpoint().clone();
    drop(fake);
    assert_eq!(Crowd::new(calls).filter(|(_, end)| end.is_ok()).count(), 3);
    assert!(!moving.panics.load(Ordering::Relaxed), "it has panicked");
}

/// It takes the thread with it that waits for a call in the queue. Whoever has its seat next gets an answer of its own.
#[test]
fn a_queued_call_goes_with_the_thread_that_waited_for_it() {
    let fake = Fake::start(Transport::Mem, |_| Act::Keep);
    let (moving, channel) = connect_moving_with(&fake, narrow(1));
    let kept = call(&channel, REPEATABLE, 1, b"").deadline(AMPLE).start();
    fake.wait_for(Seen::Call(1));
    let queued = call(&channel, REPEATABLE, 2, b"").deadline(AMPLE).start();
    moving.panics.store(true, Ordering::Relaxed);
    let other = Fake::start(Transport::Mem, |_| Act::Answer);
    *moving.endpoint.lock().expect("not poisoned") = other.endpoint().clone();
    let waiting = spawn(move || queued.wait());
    while !has_caller(&channel) {
        std::thread::yield_now();
    }
    drop(fake);
    waiting.join().expect_err("its resolver panicked");
    let next = call(&channel, REPEATABLE, 3, b"").deadline(AMPLE).start();
    assert_eq!(block_on(next).expect("a result").0, 3);
    assert_eq!(block_on(kept).expect("a result").0, 1);
}

/// All futures of the process have one thread, so nothing of it may wait for a name service.
#[test]
fn a_resolver_that_hangs_holds_up_no_other_client() {
    let fake = Fake::start(Transport::Tcp, |_| Act::Answer);
    let (slow, channel): (Arc<Slow>, Channel) = connect_slow(&fake);
    let endpoint = fake.endpoint().clone();
    slow.slow.store(true, Ordering::Relaxed);
    drop(fake);
    let stuck = call(&channel, REPEATABLE, 1, b"").deadline(AMPLE).start();
    slow.begun.wait();
    let well = Fake::start(Transport::Tcp, |_| Act::Answer);
    let other = connect(&well);
    block_on(call(&other, ONCE, 2, b"")).expect("the other client is not held up");
    let late = block_on(call(&channel, ONCE, 3, b"").deadline(SHORT));
    assert_eq!(late.expect_err("nobody is there").executed(), Executed::No);
    let _fake = Fake::start_at(&endpoint, |_| Act::Answer);
    slow.go_on.wait();
    assert_eq!(block_on(stuck).expect("found at last").0, 1);
}

#[test]
fn a_lost_machine_ends_its_futures_and_is_replaced() {
    for transport in Transport::ALL {
        let fake = Fake::start(transport, |number| match number {
            9 => Act::Answer,
            _ => Act::Keep,
        });
        let channel = connect(&fake);
        let calls: Vec<_> = (0..3)
            .map(|number| call(&channel, ONCE, number, b"").deadline(AMPLE).start())
            .collect();
        fake.wait_for_calls(3);
        let mut crowd = Crowd::new(calls);
        engine(&channel).poison();
        block_on(call(&channel, ONCE, 9, b"")).expect("the channel is as good as new");
        for (_, ended) in crowd.by_ref() {
            let error = ended.expect_err("its machine is lost");
            assert_eq!(
                (error.kind(), error.executed()),
                (ErrorKind::Client, Executed::Maybe),
                "{error}"
            );
        }
    }
}

/// Does to a channel what no waker could if a lock were held, and panics then.
struct Unruly(Channel, Sender<()>);

impl Wake for Unruly {
    fn wake(self: Arc<Self>) {
        drop(call(&self.0, ONCE, 5, b"").start());
        let mut polled = call(&self.0, ONCE, 6, b"").into_future();
        let _ = poll_once(&mut polled);
        let _ = self.1.send(());
        panic!("the test wants a panic");
    }
}

#[test]
fn a_waker_may_do_anything_but_block() {
    for transport in Transport::ALL {
        let fake = Fake::start(transport, |number| match number {
            0..3 => Act::Keep,
            _ => Act::Answer,
        });
        let channel = connect(&fake);
        let (tell, told): (Sender<()>, Receiver<()>) = std::sync::mpsc::channel();
        let mut unruly: Vec<_> = (0..3)
            .map(|number| call(&channel, ONCE, number, b"").deadline(AMPLE).start())
            .collect();
        for pending in &mut unruly {
            let waker = Arc::new(Unruly(channel.clone(), tell.clone())).into();
            let polled = std::pin::Pin::new(pending).poll(&mut Context::from_waker(&waker));
            assert!(polled.is_pending());
        }
        fake.wait_for_calls(3);
        fake.answer_kept();
        for _ in &unruly {
            told.recv_timeout(AMPLE).expect("each is woken");
        }
        for pending in unruly {
            pending.wait().expect("its result is there all the same");
        }
        block_on(call(&channel, ONCE, 7, b"")).expect("nothing is poisoned");
    }
}

/// A waker that is dropped at last, with whatever it holds.
struct Holder(Channel);

impl Wake for Holder {
    fn wake(self: Arc<Self>) {}
}

impl Drop for Holder {
    fn drop(&mut self) {
        self.0.stats();
    }
}

/// A waker may hold a task that holds a call of the same client.
#[test]
fn wakers_are_dropped_with_no_lock_held() {
    let fake = Fake::start(Transport::Mem, |_| Act::Keep);
    let channel = connect(&fake);
    let poll = |pending: &mut crate::Pending<(u64, Vec<u8>)>| {
        let waker: Waker = Arc::new(Holder(channel.clone())).into();
        let polled = std::pin::Pin::new(pending).poll(&mut Context::from_waker(&waker));
        assert!(polled.is_pending());
    };
    let mut rows: Vec<_> = (0..4)
        .map(|number| call(&channel, ONCE, number, b"").deadline(AMPLE).start())
        .collect();
    rows.iter_mut().for_each(poll);
    // Not before they are out: what is dropped sooner may never come.
    fake.wait_for_calls(4);
    // Replaced by another one, dropped with the future, taken over by a thread, and woken.
    poll(&mut rows[0]);
    drop(rows.remove(0));
    fake.answer_kept();
    for pending in rows {
        pending.wait().expect("a result");
    }
}

/// Between a client and a server: every so often a datagram is lost, or comes twice.
struct Lossy {
    endpoint: String,
    bell: Arc<OwnedFd>,
    thread: Option<JoinHandle<()>>,
}

impl Lossy {
    fn before(server: SocketAddr, seed: u64) -> Self {
        let bind = || UdpSocket::bind("127.0.0.1:0").expect("bound");
        let (outer, inner) = (bind(), bind());
        inner.connect(server).expect("connected");
        let endpoint = format!("udp://{}", outer.local_addr().expect("an address"));
        let bell = Arc::new(eventfd(0, EventfdFlags::CLOEXEC).expect("an eventfd"));
        let ring = bell.clone();
        let thread = spawn(move || pass_on(&outer, &inner, &ring, Numbers(seed)));
        Self {
            endpoint,
            bell,
            thread: Some(thread),
        }
    }
}

fn pass_on(outer: &UdpSocket, inner: &UdpSocket, bell: &OwnedFd, mut numbers: Numbers) {
    let (mut buffer, mut client) = (vec![0; 1 << 16], None);
    loop {
        let mut fds = [
            PollFd::new(bell, PollFlags::IN),
            PollFd::new(outer, PollFlags::IN),
            PollFd::new(inner, PollFlags::IN),
        ];
        poll(&mut fds, None).expect("polled");
        let ready = fds.map(|fd| !fd.revents().is_empty());
        let copies = [1, 1, 1, 1, 0, 2][numbers.below(6) as usize];
        if ready[0] {
            return;
        }
        if ready[1] {
            let (length, from) = outer.recv_from(&mut buffer).expect("received");
            client = Some(from);
            (0..copies).for_each(|_| drop(inner.send(&buffer[..length])));
        }
        if ready[2] {
            let length = inner.recv(&mut buffer).expect("received");
            let to = client.expect("the client speaks first");
            (0..copies).for_each(|_| drop(outer.send_to(&buffer[..length], to)));
        }
    }
}

impl Drop for Lossy {
    fn drop(&mut self) {
        rustix::io::write(&self.bell, &1u64.to_ne_bytes()).expect("rung");
        let ended = self.thread.take().map(JoinHandle::join);
        assert!(std::thread::panicking() || matches!(ended, Some(Ok(()))));
    }
}

/// Nobody waits in a thread, so it is the I/O thread that sends again.
#[test]
fn lost_datagrams_are_sent_again_for_futures() {
    for seed in 1..=8 {
        let fake = Fake::start(Transport::Udp, |_| Act::Answer);
        let server = fake.endpoint().to_string();
        let server = server.trim_start_matches("udp://").parse();
        let lossy = Lossy::before(server.expect("an address"), seed * 0x9e37_79b9);
        let channel = Channel::connect(&lossy.endpoint, &INTERFACE).expect("connected");
        let calls = (0..100).map(|number| {
            let method = [ONCE, REPEATABLE][number as usize % 2];
            let call = call(&channel, method, number, b"").deadline(2 * AMPLE);
            call.into_future()
        });
        for (number, result) in Crowd::new(calls) {
            assert_eq!(result.expect("a result").0, number as u64, "seed {seed}");
        }
        for number in 0..20 {
            let result = block_on(call(&channel, ONCE, number, b"").deadline(AMPLE));
            assert_eq!(result.expect("a result").0, number, "seed {seed}");
        }
        assert!(channel.stats().retransmissions > 0);
        drop(channel);
    }
}
