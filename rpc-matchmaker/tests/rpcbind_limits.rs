//! Attacks on rpcbind: what strangers send costs a bounded amount of memory, and nobody is silenced by it. These are the only
//! tests of this process, since they look at its memory.

use rpc_core::Endpoint;
use rpc_matchmaker::rpcbind::Rpcbind;
use std::collections::HashSet;
use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream, UdpSocket};
use std::time::Duration;

/// Long enough for any answer; only a failing test takes it.
const PATIENCE: Duration = Duration::from_secs(30);

/// So much may the memory grow: buffers of workers, and what the allocator keeps.
const MOST_GROWTH: usize = 24 << 20;

struct Target {
    rpcbind: Rpcbind,
    tcp: SocketAddr,
    udp: UdpSocket,
}

impl Target {
    fn start(indirect: bool) -> Self {
        let places = ["tcp://127.0.0.1:0", "udp://127.0.0.1:0"];
        let rpcbind = Rpcbind::start(&places, indirect).expect("it starts");
        let mut addresses = rpcbind.endpoints().map(|endpoint| match endpoint {
            Endpoint::Tcp(at) | Endpoint::Udp(at) => at.address().expect("an address"),
            other => panic!("{other}"),
        });
        let tcp = addresses.next().expect("two");
        let udp = UdpSocket::bind("127.0.0.1:0").expect("a port");
        udp.connect(addresses.next().expect("two"))
            .expect("it is there");
        udp.set_read_timeout(Some(PATIENCE)).expect("a timeout");
        drop(addresses);
        Self { rpcbind, tcp, udp }
    }

    /// Asks over UDP, and takes the reply to this very call.
    fn ask(&self, call: &[u8]) -> Vec<u8> {
        self.udp.send(call).expect("it takes datagrams");
        let mut reply = vec![0; 65_507];
        loop {
            let length = self.udp.recv(&mut reply).expect("an answer");
            if reply[..4] == call[..4] {
                reply.truncate(length);
                return reply;
            }
        }
    }

    /// That it still answers: the null procedure of the newest version.
    fn assert_alive(&self) {
        assert_eq!(status(&self.ask(&call(0xa11f_e000, 4, 0, &[]))), SUCCESS);
    }
}

/// A call without credentials.
fn call(xid: u32, version: u32, procedure: u32, args: &[u8]) -> Vec<u8> {
    let header = [xid, 0, 2, 100_000, version, procedure, 0, 0, 0, 0];
    [&header.map(u32::to_be_bytes).concat(), args].concat()
}

/// The accept status of a reply (RFC 5531, section 9).
fn status(reply: &[u8]) -> u32 {
    let word = reply.get(20..24).expect("an accepted reply");
    u32::from_be_bytes(word.try_into().expect("four bytes"))
}

const SUCCESS: u32 = 0;
const GARBAGE_ARGS: u32 = 4;

fn words(words: &[u32]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_be_bytes()).collect()
}

/// What this process has in memory, in bytes.
fn resident() -> usize {
    let status = fs::read_to_string("/proc/self/status").expect("Linux");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|line| line.trim().split(' ').next());
    kib.and_then(|kib| kib.parse::<usize>().ok())
        .expect("a number")
        * 1024
}

/// One test, so that nothing else of this process grows meanwhile.
#[test]
fn what_strangers_send_costs_bounded_memory() {
    let target = Target::start(false);
    target.assert_alive();
    let before = resident();
    lengths_without_bytes(&target);
    let sent = many_requests(&target);
    assert_eq!(sent, 100_000);
    let growth = resident().saturating_sub(before);
    println!("{sent} requests, {growth} bytes");
    assert!(growth < MOST_GROWTH, "{growth} bytes");
    target.assert_alive();
    target
        .rpcbind
        .shutdown(PATIENCE)
        .expect("nothing holds it up");
}

/// CVE-2017-8779 and its kin: lengths that promise gigabytes, in each place that has one, over UDP and TCP, many times.
fn lengths_without_bytes(target: &Target) {
    for length in [u32::MAX, 0x7fff_ffff, 0x4000_0000, 0x00ff_fff0, 65_536] {
        let rows: [(u32, u32, Vec<u8>); 10] = [
            // UADDR2TADDR takes a string, TADDR2UADDR a netbuf.
            (3, 7, words(&[length])),
            (4, 7, words(&[length])),
            (3, 8, words(&[length, length])),
            (4, 8, words(&[16, length])),
            // SET, UNSET and GETADDR: netid, address, owner.
            (3, 1, words(&[7, 1, length])),
            (4, 2, words(&[7, 1, 0, length])),
            (4, 3, words(&[7, 1, 0, 0, length])),
            (4, 11, words(&[7, 1, length])),
            // INDIRECT tells of failures, even when it is off.
            (4, 10, words(&[7, 1, 1, length])),
            (2, 3, words(&[7, 1, length])),
        ];
        for (version, procedure, args) in rows {
            for xid in 0..5 {
                let call = call(xid, version, procedure, &args);
                let reply = target.ask(&call);
                assert_eq!(
                    status(&reply),
                    GARBAGE_ARGS,
                    "{version}.{procedure} {length:#x}"
                );
            }
            let mut stream = TcpStream::connect(target.tcp).expect("it listens");
            stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
            let call = call(9, version, procedure, &args);
            let mark = 0x8000_0000 | u32::try_from(call.len()).expect("short");
            stream
                .write_all(&[&mark.to_be_bytes(), &call[..]].concat())
                .expect("sent");
            let mut reply = [0; 28];
            stream.read_exact(&mut reply).expect("an answer");
            assert_eq!(status(&reply[4..]), GARBAGE_ARGS);
            // A record that promises more than it may have: the connection is closed.
            stream
                .write_all(&(0x8000_0000 | (length >> 1)).to_be_bytes())
                .expect("sent");
            if length >> 1 > 256 * 1024 {
                assert_eq!(stream.read(&mut reply).expect("the end"), 0, "{length:#x}");
            }
        }
    }
}

/// 100,000 datagrams, each about another program: questions, registrations, removals, calls through rpcbind.
fn many_requests(target: &Target) -> usize {
    let mut answered = 0;
    for batch in 0..100_000 / BATCH {
        let calls: Vec<_> = (batch * BATCH..(batch + 1) * BATCH).map(request).collect();
        for call in &calls {
            target.udp.send(call).expect("it takes datagrams");
        }
        let mut waited_for: HashSet<&[u8]> = calls.iter().map(|call| &call[..4]).collect();
        let mut reply = [0; 1024];
        while !waited_for.is_empty() {
            target.udp.recv(&mut reply).expect("an answer");
            answered += usize::from(waited_for.remove(&reply[..4]));
        }
    }
    answered
}

/// As many as a socket's buffer surely holds.
const BATCH: u32 = 50;

fn request(number: u32) -> Vec<u8> {
    let netid = [3, u32::from_be_bytes(*b"tcp\0")];
    let address = [4, u32::from_be_bytes(*b"0.0.")];
    let rpcb = words(&[&[number, 1][..], &netid, &address, &[0]].concat());
    match number % 5 {
        0 => call(number, 4, 3, &rpcb),
        1 => call(number, 3, 1, &rpcb),
        2 => call(number, 2, 3, &words(&[number, 1, 6, 0])),
        3 => call(number, 4, 10, &words(&[number, 1, 1, 0])),
        _ => call(number, 4, 11, &rpcb),
    }
}
