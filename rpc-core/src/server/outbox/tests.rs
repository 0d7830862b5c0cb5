//! What an outbox owes to those who send, and to the peer.

use super::super::claim::Ready;
use super::super::poller::{Events, meaning};
use super::*;
use crate::endpoint::Endpoint;
use crate::server::held::Held;
use crate::transport::Listener;
use std::io::Read;
use std::net::TcpStream;
use std::time::Duration;

const NO_LIMIT: usize = usize::MAX;

/// A connection, the server's end first.
fn pair() -> (StreamSocket, TcpStream) {
    let endpoint: Endpoint = "tcp://127.0.0.1:0".parse().expect("an endpoint");
    let listener = Listener::bind(&endpoint).expect("bind");
    let Endpoint::Tcp(authority) = listener.endpoint() else {
        panic!("tcp was asked for")
    };
    let peer = TcpStream::connect(authority.address().expect("an address")).expect("connect");
    peer.set_read_timeout(Some(Duration::from_secs(30)))
        .expect("timeout");
    let Listener::Stream(listener) = listener else {
        panic!("tcp is a stream")
    };
    loop {
        if let Some(socket) = listener.accept().expect("accept") {
            return (socket, peer);
        }
    }
}

/// A message of `length` bytes after a header that says whose it is and how long.
fn message(author: u8, length: u32) -> Vec<u8> {
    let mut message = vec![author];
    message.extend_from_slice(&length.to_be_bytes());
    message.resize(5 + length as usize, author);
    message
}

/// Ends the waiting for room, also when the test fails.
struct End<'a>(&'a Outbox, &'a Poller);

impl Drop for End<'_> {
    fn drop(&mut self) {
        self.0.lock().broken = true;
        self.1.wake();
    }
}

/// Many threads send, one reports room, and the peer reads slowly: every message arrives whole, those of each thread
/// in order, and none is forgotten.
#[test]
fn messages_of_many_threads_arrive_whole_and_all_of_them() {
    let (socket, mut peer) = pair();
    let (poller, outbox) = (
        Poller::new().expect("poller"),
        Outbox::new(1, Held::default().share()),
    );
    poller.add(&socket, 1).expect("add");
    let (threads, each) = (4u8, 200u32);
    let length = |author: u8, index: u32| (index * 7919 + u32::from(author) * 104_729) % 20_000;
    let (poller, outbox, socket) = (&poller, &outbox, &socket);
    std::thread::scope(|scope| {
        for author in 0..threads {
            scope.spawn(move || {
                for index in 0..each {
                    let message = message(author, length(author, index));
                    match index % 3 {
                        0 => outbox.append(&message),
                        _ => drop(outbox.send(socket, poller, &message, NO_LIMIT)),
                    }
                }
                outbox.send(socket, poller, &[], NO_LIMIT);
            });
        }
        scope.spawn(move || {
            let mut events = Events::new();
            while !outbox.lock().broken {
                poller
                    .wait(&mut events, Some(Duration::from_secs(30)))
                    .expect("wait");
                if events
                    .iter()
                    .filter_map(meaning)
                    .any(|(_, ready)| ready.has(Ready::WRITE))
                {
                    outbox.send(socket, poller, &[], NO_LIMIT);
                }
            }
        });
        let _end = End(outbox, poller);
        let mut next = vec![0; threads.into()];
        for _ in 0..u32::from(threads) * each {
            let mut header = [0; 5];
            peer.read_exact(&mut header).expect("a header");
            let [author, rest @ ..] = header;
            let index = &mut next[usize::from(author)];
            let expected = length(author, *index);
            assert_eq!(u32::from_be_bytes(rest), expected, "of {author}, in order");
            *index += 1;
            let mut body = vec![0; expected as usize];
            peer.read_exact(&mut body).expect("a body");
            assert!(body.iter().all(|byte| *byte == author), "whole");
        }
    });
}

#[test]
fn a_peer_that_lets_too_much_gather_is_cut_off_and_says_so_once() {
    let (socket, peer) = pair();
    let (poller, outbox) = (
        Poller::new().expect("poller"),
        Outbox::new(1, Held::default().share()),
    );
    poller.add(&socket, 1).expect("add");
    let megabyte = vec![0; 1 << 20];
    let limit = 8 << 20;
    let mut sent = Sent {
        outflow: Outflow::Empty,
        look_again: false,
    };
    for _ in 0..1000 {
        sent = outbox.send(&socket, &poller, &megabyte, limit);
        assert!(outbox.lock().waiting() <= limit);
        if sent.outflow == Outflow::Broken {
            break;
        }
    }
    assert_eq!(
        sent,
        Sent {
            outflow: Outflow::Broken,
            look_again: true
        }
    );
    assert!(outbox.is_crowded(), "nothing more is read from it");
    let again = outbox.send(&socket, &poller, &megabyte, limit);
    assert_eq!(
        again,
        Sent {
            outflow: Outflow::Broken,
            look_again: false
        }
    );
    drop(peer);
}

#[test]
fn whoever_waits_for_the_end_is_told_when_all_is_written() {
    let (socket, mut peer) = pair();
    let (poller, outbox) = (
        Poller::new().expect("poller"),
        Outbox::new(1, Held::default().share()),
    );
    poller.add(&socket, 1).expect("add");
    assert!(outbox.is_empty_or_tells());
    let mut total = 0;
    while outbox
        .send(&socket, &poller, &[0; 1 << 16], NO_LIMIT)
        .outflow
        == Outflow::Empty
    {
        total += 1 << 16;
    }
    total += 1 << 16;
    assert!(!outbox.is_empty_or_tells());
    assert!(outbox.waits_since().is_some());
    let mut buffer = vec![0; 1 << 16];
    let mut read = 0;
    let mut told = false;
    while read < total {
        read += peer.read(&mut buffer).expect("read");
        told |= outbox.send(&socket, &poller, &[], NO_LIMIT).look_again;
    }
    assert!(told);
    assert_eq!(outbox.waits_since(), None);
}

/// A writer finds no room. Before it can say so, there is room again, and another thread takes that event, which does not
/// come twice.
#[test]
fn room_that_comes_while_somebody_writes_is_not_forgotten() {
    let (socket, _peer) = pair();
    let (poller, outbox) = (
        Poller::new().expect("poller"),
        Outbox::new(1, Held::default().share()),
    );
    outbox.lock().has_writer = true;
    let (message, written) = ([1, 2, 3], 1);
    outbox.send(&socket, &poller, &[4], NO_LIMIT);
    let mut queue = outbox.lock();
    assert!(
        queue.take_back(message.to_vec(), written),
        "the writer has to try again"
    );
    assert_eq!(&queue.bytes[queue.start..], [2, 3, 4]);
    let (rest, start) = (take(&mut queue.bytes), take(&mut queue.start));
    assert!(!queue.take_back(rest, start), "nobody came in the meantime");
}
