//! Universal addresses, and the same as the operating system keeps them.

use super::netid::Netid;
use rpc_core::Endpoint;
use rpc_core::rpcbind::from_universal;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// Reads the universal address of an internet transport: `127.0.0.1.3.77` is port 845 (RFC 5665, section 5.2.3). None: it is
/// none, or of the other family of addresses.
pub fn parse(netid: Netid, address: &str) -> Option<SocketAddr> {
    let address = match from_universal(netid.name(), address)? {
        Endpoint::Tcp(authority) | Endpoint::Udp(authority) => authority.address()?,
        _ => return None,
    };
    (address.is_ipv6() == (netid.family() == "inet6")).then_some(address)
}

/// Writes an address as a universal one.
pub fn write(address: SocketAddr) -> String {
    let [high, low] = address.port().to_be_bytes();
    format!("{}.{high}.{low}", address.ip())
}

/// The universal address as Linux keeps it in a `sockaddr`. None: it is no address of that transport.
pub fn to_system(netid: Netid, address: &str) -> Option<Vec<u8>> {
    if netid == Netid::Local {
        let fits = address.len() < PATH_ROOM;
        return fits.then(|| [&AF_UNIX.to_ne_bytes()[..], address.as_bytes()].concat());
    }
    let address = parse(netid, address)?;
    let port = address.port().to_be_bytes();
    Some(match address.ip() {
        IpAddr::V4(ip) => [&AF_INET.to_ne_bytes()[..], &port, &ip.octets(), &[0; 8]].concat(),
        IpAddr::V6(ip) => [
            &AF_INET6.to_ne_bytes()[..],
            &port,
            &[0; 4],
            &ip.octets(),
            &[0; 4],
        ]
        .concat(),
    })
}

/// The reverse of [`to_system`]. None: these bytes are no address of that transport.
pub fn from_system(netid: Netid, bytes: &[u8]) -> Option<String> {
    let (family, rest) = bytes.split_first_chunk()?;
    let family = u16::from_ne_bytes(*family);
    if netid == Netid::Local {
        let path = rest.split(|byte| *byte == 0).next()?;
        let path = str::from_utf8(path).ok()?;
        return (family == AF_UNIX && rest.len() <= PATH_ROOM).then(|| path.to_owned());
    }
    let (port, rest) = rest.split_first_chunk()?;
    let ip: IpAddr = match netid.family() {
        "inet" if family == AF_INET => Ipv4Addr::from(*rest.first_chunk::<4>()?).into(),
        "inet6" if family == AF_INET6 => {
            Ipv6Addr::from(*rest.get(4..)?.first_chunk::<16>()?).into()
        }
        _ => return None,
    };
    Some(write(SocketAddr::new(ip, u16::from_be_bytes(*port))))
}

/// The room that Linux has for an address of this transport.
pub fn system_room(netid: Netid) -> u32 {
    match netid {
        Netid::Udp | Netid::Tcp => 16,
        Netid::Udp6 | Netid::Tcp6 => 28,
        Netid::Local => 2 + PATH_ROOM as u32,
    }
}

/// The families of addresses, as Linux counts them.
const AF_UNIX: u16 = 1;
const AF_INET: u16 = 2;
const AF_INET6: u16 = 10;

/// The bytes that the path of a socket may have, with the zero at its end.
const PATH_ROOM: usize = 108;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_universal_address_is_read_and_written() {
        for (netid, text, address) in [
            (Netid::Tcp, "127.0.0.1.3.77", Some("127.0.0.1:845")),
            (Netid::Udp, "0.0.0.0.255.255", Some("0.0.0.0:65535")),
            (Netid::Tcp6, "::1.0.111", Some("[::1]:111")),
            (Netid::Udp6, "2001:db8::7.8.1", Some("[2001:db8::7]:2049")),
            (Netid::Udp6, "::.0.111", Some("[::]:111")),
            (
                Netid::Tcp6,
                "::ffff:1.2.3.4.0.9",
                Some("[::ffff:1.2.3.4]:9"),
            ),
            (Netid::Tcp, "", None),
            (Netid::Tcp, ".", None),
            (Netid::Tcp, "..", None),
            (Netid::Tcp, "127.0.0.1", None),
            (Netid::Tcp, "127.0.0.1.3", None),
            (Netid::Tcp, "127.0.0.1.256.0", None),
            (Netid::Tcp, "127.0.0.1.+3.4", None),
            (Netid::Tcp, "127.0.0.1.3.", None),
            (Netid::Tcp, "::1.3.4", None),
            (Netid::Tcp6, "127.0.0.1.3.4", None),
            (Netid::Local, "127.0.0.1.3.4", None),
        ] {
            let expected: Option<SocketAddr> = address.map(|address| address.parse().unwrap());
            assert_eq!(parse(netid, text), expected, "{netid} {text}");
            if let Some(address) = expected {
                assert_eq!(write(address), text);
            }
        }
    }

    #[test]
    fn an_address_of_the_system_is_what_linux_keeps() {
        let port_111 = [0, 111];
        let [low, high] = AF_INET.to_ne_bytes();
        let inet = [&[low, high], &port_111[..], &[127, 0, 0, 1], &[0; 8]].concat();
        assert_eq!(to_system(Netid::Udp, "127.0.0.1.0.111"), Some(inet));
        for (netid, text, length) in [
            (Netid::Tcp, "10.1.2.3.8.1", 16),
            (Netid::Udp6, "2001:db8::7.8.1", 28),
            (Netid::Local, "/run/bank.sock", 16),
        ] {
            let bytes = to_system(netid, text).unwrap();
            assert_eq!(bytes.len(), length, "{text}");
            assert_eq!(from_system(netid, &bytes).as_deref(), Some(text));
            for shorter in 0..length.min(8) {
                assert_eq!(
                    from_system(netid, &bytes[..shorter]),
                    None.or_else(|| {
                        // The path of a local socket may be as short as one likes.
                        (netid == Netid::Local && shorter >= 2)
                            .then(|| text[..shorter - 2].to_owned())
                    })
                );
            }
            let other = if netid == Netid::Local {
                Netid::Tcp
            } else {
                Netid::Local
            };
            assert_eq!(from_system(other, &bytes), None, "{text} over {other}");
        }
        assert_eq!(
            to_system(Netid::Local, &"x".repeat(107)).map(|all| all.len()),
            Some(109)
        );
        assert_eq!(to_system(Netid::Local, &"x".repeat(108)), None);
        assert_eq!(to_system(Netid::Tcp, "nonsense"), None);
    }
}
