//! Calling a procedure of this host on behalf of a caller (CALLIT, BCAST, INDIRECT), for `--indirect`.
//!
//! What the called program sees is a call from this host, which it may trust more than others. So this is off unless asked for,
//! and the called procedure is told nothing of the caller: no credentials are passed on.

use super::nearest::is_ours;
use rpc_core::Xdr;
use rpc_core::xdr::{Decode, Decoder, Encode, EncodeError, Encoder, Limits};
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// How many such calls may be under way at a time; more are not made.
pub const MOST_AT_A_TIME: usize = 8;

/// How long one may take.
const PATIENCE: Duration = Duration::from_secs(2);

/// The programs of which only procedure 0 is called: rpcbind itself, which would take the caller for one of this host, and those
/// that decide by the address of their caller: NFS, YP, MOUNT, ypbind, yppasswd, rquota.
const NOT_FOR_OTHERS: [u32; 7] = [
    100_000, 100_003, 100_004, 100_005, 100_007, 100_009, 100_011,
];

/// Whether a procedure may be called on behalf of anybody.
pub fn is_allowed(program: u32, procedure: u32) -> bool {
    procedure == 0 || !NOT_FOR_OTHERS.contains(&program)
}

/// Why a call on behalf of another has no results.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoResults {
    /// It was not made (too many are under way, or the address is not of this host), or was refused before anything ran.
    NotRun,
    /// It was made, and was not answered in time, or with an error that may come after its effects.
    MayHaveRun,
}

/// What makes the calls.
#[derive(Debug, Default)]
pub struct Indirect {
    under_way: AtomicUsize,
    last_xid: AtomicU32,
}

/// The header of a call without credentials (RFC 5531, section 9), up to its arguments.
#[derive(Xdr)]
struct CallHeader {
    xid: u32,
    message_type: u32,
    rpc_version: u32,
    program: u32,
    version: u32,
    procedure: u32,
    credential: [u32; 2],
    verifier: [u32; 2],
}

/// What every reply begins with.
#[derive(Xdr)]
struct ReplyStart {
    xid: u32,
    message_type: u32,
    reply_status: u32,
}

/// What follows in one that was accepted, up to its results.
#[derive(Xdr)]
struct Accepted {
    verifier_flavor: u32,
    verifier: Vec<u8>,
    accept_status: u32,
}

impl Indirect {
    /// Calls a procedure of a program that listens at `address` over UDP, and returns its encoded results.
    pub fn call(
        &self,
        address: SocketAddr,
        (program, version, procedure): (u32, u32, u32),
        args: &[u8],
    ) -> Result<Vec<u8>, NoResults> {
        let _place = Place::take(&self.under_way).ok_or(NoResults::NotRun)?;
        let header = CallHeader {
            xid: self.last_xid.fetch_add(1, Ordering::Relaxed),
            message_type: 0,
            rpc_version: 2,
            program,
            version,
            procedure,
            credential: [0; 2],
            verifier: [0; 2],
        };
        let socket = socket_to(address).ok_or(NoResults::NotRun)?;
        let call = encode(&header, args).map_err(|_| NoResults::NotRun)?;
        socket.send(&call).map_err(|_| NoResults::NotRun)?;
        let until = Instant::now() + PATIENCE;
        let mut buffer = vec![0; LONGEST_DATAGRAM];
        loop {
            let received = receive(&socket, &mut buffer, until);
            let reply = received.map_err(|error| match error.kind() {
                // The kernel has found nobody at the port.
                io::ErrorKind::ConnectionRefused => NoResults::NotRun,
                _ => NoResults::MayHaveRun,
            })?;
            if let Some(answer) = read(header.xid, reply) {
                return answer;
            }
        }
    }
}

/// One of the places that there are, until it is dropped.
struct Place<'a>(&'a AtomicUsize);

impl<'a> Place<'a> {
    fn take(under_way: &'a AtomicUsize) -> Option<Self> {
        let before = under_way.fetch_add(1, Ordering::AcqRel);
        let place = Self(under_way);
        (before < MOST_AT_A_TIME).then_some(place)
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

/// A socket that hears nobody but the program at `address`. Whoever registers may name any address: calls never leave this host.
fn socket_to(address: SocketAddr) -> Option<UdpSocket> {
    let (loopback, any): (IpAddr, IpAddr) = match address {
        SocketAddr::V4(_) => (Ipv4Addr::LOCALHOST.into(), Ipv4Addr::UNSPECIFIED.into()),
        SocketAddr::V6(_) => (Ipv6Addr::LOCALHOST.into(), Ipv6Addr::UNSPECIFIED.into()),
    };
    let ip = match address.ip() {
        ip if ip.is_unspecified() => loopback,
        ip if ip.is_loopback() || is_ours(ip) => ip,
        _ => return None,
    };
    let socket = UdpSocket::bind((any, 0)).ok()?;
    socket.connect((ip, address.port())).ok()?;
    Some(socket)
}

fn encode(header: &CallHeader, args: &[u8]) -> Result<Vec<u8>, EncodeError> {
    let mut out = Encoder::new();
    header.encode(&mut out)?;
    out.fixed(args);
    Ok(out.into_vec())
}

fn receive<'a>(socket: &UdpSocket, buffer: &'a mut [u8], until: Instant) -> io::Result<&'a [u8]> {
    let left = until.saturating_duration_since(Instant::now());
    if left.is_zero() {
        return Err(io::ErrorKind::TimedOut.into());
    }
    socket.set_read_timeout(Some(left))?;
    let length = socket.recv(buffer)?;
    Ok(&buffer[..length])
}

/// What a datagram says of the call: nothing, if it is no reply to it; else its results, if it has them.
fn read(xid: u32, datagram: &[u8]) -> Option<Result<Vec<u8>, NoResults>> {
    let mut input = Decoder::new(datagram, Limits::default());
    let start = ReplyStart::decode(&mut input).ok()?;
    if (start.xid, start.message_type) != (xid, REPLY) {
        return None;
    }
    if start.reply_status == DENIED {
        return Some(Err(NoResults::NotRun));
    }
    Some(match Accepted::decode(&mut input) {
        Ok(accepted) if start.reply_status == ACCEPTED => match accepted.accept_status {
            SUCCESS => Ok(datagram[input.position()..].to_vec()),
            PROG_UNAVAIL..=GARBAGE_ARGS => Err(NoResults::NotRun),
            _ => Err(NoResults::MayHaveRun),
        },
        _ => Err(NoResults::MayHaveRun),
    })
}

const LONGEST_DATAGRAM: usize = 65_507;

/// The type of a message that is a reply, and its statuses (RFC 5531, section 9). Those from `PROG_UNAVAIL` to `GARBAGE_ARGS` say that nothing ran.
const REPLY: u32 = 1;
const ACCEPTED: u32 = 0;
const DENIED: u32 = 1;
const SUCCESS: u32 = 0;
const PROG_UNAVAIL: u32 = 1;
const GARBAGE_ARGS: u32 = 4;

#[cfg(test)]
mod tests {
    use super::*;
    use std::thread;

    #[test]
    fn only_the_reply_to_the_call_is_taken() {
        let reply = |xid: u32, status: [u32; 2], rest: &[u8]| {
            let words = [xid, 1, status[0], 0, 0, status[1]];
            [&words.map(u32::to_be_bytes).concat(), rest].concat()
        };
        let denied = |why: &[u32]| {
            let words = [&[7, 1, 1], why].concat();
            words.into_iter().flat_map(u32::to_be_bytes).collect()
        };
        for (datagram, expected) in [
            (reply(7, [0, 0], &[1, 2, 3, 4]), Some(Ok(vec![1, 2, 3, 4]))),
            (reply(7, [0, 0], &[]), Some(Ok(vec![]))),
            (reply(7, [0, 1], &[]), Some(Err(NoResults::NotRun))),
            (reply(7, [0, 4], &[]), Some(Err(NoResults::NotRun))),
            (reply(7, [0, 5], &[]), Some(Err(NoResults::MayHaveRun))),
            (denied(&[1, 5]), Some(Err(NoResults::NotRun))),
            (denied(&[0, 2, 2]), Some(Err(NoResults::NotRun))),
            (denied(&[]), Some(Err(NoResults::NotRun))),
            (reply(7, [2, 0], &[]), Some(Err(NoResults::MayHaveRun))),
            (reply(8, [0, 0], &[]), None),
            (
                reply(7, [0, 0], &[])[..20].to_vec(),
                Some(Err(NoResults::MayHaveRun)),
            ),
            (vec![0, 0], None),
            (vec![], None),
        ] {
            assert_eq!(read(7, &datagram), expected, "{datagram:?}");
        }
    }

    #[test]
    fn programs_that_judge_by_the_address_are_not_called() {
        for (program, procedure, expected) in [
            (100_000, 0, true),
            (100_000, 1, false),
            (100_005, 1, false),
            (100_001, 3, true),
        ] {
            assert_eq!(
                is_allowed(program, procedure),
                expected,
                "{program} {procedure}"
            );
        }
    }

    #[test]
    fn a_program_of_this_host_is_called_and_no_other() {
        let program = UdpSocket::bind("127.0.0.1:0").unwrap();
        let port = program.local_addr().unwrap().port();
        let answering = thread::spawn(move || {
            let mut buffer = [0; 100];
            let (length, from) = program.recv_from(&mut buffer).unwrap();
            let reply = [
                &buffer[..4],
                &[0, 0, 0, 1],
                &[0; 16],
                &buffer[length - 4..length],
            ]
            .concat();
            program.send_to(&reply, from).unwrap();
        });
        let indirect = Indirect::default();
        let call = |ip: &str| {
            let address = SocketAddr::new(ip.parse().unwrap(), port);
            indirect.call(address, (7, 1, 3), &[9, 9, 9, 9])
        };
        assert_eq!(call("192.0.2.1"), Err(NoResults::NotRun));
        assert_eq!(call("0.0.0.0"), Ok(vec![9, 9, 9, 9]));
        answering.join().unwrap();
        // Nobody is there any more, which the kernel says at once.
        assert_eq!(call("127.0.0.1"), Err(NoResults::NotRun));
        assert_eq!(indirect.under_way.load(Ordering::Relaxed), 0);
    }
}
