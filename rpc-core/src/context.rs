//! What a handler may know about the call that it answers.

mod claim;
mod recording;

use crate::transport::{Address, Credentials};
pub use claim::Claim;
pub(crate) use recording::{Access, End, Recorded, Recording, StoreTrouble};
use rpc_proto::message::SysCredential;
use rpc_proto::session::wire::RequestId;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// The circumstances of one call: who calls, until when, and under which request id.
///
/// A handler gets it by asking for `cx: &Context` as its first parameter.
#[derive(Clone, Debug)]
pub struct Context {
    peer: Peer,
    deadline: Option<Instant>,
    request_id: Option<RequestId>,
    access: Access,
}

impl Context {
    pub(crate) fn new(
        peer: Peer,
        deadline: Option<Instant>,
        request_id: Option<RequestId>,
    ) -> Self {
        Self {
            peer,
            deadline,
            request_id,
            access: Access::None,
        }
    }

    /// The same, for a server that has a store.
    pub(crate) fn with_store(mut self, access: Access) -> Self {
        self.access = access;
        self
    }

    /// The context of a call that never leaves this process (`BankClient::local`).
    pub(crate) fn local(deadline: Option<Instant>) -> Self {
        Self::new(Peer::local(), deadline, None)
    }

    /// Who calls.
    pub fn peer(&self) -> &Peer {
        &self.peer
    }

    /// When the caller stops waiting; none when it did not say.
    ///
    /// Calls that the handler makes on its own thread end by then too.
    pub fn deadline(&self) -> Option<Instant> {
        self.deadline
    }

    /// The time left until the deadline: zero when it has passed, none when there is none.
    pub fn remaining(&self) -> Option<Duration> {
        self.deadline
            .map(|deadline| deadline.saturating_duration_since(Instant::now()))
    }

    /// The request id under which a repetition of this call would be recognised; none for a caller without sessions.
    pub fn request_id(&self) -> Option<RequestId> {
        self.request_id
    }
}

/// A caller. It displays as the URI that it calls from, which is never empty.
#[derive(Clone, Debug)]
pub struct Peer {
    /// None: a caller within this process that uses no transport.
    address: Option<Address>,
    connection: Option<Connection>,
    claimed: Option<Claim>,
}

impl Peer {
    pub(crate) fn new(address: Address, connection: Option<Connection>) -> Self {
        Self {
            address: Some(address),
            connection,
            claimed: None,
        }
    }

    /// The same caller, with what it says of itself in a call.
    pub(crate) fn claiming(&self, said: Option<Arc<SysCredential>>) -> Self {
        Self {
            claimed: said.map(Claim::said),
            ..self.clone()
        }
    }

    /// A caller within this process.
    pub(crate) fn local() -> Self {
        Self {
            address: None,
            connection: None,
            claimed: None,
        }
    }

    /// The connection that carries the call; none where there is none to lose (UDP, a local client).
    pub fn connection(&self) -> Option<&Connection> {
        self.connection.as_ref()
    }

    /// The address on the network; none for a caller within this host.
    pub fn address(&self) -> Option<SocketAddr> {
        match self.address.as_ref()? {
            Address::Tcp(address) | Address::Udp(address) => Some(*address),
            Address::Unix { .. } | Address::Mem(..) => None,
        }
    }

    /// Who the caller says it is, if it says so. Nothing proves it; see [`Claim`].
    ///
    /// ```
    /// # use rpc_core::Context;
    /// fn owner_of_a_new_file(cx: &Context) -> (u32, u32) {
    ///     const NOBODY: u32 = 65_534;
    ///     match cx.peer().claimed() {
    ///         // The highest number says "leave it as it is" to the system, and is no user or group.
    ///         Some(claim) if [claim.uid(), claim.gid()].contains(&u32::MAX) => (NOBODY, NOBODY),
    ///         // The administrator of another host is nobody here.
    ///         Some(claim) if claim.uid() != 0 => (claim.uid(), claim.gid()),
    ///         _ => (NOBODY, NOBODY),
    ///     }
    /// }
    /// ```
    pub fn claimed(&self) -> Option<&Claim> {
        self.claimed.as_ref()
    }

    /// Who made the connection, proven by the kernel at the moment of connecting; only callers over Unix sockets have it.
    ///
    /// ```
    /// # use rpc_core::Context;
    /// fn may_stop(cx: &Context, owner: u32) -> bool {
    ///     cx.peer().credentials().is_some_and(|caller| caller.uid == owner)
    /// }
    /// ```
    pub fn credentials(&self) -> Option<Credentials> {
        match self.address.as_ref()? {
            Address::Unix { credentials, .. } => Some(*credentials),
            Address::Tcp(_) | Address::Udp(_) | Address::Mem(..) => None,
        }
    }
}

impl fmt::Display for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.address {
            Some(address) => address.fmt(f),
            None => f.write_str("local"),
        }
    }
}

/// A handle on a caller's connection, good for noticing its end. It keeps nothing open; but a server that has too many
/// connections closes idle ones, and of these none on which there is a handle.
#[derive(Clone, Debug, Default)]
pub struct Connection {
    closed: Arc<AtomicBool>,
}

/// Two handles are equal if they are on the same connection.
impl PartialEq for Connection {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.closed, &other.closed)
    }
}

impl Eq for Connection {}

impl Hash for Connection {
    fn hash<H: Hasher>(&self, state: &mut H) {
        Arc::as_ptr(&self.closed).hash(state);
    }
}

impl Connection {
    /// Whether the connection has ended, and with it, as a rule, whoever was at its other end.
    pub fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Acquire)
    }

    /// Whether anybody but the connection itself has a handle on it.
    pub(crate) fn is_watched(&self) -> bool {
        Arc::strong_count(&self.closed) > 1
    }

    pub(crate) fn close(&self) {
        self.closed.store(true, Ordering::Release);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unix(name: &str, pid: Option<u32>) -> Address {
        Address::Unix {
            name: name.parse().expect("a name"),
            credentials: Credentials::new(0, 0, pid),
            number: 3,
        }
    }

    #[test]
    fn only_a_caller_over_a_unix_socket_has_credentials() {
        let credentials = |address| Peer::new(address, None).credentials();
        assert!(credentials(unix("@bank", Some(41))).is_some_and(|caller| caller.pid == Some(41)));
        assert_eq!(credentials(Address::Mem("bank".into(), 3)), None);
        assert_eq!(Peer::local().credentials(), None);
    }

    #[test]
    fn a_peer_displays_as_a_uri() {
        let socket = SocketAddr::from(([127, 0, 0, 1], 5000));
        let rows = [
            (Address::Tcp(socket), "tcp://127.0.0.1:5000", Some(socket)),
            (Address::Udp(socket), "udp://127.0.0.1:5000", Some(socket)),
            (Address::Mem("bank".into(), 3), "mem://bank#3", None),
            (
                unix("/run/bank.sock", Some(41)),
                "unix:/run/bank.sock#41.3",
                None,
            ),
            (unix("@bank", None), "unix:@bank#0.3", None),
        ];
        for (address, text, on_network) in rows {
            let peer = Peer::new(address, None);
            assert_eq!(
                (peer.to_string().as_str(), peer.address()),
                (text, on_network)
            );
        }
        assert_eq!(Context::local(None).peer().to_string(), "local");
    }

    #[test]
    fn a_handle_sees_the_end_of_its_connection() {
        let connection = Connection::default();
        let peer = Peer::new(Address::Mem("bank".into(), 3), Some(connection.clone()));
        let handle = peer.connection().expect("given");
        assert!(!handle.is_closed());
        connection.close();
        assert!(handle.is_closed());
    }

    #[test]
    fn the_time_left_never_goes_below_zero() {
        let now = Instant::now();
        assert_eq!(Context::local(Some(now)).remaining(), Some(Duration::ZERO));
        assert_eq!(Context::local(None).remaining(), None);
        let left = Context::local(Some(now + Duration::from_secs(60))).remaining();
        assert!(left.is_some_and(|left| left > Duration::from_secs(50)));
    }
}
