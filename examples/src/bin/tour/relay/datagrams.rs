//! Datagrams through the relay.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::io;
use std::net::{SocketAddr, UdpSocket};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use super::dice::Dice;
use super::{DOUBLED, DROPPED, Damage, Destination, HELD_BACK, HELD_BACK_FOR, count};

/// No datagram is larger.
const LARGEST: usize = 65_536;

/// Takes what clients send to `front` to the server, each client through a socket of its own, and the answers back.
pub fn relay(
    front: UdpSocket,
    server: &Destination,
    mut dice: Dice,
    damage: &Arc<Damage>,
) -> io::Result<()> {
    let front = Arc::new(front);
    let pen = Pen::open();
    let mut clients = BTreeMap::new();
    let mut buffer = vec![0; LARGEST];
    let mut outward = Road {
        dice: dice.split(),
        pen: pen.clone(),
        damage: damage.clone(),
    };
    loop {
        let (length, client) = front.recv_from(&mut buffer)?;
        let back = match clients.get(&client) {
            Some(back) => Arc::clone(back),
            None => {
                let back = Arc::new(UdpSocket::bind("127.0.0.1:0")?);
                clients.insert(client, Arc::clone(&back));
                let homeward = Road {
                    dice: dice.split(),
                    pen: pen.clone(),
                    damage: damage.clone(),
                };
                let (front, replies) = (Arc::clone(&front), Arc::clone(&back));
                thread::spawn(move || take_home(&replies, &front, client, homeward));
                back
            }
        };
        outward.carry(&buffer[..length], Exit::Server(back, server.clone()));
    }
}

/// Carries the server's answers to one client.
fn take_home(replies: &UdpSocket, front: &Arc<UdpSocket>, client: SocketAddr, mut road: Road) {
    let mut buffer = vec![0; LARGEST];
    loop {
        // An error here is a datagram that nobody got, which is nothing new.
        if let Ok(length) = replies.recv(&mut buffer) {
            road.carry(&buffer[..length], Exit::Client(Arc::clone(front), client));
        }
    }
}

/// One direction of one client's traffic.
struct Road {
    dice: Dice,
    pen: Pen,
    damage: Arc<Damage>,
}

impl Road {
    fn carry(&mut self, datagram: &[u8], exit: Exit) {
        count(&self.damage.passed);
        let fate = self.dice.below(100);
        if fate < DROPPED {
            return count(&self.damage.dropped);
        }
        if fate < DROPPED + DOUBLED {
            count(&self.damage.doubled);
            self.carry_one(datagram, exit.clone());
        }
        self.carry_one(datagram, exit);
    }

    fn carry_one(&mut self, datagram: &[u8], exit: Exit) {
        if self.dice.chance(HELD_BACK) {
            count(&self.damage.held_back);
            let wait = Duration::from_micros(self.dice.below(HELD_BACK_FOR));
            self.pen.hold(Instant::now() + wait, datagram, exit);
        } else {
            exit.send(datagram);
        }
    }
}

/// Where a datagram leaves the relay.
#[derive(Clone)]
enum Exit {
    Server(Arc<UdpSocket>, Destination),
    Client(Arc<UdpSocket>, SocketAddr),
}

impl Exit {
    /// A datagram that cannot be sent is lost, as on any network.
    fn send(&self, datagram: &[u8]) {
        let _ = match self {
            Self::Server(back, server) => back.send_to(datagram, server.get()),
            Self::Client(front, client) => front.send_to(datagram, client),
        };
    }
}

/// Holds datagrams back until their time has come.
#[derive(Clone)]
struct Pen(Sender<Held>);

impl Pen {
    fn open() -> Self {
        let (sender, receiver) = channel();
        thread::spawn(move || release(&receiver));
        Self(sender)
    }

    fn hold(&self, until: Instant, datagram: &[u8], exit: Exit) {
        let held = Held {
            until,
            datagram: datagram.to_vec(),
            exit,
        };
        // The pen's thread ends after all its senders, so it is there.
        let _ = self.0.send(held);
    }
}

fn release(incoming: &Receiver<Held>) {
    let mut held = BinaryHeap::new();
    loop {
        let now = Instant::now();
        while held
            .peek()
            .is_some_and(|Reverse(next): &Reverse<Held>| next.until <= now)
        {
            if let Some(Reverse(due)) = held.pop() {
                due.exit.send(&due.datagram);
            }
        }
        let idle = Duration::from_secs(60);
        let wait = held.peek().map_or(idle, |Reverse(next)| next.until - now);
        match incoming.recv_timeout(wait) {
            Ok(arrived) => held.push(Reverse(arrived)),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return,
        }
    }
}

struct Held {
    until: Instant,
    datagram: Vec<u8>,
    exit: Exit,
}

impl Ord for Held {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.until.cmp(&other.until)
    }
}

impl PartialOrd for Held {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Held {
    fn eq(&self, other: &Self) -> bool {
        self.until == other.until
    }
}

impl Eq for Held {}
