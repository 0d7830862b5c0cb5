//! Addresses as rpcbind writes them (RFC 1833, section 2.1; RFC 5665, section 5).

use crate::Endpoint;
use std::net::{IpAddr, SocketAddr};

/// The name that an rpcbind has for the transport of `endpoint`, its netid: `tcp`, `tcp6`, `udp`, `udp6` or `local`. None: it has
/// none, or the host is a name, of which it cannot be told.
pub fn netid(endpoint: &Endpoint) -> Option<&'static str> {
    let is_ipv6 = |authority: &crate::Authority| Some(authority.address()?.is_ipv6());
    match endpoint {
        Endpoint::Tcp(authority) if is_ipv6(authority)? => Some("tcp6"),
        Endpoint::Tcp(_) => Some("tcp"),
        Endpoint::Udp(authority) if is_ipv6(authority)? => Some("udp6"),
        Endpoint::Udp(_) => Some("udp"),
        // An abstract name is nothing that a C library could connect to.
        Endpoint::Unix(name) => name.path().map(|_| "local"),
        _ => None,
    }
}

/// `endpoint` as a universal address: `127.0.0.1.3.77` is port 845, a local socket is its path. None where [`netid`] is none.
pub fn to_universal(endpoint: &Endpoint) -> Option<String> {
    match endpoint {
        Endpoint::Tcp(authority) | Endpoint::Udp(authority) => {
            let address = authority.address()?;
            let [high, low] = address.port().to_be_bytes();
            Some(format!("{}.{high}.{low}", address.ip()))
        }
        Endpoint::Unix(name) => Some(name.path()?.to_str()?.to_owned()),
        _ => None,
    }
}

/// What a universal address of `netid` means. None: that is no address, or the transport is none of ours.
pub fn from_universal(netid: &str, address: &str) -> Option<Endpoint> {
    let socket = || -> Option<SocketAddr> {
        let (rest, low) = address.rsplit_once('.')?;
        let (ip, high) = rest.rsplit_once('.')?;
        let port = u16::from_be_bytes([octet(high)?, octet(low)?]);
        let ip: IpAddr = ip.parse().ok()?;
        Some(SocketAddr::new(ip, port))
    };
    match netid {
        "tcp" | "tcp6" => Some(Endpoint::Tcp(socket()?.into())),
        "udp" | "udp6" => Some(Endpoint::Udp(socket()?.into())),
        "local" if address.starts_with('/') => Some(Endpoint::Unix(address.parse().ok()?)),
        _ => None,
    }
}

/// A number from 0 to 255 in digits alone.
fn octet(text: &str) -> Option<u8> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endpoint_is_written_as_a_universal_address_and_read_back() {
        for (endpoint, netid_, address) in [
            ("tcp://127.0.0.1:845", "tcp", "127.0.0.1.3.77"),
            ("udp://0.0.0.0:65535", "udp", "0.0.0.0.255.255"),
            ("tcp://[::1]:111", "tcp6", "::1.0.111"),
            ("udp://[2001:db8::7]:2049", "udp6", "2001:db8::7.8.1"),
            ("unix:/run/bank.sock", "local", "/run/bank.sock"),
        ] {
            let endpoint: Endpoint = endpoint.parse().unwrap();
            assert_eq!(netid(&endpoint), Some(netid_));
            assert_eq!(to_universal(&endpoint).as_deref(), Some(address));
            assert_eq!(from_universal(netid_, address), Some(endpoint));
        }
        for endpoint in ["mem://bank", "unix:@bank", "tcp://host:1", "match://bank"] {
            let endpoint: Endpoint = endpoint.parse().unwrap();
            assert_eq!((netid(&endpoint), to_universal(&endpoint)), (None, None));
        }
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for (netid, address) in [
            ("tcp", ""),
            ("tcp", "127.0.0.1"),
            ("tcp", "127.0.0.1.3"),
            ("tcp", "127.0.0.1.256.0"),
            ("tcp", "127.0.0.1.+3.4"),
            ("tcp", "127.0.0.1.3."),
            ("local", "run/bank.sock"),
            ("local", ""),
            ("ticlts", "/run/bank.sock"),
        ] {
            assert_eq!(from_universal(netid, address), None, "{netid} {address}");
        }
    }
}
