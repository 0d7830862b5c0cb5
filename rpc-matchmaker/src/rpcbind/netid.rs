//! The transports that rpcbind answers over, and what it says of each.

use std::fmt;

/// A transport by the name that the ONC RPC world has for it (RFC 5665, section 5.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Netid {
    /// UDP over IPv4.
    Udp,
    /// TCP over IPv4.
    Tcp,
    /// UDP over IPv6.
    Udp6,
    /// TCP over IPv6.
    Tcp6,
    /// Sockets of this host.
    Local,
}

impl Netid {
    /// All of them.
    pub const ALL: [Netid; 5] = [
        Netid::Udp,
        Netid::Tcp,
        Netid::Udp6,
        Netid::Tcp6,
        Netid::Local,
    ];

    /// The one of this name, which is matched without regard to case.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|netid| netid.name().eq_ignore_ascii_case(name))
    }

    /// The one of this protocol number, which is how version 2 names transports.
    pub fn of_protocol(number: u32) -> Option<Self> {
        [Netid::Udp, Netid::Tcp]
            .into_iter()
            .find(|netid| netid.protocol() == Some(number))
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Netid::Udp => "udp",
            Netid::Tcp => "tcp",
            Netid::Udp6 => "udp6",
            Netid::Tcp6 => "tcp6",
            Netid::Local => "local",
        }
    }

    /// The family of protocols that it belongs to.
    pub fn family(self) -> &'static str {
        match self {
            Netid::Udp | Netid::Tcp => "inet",
            Netid::Udp6 | Netid::Tcp6 => "inet6",
            Netid::Local => "loopback",
        }
    }

    /// The name of its protocol.
    pub fn proto(self) -> &'static str {
        match self {
            Netid::Udp | Netid::Udp6 => "udp",
            Netid::Tcp | Netid::Tcp6 => "tcp",
            Netid::Local => "-",
        }
    }

    /// Its service: 1 are datagrams, 3 are streams whose end is orderly.
    pub fn semantics(self) -> u32 {
        match self {
            Netid::Udp | Netid::Udp6 => 1,
            Netid::Tcp | Netid::Tcp6 | Netid::Local => 3,
        }
    }

    /// The number of its protocol, if version 2 knows it: that has no IPv6 and no local sockets.
    pub fn protocol(self) -> Option<u32> {
        match self {
            Netid::Tcp => Some(rpc_core::rpcbind::IPPROTO_TCP),
            Netid::Udp => Some(rpc_core::rpcbind::IPPROTO_UDP),
            Netid::Udp6 | Netid::Tcp6 | Netid::Local => None,
        }
    }

    /// Whether a message is a datagram, whose sender nothing proves.
    pub fn is_datagram(self) -> bool {
        self.semantics() == 1
    }
}

impl fmt::Display for Netid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
