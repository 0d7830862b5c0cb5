//! Addresses of the internet and UUIDs: bytes as the network orders them. What is named here is in `core`, which opens no
//! socket.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};
use uuid::Uuid;

use super::{Decode, DecodeError, Decoder, Encode, EncodeError, Encoder};

impl Encode for Uuid {
    #[inline]
    fn encode(&self, out: &mut Encoder) -> Result<(), EncodeError> {
        out.append(self.as_bytes());
        Ok(())
    }
}

impl<'a> Decode<'a> for Uuid {
    #[inline]
    fn decode(input: &mut Decoder<'a>) -> Result<Self, DecodeError> {
        input.take().map(Self::from_bytes)
    }
}

macro_rules! addresses {
    ($($name:ident)*) => {$(
        impl Encode for $name {
            #[inline]
            fn encode(&self, out: &mut Encoder) -> Result<(), EncodeError> {
                out.append(&self.octets());
                Ok(())
            }
        }

        impl<'a> Decode<'a> for $name {
            #[inline]
            fn decode(input: &mut Decoder<'a>) -> Result<Self, DecodeError> {
                input.take().map(Self::from_octets)
            }
        }
    )*};
}

addresses! { Ipv4Addr Ipv6Addr }

/// The union `switch (int) { case 4: opaque[4]; case 6: opaque[16]; }`.
impl Encode for IpAddr {
    #[inline]
    fn encode(&self, out: &mut Encoder) -> Result<(), EncodeError> {
        match self {
            Self::V4(address) => (4, *address).encode(out),
            Self::V6(address) => (6, *address).encode(out),
        }
    }
}

impl<'a> Decode<'a> for IpAddr {
    #[inline]
    fn decode(input: &mut Decoder<'a>) -> Result<Self, DecodeError> {
        match input.i32()? {
            4 => Ipv4Addr::decode(input).map(Self::V4),
            6 => Ipv6Addr::decode(input).map(Self::V6),
            value => Err(input.bad_discriminant("IpAddr", value.into())),
        }
    }
}

/// Socket addresses are tuples of address and port, so that they have no descriptor of their own.
impl Encode for SocketAddr {
    fn encode(&self, out: &mut Encoder) -> Result<(), EncodeError> {
        if let Self::V6(address) = self {
            refuse_local_parts(address)?;
        }
        (self.ip(), self.port()).encode(out)
    }
}

impl<'a> Decode<'a> for SocketAddr {
    fn decode(input: &mut Decoder<'a>) -> Result<Self, DecodeError> {
        <(IpAddr, u16)>::decode(input).map(Self::from)
    }
}

impl Encode for SocketAddrV4 {
    fn encode(&self, out: &mut Encoder) -> Result<(), EncodeError> {
        (*self.ip(), self.port()).encode(out)
    }
}

impl<'a> Decode<'a> for SocketAddrV4 {
    fn decode(input: &mut Decoder<'a>) -> Result<Self, DecodeError> {
        <(Ipv4Addr, u16)>::decode(input).map(|(ip, port)| Self::new(ip, port))
    }
}

impl Encode for SocketAddrV6 {
    fn encode(&self, out: &mut Encoder) -> Result<(), EncodeError> {
        refuse_local_parts(self)?;
        (*self.ip(), self.port()).encode(out)
    }
}

impl<'a> Decode<'a> for SocketAddrV6 {
    fn decode(input: &mut Decoder<'a>) -> Result<Self, DecodeError> {
        <(Ipv6Addr, u16)>::decode(input).map(|(ip, port)| Self::new(ip, port, 0, 0))
    }
}

/// A scope is an interface of one host, and a flow label belongs to one connection: neither means anything elsewhere.
fn refuse_local_parts(address: &SocketAddrV6) -> Result<(), EncodeError> {
    match (address.flowinfo(), address.scope_id()) {
        (0, 0) => Ok(()),
        _ => Err(EncodeError::Custom(
            "a socket address with a scope or a flow label means nothing on another host",
        )),
    }
}
