//! A running rpcbind.

use super::desk::Portmapper;
use super::indirect::MOST_AT_A_TIME;
use super::metered::Metered;
use super::multicast::Membership;
use super::netid::Netid;
use super::statistics::Version;
use super::universal;
use rpc_core::rpcbind::{PORT, PortmapV2Service, RpcbindV3Service, RpcbindV4Service, SOCKET};
use rpc_core::{Endpoint, Server, ServerBuilder, ShutdownError, StartError};
use std::fs::{self, Permissions};
use std::io;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::num::NonZero;
use std::os::unix::fs::PermissionsExt;
use std::thread;
use std::time::Duration;

/// Where an rpcbind answers: port 111 of all addresses, of IPv6 too if the system has it, and the socket.
pub fn default_endpoints() -> Vec<String> {
    let host = match UdpSocket::bind("[::]:0") {
        Ok(_) => "[::]",
        Err(_) => "0.0.0.0",
    };
    vec![
        format!("tcp://{host}:{PORT}"),
        format!("udp://{host}:{PORT}"),
        format!("unix:{SOCKET}"),
    ]
}

/// An rpcbind that answers until it is dropped or shut down.
pub struct Rpcbind {
    /// Two, with bounds of their own: so strangers who take all connections cannot keep this host's servers from registering.
    servers: Vec<Server>,
    desk: Portmapper,
    /// If it answers over UDP at all addresses of IPv6.
    _broadcasts: Option<Membership>,
}

impl Rpcbind {
    /// Starts one that answers at `endpoints`. `indirect`: it also calls procedures of this host for whoever asks.
    pub fn start<E: AsRef<str>>(endpoints: &[E], indirect: bool) -> Result<Self, RpcbindError> {
        let desk = Portmapper::new(indirect);
        // Before anybody is answered, as far as that can be.
        enter_own(&desk, known(endpoints).iter());
        let is_local = |endpoint: &&str| endpoint.starts_with("unix:");
        let endpoints = endpoints.iter().map(E::as_ref);
        let (local, network): (Vec<&str>, Vec<&str>) =
            endpoints.partition(|endpoint| is_local(endpoint));
        let mut servers = Vec::new();
        for part in [network, local] {
            if !part.is_empty() {
                let listening = part
                    .iter()
                    .fold(builder(&desk), |builder, endpoint| builder.listen(endpoint));
                servers.push(listening.start()?);
            }
        }
        let all = servers.iter().flat_map(Server::endpoints);
        let broadcasts = all.clone().any(hears_ipv6).then(Membership::join).flatten();
        let rpcbind = Self {
            servers,
            desk,
            _broadcasts: broadcasts,
        };
        rpcbind.open_sockets()?;
        enter_own(&rpcbind.desk, rpcbind.endpoints());
        Ok(rpcbind)
    }

    /// Where it answers, with the ports that the system chose.
    pub fn endpoints(&self) -> impl Iterator<Item = &Endpoint> + Clone {
        self.servers.iter().flat_map(Server::endpoints)
    }

    /// The service behind it.
    pub fn desk(&self) -> &Portmapper {
        &self.desk
    }

    /// Ends it, within about `bound` for each of its two servers.
    pub fn shutdown(self, bound: Duration) -> Result<(), ShutdownError> {
        self.servers
            .into_iter()
            .try_for_each(|server| server.shutdown(bound))
    }

    /// Lets every user of the host connect to the sockets: the kernel says who they are.
    fn open_sockets(&self) -> Result<(), RpcbindError> {
        for endpoint in self.endpoints() {
            if let Endpoint::Unix(name) = endpoint
                && let Some(path) = name.path()
            {
                let opened = fs::set_permissions(path, Permissions::from_mode(0o666));
                opened.map_err(|source| RpcbindError::Permissions {
                    endpoint: endpoint.clone(),
                    source,
                })?;
            }
        }
        Ok(())
    }
}

/// Enters rpcbind itself, in the order in which rpcbind lists itself.
fn enter_own<'a>(desk: &Portmapper, endpoints: impl Iterator<Item = &'a Endpoint> + Clone) {
    for netid in [
        Netid::Tcp6,
        Netid::Udp6,
        Netid::Tcp,
        Netid::Udp,
        Netid::Local,
    ] {
        for endpoint in endpoints.clone() {
            if let Some(address) = own_address(netid, endpoint) {
                desk.enter_own(netid, &address);
            }
        }
    }
}

/// The endpoints of which the text says all: those whose port is not the system's to choose.
fn known<E: AsRef<str>>(endpoints: &[E]) -> Vec<Endpoint> {
    let endpoints = endpoints
        .iter()
        .filter_map(|text| text.as_ref().parse().ok());
    let is_known = |endpoint: &Endpoint| match endpoint {
        Endpoint::Tcp(authority) | Endpoint::Udp(authority) => authority.port() != 0,
        _ => true,
    };
    endpoints.filter(is_known).collect()
}

/// The address of `endpoint` over this transport, if it has one. A socket at all addresses of IPv6 is one of IPv4, too.
fn own_address(netid: Netid, endpoint: &Endpoint) -> Option<String> {
    let address = match (netid, endpoint) {
        (Netid::Local, Endpoint::Unix(name)) => return Some(name.path()?.to_str()?.to_owned()),
        (Netid::Tcp | Netid::Tcp6, Endpoint::Tcp(authority)) => authority.address()?,
        (Netid::Udp | Netid::Udp6, Endpoint::Udp(authority)) => authority.address()?,
        _ => return None,
    };
    let wants_ipv6 = netid.family() == "inet6";
    match address {
        _ if address.is_ipv6() == wants_ipv6 => Some(universal::write(address)),
        SocketAddr::V6(v6) if v6.ip().is_unspecified() => {
            Some(universal::write((Ipv4Addr::UNSPECIFIED, v6.port()).into()))
        }
        _ => None,
    }
}

/// Whether datagrams for a group of IPv6 come there.
fn hears_ipv6(endpoint: &Endpoint) -> bool {
    matches!(endpoint, Endpoint::Udp(at) if at.address().is_some_and(|at| at.is_ipv6() && at.ip().is_unspecified()))
}

fn builder(desk: &Portmapper) -> ServerBuilder {
    let processors = thread::available_parallelism().map_or(1, NonZero::get);
    let v2 = PortmapV2Service::new(desk.clone());
    let v3 = RpcbindV3Service::new(desk.clone());
    let v4 = RpcbindV4Service::new(desk.clone());
    Server::builder()
        .serve(Metered::new(v2, desk, Version::Two))
        .serve(Metered::new(v3, desk, Version::Three))
        .serve(Metered::new(v4, desk, Version::Four))
        .threads(processors.max(4) + MOST_AT_A_TIME)
        .max_connections(MOST_CONNECTIONS)
        .max_message(LONGEST_MESSAGE)
}

/// Anybody may connect; each connection may hold a message that is being read and replies that are not.
const MOST_CONNECTIONS: usize = 512;

/// Requests are short. The longest reply is a DUMP of a full table.
const LONGEST_MESSAGE: usize = 256 * 1024;

/// An rpcbind that could not be started.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RpcbindError {
    /// Its server could not.
    #[error("{}", told(.0))]
    Server(#[from] StartError),
    /// Its socket cannot be opened to all users.
    #[error("the permissions of {endpoint} cannot be set: {source}")]
    Permissions {
        /// The socket.
        endpoint: Endpoint,
        /// What the system says.
        source: io::Error,
    },
}

/// What happened, and what to do.
fn told(error: &StartError) -> String {
    let advice = match error {
        StartError::Listen { source, .. } => match source.kind() {
            io::ErrorKind::PermissionDenied => {
                "\nrpcbind answers at port 111 and in /run: run as root, or with CAP_NET_BIND_SERVICE and a /run that you may write"
            }
            io::ErrorKind::AddrInUse => {
                "\nanother program answers there; is rpcbind running? `rpcinfo -p` asks it, `systemctl stop rpcbind.socket \
                 rpcbind.service` ends the system's"
            }
            _ => "",
        },
        _ => "",
    };
    format!("{error}{advice}")
}
