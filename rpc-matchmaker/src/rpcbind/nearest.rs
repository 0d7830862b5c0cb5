//! From the address that a server registered to the one at which this caller can reach it.

use super::caller::Caller;
use super::netid::Netid;
use super::universal;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};

/// The address for a caller: the port of `registered`, at the address of this host that is nearest to the caller. That is
/// `hint`, at which the caller says that it met us, if that is ours, else the one from which we would send to the caller.
///
/// As with rpcbind, that replaces the address of a server that listens at one address only, too. What is no internet address
/// stays as it is.
pub fn merge(caller: &Caller, netid: Netid, registered: &str, hint: &str) -> String {
    let nearest = || {
        let port = universal::parse(netid, registered)?.port();
        let from = caller.address?;
        let met = universal::parse(caller.netid, hint).map(|hint| hint.ip());
        let met = met.filter(|met| met.is_ipv4() == from.is_ipv4() && is_ours(*met));
        let ip = met.or_else(|| source_towards(from))?;
        Some(universal::write(SocketAddr::new(ip, port)))
    };
    nearest().unwrap_or_else(|| registered.to_owned())
}

/// Whether an address is one of this host.
pub fn is_ours(ip: IpAddr) -> bool {
    // Only what is ours is its own nearest address. Link-local ones need more than an address to tell which.
    !ip.is_unspecified() && source_towards(SocketAddr::new(ip, DISCARD)) == Some(ip)
}

/// The address that our packets to `address` would have. Nothing is sent: a datagram socket that is connected only looks up the
/// route.
fn source_towards(address: SocketAddr) -> Option<IpAddr> {
    let any: IpAddr = match address {
        SocketAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
        SocketAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
    };
    let socket = UdpSocket::bind((any, 0)).ok()?;
    socket.connect(address).ok()?;
    Some(socket.local_addr().ok()?.ip())
}

/// Any port will do.
const DISCARD: u16 = 9;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_merged_for_its_caller() {
        let here: SocketAddr = "127.0.0.1:5000".parse().unwrap();
        for (netid, address, registered, hint, expected) in [
            (Netid::Tcp, Some(here), "0.0.0.0.8.1", "", "127.0.0.1.8.1"),
            (Netid::Tcp, Some(here), "10.9.9.9.8.1", "", "127.0.0.1.8.1"),
            (
                Netid::Tcp,
                Some(here),
                "0.0.0.0.8.1",
                "127.0.0.1.0.111",
                "127.0.0.1.8.1",
            ),
            // These are not ours: one is for documentation only (RFC 5737), one is of the other family, one is nonsense.
            (
                Netid::Udp,
                Some(here),
                "0.0.0.0.8.1",
                "192.0.2.1.0.111",
                "127.0.0.1.8.1",
            ),
            (
                Netid::Udp,
                Some(here),
                "0.0.0.0.8.1",
                "::1.0.111",
                "127.0.0.1.8.1",
            ),
            (Netid::Udp, Some(here), "0.0.0.0.8.1", "x", "127.0.0.1.8.1"),
            (Netid::Udp, Some(here), "nonsense", "", "nonsense"),
            (Netid::Local, None, "/run/bank.sock", "", "/run/bank.sock"),
        ] {
            let caller = Caller {
                netid,
                address,
                owner: None,
            };
            assert_eq!(
                merge(&caller, netid, registered, hint),
                expected,
                "{registered} {hint}"
            );
        }
    }
}
