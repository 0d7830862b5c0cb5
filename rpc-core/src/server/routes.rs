//! Ways back to peers, as numbers: the session machine knows peers by these only.

use super::sources::END;
use crate::transport::Ends;
use rpc_proto::session::server::Route;
use std::collections::{HashMap, VecDeque};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, SocketAddrV4};
use std::sync::{Mutex, PoisonError, RwLock};

/// The peers of datagram sockets by route. A connection's route is its number in the table of sources.
///
/// A route is the bit [`END`], then 15 bits for our end and 48 for the peer. An IPv4 address and a port are just 48
/// bits, so they need no table. Other addresses get numbers in a bounded one; a peer that fell out of it loses a reply
/// that was on its way, as if the network had lost it. Our end is a socket, or a number for a socket and an address.
#[derive(Debug, Default)]
pub(crate) struct DatagramRoutes {
    other: Mutex<OtherPeers>,
    here: RwLock<OurEnds>,
}

/// The addresses of ours that were asked at sockets which have several.
#[derive(Debug, Default)]
struct OurEnds {
    numbers: HashMap<(usize, IpAddr), usize>,
    by_number: Vec<(usize, IpAddr)>,
}

#[derive(Debug, Default)]
struct OtherPeers {
    by_address: HashMap<SocketAddr, u64>,
    by_number: HashMap<u64, SocketAddr>,
    /// Oldest first.
    order: VecDeque<u64>,
    next: u64,
}

/// How many peers without an IPv4 address are remembered.
const REMEMBERED: usize = 65_536;

/// How many datagram sockets one server can have.
pub(crate) const MAX_SOCKETS: usize = 1 << 13;

/// How many addresses of ours are remembered; a host with more of them answers from one that its system chooses.
const MAX_ADDRESSES: usize = 1 << 13;

const PEER: u64 = (1 << 48) - 1;
/// Marks an end of ours that is in the table.
const ADDRESS: u64 = 1 << 61;
/// Marks a peer that is in the table.
const TABLE: u64 = 1 << 62;

impl DatagramRoutes {
    /// The way back of a message that came between `ends` through the datagram socket with the index `socket`.
    pub(crate) fn route(&self, socket: usize, ends: Ends) -> Route {
        let through = END
            | match ends.here.and_then(|here| self.our_end(socket, here)) {
                Some(number) => ADDRESS | (number as u64) << 48,
                None => (socket as u64) << 48,
            };
        match ends.peer {
            SocketAddr::V4(peer) => {
                Route(through | u64::from(peer.ip().to_bits()) << 16 | u64::from(peer.port()))
            }
            SocketAddr::V6(_) => Route(through | TABLE | self.other().number(ends.peer)),
        }
    }

    /// Where `route` leads: through which socket, and between which ends. `None` when it is a connection's or forgotten.
    pub(crate) fn find(&self, route: Route) -> Option<(usize, Ends)> {
        if route.0 & END == 0 {
            return None;
        }
        let number = ((route.0 & !(END | TABLE | ADDRESS)) >> 48) as usize;
        let (socket, here) = match route.0 & ADDRESS {
            0 => (number, None),
            _ => {
                let ours = self.here.read().unwrap_or_else(PoisonError::into_inner);
                let (socket, here) = *ours.by_number.get(number)?;
                (socket, Some(here))
            }
        };
        let peer = if route.0 & TABLE != 0 {
            *self.other().by_number.get(&(route.0 & PEER))?
        } else {
            let ip = Ipv4Addr::from_bits((route.0 >> 16 & u64::from(u32::MAX)) as u32);
            SocketAddr::V4(SocketAddrV4::new(ip, (route.0 & 0xffff) as u16))
        };
        Some((socket, Ends { peer, here }))
    }

    /// The number of our address `here` at `socket`. None: there are too many.
    fn our_end(&self, socket: usize, here: IpAddr) -> Option<usize> {
        let known = |ours: &OurEnds| ours.numbers.get(&(socket, here)).copied();
        let ours = self.here.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(number) = known(&ours) {
            return Some(number);
        }
        drop(ours);
        let mut ours = self.here.write().unwrap_or_else(PoisonError::into_inner);
        let next = ours.by_number.len();
        // Another thread may have been quicker.
        known(&ours).or_else(|| {
            (next < MAX_ADDRESSES).then(|| {
                ours.numbers.insert((socket, here), next);
                ours.by_number.push((socket, here));
                next
            })
        })
    }

    fn other(&self) -> std::sync::MutexGuard<'_, OtherPeers> {
        self.other.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl OtherPeers {
    fn number(&mut self, peer: SocketAddr) -> u64 {
        if let Some(number) = self.by_address.get(&peer) {
            return *number;
        }
        if self.order.len() >= REMEMBERED
            && let Some(oldest) = self.order.pop_front()
            && let Some(address) = self.by_number.remove(&oldest)
        {
            self.by_address.remove(&address);
        }
        let number = self.next & PEER;
        self.next += 1;
        self.by_address.insert(peer, number);
        self.by_number.insert(number, peer);
        self.order.push_back(number);
        number
    }
}

/// Bytes that are the same for all messages of a peer and for no other peer's: first what another connection of the same
/// peer may have otherwise, then its host.
#[derive(Clone, Copy, Debug)]
pub(crate) struct AddressBytes {
    bytes: [u8; 18],
    length: usize,
    host: usize,
}

impl AddressBytes {
    /// Port and address.
    pub(crate) fn of_socket(address: SocketAddr) -> Self {
        let port = address.port().to_be_bytes();
        // A socket for both families has the hosts of IPv4 in one network of IPv6.
        match address.ip().to_canonical() {
            IpAddr::V4(ip) => Self::new(&port, &ip.octets()),
            IpAddr::V6(ip) => Self::new(&port, &ip.octets()),
        }
    }

    /// The number of a connection within this process.
    pub(crate) fn of_number(number: u64) -> Self {
        Self::new(&number.to_be_bytes(), &[])
    }

    /// The number of a connection within this host, and who made it: nobody is answered what another user asked.
    pub(crate) fn of_user(number: u64, uid: u32) -> Self {
        Self::new(&number.to_be_bytes(), &uid.to_be_bytes())
    }

    fn new(connection: &[u8], host: &[u8]) -> Self {
        let (middle, length) = (connection.len(), connection.len() + host.len());
        let mut bytes = [0; 18];
        bytes[..middle].copy_from_slice(connection);
        bytes[middle..length].copy_from_slice(host);
        Self {
            bytes,
            length,
            host: middle,
        }
    }

    pub(crate) fn as_slice(&self) -> &[u8] {
        &self.bytes[..self.length]
    }

    /// What stays the same when the peer comes back over another connection.
    pub(crate) fn host(&self) -> &[u8] {
        &self.bytes[self.host..self.length]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_route_leads_back_to_where_it_came_from() {
        let routes = DatagramRoutes::default();
        let rows = [
            (0, "127.0.0.1:1", None),
            (3, "255.255.255.255:65535", None),
            (3, "255.255.255.255:65535", Some("10.0.0.1")),
            (3, "255.255.255.255:65535", Some("10.0.0.2")),
            (4, "255.255.255.255:65535", Some("10.0.0.2")),
            (MAX_SOCKETS - 1, "10.1.2.3:0", None),
            (0, "[::1]:111", None),
            (MAX_SOCKETS - 1, "[fe80::1]:65535", None),
            (MAX_SOCKETS - 1, "[fe80::1]:65535", Some("fe80::2")),
        ];
        for (socket, peer, here) in rows {
            let ends = Ends {
                peer: peer.parse().expect("an address"),
                here: here.map(|here: &str| here.parse().expect("an address")),
            };
            let route = routes.route(socket, ends);
            assert_eq!(routes.find(route), Some((socket, ends)));
            assert_eq!(routes.route(socket, ends), route, "the same way every time");
        }
        assert_eq!(routes.find(Route(7)), None, "a connection");
    }

    #[test]
    fn beyond_so_many_addresses_of_ours_the_system_chooses_one() {
        let routes = DatagramRoutes::default();
        let peer = SocketAddr::from((Ipv4Addr::LOCALHOST, 7));
        let ends = |number: usize| Ends {
            peer,
            here: Some(Ipv4Addr::from_bits(number as u32).into()),
        };
        for number in 1..=MAX_ADDRESSES {
            let route = routes.route(1, ends(number));
            assert_eq!(routes.find(route), Some((1, ends(number))));
        }
        let route = routes.route(1, ends(MAX_ADDRESSES + 1));
        assert_eq!(routes.find(route), Some((1, Ends { peer, here: None })));
        assert_eq!(routes.route(1, ends(7)), routes.route(1, ends(7)));
    }

    #[test]
    fn the_table_of_peers_forgets_the_oldest_and_stays_bounded() {
        let routes = DatagramRoutes::default();
        let peer = |number: usize| Ends {
            peer: SocketAddr::from((std::net::Ipv6Addr::from_bits(number as u128), 1)),
            here: None,
        };
        let first = routes.route(0, peer(0));
        for number in 1..REMEMBERED {
            routes.route(0, peer(number));
        }
        assert_eq!(routes.find(first), Some((0, peer(0))));
        let last = routes.route(0, peer(REMEMBERED));
        assert_eq!(routes.find(first), None);
        assert_eq!(routes.find(last), Some((0, peer(REMEMBERED))));
        assert_eq!(routes.other().by_address.len(), REMEMBERED);
    }
}
