//! Broadcasts over IPv6, which has none: whoever looks for rpcbinds sends to a group that all of them are in.

use std::collections::BTreeSet;
use std::fs;
use std::net::{Ipv6Addr, UdpSocket};

/// The group of rpcbinds on a link, `ff02::202`.
const GROUP: Ipv6Addr = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 0x202);

/// Being in the group, until it is dropped. Linux gives a datagram for a group to every socket at all addresses if any socket of
/// the host is in it, so this one has nothing else to do.
#[derive(Debug)]
pub struct Membership {
    _socket: UdpSocket,
}

impl Membership {
    /// Joins on each interface that has an address of IPv6 now. None: there is no IPv6, or no interface where that can be done.
    pub fn join() -> Option<Self> {
        let interfaces = fs::read_to_string("/proc/net/if_inet6").ok()?;
        let socket = UdpSocket::bind((Ipv6Addr::UNSPECIFIED, 0)).ok()?;
        let interfaces = indices(&interfaces).into_iter();
        let joins = |interface: &u32| socket.join_multicast_v6(&GROUP, *interface).is_ok();
        let joined = interfaces.filter(joins).count();
        (joined > 0).then_some(Self { _socket: socket })
    }
}

/// The interfaces of Linux's list of addresses: an address and the number of its interface, both in hexadecimal, and more.
fn indices(list: &str) -> BTreeSet<u32> {
    let lines = list.lines();
    let second = lines.filter_map(|line| line.split_whitespace().nth(1));
    second
        .filter_map(|number| u32::from_str_radix(number, 16).ok())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_interfaces_are_those_with_an_address() {
        let list = "\
            00000000000000000000000000000001 01 80 10 80       lo\n\
            fd000000000000000000000000000002 1f 40 00 82     eth0\n\
            fe8000000000000000fc00fffe000001 1f 40 20 80     eth0\n\
            nonsense\n";
        assert_eq!(indices(list), BTreeSet::from([1, 31]));
        assert!(indices("").is_empty());
    }
}
