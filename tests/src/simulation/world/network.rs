//! Links between clients and servers, and what becomes of messages on them.

use super::{Event, World};
use crate::simulation::clock::{MS, SECOND};
use crate::simulation::visits::Visit;

/// A way between one client and one server, as long as the client keeps it.
#[derive(Debug)]
pub(super) struct Link {
    pub(super) client: usize,
    pub(super) life: u32,
    pub(super) server: usize,
    /// The life of the server that a stream ends at.
    pub(super) server_life: u32,
    pub(super) stream: bool,
    /// The client still uses it.
    pub(super) open: bool,
    /// A stream is broken: nothing can be handed to it any more.
    pub(super) broken: bool,
    /// The route that the client's messages take at present.
    pub(super) route: u32,
    /// A stream keeps the order: nothing arrives before these.
    last_up: u64,
    last_down: u64,
    /// A broken stream brings nothing to the server after this.
    pub(super) cut: u64,
}

/// An address that a server sees: of a client's datagrams, or of one stream.
#[derive(Debug)]
pub(super) struct Route {
    pub(super) owner: Owner,
    /// The server may send more to it than came from it.
    pub(super) validated: bool,
    /// Bytes that came from it, and that were sent to it.
    pub(super) came: usize,
    pub(super) went: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Owner {
    Link(u32),
    Rogue { server: usize },
}

impl World {
    /// A new link of a client, with its route.
    pub(super) fn add_link(&mut self, client: usize, life: u32, server: usize) -> u32 {
        let number = self.links.len() as u32;
        let route = self.add_route(Owner::Link(number));
        let stream = self.clients[client].stream;
        self.links.push(Link {
            client,
            life,
            server,
            server_life: self.servers[server].life,
            stream,
            open: true,
            broken: false,
            route,
            last_up: 0,
            last_down: 0,
            cut: u64::MAX,
        });
        number
    }

    pub(super) fn add_route(&mut self, owner: Owner) -> u32 {
        self.routes.push(Route {
            owner,
            validated: false,
            came: 0,
            went: 0,
        });
        self.routes.len() as u32 - 1
    }

    /// A client hands a whole message to its link.
    pub(super) fn send_up(&mut self, link: u32, message: &[u8]) {
        let at = &self.links[link as usize];
        let (client, route, stream) = (at.client, at.route, at.stream);
        if stream {
            self.send_up_stream(link, message);
        } else {
            let blocked = self.clients[client].deaf_up > self.now;
            self.datagram(blocked, message, |message| Event::ToServer {
                route,
                message,
            });
        }
    }

    fn send_up_stream(&mut self, link: u32, message: &[u8]) {
        let delay = self.delay();
        let at = &self.links[link as usize];
        let server = &self.servers[at.server];
        if at.broken || server.life != at.server_life {
            // Nobody is there. The client is told so if the host still answers.
            let told = self.now + 2 * delay;
            if server.process.is_some() {
                self.queue.push(told, Event::Broken { link });
            }
            return;
        }
        let free = self.clients[at.client].deaf_up;
        let arrival = (self.now.max(free) + delay).max(at.last_up + 1);
        let at = &mut self.links[link as usize];
        at.last_up = arrival;
        let (route, message) = (at.route, message.to_vec());
        self.queue.push(arrival, Event::ToServer { route, message });
    }

    /// A server sends a message back on a route.
    pub(super) fn send_down(&mut self, route: u32, message: &[u8]) {
        let Owner::Link(link) = self.routes[route as usize].owner else {
            return self.rogue_hears(route, message);
        };
        let delay = self.delay();
        let at = &self.links[link as usize];
        let free = self.clients[at.client].deaf_down;
        if !at.stream {
            let blocked = free > self.now;
            return self.datagram(blocked, message, |message| Event::ToClient {
                route,
                message,
            });
        }
        if at.broken {
            return;
        }
        let arrival = (self.now.max(free) + delay).max(at.last_down + 1);
        self.links[link as usize].last_down = arrival;
        let message = message.to_vec();
        self.queue.push(arrival, Event::ToClient { route, message });
    }

    fn datagram(&mut self, blocked: bool, message: &[u8], event: impl Fn(Vec<u8>) -> Event) {
        let weather = self.plan.weather;
        if blocked || (!self.healed && self.rng.chance(weather.lost)) {
            if !blocked {
                self.visit(Visit::Lost);
            }
            return;
        }
        let copies = if !self.healed && self.rng.chance(weather.doubled) {
            self.visit(Visit::Doubled);
            2
        } else {
            1
        };
        for _ in 0..copies {
            let mut delay = self.delay();
            if !self.healed && self.rng.chance(weather.late) {
                delay += self.lateness();
            }
            self.queue.push(self.now + delay, event(message.to_vec()));
        }
    }

    /// Mostly long enough to be overtaken, now and then long enough to be forgotten.
    fn lateness(&mut self) -> u64 {
        if self.rng.chance(100) {
            self.visit(Visit::VeryLate);
            return self.rng.range(SECOND, 8 * SECOND);
        }
        self.visit(Visit::Late);
        self.rng.range(MS, 300 * MS)
    }

    pub(super) fn delay(&mut self) -> u64 {
        let (shortest, longest) = self.plan.delay;
        self.rng.range(shortest, longest)
    }

    /// A stream breaks. What the network has taken may still arrive, in order and up to some point.
    pub(super) fn break_stream(&mut self, link: u32) {
        let mut rest = self.rng.pick(&[0, 2 * MS, 50 * MS, 800 * MS]);
        rest += self.delay();
        let at = &mut self.links[link as usize];
        if at.broken {
            return;
        }
        at.broken = true;
        at.cut = self.now + rest;
        self.visit(Visit::StreamBreak);
        self.note(|| format!("the stream of link {link} breaks"));
        let told = self.now + self.delay();
        self.queue.push(told, Event::Broken { link });
    }

    /// Whether a message that was handed to a link reaches the server now.
    pub(super) fn arrives_up(&mut self, link: u32) -> bool {
        let at = &self.links[link as usize];
        let server = &self.servers[at.server];
        if !self.listens(at.server) {
            return false;
        }
        if !at.stream {
            return true;
        }
        let (broken, arrives) = (
            at.broken,
            server.life == at.server_life && self.now <= at.cut,
        );
        if broken && arrives {
            self.visit(Visit::StreamSurvivor);
        }
        arrives
    }
}
