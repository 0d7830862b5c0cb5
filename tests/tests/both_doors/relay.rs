//! Stands between a client and a server and keeps what they say.

use std::collections::HashSet;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::thread::JoinHandle;

/// The program of calls about sessions (rule S-1): they are made of random numbers.
const SESSION_PROGRAM: u32 = 0x2052_5043;

/// A call, or its reply: what comes after the transaction id, with what differs from run to run made zero.
#[derive(Debug, PartialEq, Eq)]
pub struct Message {
    /// Whether the client sent it.
    pub call: bool,
    pub bytes: Vec<u8>,
}

pub struct Relay {
    port: u16,
    thread: JoinHandle<(Vec<u8>, Vec<u8>)>,
}

impl Relay {
    /// A relay for one connection to the server at `endpoint`.
    pub fn before(endpoint: &str) -> Self {
        let server = endpoint.trim_start_matches("tcp://").to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").expect("there is a port");
        let port = listener.local_addr().expect("it is bound").port();
        let thread = std::thread::spawn(move || {
            let (client, _) = listener.accept().expect("the client connects");
            let server = TcpStream::connect(server).expect("the server is there");
            let back = (
                server.try_clone().expect("a socket can be cloned"),
                client.try_clone().expect("a socket can be cloned"),
            );
            let replies = std::thread::spawn(move || pass(back.0, back.1));
            let calls = pass(client, server);
            (calls, replies.join().expect("the other direction ends too"))
        });
        Self { port, thread }
    }

    /// Where the client shall connect to.
    pub fn endpoint(&self) -> String {
        format!("tcp://127.0.0.1:{}", self.port)
    }

    /// Waits for the connection to end, and gives each call with its reply after it.
    pub fn finish(self) -> Vec<Message> {
        let (calls, replies) = self.thread.join().expect("the relay has not panicked");
        let replies = records(&replies);
        let (mut messages, mut seen) = (Vec::new(), HashSet::new());
        for call in records(&calls) {
            // On a slow machine a call may be sent twice, under one transaction id.
            if word(call, 12) == SESSION_PROGRAM || !seen.insert(word(call, 0)) {
                continue;
            }
            messages.push(Message {
                call: true,
                bytes: masked_call(call),
            });
            let reply = replies.iter().find(|reply| word(reply, 0) == word(call, 0));
            messages.extend(reply.map(|reply| Message {
                call: false,
                bytes: masked_reply(reply),
            }));
        }
        messages
    }
}

/// Passes on all bytes and gives them in the end.
fn pass(mut from: TcpStream, mut to: TcpStream) -> Vec<u8> {
    let mut all = Vec::new();
    let mut buffer = vec![0; 1 << 16];
    while let Ok(length @ 1..) = from.read(&mut buffer) {
        all.extend_from_slice(&buffer[..length]);
        if to.write_all(&buffer[..length]).is_err() {
            break;
        }
    }
    // The other end may be gone already, which is what this says.
    let _ = to.shutdown(Shutdown::Write);
    all
}

/// The records of a stream (rules ).
fn records(mut stream: &[u8]) -> Vec<&[u8]> {
    let mut records = Vec::new();
    while !stream.is_empty() {
        let mark = word(stream, 0);
        assert_eq!(mark >> 31, 1, "we write every record as one fragment");
        let (record, rest) = stream[4..].split_at((mark & 0x7fff_ffff) as usize);
        records.push(record);
        stream = rest;
    }
    records
}

/// Without the session's random number and that of the server's life, and the time left (rule S-2).
fn masked_call(call: &[u8]) -> Vec<u8> {
    let mut bytes = call[4..].to_vec();
    assert_eq!(word(&bytes, 24), 64, "the call is made on a session");
    let credential = 28;
    bytes[credential + 8..credential + 32].fill(0);
    bytes[credential + 56..credential + 60].fill(0);
    bytes
}

/// Without the number of the server's life (rule S-3).
fn masked_reply(reply: &[u8]) -> Vec<u8> {
    let mut bytes = reply[4..].to_vec();
    assert_eq!(word(&bytes, 12), 40, "the reply is made on a session");
    let verifier = 16;
    bytes[verifier + 8..verifier + 16].fill(0);
    bytes
}

fn word(bytes: &[u8], at: usize) -> u32 {
    bytes[at..]
        .first_chunk()
        .map_or(0, |word| u32::from_be_bytes(*word))
}
