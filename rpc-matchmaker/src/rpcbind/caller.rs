//! Who calls, and what that lets them do.

use super::netid::Netid;
use rpc_core::Context;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::LazyLock;
use std::{fmt, fs};

/// Who made a registration, as far as that can be known. It displays as rpcbind calls it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Owner {
    /// Root: the kernel says so, or the caller has a port that only root may have.
    Superuser,
    /// Another user, as the kernel says.
    User(u32),
    /// Somebody on this host.
    Unknown,
}

impl Owner {
    /// The owner of what the user of this number does.
    pub fn of_user(uid: u32) -> Self {
        match uid {
            0 => Owner::Superuser,
            uid => Owner::User(uid),
        }
    }

    /// Whether it may remove what `owner` entered.
    pub fn may_unset(self, owner: Owner) -> bool {
        self == Owner::Superuser || self == owner
    }
}

impl fmt::Display for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Owner::Superuser => f.write_str("superuser"),
            Owner::User(uid) => write!(f, "{uid}"),
            Owner::Unknown => f.write_str("unknown"),
        }
    }
}

/// A caller.
#[derive(Clone, Copy, Debug)]
pub struct Caller {
    /// The transport on which it calls.
    pub netid: Netid,
    /// Where it is; none over a local socket.
    pub address: Option<SocketAddr>,
    /// As whom it may enter and remove registrations; none if it may not.
    pub owner: Option<Owner>,
}

impl Caller {
    /// Who makes this call.
    pub fn of(cx: &Context) -> Self {
        let peer = cx.peer();
        let Some(address) = peer.address() else {
            // Whoever calls from within this process is this process's user.
            let own = || rustix::process::geteuid().as_raw();
            let uid = peer.credentials().map_or_else(own, |peer| peer.uid);
            return Self {
                netid: Netid::Local,
                address: None,
                owner: Some(Owner::of_user(uid)),
            };
        };
        let is_stream = peer.connection().is_some();
        Self::over_network(canonical(address), is_stream, *PRIVILEGED)
    }

    /// `privileged`: the ports below it are root's.
    fn over_network(address: SocketAddr, is_stream: bool, privileged: u16) -> Self {
        let netid = match (address.is_ipv4(), is_stream) {
            (true, true) => Netid::Tcp,
            (true, false) => Netid::Udp,
            (false, true) => Netid::Tcp6,
            (false, false) => Netid::Udp6,
        };
        // The kernel drops what claims to come from a loopback address and came from outside. Where it is told not to
        // (`route_localnet`), a datagram may still claim one of the others; a connection cannot, since our answers stay here.
        let is_ours = match address.ip() {
            ip if is_stream => ip.is_loopback(),
            IpAddr::V4(ip) => ip == Ipv4Addr::LOCALHOST,
            IpAddr::V6(ip) => ip == Ipv6Addr::LOCALHOST,
        };
        let is_root = address.port() < privileged;
        let owner = is_ours.then_some(match is_root {
            true => Owner::Superuser,
            false => Owner::Unknown,
        });
        Self {
            netid,
            address: Some(address),
            owner,
        }
    }

    /// Whether the caller may be somebody else than it seems: then a reply may go to one who asked nothing.
    pub fn may_be_forged(&self) -> bool {
        self.netid.is_datagram() && self.owner.is_none()
    }
}

/// The address as its own family has it. A socket for both families shows callers over IPv4 as IPv6 addresses.
fn canonical(address: SocketAddr) -> SocketAddr {
    match address.ip().to_canonical() {
        ip if ip.is_ipv4() => SocketAddr::new(ip, address.port()),
        _ => address,
    }
}

/// Ports below this one are root's. Some systems give some of them, or all, to everybody, as Docker does in its containers.
static PRIVILEGED: LazyLock<u16> = LazyLock::new(|| {
    let setting = fs::read_to_string("/proc/sys/net/ipv4/ip_unprivileged_port_start");
    privileged(setting.ok().as_deref())
});

/// Reads the system's setting now; a caller is judged by it from then on.
pub fn read_privileged() {
    LazyLock::force(&PRIVILEGED);
}

/// What this setting says. Ports from 1024 are never trusted: programs do not expect them to be root's.
fn privileged(setting: Option<&str>) -> u16 {
    let start = setting.and_then(|text| text.trim().parse::<u16>().ok());
    // A kernel without the setting (before Linux 4.11) has the usual bound.
    start.map_or(USUALLY_PRIVILEGED, |start| start.min(USUALLY_PRIVILEGED))
}

const USUALLY_PRIVILEGED: u16 = 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_caller_is_who_its_address_says() {
        use Owner::*;
        for (address, is_stream, netid, owner) in [
            ("127.0.0.1:1023", true, Netid::Tcp, Some(Superuser)),
            ("127.0.0.1:1024", true, Netid::Tcp, Some(Unknown)),
            ("127.8.9.1:7", true, Netid::Tcp, Some(Superuser)),
            ("127.0.0.1:7", false, Netid::Udp, Some(Superuser)),
            ("127.8.9.1:7", false, Netid::Udp, None),
            ("[::ffff:127.8.9.1]:7", false, Netid::Udp, None),
            ("[::1]:700", true, Netid::Tcp6, Some(Superuser)),
            ("[::1]:7000", false, Netid::Udp6, Some(Unknown)),
            ("[::ffff:127.0.0.1]:700", false, Netid::Udp, Some(Superuser)),
            ("[::ffff:10.0.0.1]:700", true, Netid::Tcp, None),
            ("10.0.0.1:700", false, Netid::Udp, None),
            ("[fe80::1]:700", false, Netid::Udp6, None),
        ] {
            let address = canonical(address.parse().unwrap());
            let caller = Caller::over_network(address, is_stream, 1024);
            assert_eq!((caller.netid, caller.owner), (netid, owner), "{address}");
            let forged = !is_stream && owner.is_none();
            assert_eq!(caller.may_be_forged(), forged, "{address}");
        }
    }

    #[test]
    fn a_port_is_roots_only_where_the_system_says_so() {
        for (setting, expected) in [
            (None, 1024),
            (Some("1024\n"), 1024),
            (Some("0\n"), 0),
            (Some("80\n"), 80),
            (Some("2049\n"), 1024),
        ] {
            assert_eq!(privileged(setting), expected, "{setting:?}");
        }
        for (start, expected) in [
            (0, Owner::Unknown),
            (80, Owner::Unknown),
            (701, Owner::Superuser),
        ] {
            let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 700));
            let caller = Caller::over_network(address, true, start);
            assert_eq!(caller.owner, Some(expected), "{start}");
        }
    }

    #[test]
    fn only_root_and_the_owner_remove() {
        use Owner::*;
        let all = [Superuser, User(7), User(8), Unknown];
        for caller in all {
            for owner in all {
                let may = caller == Superuser || caller == owner;
                assert_eq!(caller.may_unset(owner), may, "{caller} {owner}");
            }
        }
        assert_eq!(Owner::of_user(0).to_string(), "superuser");
        assert_eq!(Owner::of_user(1000).to_string(), "1000");
    }
}
