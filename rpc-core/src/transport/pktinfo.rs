//! Which address of ours a datagram came to, and answering from it: IP_PKTINFO and IPV6_PKTINFO.

use std::io::{self, IoSlice, IoSliceMut};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6, UdpSocket};
use std::os::fd::AsRawFd;

use nix::errno::Errno;
use nix::libc::{in_addr, in_pktinfo, in6_addr, in6_pktinfo};
use nix::sys::socket::{
    ControlMessage, ControlMessageOwned, MsgFlags, RecvMsg, SockaddrStorage, recvmsg, sendmsg,
    setsockopt, sockopt,
};

use super::udp::Ends;

/// More bytes than the two control messages take: a dual-stack socket gets both with a datagram that came over IPv4.
const CONTROL: usize = 128;

/// Where a control message has to begin.
#[repr(align(8))]
struct Control([u8; CONTROL]);

/// From now on `socket` says with each datagram which address it came to.
pub(super) fn ask(socket: &UdpSocket) -> io::Result<()> {
    // On a dual-stack socket too: of a datagram that came over IPv4, this tells the address to answer a broadcast from.
    setsockopt(socket, sockopt::Ipv4PacketInfo, &true)?;
    if socket.local_addr()?.is_ipv6() {
        setsockopt(socket, sockopt::Ipv6RecvPacketInfo, &true)?;
    }
    Ok(())
}

/// The next datagram; none of it is read if its sender has no address.
pub(super) fn receive(socket: &UdpSocket, buffer: &mut [u8]) -> io::Result<(usize, Option<Ends>)> {
    let mut control = Control([0; CONTROL]);
    let mut buffers = [IoSliceMut::new(buffer)];
    let received = loop {
        match recvmsg::<SockaddrStorage>(
            socket.as_raw_fd(),
            &mut buffers,
            Some(&mut control.0),
            MsgFlags::MSG_DONTWAIT,
        ) {
            Err(Errno::EINTR) => {}
            received => break received?,
        }
    };
    let ends = received
        .address
        .as_ref()
        .and_then(address)
        .map(|peer| Ends {
            peer,
            here: destination(&received),
        });
    Ok((received.bytes, ends))
}

/// Sends `message` to `peer` from our address `here`.
pub(super) fn send(
    socket: &UdpSocket,
    message: &[u8],
    peer: SocketAddr,
    here: IpAddr,
) -> io::Result<()> {
    let (v4, v6);
    let control = match here {
        IpAddr::V4(here) => {
            v4 = packet_info_v4(here);
            ControlMessage::Ipv4PacketInfo(&v4)
        }
        IpAddr::V6(here) => {
            v6 = packet_info_v6(here);
            ControlMessage::Ipv6PacketInfo(&v6)
        }
    };
    let flags = MsgFlags::MSG_DONTWAIT | MsgFlags::MSG_NOSIGNAL;
    let peer = SockaddrStorage::from(peer);
    loop {
        match sendmsg(
            socket.as_raw_fd(),
            &[IoSlice::new(message)],
            &[control],
            flags,
            Some(&peer),
        ) {
            Err(Errno::EINTR) => {}
            sent => return Ok(sent.map(drop)?),
        }
    }
}

/// The address that an answer comes from.
fn destination<S>(received: &RecvMsg<'_, '_, S>) -> Option<IpAddr> {
    let mut found = None;
    for message in received.cmsgs().ok()? {
        match message {
            // The kernel's choice for an answer: the destination, or for a broadcast the address of that network.
            ControlMessageOwned::Ipv4PacketInfo(info) => {
                let ip = Ipv4Addr::from_bits(u32::from_be(info.ipi_spec_dst.s_addr));
                return (!ip.is_unspecified()).then_some(ip.into());
            }
            ControlMessageOwned::Ipv6PacketInfo(info) => {
                let ip = Ipv6Addr::from(info.ipi6_addr.s6_addr);
                // Nothing is sent from a group's address.
                found = (!ip.is_multicast()).then_some(ip.into());
            }
            _ => {}
        }
    }
    found
}

fn address(storage: &SockaddrStorage) -> Option<SocketAddr> {
    let v4 = storage.as_sockaddr_in().map(|v4| SocketAddrV4::from(*v4));
    let v6 = || storage.as_sockaddr_in6().map(|v6| SocketAddrV6::from(*v6));
    v4.map(SocketAddr::from)
        .or_else(|| v6().map(SocketAddr::from))
}

fn packet_info_v4(here: Ipv4Addr) -> in_pktinfo {
    let unset = in_addr { s_addr: 0 };
    in_pktinfo {
        ipi_ifindex: 0,
        ipi_spec_dst: in_addr {
            s_addr: here.to_bits().to_be(),
        },
        ipi_addr: unset,
    }
}

fn packet_info_v6(here: Ipv6Addr) -> in6_pktinfo {
    in6_pktinfo {
        ipi6_addr: in6_addr {
            s6_addr: here.octets(),
        },
        ipi6_ifindex: 0,
    }
}
