//! A network that doubles datagrams, between a C client and our server.

use crate::echo::EchoV2Client;
use crate::peers::{client_with, listening, missing_tool};
use rpc_core::Endpoint;
use std::io;
use std::net::{SocketAddr, UdpSocket};
use std::sync::Arc;
use std::thread::{self, Scope};
use testkit::simulation::rng::Rng;

/// How often the client adds to the counter.
const CALLS: u64 = 10_000;

/// One datagram in so many is doubled.
const DOUBLED: u64 = 10;

/// A copy comes after up to so many later datagrams.
const LATEST: u64 = 30;

const SEED: u64 = 1;

#[test]
fn doubled_datagrams_of_a_c_client_count_once() {
    let test = "doubled_datagrams_of_a_c_client_count_once";
    if let Some(missing) = missing_tool() {
        return testkit::skip(test, &missing);
    }
    let server = listening("duplicates");
    let udp = |endpoint: &&Endpoint| matches!(endpoint, Endpoint::Udp(_));
    let endpoint = server.endpoints().iter().find(udp);
    let endpoint = endpoint.expect("it listens there");
    let Endpoint::Udp(authority) = endpoint else {
        panic!("{endpoint} was asked for");
    };
    let address = authority.address().expect("it is an address");
    let front = bound();
    let place = front.local_addr().expect("it is bound");
    let (counted, copies) = thread::scope(|scope| {
        let relay = scope.spawn(|| relay(scope, &front, address));
        let mut client = client_with("udp", &place.to_string());
        let counted = client.args(["count", &CALLS.to_string()]).output();
        // Before anything can fail, for the relay waits for it.
        end(&front);
        let copies = relay.join().expect("it ends");
        (counted.expect("it starts"), copies)
    });
    let said = String::from_utf8_lossy(&counted.stdout);
    let errors = String::from_utf8_lossy(&counted.stderr);
    assert_eq!(said.trim(), CALLS.to_string(), "{errors}");
    let due = CALLS / DOUBLED;
    assert!((due / 2..).contains(&copies), "only {copies} copies");
    // The last copies came after the last call.
    let client = EchoV2Client::connect(&endpoint.to_string()).expect("it answers");
    assert_eq!(client.count(0).wait().expect("it answers"), CALLS);
}

fn bound() -> UdpSocket {
    UdpSocket::bind("127.0.0.1:0").expect("there is a port")
}

/// Whoever reads `socket` is at the end.
fn end(socket: &UdpSocket) {
    let itself = socket.local_addr().expect("it is bound");
    socket.send_to(&[], itself).expect("it is sent");
}

/// Passes on what comes to `front`, for each client from a port of its own, and the answers back. Says how many copies of calls it
/// made.
fn relay<'scope>(
    scope: &'scope Scope<'scope, '_>,
    front: &'scope UdpSocket,
    server: SocketAddr,
) -> u64 {
    let mut latest: Option<(SocketAddr, Arc<UdpSocket>)> = None;
    let mut way = |client: SocketAddr| match &latest {
        Some((known, back)) if *known == client => back.clone(),
        _ => {
            let back = Arc::new(bound());
            let (answers, seed) = (back.clone(), SEED + u64::from(client.port()));
            scope.spawn(move || {
                let pass = |datagram: &[u8], _: &()| front.send_to(datagram, client).map(drop);
                carry(&answers, seed, |_| (), pass)
            });
            // The client before it is gone.
            if let Some((_, gone)) = latest.replace((client, back.clone())) {
                end(&gone);
            }
            back
        }
    };
    let pass = |datagram: &[u8], back: &Arc<UdpSocket>| back.send_to(datagram, server).map(drop);
    let copies = carry(front, SEED, &mut way, pass);
    if let Some((_, last)) = latest {
        end(&last);
    }
    copies
}

/// Passes on what comes in, and some of it twice: the copy follows at once, or after some others. Ends at an empty datagram, and
/// says how many copies it made.
fn carry<Way>(
    from: &UdpSocket,
    seed: u64,
    mut way: impl FnMut(SocketAddr) -> Way,
    pass: impl Fn(&[u8], &Way) -> io::Result<()>,
) -> u64 {
    let (mut rng, mut copies) = (Rng::new(seed), 0);
    // When each is due, counted in datagrams.
    let mut held: Vec<(u64, Way, Vec<u8>)> = Vec::new();
    let mut buffer = vec![0; 1 << 16];
    for count in 0.. {
        let (length, sender) = from.recv_from(&mut buffer).expect("it is received");
        let datagram = &buffer[..length];
        if !datagram.is_empty() {
            let way = way(sender);
            pass(datagram, &way).expect("it is passed on");
            if rng.below(DOUBLED) == 0 {
                copies += 1;
                held.push((count + rng.below(LATEST), way, datagram.to_vec()));
            }
        }
        held.retain(|(due, way, copy)| {
            let waits = *due > count && !datagram.is_empty();
            if !waits {
                pass(copy, way).expect("it is passed on");
            }
            waits
        });
        if datagram.is_empty() {
            break;
        }
    }
    copies
}
