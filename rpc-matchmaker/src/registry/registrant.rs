//! Who registers.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Who made a registration, as far as that can be known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Registrant {
    /// A user of this host: the kernel says so, and nobody can forge it.
    User(u32),
    /// Whoever sends from this address of the network.
    Address(IpAddr),
}

impl Registrant {
    /// Who sends from `address`. All addresses that one sender has as it likes are one: the loopback addresses, and those of
    /// one network of IPv6 (its first 64 bits).
    pub fn at(address: IpAddr) -> Self {
        let address = address.to_canonical();
        if address.is_loopback() {
            return Self::Address(Ipv4Addr::LOCALHOST.into());
        }
        Self::Address(match address {
            IpAddr::V4(_) => address,
            IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() & (!0 << 64)).into(),
        })
    }

    /// Whether the kernel vouches for it.
    pub fn is_proven(self) -> bool {
        matches!(self, Self::User(_))
    }
}

/// Who gives an input, and on which connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Caller {
    /// Who it is.
    pub registrant: Registrant,
    /// The connection whose end is the end of what it registers; none for a datagram.
    pub owner: Option<Owner>,
    /// Whether it may withdraw what others registered.
    pub operator: bool,
}

/// A connection that registers, by a number that the driver gives it and never gives again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Owner(pub u64);

impl Caller {
    /// Whether it may renew the entry of a lease that it can name, as it were its own. A user's entry is that user's only;
    /// what came over the network is anybody's who knows the lease's number.
    pub(super) fn may_renew(&self, of: Registrant) -> bool {
        !of.is_proven() || of == self.registrant
    }

    /// Whether it may withdraw the entry of a lease that it can name.
    pub(super) fn may_withdraw(&self, of: Registrant) -> bool {
        self.operator || self.may_renew(of)
    }

    /// Whether it may withdraw an entry that it knows by its name only, which everybody does.
    pub(super) fn may_dismiss(&self, of: Registrant) -> bool {
        self.operator || of.is_proven() && of == self.registrant
    }
}

#[cfg(test)]
mod tests {
    use super::Registrant;

    #[test]
    fn addresses_that_one_sender_has_as_it_likes_are_one_registrant() {
        let at = |text: &str| Registrant::at(text.parse().unwrap());
        for (one, other, same) in [
            ("127.0.0.1", "127.9.9.9", true),
            ("127.0.0.1", "::1", true),
            ("10.0.0.1", "::ffff:10.0.0.1", true),
            ("10.0.0.1", "10.0.0.2", false),
            ("2001:db8::1", "2001:db8::ffff:ffff:ffff:ffff", true),
            ("2001:db8::1", "2001:db8:0:1::1", false),
        ] {
            assert_eq!(at(one) == at(other), same, "{one} and {other}");
        }
    }
}
